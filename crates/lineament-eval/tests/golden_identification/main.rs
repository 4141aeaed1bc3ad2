//! Splits, searches and the protocols made of them against `reference/identification.py`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod blufr;
mod distractors;
mod material;
mod searches;
mod templates;
