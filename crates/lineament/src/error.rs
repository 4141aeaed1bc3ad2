//! What can go wrong between a photo and a name, and whose fault it is.

use lineament_core::CoreError;
use lineament_decode::{DecodeError, PhotoError};
use lineament_runtime::{Fault, RuntimeError};

/// Why a face could not be found, embedded or compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A photo's file could not be read.
    #[error(transparent)]
    Photo(#[from] PhotoError),
    /// A photo's bytes could not be read.
    #[error(transparent)]
    Bytes(#[from] DecodeError),
    /// A model could not be found, loaded or run.
    #[error(transparent)]
    Model(#[from] RuntimeError),
    /// Numbers that cannot be worked on.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// A manifest says something that this version does not know.
    #[error("model {model}: {field} should be {expected}, its manifest says {got}")]
    ModelSettings {
        /// The model's name.
        model: String,
        /// The manifest's field.
        field: &'static str,
        /// What is known.
        expected: &'static str,
        /// What stands there.
        got: String,
    },
    /// A detector's network returned a tensor of another size than its family has.
    #[error(
        "the detector's output \"{role}\" should hold {expected} values, it holds {got}: the model does not fit its manifest"
    )]
    DetectorOutput {
        /// The tensor's role.
        role: String,
        /// Values that the family and the input ask for.
        expected: usize,
        /// Values returned; 0 when the tensor is absent.
        got: usize,
    },
    /// The detector gives no landmarks, and this needs them.
    #[error(
        "detector {detector} gives no landmarks, which alignment needs; choose another with --detector"
    )]
    NoLandmarks {
        /// The detector's name.
        detector: String,
    },
    /// The embedder cuts faces by their boxes, so that landmarks give no crop.
    #[error(
        "embedder {embedder} cuts faces by their boxes and not by landmarks; let the detector find the faces"
    )]
    NoTemplate {
        /// The embedder's name.
        embedder: String,
    },
    /// An image that should be an aligned face, and is too small for it.
    #[error(
        "an aligned face for this embedder has {expected_width}×{expected_height} pixels or a margin around them, this image has {width}×{height}; align it first"
    )]
    NotAligned {
        /// Width of the embedder's crop.
        expected_width: u32,
        /// Height of the embedder's crop.
        expected_height: u32,
        /// Width of the image.
        width: u32,
        /// Height of the image.
        height: u32,
    },
    /// The pipeline was opened without an embedder.
    #[error("this pipeline only detects faces; open it with an embedder to compare them")]
    NoEmbedder,
    /// The embedder has no calibration, so that an error rate gives no threshold.
    #[error(
        "embedder {embedder} has no calibration, so a false-match rate gives no threshold; pass --threshold instead"
    )]
    NoCalibration {
        /// The embedder's name.
        embedder: String,
    },
    /// Faces that give too few pairs for any threshold.
    #[error(
        "{n_non_mated} pairs of different people and {n_mated} of one person are too few to calibrate; at least 300 and 1 are needed"
    )]
    TooFewToCalibrate {
        /// Pairs of one person.
        n_mated: usize,
        /// Pairs of different people.
        n_non_mated: usize,
    },
    /// A false-match rate that the calibration's data cannot support.
    #[error(
        "a false-match rate of {wanted:e} lies outside what the calibration supports, {least:e} to {greatest:e}"
    )]
    FmrOutOfRange {
        /// The rate wanted.
        wanted: f64,
        /// The least rate that the data support.
        least: f64,
        /// The greatest rate in the calibration.
        greatest: f64,
    },
}

impl Error {
    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Photo(error) => decode_fault(&error.source),
            Self::Bytes(error) => decode_fault(error),
            Self::Model(error) => error.fault(),
            Self::Core(_)
            | Self::FmrOutOfRange { .. }
            | Self::TooFewToCalibrate { .. }
            | Self::NotAligned { .. } => Fault::Input,
            Self::ModelSettings { .. } | Self::DetectorOutput { .. } => Fault::Model,
            Self::NoLandmarks { .. }
            | Self::NoTemplate { .. }
            | Self::NoEmbedder
            | Self::NoCalibration { .. } => Fault::Unsupported,
        }
    }
}

fn decode_fault(error: &DecodeError) -> Fault {
    match error {
        DecodeError::Io { .. } => Fault::Io,
        DecodeError::TooManyBytes { .. } | DecodeError::TooManyPixels { .. } => Fault::Limit,
        DecodeError::Unsupported { .. } => Fault::Unsupported,
        DecodeError::Corrupt { .. } => Fault::Corrupt,
        _ => Fault::Input,
    }
}
