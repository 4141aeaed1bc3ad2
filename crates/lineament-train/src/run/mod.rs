//! The loop: configuration, optimisers, schedules, checkpoints, metrics.
//!
//! A run is a folder. [`train`] begins one and [`resume`] goes on with it, however it ended: all
//! that is random is a function of the seed and the step, and everything else is in the
//! [`checkpoint`], so that on one machine with one number of threads a run that was cut short gives
//! the weights of one that was not, to the bit.

pub mod checkpoint;
pub mod config;
pub mod curves;
pub mod device;
pub mod ema;
pub mod export;
pub(crate) mod folder;
pub mod heldout;
mod images;
mod import;
pub mod metrics;
pub mod optim;
pub mod provenance;
pub mod schedule;
mod setup;
pub mod span;
mod start;
pub(crate) mod step;
mod teacher;
mod trainer;
pub mod validation;
pub mod watch;

pub use config::{Config, Flip};
pub(crate) use export::best_or_last;
pub use folder::{RunFolder, best_of};
pub(crate) use images::open as open_images;
pub use images::teach;
pub use import::{Published, import};
pub use setup::{Threads, graph};
pub use trainer::{Outcome, resume, train};
pub use watch::{Event, Unwatched, Watch};
