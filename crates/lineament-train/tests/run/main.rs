//! Runs: what configures them, what moves them, what interrupts them, and what comes of them.

mod config;
mod export;
mod going_on;
mod optimizers;
mod recipes;
mod support;
mod trouble;
