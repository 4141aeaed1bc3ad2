//! Torch's generator of random numbers, of which a process has one.

use std::sync::{Mutex, MutexGuard, PoisonError};

static GENERATOR: Mutex<()> = Mutex::new(());

/// Seeds the generator. Until what is returned is dropped nobody else here seeds it or draws from it, so that what is drawn
/// meanwhile depends on the seed alone, whatever else is trained in this process.
pub(crate) fn seeded(seed: u64) -> MutexGuard<'static, ()> {
    let alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    tch::manual_seed(seed as i64);
    alone
}
