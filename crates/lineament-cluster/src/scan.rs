//! Every query scored against every row, in blocks, on several threads.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

use nalgebra::{DMatrixView, DMatrixViewMut, Dyn, U1};

use crate::error::ClusterError;
use crate::rows::{MIN_SIDE, UnitRows};

/// Queries in a block, where memory allows: enough for the rows, once in the cache, to be used.
const MAX_BLOCK: usize = 128;

/// What a scan may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanPlan {
    /// Threads.
    pub threads: NonZeroUsize,
    /// Memory for scores, in bytes, of each thread. At least eight queries are scored together,
    /// which needs 32 bytes per row.
    pub max_score_bytes: usize,
}

impl Default for ScanPlan {
    /// One thread per core, and 32 MiB for each.
    fn default() -> Self {
        Self {
            threads: available_parallelism().unwrap_or(NonZeroUsize::MIN),
            max_score_bytes: 32 << 20,
        }
    }
}

/// `of_query` of each query's index and scores against all rows, `[rows]`, in the order of the
/// queries.
///
/// Scores are inner products of unit rows in `f32`; a score depends on its two rows alone, so that
/// equal rows have equal scores.
///
/// # Errors
/// [`ClusterError::Dimension`] for queries and rows of different lengths.
pub fn map_scores<T: Send>(
    queries: &UnitRows,
    rows: &UnitRows,
    plan: &ScanPlan,
    of_query: impl Fn(usize, &[f32]) -> T + Sync,
) -> Result<Vec<T>, ClusterError> {
    let collect = |found: &mut Vec<(usize, T)>, i: usize, scores: &[f32]| {
        found.push((i, of_query(i, scores)));
    };
    let parts = fold_scores(queries, rows, plan, Vec::new, collect)?;
    let mut found: Vec<(usize, T)> = parts.into_iter().flatten().collect();
    found.sort_unstable_by_key(|(i, _)| *i);
    Ok(found.into_iter().map(|(_, value)| value).collect())
}

/// What `add` gathered of the queries' scores, one gathering per thread.
///
/// Which queries are in which gathering differs from run to run.
///
/// # Errors
/// As for [`map_scores`].
pub fn fold_scores<A: Send>(
    queries: &UnitRows,
    rows: &UnitRows,
    plan: &ScanPlan,
    start: impl Fn() -> A + Sync,
    add: impl Fn(&mut A, usize, &[f32]) + Sync,
) -> Result<Vec<A>, ClusterError> {
    if queries.n_columns() != rows.n_columns() {
        return Err(ClusterError::Dimension {
            row: 0,
            expected: rows.n_columns(),
            got: queries.n_columns(),
        });
    }
    let blocks = Blocks::new(queries.n_rows(), rows.n_rows(), plan);
    let work = || {
        let mut gathered = start();
        let mut scores = Vec::new();
        while let Some(block) = blocks.next() {
            let all = 0..rows.n_rows();
            score_block((queries, block.clone()), (rows, all), &mut scores);
            let padded_rows = rows.n_rows().max(MIN_SIDE);
            for (i, of_query) in block.zip(scores.chunks_exact(padded_rows)) {
                add(&mut gathered, i, &of_query[..rows.n_rows()]);
            }
        }
        gathered
    };
    Ok(gather(plan.threads.get().min(blocks.n.max(1)), work))
}

/// What each of the threads gathers.
pub(crate) fn gather<A: Send>(n_threads: usize, work: impl Fn() -> A + Sync) -> Vec<A> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(&work)).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, A>| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().map(join).collect()
    })
}

/// The blocks of queries still to be scored.
struct Blocks {
    next: AtomicUsize,
    n: usize,
    size: usize,
    n_queries: usize,
}

impl Blocks {
    fn new(n_queries: usize, n_rows: usize, plan: &ScanPlan) -> Self {
        let query_bytes = n_rows.max(MIN_SIDE) * size_of::<f32>();
        let size = (plan.max_score_bytes / query_bytes).clamp(MIN_SIDE, MAX_BLOCK);
        Self {
            next: AtomicUsize::new(0),
            n: n_queries.div_ceil(size),
            size,
            n_queries,
        }
    }

    fn next(&self) -> Option<Range<usize>> {
        let start = self.next.fetch_add(1, Ordering::Relaxed) * self.size;
        (start < self.n_queries).then(|| start..(start + self.size).min(self.n_queries))
    }
}

/// Scores of some queries with some rows, one query after the other, `[queries, rows]` padded to
/// [`MIN_SIDE`] both ways.
pub(crate) fn score_block(
    (queries, chosen): (&UnitRows, Range<usize>),
    (rows, of): (&UnitRows, Range<usize>),
    scores: &mut Vec<f32>,
) {
    let (n, m) = (of.len().max(MIN_SIDE), chosen.len().max(MIN_SIDE));
    let d = rows.stride();
    scores.resize(n * m, 0.0);
    // Rows one after the other are a matrix whose row stride is d; nothing is copied.
    let a = DMatrixView::<f32, Dyn, U1>::from_slice_with_strides_generic(
        rows.padded(of.start, n),
        Dyn(n),
        Dyn(d),
        Dyn(d),
        U1,
    );
    let b = DMatrixView::from_slice(queries.padded(chosen.start, m), d, m);
    let mut product = DMatrixViewMut::from_slice(scores, n, m);
    product.gemm(1.0, &a, &b, 0.0);
}
