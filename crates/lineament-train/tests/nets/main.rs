//! The networks: their structure, what they return, their files.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests and their helpers"
)]

mod formula;
mod golden;
mod import;
mod onnx;
mod published;
mod structure;
