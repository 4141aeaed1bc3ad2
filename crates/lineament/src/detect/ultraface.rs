//! UltraFace (RFB and slim): boxes without landmarks, decoded inside the graph.
//!
//! Source: the public "Ultra-Light-Fast-Generic-Face-Detector-1MB" ONNX files.

use lineament_core::Rect;

use super::Detection;
use super::heads::Heads;
use crate::error::Error;

/// Detections of at least `min_score`, before suppression, in input pixels.
///
/// Roles `scores` `[n, 2]` (background, face; softmax applied) and `boxes` `[n, 4]` (left, top,
/// right, bottom as shares of the input's sides).
pub(super) fn decode(heads: &Heads<'_>, min_score: f32) -> Result<Vec<Detection>, Error> {
    let n_boxes = heads.len_of("boxes", 4)?;
    let scores = heads.values("scores", n_boxes, 2)?;
    let boxes = heads.values("boxes", n_boxes, 4)?;
    let (width, height) = (heads.input.0 as f32, heads.input.1 as f32);
    let faces = scores.chunks_exact(2).zip(boxes.chunks_exact(4));
    Ok(faces
        .filter(|(score, _)| score[1] >= min_score)
        .map(|(score, corners)| Detection {
            rect: Rect::from_corners(
                corners[0] * width,
                corners[1] * height,
                corners[2] * width,
                corners[3] * height,
            ),
            landmarks: None,
            score: score[1],
        })
        .collect())
}
