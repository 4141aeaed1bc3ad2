//! Eigenvalues in order, and two covariances made diagonal at once.

use crate::error::MatchError;
use nalgebra::linalg::SymmetricEigen;
use nalgebra::{Cholesky, DMatrix};

/// Smallest over largest squared pivot below which a covariance counts as singular.
const SINGULAR: f64 = 1e-13;

/// Eigenvalues, greatest first, and the eigenvectors as columns in that order.
pub(crate) fn eigen_descending(
    what: &'static str,
    symmetric: DMatrix<f64>,
) -> Result<(Vec<f64>, DMatrix<f64>), MatchError> {
    let rounds = 1000 + 100 * symmetric.nrows();
    let eigen = SymmetricEigen::try_new(symmetric, f64::EPSILON, rounds);
    let eigen = eigen.ok_or(MatchError::NotConverged {
        what,
        rounds,
        residual: f64::NAN,
    })?;
    let mut order: Vec<usize> = (0..eigen.eigenvalues.len()).collect();
    order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
    let values = order.iter().map(|i| eigen.eigenvalues[*i]).collect();
    Ok((values, eigen.eigenvectors.select_columns(&order)))
}

/// The basis U in which the within-class covariance is UUᵀ and the between-class one UΛUᵀ.
pub(crate) struct SharedBasis {
    /// U, `[d, d]`.
    pub(crate) basis: DMatrix<f64>,
    /// U⁻¹, `[d, d]`: its rows take a centred feature to coordinates that are all independent.
    pub(crate) inverse: DMatrix<f64>,
    /// Diagonal of Λ, greatest first, never negative.
    pub(crate) ratios: Vec<f64>,
    /// Logarithm of the determinant of the within-class covariance.
    pub(crate) log_determinant: f64,
}

impl SharedBasis {
    pub(crate) fn new(between: &DMatrix<f64>, within: &DMatrix<f64>) -> Result<Self, MatchError> {
        let what = "the within-identity covariance";
        let lower = cholesky(what, within)?;
        let singular = || MatchError::Singular { what };
        let half = lower.solve_lower_triangular(between).ok_or_else(singular)?;
        let whitened = lower.solve_lower_triangular(&half.transpose());
        let whitened = symmetric(&whitened.ok_or_else(singular)?);
        let (values, vectors) = eigen_descending("the between-identity eigenvalues", whitened)?;
        let identity = DMatrix::identity(within.nrows(), within.nrows());
        let lower_inverse = lower
            .solve_lower_triangular(&identity)
            .ok_or_else(singular)?;
        Ok(Self {
            inverse: vectors.transpose() * lower_inverse,
            log_determinant: 2.0 * lower.diagonal().iter().map(|p| p.ln()).sum::<f64>(),
            basis: lower * vectors,
            ratios: values.into_iter().map(|v| v.max(0.0)).collect(),
        })
    }
}

/// The lower triangular factor of a covariance, refused where that is singular in f64.
fn cholesky(what: &'static str, covariance: &DMatrix<f64>) -> Result<DMatrix<f64>, MatchError> {
    let factor = Cholesky::new(covariance.clone()).ok_or(MatchError::Singular { what })?;
    let lower = factor.l();
    // Pivots are measured against the variance of their own column, so that scale does not matter.
    let is_singular = |i: usize| lower[(i, i)].powi(2) <= SINGULAR * covariance[(i, i)];
    match (0..lower.nrows()).any(is_singular) {
        true => Err(MatchError::Singular { what }),
        false => Ok(lower),
    }
}

/// The mean of a matrix and its transpose: removes what rounding made unsymmetric.
pub(crate) fn symmetric(matrix: &DMatrix<f64>) -> DMatrix<f64> {
    (matrix + matrix.transpose()) * 0.5
}
