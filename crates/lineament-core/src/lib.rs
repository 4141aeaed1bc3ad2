//! Geometry, pixels and embeddings: the ground floor of Lineament.
//!
//! It holds what every stage shares. It does not know files, models, clocks, threads or
//! randomness: the same input gives the same output, always.

pub mod embedding;
pub mod error;
pub mod geometry;
pub mod image;

pub use embedding::{Embedding, EmbeddingSpace, Score};
pub use error::CoreError;
pub use geometry::{Landmarks, Point, Rect};
pub use image::{RgbImage, RgbView};
