//! Losses against an independent reference, against finite differences, and at their edges.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod differences;
mod edges;
mod golden;
mod options;
mod subject;
