//! How far found landmarks lie from marked ones.

use super::matching::{Match, Subset, matches};
use super::material::DetectionImage;
use super::report::DetectionOptions;
use lineament_core::{Landmarks, Rect};
use serde::Serialize;

/// What errors of landmarks are divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LandmarkScale {
    /// √(width · height) of the marked box, which profiles have too.
    Box,
    /// The marked distance of the eyes.
    Eyes,
}

/// Normalised mean error of landmarks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LandmarkError {
    /// Mean over faces and landmarks of the distance between found and marked, divided by the
    /// scale.
    pub nme: f64,
    /// What it was divided by.
    pub scale: LandmarkScale,
    /// Faces behind it: those found and marked with landmarks, their scale above 0.
    pub n_faces: usize,
}

impl LandmarkScale {
    fn of(self, rect: &Rect, landmarks: &Landmarks) -> f64 {
        f64::from(match self {
            Self::Box => rect.area().sqrt(),
            Self::Eyes => landmarks.eye_distance(),
        })
    }
}

/// The error over all faces that were found; `None` where none has both kinds of landmarks.
pub(super) fn landmark_error(
    images: &[DetectionImage],
    options: &DetectionOptions,
) -> Option<LandmarkError> {
    let scale = options.landmark_scale;
    let mut errors = Vec::new();
    for image in images {
        for (found, matched) in matches(image, Subset::All, options.ious[0], options.rules) {
            let Match::Face(face) = matched else { continue };
            let face = &image.marked[face];
            if let (Some(found), Some(marked)) = (&found.landmarks, &face.landmarks) {
                errors.push(mean_distance(found, marked) / scale.of(&face.rect, marked));
            }
        }
    }
    errors.retain(|e| e.is_finite());
    let n_faces = errors.len();
    (n_faces > 0).then(|| LandmarkError {
        nme: errors.iter().sum::<f64>() / n_faces as f64,
        scale,
        n_faces,
    })
}

fn mean_distance(found: &Landmarks, marked: &Landmarks) -> f64 {
    let (found, marked) = (found.to_array(), marked.to_array());
    let distances = found
        .iter()
        .zip(&marked)
        .map(|(f, m)| f64::from(f.distance(*m)));
    distances.sum::<f64>() / found.len() as f64
}
