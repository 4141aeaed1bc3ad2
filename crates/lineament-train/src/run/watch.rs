//! What a run tells while it goes on.

use super::metrics::{DetectionMetrics, StepMetrics, ValidationMetrics};
use std::path::Path;

/// Something that happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// Before the first step.
    Started {
        /// Steps done before.
        step: u64,
        /// Steps there will be.
        n_steps: u64,
        /// Images of a step.
        n_images_per_step: u64,
    },
    /// A step was made.
    Stepped {
        /// Steps done.
        step: u64,
        /// Its loss.
        loss: f64,
    },
    /// A line of metrics was written.
    Logged(&'a StepMetrics),
    /// Held-out pairs were judged.
    Validated(&'a ValidationMetrics),
    /// A detector looked for held-out faces.
    Detected(&'a DetectionMetrics),
    /// A checkpoint was written.
    Saved(&'a Path),
    /// Something to know.
    Note(&'a str),
    /// Something that went wrong and does not stop the run.
    Warning(&'a str),
    /// Part of the preparations is done.
    Prepared {
        /// Which.
        what: &'a str,
        /// How much of it.
        done: usize,
        /// Of how much.
        total: usize,
    },
}

/// Hears of a run, and can stop it.
pub trait Watch {
    /// Something happened.
    fn hear(&mut self, event: &Event<'_>);

    /// Asked after each step: whether to save what there is and stop.
    fn stops(&self) -> bool;
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn hear(&mut self, _: &Event<'_>) {}

    fn stops(&self) -> bool {
        false
    }
}
