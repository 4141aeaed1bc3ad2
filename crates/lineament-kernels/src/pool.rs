//! Threads that share the tasks of one run.

#![allow(unsafe_code, reason = "a task is lent to threads that outlive it")]

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{fmt, hint};

/// How long a worker looks for the next task before it sleeps: longer than the gap between two
/// layers, far shorter than the gap between two runs.
const ALERT: Duration = Duration::from_micros(40);

/// The caller's thread and so many more.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool({})", self.threads())
    }
}

struct Shared {
    state: Mutex<State>,
    /// Something to do, or the end.
    wake: Condvar,
    /// Counts the jobs, so that workers see a new one without the lock.
    epoch: AtomicUsize,
    /// Workers inside the present job.
    inside: AtomicUsize,
    /// The tasks of the present job that each thread's part has given out, the caller's first.
    taken: Vec<Counter>,
    /// Whether a task panicked on a worker, which the caller then does too.
    panicked: AtomicBool,
}

/// On a line of the caches of its own.
#[derive(Default)]
#[repr(align(128))]
struct Counter(AtomicUsize);

#[derive(Default)]
struct State {
    job: Option<Job>,
    ends: bool,
}

/// `n` calls of a function that its caller keeps alive until all workers have left the job.
#[derive(Clone, Copy)]
struct Job {
    call: &'static (dyn Fn(usize) + Sync),
    n: usize,
}

impl Pool {
    pub(crate) fn new(threads: NonZeroUsize) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            wake: Condvar::new(),
            epoch: AtomicUsize::new(0),
            inside: AtomicUsize::new(0),
            taken: (0..threads.get()).map(|_| Counter::default()).collect(),
            panicked: AtomicBool::new(false),
        });
        let worker = |index| {
            let shared = Arc::clone(&shared);
            let named = thread::Builder::new().name("lineament-kernels".to_owned());
            // Without a further thread the caller does the work alone.
            named.spawn(move || shared.work(index)).ok()
        };
        let workers = (1..threads.get()).filter_map(worker).collect();
        Self { shared, workers }
    }

    pub(crate) fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `task` with each number below `n`, each once, on this thread and the others. Returns
    /// when all calls have returned.
    ///
    /// Each thread begins with its own part of the numbers, the same in every job of as many, so that
    /// it finds in its caches what it wrote there; then it helps the others.
    pub(crate) fn for_each(&self, n: usize, task: &(dyn Fn(usize) + Sync)) {
        if self.workers.is_empty() || n < 2 {
            return (0..n).for_each(task);
        }
        // SAFETY: only the lifetime changes. `Leave` waits, even when `task` panics, until no
        // worker is inside the job and none can enter it any more.
        let call = unsafe {
            std::mem::transmute::<&(dyn Fn(usize) + Sync), &'static (dyn Fn(usize) + Sync)>(task)
        };
        let job = Job { call, n };
        {
            let mut state = self.shared.lock();
            for counter in &self.shared.taken {
                counter.0.store(0, Ordering::Relaxed);
            }
            state.job = Some(job);
            self.shared.epoch.fetch_add(1, Ordering::Release);
        }
        let leave = Leave(&self.shared);
        self.shared.wake.notify_all();
        self.shared.take_tasks(job, 0);
        drop(leave);
        if self.shared.panicked.swap(false, Ordering::AcqRel) {
            resume_unwind(Box::new("a task on another thread panicked"));
        }
    }

    /// Calls `task`, which does not panic, once on each thread.
    pub(crate) fn on_each_thread(&self, task: &(dyn Fn() + Sync)) {
        let all_have_one = Barrier::new(self.threads());
        self.for_each(self.threads(), &|_| {
            task();
            all_have_one.wait();
        });
    }
}

/// Ends the present job: takes it away, and waits for the workers inside.
struct Leave<'a>(&'a Shared);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.lock().job = None;
        let mut looks = 0;
        while self.0.inside.load(Ordering::Acquire) > 0 {
            looks += 1;
            if looks < 1000 {
                hint::spin_loop();
            } else {
                thread::yield_now();
            }
        }
    }
}

impl Shared {
    /// Nothing panics while the lock is held, so a poisoned one still holds a sound state.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tasks of part `own`, then what is left of the others.
    fn take_tasks(&self, job: Job, own: usize) {
        let parts = self.taken.len();
        for part in (0..parts).map(|i| (own + i) % parts) {
            let (start, end) = (job.n * part / parts, job.n * (part + 1) / parts);
            loop {
                let task = start + self.taken[part].0.fetch_add(1, Ordering::Relaxed);
                if task >= end {
                    break;
                }
                (job.call)(task);
            }
        }
    }

    /// A worker's life; `index` is its part of each job.
    fn work(&self, index: usize) {
        let mut seen = 0;
        while let Some((epoch, job)) = self.next_job(seen) {
            seen = epoch;
            if let Some(job) = job {
                let tasks = AssertUnwindSafe(|| self.take_tasks(job, index));
                if catch_unwind(tasks).is_err() {
                    self.panicked.store(true, Ordering::Release);
                }
                self.inside.fetch_sub(1, Ordering::AcqRel);
            }
        }
    }

    /// The first job after the one `seen`, which this worker is then counted into; `None` at the
    /// end of the pool.
    fn next_job(&self, seen: usize) -> Option<(usize, Option<Job>)> {
        let begun = Instant::now();
        while self.epoch.load(Ordering::Acquire) == seen && begun.elapsed() < ALERT {
            for _ in 0..32 {
                hint::spin_loop();
            }
        }
        let mut state = self.lock();
        loop {
            if state.ends {
                return None;
            }
            let epoch = self.epoch.load(Ordering::Acquire);
            if epoch != seen {
                if state.job.is_some() {
                    self.inside.fetch_add(1, Ordering::AcqRel);
                }
                return Some((epoch, state.job));
            }
            state = self
                .wake
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().ends = true;
        self.shared.epoch.fetch_add(1, Ordering::Release);
        self.shared.wake.notify_all();
        for worker in self.workers.drain(..) {
            // A worker that panicked has said so already.
            drop(worker.join());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_task_runs_once() {
        let pool = Pool::new(NonZeroUsize::new(3).unwrap());
        for n in [0, 1, 2, 7, 100] {
            for _ in 0..if cfg!(miri) { 3 } else { 50 } {
                let counts: Vec<AtomicUsize> = (0..n).map(|_| AtomicUsize::new(0)).collect();
                pool.for_each(n, &|i| {
                    counts[i].fetch_add(1, Ordering::Relaxed);
                });
                assert!(counts.iter().all(|c| c.load(Ordering::Relaxed) == 1));
            }
        }
    }

    #[test]
    fn each_thread_has_its_call() {
        for threads in [1, 2, 4] {
            let pool = Pool::new(NonZeroUsize::new(threads).unwrap());
            let ids = Mutex::new(HashSet::new());
            pool.on_each_thread(&|| assert!(ids.lock().unwrap().insert(thread::current().id())));
            assert_eq!(ids.into_inner().unwrap().len(), threads);
        }
    }

    #[test]
    fn a_panic_comes_through_and_the_pool_lives_on() {
        let pool = Pool::new(NonZeroUsize::new(2).unwrap());
        let panics = || pool.for_each(40, &|i| assert!(i < 39, "the task panics"));
        for _ in 0..20 {
            assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        }
        let sum = AtomicUsize::new(0);
        pool.for_each(4, &|i| {
            sum.fetch_add(i, Ordering::Relaxed);
        });
        assert_eq!(sum.into_inner(), 6);
    }
}
