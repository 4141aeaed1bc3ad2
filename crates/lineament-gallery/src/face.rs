//! Faces: as they are enrolled, and as they are kept.

use lineament_core::{Embedding, Landmarks, Point, Rect};
use serde::{Deserialize, Serialize};

use crate::ids::{FaceId, PersonId, UnixSeconds};

/// Longest path of a source, in bytes.
pub(crate) const MAX_PATH_BYTES: usize = 4096;
/// Longest picture of a face, in bytes: 256 × 256 pixels that compress to nothing less.
pub(crate) const MAX_THUMBNAIL_BYTES: usize = 1 << 18;
/// Most and longest objections of a face.
pub(crate) const MAX_OBJECTIONS: usize = 16;
pub(crate) const MAX_OBJECTION_BYTES: usize = 200;

/// The photo that a face comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Where it was, for people to find it again.
    pub path: String,
    /// SHA-256 of the file: what makes two photos the same.
    #[serde(with = "crate::hex")]
    pub sha256: [u8; 32],
}

/// What was measured of a face, and what speaks against it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FaceQuality {
    /// How sure the detector is, 0 to 1.
    pub detection_score: f32,
    /// Variance of the Laplacian on the aligned crop, where it was measured.
    pub sharpness: Option<f32>,
    /// Mean luma of the aligned crop, 0 to 255, where it was measured.
    pub brightness: Option<f32>,
    /// What the caller's quality gate has against the face, a reason each; empty for a good one.
    pub objections: Vec<String>,
}

/// A face to enroll.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFace {
    /// Its embedding.
    pub embedding: Embedding,
    /// Its box, in pixels of the upright photo.
    pub rect: Rect,
    /// Its landmarks, if the detector gives them.
    pub landmarks: Option<Landmarks>,
    /// How good it is.
    pub quality: FaceQuality,
    /// The photo it comes from.
    pub source: Source,
    /// A small picture of it, if one is to be kept: a PNG file, which nobody looks into here.
    pub thumbnail: Option<Vec<u8>>,
}

/// A face of the gallery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Face {
    /// Its number.
    pub id: FaceId,
    /// Whose it is. After a merge: who it belonged to before.
    pub person: PersonId,
    /// Its box, in pixels of the upright photo.
    #[serde(rename = "box")]
    pub rect: Rect,
    /// Its landmarks.
    pub landmarks: Option<Landmarks>,
    /// How good it is.
    pub quality: FaceQuality,
    /// The photo it comes from.
    pub source: Source,
    /// When it was enrolled.
    pub enrolled_at: UnixSeconds,
}

/// Two boxes of one photo are one face when they overlap at least this much (intersection over
/// union): other detection options move a box a little, another face lies elsewhere.
pub const SAME_FACE_IOU: f32 = 0.5;

/// Ten little-endian floats: x and y of the five points, in the field's usual order.
pub(crate) fn landmarks_to_bytes(landmarks: &Landmarks) -> Vec<u8> {
    let points = landmarks.to_array();
    points
        .iter()
        .flat_map(|p| [p.x.to_le_bytes(), p.y.to_le_bytes()])
        .flatten()
        .collect()
}

/// The landmarks of [`landmarks_to_bytes`]; `None` for another length.
pub(crate) fn landmarks_from_bytes(bytes: &[u8]) -> Option<Landmarks> {
    let (fours, rest) = bytes.as_chunks::<4>();
    let values: [f32; 10] = fours
        .iter()
        .map(|b| f32::from_le_bytes(*b))
        .collect::<Vec<_>>()
        .try_into()
        .ok()?;
    let point = |i: usize| Point::new(values[2 * i], values[2 * i + 1]);
    rest.is_empty()
        .then(|| Landmarks::from_array(std::array::from_fn(point)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn landmarks_come_back() {
        let points = std::array::from_fn(|i| Point::new(i as f32, -0.5 * i as f32));
        let landmarks = Landmarks::from_array(points);
        let bytes = landmarks_to_bytes(&landmarks);
        assert_eq!(landmarks_from_bytes(&bytes), Some(landmarks));
        assert_eq!(landmarks_from_bytes(&bytes[..36]), None);
        assert_eq!(landmarks_from_bytes(&[0; 41]), None);
    }
}
