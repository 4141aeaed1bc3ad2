//! Feature rows and the labelled material that a matcher is fitted on.

use crate::error::{MatchError, check_at_least, check_finite, check_length};
use crate::matrix::Matrix;
use nalgebra::DMatrix;

/// Feature rows, `[n, d]` row-major, every value finite, `d` at least 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    n_columns: usize,
    values: Vec<f64>,
}

impl Features {
    /// The rows in `values`, one after the other, `n_columns` each.
    ///
    /// # Errors
    /// [`MatchError::Ragged`] for no columns or a broken last row, [`MatchError::NonFinite`].
    pub fn new(n_columns: usize, values: Vec<f64>) -> Result<Self, MatchError> {
        if n_columns == 0 || !values.len().is_multiple_of(n_columns) {
            let got = values.len();
            return Err(MatchError::Ragged { n_columns, got });
        }
        check_finite("a feature", &values)?;
        Ok(Self { n_columns, values })
    }

    /// The rows given, as they come from an embedder.
    ///
    /// # Errors
    /// Rows of different lengths, no rows, no columns, values that are not finite.
    pub fn from_rows<R: AsRef<[f32]>>(rows: &[R]) -> Result<Self, MatchError> {
        check_at_least("rows of features", 1, rows.len())?;
        let n_columns = rows[0].as_ref().len();
        for row in rows {
            check_length("a row of features", n_columns, row.as_ref().len())?;
        }
        let values = rows.iter().flat_map(|r| r.as_ref().iter().copied());
        Self::new(n_columns, values.map(f64::from).collect())
    }

    /// Number of rows, n.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.values.len() / self.n_columns
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
    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.n_columns..(i + 1) * self.n_columns]
    }

    /// All rows, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.values.chunks_exact(self.n_columns)
    }

    /// Mean of every column, `[d]`; zeros where there are no rows.
    #[must_use]
    pub fn mean(&self) -> Vec<f64> {
        let mut mean = vec![0.0; self.n_columns];
        for row in self.rows() {
            mean.iter_mut().zip(row).for_each(|(m, v)| *m += v);
        }
        let n = self.n_rows().max(1) as f64;
        mean.iter_mut().for_each(|m| *m /= n);
        mean
    }

    /// The rows less `mean`.
    ///
    /// # Errors
    /// [`MatchError::Dimension`] for a mean of another length.
    pub fn less(&self, mean: &[f64]) -> Result<Self, MatchError> {
        check_length("the mean of features", self.n_columns, mean.len())?;
        let rows = self.rows();
        let values = rows.flat_map(|row| row.iter().zip(mean).map(|(v, m)| v - m));
        Self::new(self.n_columns, values.collect())
    }

    /// The rows less `mean`, as a matrix `[n, d]`.
    pub(crate) fn centred(&self, mean: &[f64]) -> DMatrix<f64> {
        let rows = self.rows();
        let values = rows.flat_map(|row| row.iter().zip(mean).map(|(v, m)| v - m));
        DMatrix::from_row_iterator(self.n_rows(), self.n_columns, values)
    }

    /// The rows as a matrix `[n, d]`.
    pub(crate) fn to_dmatrix(&self) -> DMatrix<f64> {
        DMatrix::from_row_slice(self.n_rows(), self.n_columns, &self.values)
    }

    /// The rows less `mean`, each multiplied by `projection`, `[n, k]`.
    pub(crate) fn projected(&self, mean: &[f64], projection: &Matrix) -> Result<Self, MatchError> {
        check_length("the mean of a projection", self.n_columns, mean.len())?;
        let product = projection.to_dmatrix() * self.centred(mean).transpose();
        Self::new(projection.n_rows(), product.as_slice().to_vec())
    }
}

/// Two rows of the features and whether they show one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrainingPair {
    /// Row of the first.
    pub first: usize,
    /// Row of the second.
    pub second: usize,
    /// One person (mated), or two.
    pub mated: bool,
}

/// What a matcher is fitted on; which parts it needs depends on the matcher.
#[derive(Debug, Clone, Copy)]
pub struct Training<'a> {
    /// Feature rows, `[n, d]`.
    pub features: &'a Features,
    /// Identity index of every row; any numbers, equal where the person is the same.
    pub identities: Option<&'a [usize]>,
    /// Labelled pairs of rows.
    pub pairs: &'a [TrainingPair],
}

impl<'a> Training<'a> {
    /// The identities, one per row.
    pub(crate) fn identities_for(&self, matcher: &'static str) -> Result<&'a [usize], MatchError> {
        let identities = self
            .identities
            .ok_or(MatchError::MissingIdentities { matcher })?;
        check_length("identities", self.features.n_rows(), identities.len())?;
        Ok(identities)
    }

    /// One row of `terms` per pair, and whether the pair is mated.
    pub(crate) fn pair_terms(
        &self,
        terms: impl Fn(&[f64], &[f64]) -> Vec<f64>,
    ) -> Result<(Features, Vec<bool>), MatchError> {
        check_at_least("training pairs", 1, self.pairs.len())?;
        let n = self.features.n_rows();
        let mut values = Vec::new();
        for pair in self.pairs {
            check_row(pair.first.max(pair.second), n)?;
            values.extend(terms(
                self.features.row(pair.first),
                self.features.row(pair.second),
            ));
        }
        let mated = self.pairs.iter().map(|p| p.mated).collect::<Vec<_>>();
        Ok((Features::new(values.len() / mated.len(), values)?, mated))
    }
}

fn check_row(got: usize, n: usize) -> Result<(), MatchError> {
    let what = "the row of a training pair";
    match got < n {
        true => Ok(()),
        false => Err(MatchError::Index { what, n, got }),
    }
}

/// Refuses labels that are not of both kinds.
pub(crate) fn check_both_kinds(mated: &[bool]) -> Result<(), MatchError> {
    let n_mated = mated.iter().filter(|m| **m).count();
    check_at_least("mated pairs", 1, n_mated)?;
    check_at_least("non-mated pairs", 1, mated.len() - n_mated)
}
