//! Principal components: the projection in front of a metric.

use crate::decomposition::eigen_descending;
use crate::error::{MatchError, check_at_least, check_finite, check_length};
use crate::features::Features;
use crate::matrix::Matrix;
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

/// Share of the greatest variance below which a component is rounding error.
const RANK: f64 = 1e-12;

/// Whether components are scaled to unit variance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Whitening {
    /// As they are: distances are kept.
    No,
    /// Divided by their standard deviation.
    Yes,
}

/// A projection onto the directions of greatest variance (Pearson 1901).
///
/// The sign of a component is fixed so that its element of greatest magnitude is positive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pca {
    mean: Vec<f64>,
    projection: Matrix,
    variances: Vec<f64>,
}

impl Pca {
    /// The first `n_components` principal components of the features.
    ///
    /// # Errors
    /// [`MatchError::TooFew`] where the features vary in fewer directions than that.
    pub fn fit(
        features: &Features,
        n_components: usize,
        whitening: Whitening,
    ) -> Result<Self, MatchError> {
        let fitted = Self::fit_at_most(features, n_components, whitening)?;
        let what = "directions in which the features vary";
        check_at_least(what, n_components, fitted.n_components())?;
        Ok(fitted)
    }

    /// The first `n_components` principal components of the features, or as many as they vary in where those are fewer:
    /// units of a network that are never active take part in none.
    ///
    /// # Errors
    /// [`MatchError::TooFew`] where the features do not vary.
    pub fn fit_at_most(
        features: &Features,
        n_components: usize,
        whitening: Whitening,
    ) -> Result<Self, MatchError> {
        check_at_least("PCA components", 1, n_components)?;
        check_at_least("rows of features", 2, features.n_rows())?;
        let mean = features.mean();
        let (variances, mut directions) = principal(&features.centred(&mean))?;
        let floor = RANK * variances[0].max(f64::MIN_POSITIVE);
        let rank = variances.iter().filter(|v| **v > floor).count();
        check_at_least("directions in which the features vary", 1, rank)?;
        let n_components = n_components.min(rank);
        for (mut row, variance) in directions.row_iter_mut().zip(&variances).take(n_components) {
            let scale = match whitening {
                Whitening::No => 1.0,
                Whitening::Yes => variance.sqrt().recip(),
            };
            row *= scale / row.norm() * row[row.iamax_full().1].signum();
        }
        Ok(Self {
            mean,
            projection: Matrix::from_dmatrix(&directions.rows(0, n_components).into_owned()),
            variances: variances[..n_components].to_vec(),
        })
    }

    /// Coordinates of a feature, `[n_components]`.
    ///
    /// # Errors
    /// [`MatchError::Dimension`] for a feature of another length.
    pub fn transform(&self, feature: &[f64]) -> Result<Vec<f64>, MatchError> {
        self.projection.apply_from(&self.mean, feature)
    }

    /// Coordinates of every row, `[n, n_components]`.
    ///
    /// # Errors
    /// [`MatchError::Dimension`] for features of another length.
    pub fn transform_all(&self, features: &Features) -> Result<Features, MatchError> {
        check_length("a feature", self.n_columns(), features.n_columns())?;
        features.projected(&self.mean, &self.projection)
    }

    /// Length of the features it takes.
    #[must_use]
    pub fn n_columns(&self) -> usize {
        self.mean.len()
    }

    /// Length of the coordinates it gives.
    #[must_use]
    pub fn n_components(&self) -> usize {
        self.variances.len()
    }

    /// Variance of the features along every component, greatest first (unbiased: n − 1).
    #[must_use]
    pub fn variances(&self) -> &[f64] {
        &self.variances
    }

    /// Mean of the features, and the components as rows; whitened ones include their scale.
    #[must_use]
    pub fn parts(&self) -> (&[f64], &Matrix) {
        (&self.mean, &self.projection)
    }

    pub(crate) fn validate(&self) -> Result<(), MatchError> {
        check_finite("the mean of a PCA", &self.mean)?;
        self.projection
            .validate("a PCA projection", self.mean.len())?;
        check_length(
            "PCA variances",
            self.projection.n_rows(),
            self.variances.len(),
        )
    }
}

/// Variances, greatest first, and their directions as rows (not of unit length).
///
/// With fewer samples than columns, the eigenvectors of the small matrix of inner products give
/// the same directions at the price of the samples.
fn principal(centred: &DMatrix<f64>) -> Result<(Vec<f64>, DMatrix<f64>), MatchError> {
    let (n, d) = centred.shape();
    let what = "the eigenvalues of PCA";
    let scale = 1.0 / (n - 1) as f64;
    if d <= n {
        let (variances, vectors) = eigen_descending(what, centred.tr_mul(centred) * scale)?;
        return Ok((variances, vectors.transpose()));
    }
    let gram = centred * centred.transpose() * scale;
    let (variances, vectors) = eigen_descending(what, gram)?;
    Ok((variances, vectors.tr_mul(centred)))
}
