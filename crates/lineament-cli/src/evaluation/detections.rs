//! What a detector finds in the images of a protocol, remembered as embeddings are.

use lineament::{Face, Landmarks, Photo, Pipeline, Point, Rect};
use lineament_data::boxes::BoxedImage;
use lineament_data::{DataLimits, Picture};
use lineament_eval::detection::FoundFace;
use lineament_runtime::Sha256;

use crate::evaluation::cache::{Cache, Remembered};
use crate::evaluation::faces::hash_of;
use crate::trouble::{Trouble, WorkError};

/// Numbers that are remembered of a face: its box, its score, its landmarks or as often NaN.
const N_NUMBERS: usize = 15;

/// The faces of an image.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FoundFaces(pub(crate) Vec<FoundFace>);

/// Looks for faces in an image, or remembers them; with its hash where they are new.
///
/// # Errors
/// Images that cannot be read; a network that fails.
pub(crate) fn look(
    pipeline: &Pipeline,
    cache: Option<&Cache>,
    image: &BoxedImage,
) -> Result<(FoundFaces, Option<Sha256>), WorkError> {
    let picture = image.image.read(&DataLimits::default());
    let picture = picture.map_err(|error| {
        WorkError::Photo(Trouble {
            kind: "io",
            message: error.to_string(),
        })
    })?;
    let hash = hash_of(&picture);
    if let Some(faces) = cache.and_then(|cache| cache.get(&hash)) {
        return Ok((faces, None));
    }
    let photo = match picture {
        Picture::Encoded(bytes) => pipeline.read_bytes(bytes)?,
        Picture::Rgb(image) => Photo::from_image(image),
    };
    let faces = pipeline.detect(&photo)?.iter().map(found).collect();
    Ok((FoundFaces(faces), Some(hash)))
}

fn found(face: &Face) -> FoundFace {
    FoundFace {
        rect: face.rect,
        score: f64::from(face.detection_score),
        landmarks: face.landmarks,
    }
}

impl Remembered for FoundFaces {
    fn encode(&self) -> Vec<u8> {
        let numbers = |face: &FoundFace| {
            let Rect {
                x,
                y,
                width,
                height,
            } = face.rect;
            let points = face.landmarks.map(|landmarks| landmarks.to_array());
            let points = points.unwrap_or([Point::new(f32::NAN, f32::NAN); 5]);
            // Detectors give their scores as f32.
            let own = [x, y, width, height, face.score as f32];
            own.into_iter()
                .chain(points.into_iter().flat_map(|p| [p.x, p.y]))
                .collect::<Vec<f32>>()
        };
        let numbers = self.0.iter().flat_map(numbers);
        numbers.flat_map(f32::to_le_bytes).collect()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<4>();
        let numbers: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
        let (faces, cut) = numbers.as_chunks::<N_NUMBERS>();
        let face = |numbers: &[f32; N_NUMBERS]| {
            let [x, y, width, height, score, points @ ..] = *numbers;
            let point = |i: usize| Point::new(points[2 * i], points[2 * i + 1]);
            let is_known = points.iter().all(|v| v.is_finite());
            FoundFace {
                rect: Rect {
                    x,
                    y,
                    width,
                    height,
                },
                score: f64::from(score),
                landmarks: is_known.then(|| Landmarks::from_array([0, 1, 2, 3, 4].map(point))),
            }
        };
        let is_whole = rest.is_empty() && cut.is_empty();
        is_whole.then(|| Self(faces.iter().map(face).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faces_come_back_bit_for_bit() {
        let face = |landmarks| FoundFace {
            rect: Rect {
                x: -1.5,
                y: 2.0,
                width: 30.25,
                height: 41.0,
            },
            score: f64::from(0.731_f32),
            landmarks,
        };
        let points = [0, 1, 2, 3, 4].map(|i| Point::new(i as f32, 0.1 * i as f32));
        let all = [face(None), face(Some(Landmarks::from_array(points)))];
        for n in 0..=2 {
            let faces = FoundFaces(all[..n].to_vec());
            assert_eq!(FoundFaces::decode(&faces.encode()), Some(faces));
        }
        for n_bytes in [1, 4, 59, 61] {
            assert_eq!(FoundFaces::decode(&vec![0; n_bytes]), None, "{n_bytes}");
        }
    }
}
