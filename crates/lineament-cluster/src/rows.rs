//! Feature rows of unit norm, laid out for products of matrices.

use crate::error::ClusterError;

/// Rows and columns are filled up with zeros to this many at least: smaller products are summed in
/// another order, and a score must not depend on the block that it is computed in.
pub(crate) const MIN_SIDE: usize = 8;

/// Feature rows `[n, d]`, each brought to unit norm; `d` is at least 1.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitRows {
    n_rows: usize,
    n_columns: usize,
    /// Values from one row to the next: `n_columns`, or [`MIN_SIDE`] where those are fewer.
    stride: usize,
    /// The rows, and [`MIN_SIDE`] rows of zeros.
    values: Vec<f32>,
}

impl UnitRows {
    /// No rows yet, of `n_columns` values each.
    ///
    /// # Errors
    /// [`ClusterError::Dimension`] for no columns.
    pub fn new(n_columns: usize) -> Result<Self, ClusterError> {
        if n_columns == 0 {
            return Err(ClusterError::Dimension {
                row: 0,
                expected: 1,
                got: 0,
            });
        }
        let stride = n_columns.max(MIN_SIDE);
        Ok(Self {
            n_rows: 0,
            n_columns,
            stride,
            values: vec![0.0; MIN_SIDE * stride],
        })
    }

    /// The rows given, at least one.
    ///
    /// # Errors
    /// No rows, rows of different lengths, a row without a direction.
    pub fn from_rows<R: AsRef<[f32]>>(rows: &[R]) -> Result<Self, ClusterError> {
        let mut unit = Self::new(rows.first().map_or(0, |row| row.as_ref().len()))?;
        rows.iter().try_for_each(|row| unit.push(row.as_ref()))?;
        Ok(unit)
    }

    /// Adds a row, brought to unit norm.
    ///
    /// # Errors
    /// A row of another length, or without a direction.
    pub fn push(&mut self, row: &[f32]) -> Result<(), ClusterError> {
        if row.len() != self.n_columns {
            return Err(ClusterError::Dimension {
                row: self.n_rows,
                expected: self.n_columns,
                got: row.len(),
            });
        }
        let squares = row.iter().map(|v| f64::from(*v) * f64::from(*v));
        let norm = squares.sum::<f64>().sqrt();
        if !(norm.is_finite() && norm > f64::from(f32::MIN_POSITIVE)) {
            let row = self.n_rows;
            return Err(ClusterError::NoDirection { row, norm });
        }
        let start = self.n_rows * self.stride;
        self.n_rows += 1;
        self.values
            .resize((self.n_rows + MIN_SIDE) * self.stride, 0.0);
        for (to, from) in self.values[start..].iter_mut().zip(row) {
            *to = (f64::from(*from) / norm) as f32;
        }
        Ok(())
    }

    /// Some of the rows, in the order asked for.
    ///
    /// # Panics
    /// Where there is no such row.
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        let mut values = Vec::with_capacity((indices.len() + MIN_SIDE) * self.stride);
        for &i in indices {
            values.extend_from_slice(self.padded(i, 1));
        }
        values.resize((indices.len() + MIN_SIDE) * self.stride, 0.0);
        Self {
            n_rows: indices.len(),
            values,
            ..*self
        }
    }

    /// Number of rows, n.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of columns, d.
    #[must_use]
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// Row `i`, `[d]`.
    ///
    /// # Panics
    /// Where there is no row `i`.
    #[must_use]
    pub fn row(&self, i: usize) -> &[f32] {
        assert!(i < self.n_rows, "row {i} of {}", self.n_rows);
        &self.padded(i, 1)[..self.n_columns]
    }

    /// Values from one row to the next.
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// `n` rows from `start` with their padding; up to [`MIN_SIDE`] of them beyond the last.
    pub(crate) fn padded(&self, start: usize, n: usize) -> &[f32] {
        &self.values[start * self.stride..(start + n) * self.stride]
    }
}
