//! From a photo to faces, embeddings and names.
//!
//! The stages, each usable alone: read, [`detect`], align, judge ([`quality`], [`pose`]),
//! [`embed`], compare and [`identify`]; [`Pipeline`] puts them together, and [`stream`] runs them
//! over many photos. Networks come from a [`ModelStore`]. This crate does not know command
//! lines, output files, databases or the training of networks.
//!
//! ```no_run
//! use std::path::Path;
//! use lineament::{ModelLimits, ModelStore, Pipeline, PipelineOptions, Score, prominent};
//!
//! fn main() -> Result<(), lineament::Error> {
//!     let store = ModelStore::open(Path::new("models"), ModelLimits::default())?;
//!     let pipeline = Pipeline::open(&store, &PipelineOptions::default())?;
//!     let mut portraits = Vec::new();
//!     for path in ["a.jpg", "b.jpg"] {
//!         let photo = pipeline.read(Path::new(path))?;
//!         let faces = pipeline.detect(&photo)?;
//!         let face = &faces[prominent(&faces, photo.size()).expect("a portrait shows a face")];
//!         portraits.extend(pipeline.embed(&[pipeline.align(&photo, face)?])?);
//!     }
//!     let threshold = pipeline.calibration()?.threshold_at(1e-4)?.threshold;
//!     println!("same person: {}", portraits[0].score(&portraits[1])? >= threshold);
//!     Ok(())
//! }
//! ```

pub mod calibration;
pub mod detect;
pub mod embed;
pub mod error;
pub mod face;
pub mod identify;
pub mod model;
pub mod photo;
pub mod pipeline;
pub mod pose;
pub mod quality;
pub mod stream;

pub use calibration::{Calibration, CalibrationPoint, OperatingPoint};
pub use detect::{CloseUp, Detection, DetectionOptions, Detector, DetectorFamily};
pub use embed::{CropStyle, Embedder, Flip, Views};
pub use error::Error;
pub use face::{Face, prominent};
pub use identify::{Candidate, Identification, KnownPeople};
pub use lineament_core::{
    Embedding, EmbeddingSpace, Landmarks, Point, Rect, RgbImage, RgbView, Score, Template,
};
pub use lineament_decode::Limits;
pub use lineament_runtime::{EngineOptions, Fault, ModelLimits, ModelStore, Selector};
pub use model::ModelInfo;
pub use photo::Photo;
pub use pipeline::{Pipeline, PipelineOptions};
pub use pose::Pose;
pub use quality::{Quality, QualityLimits, QualityReason};

/// The README's code, compiled as a doc-test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
