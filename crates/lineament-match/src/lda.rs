//! Linear discriminant analysis: the cosine in the space that separates identities best.

use crate::decomposition::SharedBasis;
use crate::error::{MatchError, check_at_least, check_finite};
use crate::features::Training;
use crate::joint_bayesian_em::Statistics;
use crate::matrix::{Matrix, cosine};
use serde::{Deserialize, Serialize};

/// A projection onto the directions in which identities differ most for what they vary within.
///
/// Source: Fisher 1936, Rao 1948; as used on faces by Belhumeur et al. 1997. The rows solve
/// S_b v = λ S_w v with vᵀ S_w v = 1; S_b and S_w weight every image alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lda {
    mean: Vec<f64>,
    projection: Matrix,
}

impl Lda {
    /// The min(identities − 1, d) discriminant directions.
    ///
    /// # Errors
    /// No identities, fewer than two, or a within-identity covariance that is singular.
    pub fn fit(training: &Training<'_>) -> Result<Self, MatchError> {
        let identities = training.identities_for("LDA")?;
        let mean = training.features.mean();
        let statistics = Statistics::new(&training.features.centred(&mean), identities)?;
        let scatter = statistics.class_scatter();
        let basis = SharedBasis::new(&scatter.between, &scatter.within)?;
        let n_directions = (statistics.n_identities() - 1).min(mean.len());
        check_at_least("discriminant directions", 1, n_directions)?;
        let rows = basis.inverse.rows(0, n_directions).into_owned();
        Ok(Self {
            mean,
            projection: Matrix::from_dmatrix(&rows),
        })
    }

    /// Coordinates in the discriminant space, `[min(identities − 1, d)]`.
    ///
    /// # Errors
    /// [`MatchError::Dimension`] for a feature of another length.
    pub fn transform(&self, feature: &[f64]) -> Result<Vec<f64>, MatchError> {
        self.projection.apply_from(&self.mean, feature)
    }

    /// Cosine of the angle between the two in the discriminant space, about the training mean.
    ///
    /// # Errors
    /// Features of another length, and one that is the training mean itself.
    pub fn score(&self, first: &[f64], second: &[f64]) -> Result<f64, MatchError> {
        cosine(&self.transform(first)?, &self.transform(second)?)
    }

    /// Length of the features it takes.
    #[must_use]
    pub fn n_columns(&self) -> usize {
        self.mean.len()
    }

    pub(crate) fn validate(&self) -> Result<(), MatchError> {
        check_finite("the mean of LDA", &self.mean)?;
        self.projection
            .validate("the projection of LDA", self.mean.len())
    }
}
