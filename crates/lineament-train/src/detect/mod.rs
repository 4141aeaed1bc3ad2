//! Training of face detectors.
//!
//! [`label`](fn@label) makes lists of faces that two other detectors agree on; [`scene`] makes
//! pictures of labelled photos and aligned crops; [`assign`] says which cell answers for which face,
//! [`loss`] how well it does; [`train`] is the loop, [`validation`] measures the exported model
//! through the product's own detection, and [`export`](fn@export) writes it.

pub mod assign;
pub mod cells;
pub mod config;
mod export;
mod label;
pub mod loader;
pub mod loss;
pub mod scene;
mod trainer;
pub mod validation;

pub use config::DetectorConfig;
pub use export::{Exported, Wanted, export, model_file};
pub use label::{Labelled, label};
pub use trainer::{resume, scenes, train};
