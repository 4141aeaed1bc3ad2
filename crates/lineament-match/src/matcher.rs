//! What every matcher does, and the one type that holds any fitted one.

use crate::chi_squared::ChiSquared;
use crate::error::{MatchError, check_finite, check_length};
use crate::features::Features;
use crate::fit::MatcherKind;
use crate::joint_bayesian::JointBayesian;
use crate::lda::Lda;
use crate::matrix::cosine;
use crate::pca::Pca;
use crate::placement::Placement;
use crate::siamese::Siamese;
use serde::{Deserialize, Serialize};

/// Compares two features.
pub trait Matcher: Send + Sync {
    /// How close the two are: greater is closer, the same either way round. Scores of different
    /// matchers have different scales.
    ///
    /// # Errors
    /// Features of another length than the matcher was fitted on, or that it cannot compare.
    fn score(&self, first: &[f64], second: &[f64]) -> Result<f64, MatchError>;

    /// Name for reports.
    fn name(&self) -> &'static str;
}

/// A matcher that is ready to score, and can be saved and loaded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FittedMatcher {
    /// Cosine of the angle between the two.
    Cosine,
    /// −‖a − b‖².
    SquaredEuclidean,
    /// Weighted χ².
    ChiSquared(ChiSquared),
    /// Weighted L1.
    Siamese(Siamese),
    /// Cosine in the discriminant space.
    Lda(Lda),
    /// Likelihood ratio of one person against two.
    JointBayesian(JointBayesian),
    /// A projection, and a metric between what it gives.
    Pipeline {
        /// The projection.
        projection: Pca,
        /// The metric.
        metric: Box<FittedMatcher>,
    },
    /// Features put in their place on the unit sphere, and a matcher of what is there.
    Placed {
        /// The centring and projection.
        placement: Placement,
        /// The matcher.
        matcher: Box<FittedMatcher>,
    },
}

impl Matcher for FittedMatcher {
    fn score(&self, first: &[f64], second: &[f64]) -> Result<f64, MatchError> {
        check_length("a feature", first.len(), second.len())?;
        let score = match self {
            Self::Cosine => cosine(first, second)?,
            Self::SquaredEuclidean => -squared_distance(first, second),
            Self::ChiSquared(metric) => metric.score(first, second)?,
            Self::Siamese(metric) => metric.score(first, second)?,
            Self::Lda(metric) => metric.score(first, second)?,
            Self::JointBayesian(metric) => metric.score(first, second)?,
            Self::Pipeline { projection, metric } => metric.score(
                &projection.transform(first)?,
                &projection.transform(second)?,
            )?,
            Self::Placed { placement, matcher } => {
                matcher.score(&placement.transform(first)?, &placement.transform(second)?)?
            }
        };
        check_finite("a score", &[score])?;
        Ok(score)
    }

    fn name(&self) -> &'static str {
        let kind = match self {
            Self::Cosine => MatcherKind::Cosine,
            Self::SquaredEuclidean => MatcherKind::SquaredEuclidean,
            Self::ChiSquared(_) => MatcherKind::ChiSquared,
            Self::Siamese(_) => MatcherKind::Siamese,
            Self::Lda(_) => MatcherKind::Lda,
            Self::JointBayesian(_) => MatcherKind::JointBayesian,
            Self::Pipeline { metric, .. } => return metric.name(),
            Self::Placed { matcher, .. } => return matcher.name(),
        };
        kind.name()
    }
}

impl FittedMatcher {
    /// Length of the features it takes; `None` where any will do.
    #[must_use]
    pub fn n_columns(&self) -> Option<usize> {
        match self {
            Self::Cosine | Self::SquaredEuclidean => None,
            Self::ChiSquared(metric) => Some(metric.n_columns()),
            Self::Siamese(metric) => Some(metric.alphas().len()),
            Self::Lda(metric) => Some(metric.n_columns()),
            Self::JointBayesian(metric) => Some(metric.n_columns()),
            Self::Pipeline { projection, .. } => Some(projection.n_columns()),
            Self::Placed { placement, matcher } => placement.n_columns().or(matcher.n_columns()),
        }
    }

    /// What compares, and the features in the form that it compares: what depends on one side alone
    /// is then computed once a feature rather than once a comparison.
    ///
    /// # Errors
    /// [`MatchError::Dimension`] for features of another length than the matcher was fitted on.
    pub fn prepare(&self, features: Features) -> Result<(&Self, Features), MatchError> {
        match self {
            Self::Pipeline { projection, metric } => {
                metric.prepare(projection.transform_all(&features)?)
            }
            Self::Placed { placement, matcher } => {
                matcher.prepare(placement.transform_all(&features)?)
            }
            metric => Ok((metric, features)),
        }
    }

    /// Refuses a matcher, read from a file, whose parts do not fit each other.
    pub(crate) fn validate(&self) -> Result<(), MatchError> {
        match self {
            Self::Cosine | Self::SquaredEuclidean => Ok(()),
            Self::ChiSquared(metric) => metric.validate(),
            Self::Siamese(metric) => metric.validate(),
            Self::Lda(metric) => metric.validate(),
            Self::JointBayesian(metric) => metric.validate(),
            Self::Pipeline { projection, metric } => {
                projection.validate()?;
                let expected = metric.n_columns().unwrap_or(projection.n_components());
                check_length("PCA components", expected, projection.n_components())?;
                metric.validate()
            }
            Self::Placed { placement, matcher } => {
                placement.validate()?;
                if let Some((expected, got)) = matcher.n_columns().zip(placement.n_components()) {
                    check_length("features in their place", expected, got)?;
                }
                matcher.validate()
            }
        }
    }
}

fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}
