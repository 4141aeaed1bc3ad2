//! Gradients against central differences of values.

use super::subject::{Batch, Subject, assert_close, cases, gradient};
use tch::{Kind, Tensor};

/// Truncation leaves h² of the third derivative, rounding 2⁻⁵³/h of the value.
const H: f64 = 1e-5;
const TOLERANCE: f64 = 3e-6;

#[test]
fn gradients_are_those_of_the_values() {
    // Of CurricularFace, the case whose t, which has no gradient, stays.
    for mut case in cases()
        .into_iter()
        .filter(|case| !case.name.ends_with("t follows"))
    {
        // Centres, running means and margins of recent pairs move at every look.
        let (trained, kept) = case.subject.variables();
        let kept: Vec<_> = kept.into_iter().map(|(name, t)| (name, t.copy())).collect();
        let restore = |subject: &Subject| kept.iter().for_each(|(name, t)| subject.set(name, t));
        let batch = Batch::from_golden(&case.batches[0]);
        case.subject.compute(&batch).total.backward();
        let features = [("features".to_owned(), batch.features.shallow_clone())];
        for (name, variable) in trained.into_iter().chain(features) {
            let found = differences(&variable, || {
                restore(&case.subject);
                case.subject.compute(&batch).total.double_value(&[])
            });
            let (got, expected) = match (case.name.starts_with("AdaFace"), &*name) {
                (true, "features") => (
                    across(&gradient(&variable), &variable),
                    across(&found, &variable),
                ),
                _ => (gradient(&variable), found),
            };
            assert_close(
                &format!("{}, {name}", case.name),
                &got,
                &expected,
                TOLERANCE,
            );
        }
    }
}

/// What of a gradient is at right angles to its row. AdaFace lets quality follow from the length of a
/// feature without gradient, so that along the feature values change and gradients do not.
fn across(gradient: &Tensor, rows: &Tensor) -> Tensor {
    let rows = rows.detach();
    let sum = |products: Tensor| products.sum_dim_intlist(1, true, None::<Kind>);
    let along = sum(gradient * &rows) / sum(rows.square());
    gradient - along * rows
}

/// (f(x + h) − f(x − h)) / 2h for each number of `variable`, which `value` is a function of.
fn differences(variable: &Tensor, mut value: impl FnMut() -> f64) -> Tensor {
    let flat = variable.detach().view([-1]);
    let slope = |idx: i64| {
        let start = flat.double_value(&[idx]);
        let mut at = |x: f64| {
            let _ = flat.get(idx).fill_(x);
            value()
        };
        let slope = (at(start + H) - at(start - H)) / (2.0 * H);
        at(start);
        slope
    };
    let slopes: Vec<f64> = (0..flat.numel() as i64).map(slope).collect();
    Tensor::from_slice(&slopes).view_as(variable)
}
