//! Values, gradients and what is remembered, as in `reference/train_losses.py`.

use super::subject::{Batch, assert_close, cases, gradient, tensor};
use std::collections::BTreeSet;

/// Both sides compute in f64, the reference through acos where cosines are added here.
const TOLERANCE: f64 = 1e-8;

#[test]
fn losses_and_gradients_are_the_reference_s() {
    for mut case in cases() {
        for (idx, expected) in case.batches.iter().enumerate() {
            let what = |part: &str| format!("{}, batch {idx}, {part}", case.name);
            let batch = Batch::from_golden(expected);
            let (trained, kept) = case.subject.variables();
            let output = case.subject.compute(&batch);
            output.total.backward();
            assert_close(
                &what("total"),
                &output.total,
                &tensor(&expected["total"]),
                TOLERANCE,
            );
            let gradients = expected["gradients"].as_object().unwrap();
            assert_eq!(gradients.len(), trained.len() + 1, "{}", case.name);
            let features = [("features".to_owned(), batch.features)];
            for (name, variable) in trained.into_iter().chain(features) {
                let got = gradient(&variable);
                assert_close(&what(&name), &got, &tensor(&gradients[&name]), TOLERANCE);
                let _ = variable.grad().zero_();
            }
            for (name, variable) in kept {
                let expected = tensor(&expected["kept"][&name]);
                assert_close(&what(&name), &variable, &expected, TOLERANCE);
            }
        }
    }
}

#[test]
fn every_kind_has_a_case() {
    let known: BTreeSet<&str> = cases()
        .iter()
        .map(|case| case.subject.losses[0].1.name())
        .collect();
    // Partial FC shows the name of its head.
    let expected = "a_softmax adaface arcface center combined_margin contrastive cosface curricularface distillation joint \
        l_softmax magface modified_softmax normface siamese softmax subcenter_arcface triplet";
    assert_eq!(known, expected.split_whitespace().collect());
}
