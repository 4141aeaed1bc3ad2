//! The part of a detector's manifest that only detection understands.

use serde::Deserialize;

/// `[settings]` of a detector's manifest.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectorSettings {
    /// Detections below this score are dropped, 0 to 1.
    pub score_threshold: f32,
    /// Greatest intersection over union of two faces, 0 to 1.
    pub nms_iou: f32,
    /// The smallest face found reliably, in input pixels.
    pub smallest_face_px: f32,
    /// Whether the network gives five landmarks.
    pub landmarks: bool,
    /// What scores less is looked at once more, from near, and stays if it is found there again.
    /// Without it, nothing is.
    pub certain_score: Option<f32>,
    /// Whether dark and noisy photos are restored before the network sees them.
    #[serde(default)]
    pub restore: bool,
    /// SCRFD: anchors at each position.
    pub anchors_per_cell: Option<usize>,
    /// RetinaFace: levels of priors.
    pub priors: Option<Vec<Priors>>,
    /// RetinaFace: variances of centre and size.
    pub variances: Option<[f32; 2]>,
}

/// One level of RetinaFace's priors.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Priors {
    /// Input pixels per cell.
    pub step: u32,
    /// Sides of the cell's square priors, in input pixels.
    pub min_sizes: Vec<f32>,
}

/// What RetinaFace's decoder needs.
#[derive(Debug, Clone, PartialEq)]
pub struct RetinaFaceSettings {
    /// Levels of priors, finest first.
    pub priors: Vec<Priors>,
    /// Variances of centre and size.
    pub variances: [f32; 2],
}
