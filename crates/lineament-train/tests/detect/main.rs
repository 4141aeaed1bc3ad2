//! Detectors: which cell answers for which face, what it is trained with, on what, and what comes of
//! a run.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod config;
mod loss;
mod network;
mod run;
mod scenes;
mod support;
