//! Ctrl-C: the first asks the run to stop after the photos in flight, the second aborts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::exit::Exit;
use crate::failure::Failure;

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
                std::process::exit(Exit::Interrupted.code().into());
            }
        })
        .map_err(|error| {
            Failure::new(Exit::Internal, format!("cannot listen for Ctrl-C: {error}"))
        })?;
        Ok(interrupt)
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }
}
