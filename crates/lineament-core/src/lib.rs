//! Geometry, pixels and embeddings: the ground floor of Lineament.
//!
//! It holds what every stage shares. It does not know files, models, clocks, threads or
//! randomness: the same input gives the same output, always.
//!
//! ```
//! use lineament_core::{Border, Landmarks, Point, RgbImage, Template, warp};
//!
//! # fn main() -> Result<(), lineament_core::CoreError> {
//! let photo = RgbImage::filled(640, 480, [90, 120, 150]);
//! let landmarks = Template::ArcFace112.landmarks().map(|p| Point::new(2.0 * p.x, 2.0 * p.y));
//! let onto_template = Template::ArcFace112.fit(&landmarks)?;
//! let crop = warp(photo.view(), &onto_template, Template::ArcFace112.size(), Border::Black)?;
//! assert_eq!((crop.width(), crop.height()), (112, 112));
//! assert!((onto_template.scale() - 0.5).abs() < 1e-6);
//! # Ok(())
//! # }
//! ```

pub mod blur;
pub mod embedding;
pub mod error;
pub mod geometry;
pub mod image;
pub mod letterbox;
pub mod margin;
pub mod nms;
pub mod preprocess;
pub mod resample;
pub mod restore;
pub mod similarity;
pub mod template;
pub mod warp;

pub use blur::blur;
pub use embedding::{Embedding, EmbeddingSpace, Score};
pub use error::CoreError;
pub use geometry::{Landmarks, Point, Rect};
pub use image::{RgbImage, RgbView};
pub use letterbox::Letterbox;
pub use margin::margin_crop;
pub use nms::nms;
pub use preprocess::{ChannelOrder, Layout, Preprocess};
pub use resample::resize;
pub use restore::{noise_level, restored};
pub use similarity::Similarity;
pub use template::Template;
pub use warp::{Border, warp};
