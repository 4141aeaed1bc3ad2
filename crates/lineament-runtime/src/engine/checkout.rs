//! Things that one thread uses at a time, made when more threads come.

use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A stack of equal things. Each is lent to one thread; when none is free another is made, up to
/// a limit, and then threads wait.
pub(super) struct Checkout<T> {
    state: Mutex<State<T>>,
    returned: Condvar,
    limit: usize,
}

struct State<T> {
    free: Vec<T>,
    made: usize,
}

impl<T> Checkout<T> {
    /// Starts with `first`; at most `limit` things are ever made, and at least that one.
    pub(super) fn new(first: T, limit: usize) -> Self {
        Self {
            state: Mutex::new(State {
                free: vec![first],
                made: 1,
            }),
            returned: Condvar::new(),
            limit,
        }
    }

    /// What `work` gives for a thing that is free, or for a new one from `make`.
    pub(super) fn with<R, E>(
        &self,
        make: impl FnOnce() -> Result<T, E>,
        work: impl FnOnce(&mut T) -> R,
    ) -> Result<R, E> {
        let free = self.take();
        let seat = Seat(self);
        let mut item = match free {
            Some(item) => item,
            None => make()?,
        };
        let result = work(&mut item);
        mem::forget(seat);
        self.lock().free.push(item);
        self.returned.notify_one();
        Ok(result)
    }

    /// A free thing, or none when one may be made, which is then counted already.
    fn take(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(item) = state.free.pop() {
                return Some(item);
            }
            if state.made < self.limit {
                state.made += 1;
                return None;
            }
            let waited = self.returned.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Nothing panics while the lock is held, so a poisoned one still holds a sound state.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a thing on loan. Dropped when the thing could not be made or its user panicked:
/// another may be made instead.
struct Seat<'a, T>(&'a Checkout<T>);

impl<T> Drop for Seat<'_, T> {
    fn drop(&mut self) {
        self.0.lock().made -= 1;
        self.0.returned.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    fn made(checkout: &Checkout<u32>) -> usize {
        checkout.lock().made
    }

    #[test]
    fn one_thread_needs_one_thing() {
        let checkout = Checkout::new(7, 4);
        for _ in 0..3 {
            let got = checkout.with(|| Err("none is made"), |item| *item);
            assert_eq!(got, Ok(7));
        }
        assert_eq!(made(&checkout), 1);
    }

    #[test]
    fn never_more_at_once_than_the_limit() {
        let checkout = Checkout::new(0, 2);
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let work = |_: &mut u32| {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        thread::yield_now();
                        now.fetch_sub(1, Ordering::SeqCst);
                    };
                    for _ in 0..50 {
                        checkout.with(|| Ok::<_, ()>(1), work).unwrap();
                    }
                });
            }
        });
        assert!(most.load(Ordering::SeqCst) <= 2);
        assert!(made(&checkout) <= 2);
    }

    #[test]
    #[allow(clippy::panic, reason = "the panic is what is tested")]
    fn a_failure_or_a_panic_frees_the_place() {
        let checkout = Checkout::new(0, 1);
        let panicking = || checkout.with(|| Ok::<_, ()>(1), |_| panic!("the work panics"));
        assert!(catch_unwind(AssertUnwindSafe(panicking)).is_err());
        assert_eq!(made(&checkout), 0);
        assert_eq!(checkout.with(|| Err("no"), |item| *item), Err("no"));
        assert_eq!(checkout.with(|| Ok::<_, ()>(5), |item| *item), Ok(5));
    }
}
