//! A face of a photo, with all that detection says of it.

use lineament_core::{Landmarks, Point, Rect};
use serde::Serialize;

use crate::pose::Pose;
use crate::quality::Quality;

/// A face. Coordinates are pixels of the upright photo at full resolution.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Face {
    /// Where it is.
    #[serde(rename = "box")]
    pub rect: Rect,
    /// Its five landmarks, if the detector gives them.
    pub landmarks: Option<Landmarks>,
    /// How sure the detector is, 0 to 1.
    pub detection_score: f32,
    /// Whether it is good enough to be remembered.
    pub quality: Quality,
    /// Which way it is turned, if it has landmarks.
    pub pose: Option<Pose>,
}

/// The index of the face that a portrait is of: the one of greatest area less twice the squared
/// distance of its centre to the photo's, as the field's alignment scripts choose. `None` for no
/// faces.
#[must_use]
pub fn prominent(faces: &[Face], (width, height): (u32, u32)) -> Option<usize> {
    let middle = Point::new(width as f32 / 2.0, height as f32 / 2.0);
    let weight = |face: &Face| {
        let distance = face.rect.center().distance(middle);
        face.rect.area() - 2.0 * distance * distance
    };
    (0..faces.len()).max_by(|&i, &j| weight(&faces[i]).total_cmp(&weight(&faces[j])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(rect: Rect) -> Face {
        Face {
            rect,
            landmarks: None,
            detection_score: 1.0,
            quality: Quality {
                face_px: rect.short_side(),
                sharpness: None,
                brightness: None,
                is_restored: false,
                reasons: Vec::new(),
            },
            pose: None,
        }
    }

    #[test]
    fn the_middle_beats_the_edge_and_large_beats_small() {
        let middle = face(Rect::from_corners(80.0, 80.0, 120.0, 120.0));
        let edge = face(Rect::from_corners(0.0, 0.0, 45.0, 45.0));
        let large = face(Rect::from_corners(50.0, 50.0, 150.0, 150.0));
        assert_eq!(prominent(&[], (200, 200)), None);
        assert_eq!(
            prominent(&[edge.clone(), middle.clone()], (200, 200)),
            Some(1)
        );
        assert_eq!(prominent(&[edge, large, middle], (200, 200)), Some(1));
    }
}
