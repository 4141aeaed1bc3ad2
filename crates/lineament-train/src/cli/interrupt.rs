//! Ctrl-C: the first asks the run to save and stop, the second aborts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::exit::{Failure, INTERNAL, INTERRUPTED};

/// Tells whether the user asked to stop.
#[derive(Clone, Default)]
pub(crate) struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// Listens for Ctrl-C and for requests to terminate.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let interrupt = Self::default();
        let seen = interrupt.clone();
        ctrlc::set_handler(move || {
            if seen.0.fetch_add(1, Ordering::SeqCst) > 0 {
                std::process::exit(INTERRUPTED.into());
            }
        })
        .map_err(|error| Failure {
            code: INTERNAL,
            message: format!("cannot listen for Ctrl-C: {error}"),
        })?;
        Ok(interrupt)
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }
}
