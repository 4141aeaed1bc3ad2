//! Many photos at once: a bounded, ordered, parallel map.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Calls `work` on every item, on `threads` threads, and `sink` on the results, on the calling
/// thread and in the order of the items.
///
/// At most `4 · threads` items are between the iterator and the sink at any time, so memory stays
/// flat however many there are. When `sink` breaks, no further item is begun; results of items in
/// flight are dropped.
///
/// # Panics
/// When `work` or the iterator panics, that panic goes on here.
pub fn map_in_order<I, T>(
    items: impl Iterator<Item = I> + Send,
    threads: NonZeroUsize,
    work: impl Fn(I) -> T + Sync,
    mut sink: impl FnMut(T) -> ControlFlow<()>,
) where
    I: Send,
    T: Send,
{
    let window = threads.get().saturating_mul(4);
    let source = Mutex::new(items.enumerate());
    let gate = Gate::default();
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(window);
        for _ in 0..threads.get() {
            let (sender, source, gate, work) = (sender.clone(), &source, &gate, &work);
            scope.spawn(move || {
                let _closed_on_panic = CloseOnPanic(gate);
                while gate.pass(window) {
                    let next = lock(source).next();
                    let Some((idx, item)) = next else { break };
                    if sender.send((idx, work(item))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut next_idx = 0;
        for (idx, result) in receiver {
            waiting.insert(idx, result);
            while let Some(result) = waiting.remove(&next_idx) {
                next_idx += 1;
                gate.release();
                if sink(result).is_break() {
                    gate.close();
                    return;
                }
            }
        }
    });
}

/// Counts the items that are under way.
#[derive(Default)]
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    under_way: usize,
    closed: bool,
}

impl Gate {
    /// Waits until fewer than `window` items are under way, and counts one more. False once closed.
    fn pass(&self, window: usize) -> bool {
        let mut state = lock(&self.state);
        while state.under_way >= window && !state.closed {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.under_way += 1;
        !state.closed
    }

    fn release(&self) {
        let mut state = lock(&self.state);
        state.under_way = state.under_way.saturating_sub(1);
        self.changed.notify_one();
    }

    fn close(&self) {
        lock(&self.state).closed = true;
        self.changed.notify_all();
    }
}

/// Lets the other threads end when one panics, since its item will never be released.
struct CloseOnPanic<'a>(&'a Gate);

impl Drop for CloseOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.close();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    fn threads(n: usize) -> NonZeroUsize {
        NonZeroUsize::new(n).unwrap()
    }

    #[test]
    fn results_come_in_order_and_few_are_under_way() {
        let (begun, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let mut seen = Vec::new();
        map_in_order(
            0..200u64,
            threads(3),
            |i| {
                let begun = begun.fetch_add(1, Ordering::SeqCst) + 1;
                // One more than are under way: that which the sink was given and has not counted yet.
                assert!(begun - ended.load(Ordering::SeqCst) <= 12 + 1);
                thread::sleep(Duration::from_micros((i * 7919) % 300));
                i * i
            },
            |square| {
                ended.fetch_add(1, Ordering::SeqCst);
                seen.push(square);
                ControlFlow::Continue(())
            },
        );
        assert_eq!(seen, (0..200u64).map(|i| i * i).collect::<Vec<_>>());
    }

    #[test]
    fn a_break_stops_the_work() {
        let begun = AtomicUsize::new(0);
        let mut seen = 0;
        map_in_order(
            0..,
            threads(2),
            |i: u64| begun.fetch_add(1, Ordering::SeqCst) as u64 + i,
            |_| {
                seen += 1;
                if seen == 5 {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            },
        );
        assert_eq!(seen, 5);
        assert!(begun.load(Ordering::SeqCst) <= 5 + 8 + 2);
    }

    #[test]
    fn a_panic_goes_on() {
        let outcome = std::panic::catch_unwind(|| {
            map_in_order(
                0..50,
                threads(2),
                |i| assert_ne!(i, 7, "told to"),
                |()| ControlFlow::Continue(()),
            );
        });
        assert!(outcome.is_err());
    }
}
