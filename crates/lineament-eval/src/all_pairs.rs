//! Every embedding compared with every other.

use crate::error::{EvalError, check_at_least, check_length};
use crate::parallel;
use crate::stream::{ScoreStream, StreamedScores};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;

/// Columns of a tile: inner products that are summed side by side, in vector registers.
const WIDTH: usize = 8;
/// Rows of a tile.
const HEIGHT: usize = 4;
/// Rows and columns of a job: two blocks of 512-d embeddings stay in a core's cache.
const BLOCK: usize = 128;

/// Embeddings of unit norm, one after the other, and who they show.
#[derive(Debug, Clone, Copy)]
pub struct Population<'a> {
    /// Values of one embedding, `d`.
    pub n_columns: usize,
    /// All values, `[n, d]`.
    pub values: &'a [f32],
    /// Person of every embedding, `[n]`.
    pub persons: &'a [usize],
}

/// Scores of all n (n − 1) / 2 comparisons: cosines, each summed in `f32` from the first value to
/// the last, so that neither the machine nor the number of threads changes them. False match rates
/// up to `greatest_target` can be asked for.
///
/// # Errors
/// [`EvalError::Dimension`], fewer than two embeddings, a value that is not finite, and a target
/// outside (0, 1).
pub fn compare_all(
    population: Population<'_>,
    greatest_target: f64,
    n_threads: NonZeroUsize,
) -> Result<StreamedScores, EvalError> {
    population.check()?;
    let panels = population.panels();
    let n_blocks = population.persons.len().div_ceil(BLOCK);
    let above = |i: usize| (i..n_blocks).map(move |j| (i, j));
    let jobs: Vec<(usize, usize)> = (0..n_blocks).flat_map(above).collect();
    let n_non_mated = PairCounts::new(population.persons.iter().copied()).n_non_mated;
    let empty = ScoreStream::new(greatest_target, n_non_mated)?;
    let job = |stream: &mut ScoreStream, i: usize| {
        population.compare_blocks(&panels, jobs[i], stream);
    };
    let start = || empty.clone();
    let streams = parallel::fold(n_threads.get(), jobs.len(), start, job);
    let mut all = empty.clone();
    streams.into_iter().try_for_each(|s| all.merge(s))?;
    all.finish()
}

/// Pairs among items of these persons.
pub(crate) struct PairCounts {
    pub(crate) n_mated: usize,
    pub(crate) n_non_mated: usize,
}

impl PairCounts {
    pub(crate) fn new(persons: impl Iterator<Item = usize>) -> Self {
        let mut n_of = BTreeMap::<usize, usize>::new();
        persons.for_each(|p| *n_of.entry(p).or_default() += 1);
        let pairs = |n: usize| n * n.saturating_sub(1) / 2;
        let n_mated = n_of.values().map(|n| pairs(*n)).sum();
        Self {
            n_mated,
            n_non_mated: pairs(n_of.values().sum()) - n_mated,
        }
    }
}

impl Population<'_> {
    fn check(&self) -> Result<(), EvalError> {
        let n = self.persons.len();
        check_at_least("embeddings", 2, n)?;
        check_at_least("values of an embedding", 1, self.n_columns)?;
        let expected = n.saturating_mul(self.n_columns);
        check_length("values of embeddings", expected, self.values.len())?;
        match self.values.iter().position(|v| !v.is_finite()) {
            None => Ok(()),
            Some(position) => Err(EvalError::NonFinite {
                what: "a value of an embedding",
                position,
                got: f64::from(self.values[position]),
            }),
        }
    }

    /// The embeddings in panels of `WIDTH`, the first values of all of them first; the last panel
    /// is filled with zeros.
    fn panels(&self) -> Vec<[f32; WIDTH]> {
        let n_panels = self.persons.len().div_ceil(WIDTH);
        let mut panels = vec![[0.0; WIDTH]; n_panels * self.n_columns];
        for (i, row) in self.values.chunks_exact(self.n_columns).enumerate() {
            let panel = &mut panels[i / WIDTH * self.n_columns..];
            for (values, value) in panel.iter_mut().zip(row) {
                values[i % WIDTH] = *value;
            }
        }
        panels
    }

    fn row(&self, i: usize) -> &[f32] {
        // Rows beyond the last are computed in vain and not read.
        let i = i.min(self.persons.len() - 1);
        &self.values[i * self.n_columns..(i + 1) * self.n_columns]
    }

    fn compare_blocks(
        &self,
        panels: &[[f32; WIDTH]],
        (rows, columns): (usize, usize),
        stream: &mut ScoreStream,
    ) {
        let n = self.persons.len();
        let end = |block: usize| ((block + 1) * BLOCK).min(n);
        for first_column in (columns * BLOCK..end(columns)).step_by(WIDTH) {
            let panel = &panels[first_column / WIDTH * self.n_columns..][..self.n_columns];
            for first_row in (rows * BLOCK..end(rows)).step_by(HEIGHT) {
                let tile = tile([0, 1, 2, 3].map(|k| self.row(first_row + k)), panel);
                for (i, scores) in (first_row..n).zip(&tile) {
                    for (j, score) in (first_column..n).zip(scores).filter(|(j, _)| *j > i) {
                        stream.add(f64::from(*score), self.persons[i] == self.persons[j]);
                    }
                }
            }
        }
    }
}

/// Inner products of `HEIGHT` rows with the columns of a panel.
fn tile(rows: [&[f32]; HEIGHT], panel: &[[f32; WIDTH]]) -> [[f32; WIDTH]; HEIGHT] {
    let rows = rows.map(|row| &row[..panel.len()]);
    let mut sums = [[0.0; WIDTH]; HEIGHT];
    for (k, columns) in panel.iter().enumerate() {
        for (sums, row) in sums.iter_mut().zip(rows) {
            let value = row[k];
            for (sum, column) in sums.iter_mut().zip(columns) {
                *sum += value * column;
            }
        }
    }
    sums
}
