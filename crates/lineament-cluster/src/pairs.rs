//! Every two rows scored once, in tiles that stay in the cache, on several threads.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::rows::{MIN_SIDE, UnitRows};
use crate::scan::{ScanPlan, gather, score_block};

/// Rows of a tile each way: 256 KiB of scores, which with the rows themselves fit a core's own cache.
const SIDE: usize = 256;

/// What `add` gathered of the scores of all pairs of rows i < j, one gathering per thread.
///
/// `add` is given i, the first j, and the scores of i with that j and those after it. Each pair comes
/// once, as its score is the same both ways: half the work of a scan of the rows against themselves.
/// Which pairs are in which gathering, and in which order, differs from run to run.
pub fn fold_pairs<A: Send>(
    rows: &UnitRows,
    plan: &ScanPlan,
    start: impl Fn() -> A + Sync,
    add: impl Fn(&mut A, usize, usize, &[f32]) + Sync,
) -> Vec<A> {
    let side = (plan.max_score_bytes / size_of::<f32>()).isqrt();
    let side = side.clamp(MIN_SIDE, SIDE);
    let n_strips = rows.n_rows().div_ceil(side);
    let strip = |idx: usize| -> Range<usize> {
        let start = idx * side;
        start..(start + side).min(rows.n_rows())
    };
    // The first strips meet the most others, so that no thread is left with a long one at the end.
    let next = AtomicUsize::new(0);
    let work = || {
        let mut gathered = start();
        let mut scores = Vec::new();
        loop {
            let idx = next.fetch_add(1, Ordering::Relaxed);
            if idx >= n_strips {
                return gathered;
            }
            for other in idx..n_strips {
                let (queries, of) = (strip(idx), strip(other));
                score_block((rows, queries.clone()), (rows, of.clone()), &mut scores);
                let width = of.len().max(MIN_SIDE);
                for (i, of_query) in queries.zip(scores.chunks_exact(width)) {
                    let first = of.start.max(i + 1);
                    if first < of.end {
                        let scores = &of_query[first - of.start..of.len()];
                        add(&mut gathered, i, first, scores);
                    }
                }
            }
        }
    };
    gather(plan.threads.get().min(n_strips.max(1)), work)
}
