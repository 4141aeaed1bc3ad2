//! What can be wrong with the numbers given to this crate.

use crate::embedding::EmbeddingSpace;

/// An input that the function cannot work on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CoreError {
    /// The number of samples does not fit the sides, or a side is 0.
    #[error(
        "an RGB image of {width}×{height} needs 3·width·height samples and no side of 0, got {len} samples"
    )]
    ImageShape {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Samples given.
        len: usize,
    },
    /// A buffer that should be filled has another length.
    #[error("{what}: expected {expected} values, got {got}")]
    Length {
        /// Which buffer.
        what: &'static str,
        /// Values expected.
        expected: usize,
        /// Values given.
        got: usize,
    },
    /// Points from which no similarity can be estimated: not finite, or all in one place.
    #[error(
        "no similarity transform fits these landmarks: they are not finite or lie in one place"
    )]
    DegenerateLandmarks,
    /// A vector that cannot be an embedding: not finite, empty, or of no length.
    #[error(
        "an embedding needs finite values that are not all zero, got {n_values} values of norm {norm}"
    )]
    DegenerateEmbedding {
        /// Values given.
        n_values: usize,
        /// Euclidean norm of the values.
        norm: f32,
    },
    /// Two embeddings that were not made by the same model in the same way.
    #[error(
        "embeddings of different spaces cannot be compared: {left} and {right}; embed both faces with one model"
    )]
    SpaceMismatch {
        /// Space of the first.
        left: EmbeddingSpace,
        /// Space of the second.
        right: EmbeddingSpace,
    },
    /// A parameter outside its range.
    #[error("{what} must be {expected}, got {got}")]
    OutOfRange {
        /// Which parameter.
        what: &'static str,
        /// The range, in words.
        expected: &'static str,
        /// The value given.
        got: f64,
    },
}
