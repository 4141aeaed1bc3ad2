//! A matrix that can be saved: the form in which fitted matchers keep their projections.

use crate::error::{MatchError, check_finite, check_length};
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

/// A matrix `[n_rows, n_columns]`, row-major.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Matrix {
    n_rows: usize,
    n_columns: usize,
    values: Vec<f64>,
}

impl Matrix {
    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of columns.
    #[must_use]
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// Row `i`.
    ///
    /// # Panics
    /// Where there is no row `i`.
    #[must_use]
    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.n_columns..(i + 1) * self.n_columns]
    }

    /// All rows, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.values.chunks_exact(self.n_columns.max(1))
    }

    /// The matrix times (`x` − `origin`), `[n_rows]`.
    pub(crate) fn apply_from(&self, origin: &[f64], x: &[f64]) -> Result<Vec<f64>, MatchError> {
        check_length("a feature", self.n_columns, x.len())?;
        let centred: Vec<f64> = x.iter().zip(origin).map(|(x, o)| x - o).collect();
        Ok(self.rows().map(|row| dot(row, &centred)).collect())
    }

    pub(crate) fn from_dmatrix(matrix: &DMatrix<f64>) -> Self {
        Self {
            n_rows: matrix.nrows(),
            n_columns: matrix.ncols(),
            values: matrix.transpose().as_slice().to_vec(),
        }
    }

    pub(crate) fn to_dmatrix(&self) -> DMatrix<f64> {
        DMatrix::from_row_slice(self.n_rows, self.n_columns, &self.values)
    }

    /// Refuses a matrix, read from a file, whose numbers do not fit its shape.
    pub(crate) fn validate(&self, what: &'static str, n_columns: usize) -> Result<(), MatchError> {
        check_length(what, n_columns, self.n_columns)?;
        let n_values = self.n_rows.saturating_mul(self.n_columns);
        check_length(what, n_values.max(1), self.values.len())?;
        check_finite(what, &self.values)
    }
}

/// Inner product.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Cosine of the angle between two vectors.
pub(crate) fn cosine(a: &[f64], b: &[f64]) -> Result<f64, MatchError> {
    let norms = dot(a, a).sqrt() * dot(b, b).sqrt();
    match norms > 0.0 {
        true => Ok(dot(a, b) / norms),
        false => Err(MatchError::ZeroNorm),
    }
}
