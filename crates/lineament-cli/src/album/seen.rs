//! What a photo showed, and how that is written down.

use std::fmt;

use lineament::{Embedding, Face, Rect};
use lineament_runtime::Sha256;
use serde::{Deserialize, Serialize};

use crate::album::doubt::Doubt;
use crate::known::forbids;

/// Pixels across a face beyond which more make no better portrait.
const AMPLE_FACE_PX: f32 = 160.0;
/// What a portrait loses by each flaw.
const FLAWED: f32 = 0.7;
/// What it loses where the network needs a better light than the photo has: the page shows the photo.
const IN_THE_DARK: f32 = 0.4;

/// What a photo showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) faces: Vec<SeenFace>,
}

/// A face, in pixels of the photo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SeenFace {
    #[serde(rename = "box")]
    pub(crate) rect: Rect,
    pub(crate) detection_score: f32,
    /// How well it would stand for its person, 0 to 1.
    pub(crate) appeal: f32,
    /// So poor, or so doubtful a face, that its embedding would mislead.
    pub(crate) is_poor: bool,
    /// Unit norm, `[d]`.
    #[serde(skip)]
    pub(crate) embedding: Vec<f32>,
}

/// A face by what does not change when photos are moved: the hash of its photo, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FaceKey {
    pub(crate) photo: PhotoId,
    pub(crate) face_idx: usize,
}

/// A face that the user named. Its place tells which it is, also to another detector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct NamedBox {
    #[serde(rename = "box")]
    pub(crate) rect: Rect,
    pub(crate) name: String,
}

/// The hash of a photo's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct PhotoId(pub(crate) [u8; 32]);

impl SeenFace {
    pub(crate) fn new(face: &Face, embedding: &Embedding, doubt: &Doubt) -> Self {
        let is_doubtful = doubt.is_of(face.detection_score, embedding);
        Self {
            rect: face.rect,
            detection_score: face.detection_score,
            appeal: appeal(face),
            is_poor: is_doubtful || face.quality.reasons.iter().any(forbids),
            embedding: embedding.values().to_vec(),
        }
    }
}

/// The product of what makes a portrait: pixels, certainty, a face turned to the camera, no flaws.
fn appeal(face: &Face) -> f32 {
    let size = (face.quality.face_px / AMPLE_FACE_PX).min(1.0);
    let frontal = face.pose.map_or(0.7, |pose| {
        pose.yaw_deg.to_radians().cos().max(0.0) * pose.pitch_deg.to_radians().cos().max(0.0)
    });
    let flaws = FLAWED.powi(face.quality.reasons.len().min(8) as i32);
    let light = match face.quality.is_restored {
        true => IN_THE_DARK,
        false => 1.0,
    };
    size * face.detection_score * frontal * flaws * light
}

impl Seen {
    /// A line of JSON, and behind it the embeddings as little-endian `f32`, face after face.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(b'\n');
        let values = self.faces.iter().flat_map(|face| &face.embedding);
        bytes.extend(values.flat_map(|value| value.to_le_bytes()));
        Ok(bytes)
    }

    /// What [`encode`](Self::encode) wrote; `None` for anything else.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let line_end = bytes.iter().position(|byte| *byte == b'\n')?;
        let (line, values) = bytes.split_at(line_end);
        let mut seen: Self = serde_json::from_slice(line).ok()?;
        let (words, rest) = values[1..].as_chunks::<4>();
        let n_faces = seen.faces.len();
        let is_whole = rest.is_empty() && (n_faces > 0 || words.is_empty());
        if !is_whole || (n_faces > 0 && (words.is_empty() || !words.len().is_multiple_of(n_faces)))
        {
            return None;
        }
        let dimension = words.len().checked_div(n_faces).unwrap_or(1);
        for (face, words) in seen.faces.iter_mut().zip(words.chunks_exact(dimension)) {
            face.embedding = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
        }
        Some(seen)
    }
}

impl PhotoId {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(*Sha256::of(bytes).bytes())
    }

    /// Its name in files and addresses: 96 bits, in hexadecimal.
    pub(crate) fn short(&self) -> String {
        self.0[..12]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

impl fmt::Debug for PhotoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhotoId({})", self.short())
    }
}

impl fmt::Display for FaceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.photo.short(), self.face_idx)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use lineament::{Quality, QualityReason};

    use super::*;

    /// A photo with faces of these embeddings, side by side.
    pub(crate) fn seen(embeddings: &[&[f32]]) -> Seen {
        let face = |(i, embedding): (usize, &&[f32])| SeenFace {
            rect: Rect::from_corners(100.0 * i as f32, 0.0, 100.0 * i as f32 + 80.0, 90.0),
            detection_score: 0.9,
            appeal: 0.5,
            is_poor: false,
            embedding: embedding.to_vec(),
        };
        Seen {
            width: 640,
            height: 480,
            faces: embeddings.iter().enumerate().map(face).collect(),
        }
    }

    #[test]
    fn what_is_written_comes_back() {
        for seen in [
            seen(&[]),
            seen(&[&[0.6, 0.8]]),
            seen(&[&[1.0, 0.0], &[0.0, -1.0]]),
        ] {
            let bytes = seen.encode().unwrap();
            assert_eq!(Seen::decode(&bytes), Some(seen));
            for cut in 0..bytes.len() {
                assert_ne!(
                    Seen::decode(&bytes[..cut]),
                    Seen::decode(&bytes),
                    "cut at {cut}"
                );
            }
        }
    }

    #[test]
    fn the_light_makes_the_portrait() {
        let face = |face_px, is_restored, reasons: &[QualityReason]| {
            appeal(&Face {
                rect: Rect::from_corners(0.0, 0.0, face_px, face_px),
                landmarks: None,
                detection_score: 0.9,
                quality: Quality {
                    face_px,
                    sharpness: None,
                    brightness: None,
                    is_restored,
                    reasons: reasons.to_vec(),
                },
                pose: None,
            })
        };
        let blurred = QualityReason::Blurred {
            found: 1.0,
            limit: 40.0,
        };
        let dark = face(200.0, true, &[]);
        assert!(face(200.0, false, &[blurred]) > dark);
        assert!(face(80.0, false, &[]) > dark);
        assert!(dark > face(200.0, true, &[blurred]));
        assert!(dark > 0.0);
    }

    #[test]
    fn foreign_bytes_are_nothing() {
        let none = seen(&[]).encode().unwrap();
        let more = [none.as_slice(), &[0; 4]].concat();
        for bytes in [&b""[..], b"\n", b"{}\n", b"[1]\n\x00\x00\x80\x3f", &more] {
            assert_eq!(Seen::decode(bytes), None, "{bytes:?}");
        }
    }
}
