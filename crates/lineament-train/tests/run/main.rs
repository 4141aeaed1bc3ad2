//! Runs: what configures them, what moves them, what interrupts them, and what comes of them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod config;
mod export;
mod going_on;
mod optimizers;
mod recipes;
mod reproduce;
mod start;
mod support;
mod teaching;
mod trouble;
mod validation;
