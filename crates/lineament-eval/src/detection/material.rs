//! Marked faces and found ones.

use crate::error::{EvalError, check_at_least, check_index};
use lineament_core::{Landmarks, Rect};

/// A face, or what might be one, that people marked in an image.
#[derive(Debug, Clone, PartialEq)]
pub struct MarkedFace {
    /// Where it is.
    pub rect: Rect,
    /// Whether it must be found.
    pub standing: Standing,
    /// Its landmarks, where they are marked.
    pub landmarks: Option<Landmarks>,
    /// The subsets it belongs to, as indices; in the others it is ignored. Every face belongs to
    /// the set of all.
    pub subsets: Vec<usize>,
}

/// Whether a marked face must be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It must.
    Counted,
    /// Neither missed when it is not found nor false when it is: `difficult` of VOC, `invalid` of
    /// WIDER FACE.
    Ignored,
    /// A region: any number of detections that lie in it with a share of their area of at least
    /// the IoU asked for are not false, as in COCO's crowds.
    IgnoredRegion,
}

/// A face that a detector found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FoundFace {
    /// Where it is.
    pub rect: Rect,
    /// Its detection score, finite.
    pub score: f64,
    /// Its landmarks, where the detector gives them.
    pub landmarks: Option<Landmarks>,
}

/// An image in which faces were marked and looked for.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectionImage {
    /// Its name.
    pub name: String,
    /// Faces that people marked.
    pub marked: Vec<MarkedFace>,
    /// Faces that the detector found, in any order; `None` where the image could not be read: all
    /// of its faces are missed.
    pub found: Option<Vec<FoundFace>>,
}

/// Images, and the names of the subsets of their faces: `easy`, `medium`, `hard`.
#[derive(Debug, Clone, Copy)]
pub struct DetectionMaterial<'a> {
    /// The images.
    pub images: &'a [DetectionImage],
    /// Names of the subsets besides that of all faces.
    pub subsets: &'a [String],
}

impl DetectionMaterial<'_> {
    /// Refuses boxes without an area, scores that are not finite, and subsets without a name.
    pub(super) fn check(&self) -> Result<(), EvalError> {
        check_at_least("images to look for faces in", 1, self.images.len())?;
        for image in self.images {
            for face in &image.marked {
                check_rect(&image.name, "marked", &face.rect)?;
                for subset in &face.subsets {
                    check_index("the subset of a face", self.subsets.len(), *subset)?;
                }
            }
            for (position, face) in image.found.iter().flatten().enumerate() {
                check_rect(&image.name, "found", &face.rect)?;
                if !face.score.is_finite() {
                    return Err(EvalError::NonFinite {
                        what: "a detection score",
                        position,
                        got: face.score,
                    });
                }
            }
        }
        Ok(())
    }
}

fn check_rect(image: &str, kind: &'static str, rect: &Rect) -> Result<(), EvalError> {
    match rect.is_valid() {
        true => Ok(()),
        false => Err(EvalError::Rect {
            image: image.to_owned(),
            kind,
            rect: [rect.x, rect.y, rect.width, rect.height],
        }),
    }
}
