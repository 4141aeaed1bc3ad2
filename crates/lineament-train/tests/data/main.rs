//! From drawn crops in folders and lists to batches.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod drawn;
mod loader;
mod options;
mod packed;
mod samplers;
mod sets;
mod teacher;
mod teacher_model;
