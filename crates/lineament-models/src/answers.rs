//! What the carried models say of the drawn picture, by an independent implementation.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Written by `reference/shipped.py` with onnxruntime.
const ANSWERS: &str = include_str!("../../../models/answers.json");
/// Drawn faces, nobody's.
const PICTURE: &[u8] = include_bytes!("../../../reference/assets/drawn_faces.png");

/// The answers of all carried models.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Answers {
    /// Of each detector, by its name.
    pub detectors: BTreeMap<String, DetectorAnswer>,
    /// Of each embedder, by its name.
    pub embedders: BTreeMap<String, EmbedderAnswer>,
}

/// What a detector finds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct DetectorAnswer {
    /// The faces, of scores from 0.5.
    pub faces: Vec<FaceAnswer>,
}

/// A found face, in pixels of the picture.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FaceAnswer {
    /// 0 to 1.
    pub score: f32,
    /// Left, top, width and height.
    pub rect: [f32; 4],
    /// Eyes, nose and corners of the mouth, x and y.
    pub landmarks: [[f32; 2]; 5],
}

/// What an embedder makes of faces at given landmarks.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct EmbedderAnswer {
    /// The faces' landmarks, in pixels of the picture.
    pub landmarks: Vec<[[f32; 2]; 5]>,
    /// Their embeddings, of unit length.
    pub embeddings: Vec<Vec<f32>>,
}

/// The answers to [`picture`].
///
/// # Errors
/// That of the JSON, should this crate have been built from a damaged file.
pub fn answers() -> Result<Answers, serde_json::Error> {
    serde_json::from_str(ANSWERS)
}

/// The picture that the answers are about: a PNG of 320 × 240 pixels with drawn faces.
#[must_use]
pub const fn picture() -> &'static [u8] {
    PICTURE
}
