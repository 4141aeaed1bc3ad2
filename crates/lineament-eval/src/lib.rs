//! Protocols and rates: from scores to figures that can be trusted.

pub mod error;

pub use error::EvalError;
