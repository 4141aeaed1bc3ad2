//! What the training pairs of a split teach, and the scores that it gives.

use crate::compared::Compared;
use crate::error::{EvalError, check_length};
use crate::pairs::{Centering, Pair, PairMatcher, PairOptions};
use lineament_match::{Features, FitOptions, FittedMatcher, MatcherKind, Pca, Whitening};
use std::borrow::Cow;

/// Centre, projection and matcher.
pub(crate) struct Learned {
    mean: Option<Vec<f64>>,
    pca: Option<Pca>,
    pub(crate) matcher: FittedMatcher,
}

impl Learned {
    /// From some of the pairs of a material.
    pub(crate) fn new(
        compared: &Compared<'_>,
        training: &[&Pair],
        options: &PairOptions,
    ) -> Result<Self, EvalError> {
        let mut learned = Self {
            mean: None,
            pca: None,
            matcher: FittedMatcher::Cosine,
        };
        if options.center == Centering::Folds {
            learned.mean = Some(compared.mean_of_sides(training)?);
        }
        if let Some(n_components) = options.pca {
            let centred = learned.centred(compared.features())?;
            let sides = compared.sides(&centred, training)?;
            learned.pca = Some(Pca::fit(&sides, n_components, Whitening::No)?);
        }
        learned.matcher = match &options.matcher {
            PairMatcher::Fixed(matcher) => matcher.clone(),
            PairMatcher::Learned(options) => {
                compared.fit(options, learned.moved(compared)?.as_ref(), training)?
            }
        };
        Ok(learned)
    }

    /// Scores of all pairs of a material, which need not be the one learned from.
    pub(crate) fn scores(&self, compared: &Compared<'_>) -> Result<Vec<Option<f64>>, EvalError> {
        compared.scores(&self.matcher, self.moved(compared)?.as_ref())
    }

    /// The features centred and projected, and then of unit norm again.
    fn moved<'a>(&self, compared: &'a Compared<'_>) -> Result<Cow<'a, Features>, EvalError> {
        let features = compared.features();
        let (n_columns, mut values) = match &self.pca {
            None => match &self.mean {
                None => return Ok(Cow::Borrowed(features)),
                Some(mean) => (mean.len(), less(features, mean)?),
            },
            Some(pca) => {
                let projected = pca.transform_all(self.centred(features)?.as_ref())?;
                let values = projected.rows().flatten().copied().collect();
                (projected.n_columns(), values)
            }
        };
        for (i, row) in values.chunks_exact_mut(n_columns).enumerate() {
            make_unit(row, || compared.name_of(i))?;
        }
        Ok(Cow::Owned(Features::new(n_columns, values)?))
    }

    fn centred<'a>(&self, features: &'a Features) -> Result<Cow<'a, Features>, EvalError> {
        Ok(match &self.mean {
            None => Cow::Borrowed(features),
            Some(mean) => Cow::Owned(Features::new(mean.len(), less(features, mean)?)?),
        })
    }
}

/// Whether all splits give the same scores, since nothing is learned from their training pairs.
pub(crate) fn learns_nothing(options: &PairOptions) -> bool {
    let is_fixed = match &options.matcher {
        PairMatcher::Fixed(_) => true,
        PairMatcher::Learned(FitOptions { kind, pca, whiten }) => {
            let is_plain = matches!(kind, MatcherKind::Cosine | MatcherKind::SquaredEuclidean);
            is_plain && pca.is_none() && *whiten == Whitening::No
        }
    };
    is_fixed && options.center == Centering::Off && options.pca.is_none()
}

/// The rows less `mean`.
fn less(features: &Features, mean: &[f64]) -> Result<Vec<f64>, EvalError> {
    check_length("a template", mean.len(), features.n_columns())?;
    let mut values = Vec::with_capacity(features.n_rows() * mean.len());
    for row in features.rows() {
        values.extend(row.iter().zip(mean).map(|(v, m)| v - m));
    }
    Ok(values)
}

fn make_unit<'a>(row: &mut [f64], name: impl Fn() -> &'a str) -> Result<(), EvalError> {
    let norm = row.iter().map(|v| v * v).sum::<f64>().sqrt();
    if norm == 0.0 {
        return Err(EvalError::Template {
            item: name().to_owned(),
            reason: "has norm 0 after centring or projection and so no direction".to_owned(),
        });
    }
    row.iter_mut().for_each(|v| *v /= norm);
    Ok(())
}
