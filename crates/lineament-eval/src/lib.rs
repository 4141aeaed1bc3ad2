//! Protocols and rates: from scores to figures that can be trusted.

pub mod about;
pub mod curve;
pub mod error;
pub mod flip;
pub mod intervals;
pub mod rates;
pub mod scores;
pub mod seeded;

pub use about::{About, Declaration, ModelIdentity, OutsideData};
pub use error::EvalError;
pub use flip::FlipMode;
pub use seeded::Seeded;
