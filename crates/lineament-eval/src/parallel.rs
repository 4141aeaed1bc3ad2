//! Jobs by number, spread over threads; what comes of them does not depend on how many there are.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{available_parallelism, scope};

/// The results of the jobs 0..`n_jobs` in order, or the error of the first that failed.
pub(crate) fn map<T: Send, E: Send>(
    n_jobs: usize,
    job: impl Fn(usize) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let n_threads = available_parallelism().map_or(1, NonZeroUsize::get);
    let done = fold(n_threads, n_jobs, Vec::new, |done, i| {
        done.push((i, job(i)))
    });
    let mut done: Vec<_> = done.into_iter().flatten().collect();
    done.sort_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, result)| result).collect()
}

/// What each thread gathered from the jobs that fell to it.
pub(crate) fn fold<S: Send>(
    n_threads: usize,
    n_jobs: usize,
    start: impl Fn() -> S + Sync,
    job: impl Fn(&mut S, usize) + Sync,
) -> Vec<S> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut state = start();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= n_jobs {
                return state;
            }
            job(&mut state, i);
        }
    };
    let n_threads = n_threads.clamp(1, n_jobs.max(1));
    scope(|scope| {
        let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(work)).collect();
        let joined = threads.into_iter().map(|t| t.join());
        let joined = joined.map(|s| s.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        joined.collect()
    })
}
