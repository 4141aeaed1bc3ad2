//! Whose conventions decide on a detection.

use super::material::{DetectionImage, FoundFace};
use lineament_core::Rect;
use serde::Serialize;

/// Thresholds that `wider_eval` looks at, from just below the greatest score down to the least.
const N_THRESHOLDS: f64 = 1000.0;

/// Whose conventions decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DetectionRules {
    /// Boxes are as wide as they say, every score is a threshold, and whatever is found in an image
    /// without faces is false.
    Plain,
    /// `wider_eval` of WIDER FACE's `eval_tools`: boxes are one pixel wider and higher than they
    /// say; scores are stretched to 0 to 1 over all images and looked at at 1000 thresholds; images
    /// without marked faces are passed over.
    WiderEval,
}

/// Scores as the rules take them.
pub(super) enum Scale {
    AsTheyAre,
    Steps { least: f64, greatest: f64 },
}

impl DetectionRules {
    /// Intersection over union.
    pub(super) fn iou(self, a: &Rect, b: &Rect) -> f64 {
        f64::from(match self {
            Self::Plain => a.iou(b),
            Self::WiderEval => grown(a).iou(&grown(b)),
        })
    }

    /// Whether detections in the image count.
    pub(super) fn looks_at(self, image: &DetectionImage) -> bool {
        self == Self::Plain || !image.marked.is_empty()
    }

    pub(super) fn scale(self, images: &[DetectionImage]) -> Scale {
        if self == Self::Plain {
            return Scale::AsTheyAre;
        }
        let scores = images.iter().flat_map(|image| &image.found).flatten();
        let ends = (f64::INFINITY, f64::NEG_INFINITY);
        let (least, greatest) = scores.fold(ends, |(least, greatest), face: &FoundFace| {
            (least.min(face.score), greatest.max(face.score))
        });
        Scale::Steps { least, greatest }
    }
}

impl Scale {
    /// The score itself, or the greatest of the thresholds that it reaches.
    pub(super) fn score(&self, score: f64) -> f64 {
        match self {
            Self::AsTheyAre => score,
            Self::Steps { least, greatest } if greatest > least => {
                let stretched = (score - least) / (greatest - least);
                let threshold = |step: f64| 1.0 - step / N_THRESHOLDS;
                let near = ((1.0 - stretched) * N_THRESHOLDS).floor();
                let steps =
                    (0..3).map(|more| (near - 1.0 + f64::from(more)).clamp(1.0, N_THRESHOLDS));
                let reached = steps.map(threshold).find(|t| stretched >= *t);
                reached.unwrap_or(0.0)
            }
            Self::Steps { .. } => 0.0,
        }
    }
}

fn grown(rect: &Rect) -> Rect {
    Rect {
        width: rect.width + 1.0,
        height: rect.height + 1.0,
        ..*rect
    }
}
