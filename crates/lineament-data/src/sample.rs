//! One image of a labelled set.

use std::collections::BTreeMap;
use std::sync::Arc;

use lineament_core::{Landmarks, Rect};

use crate::source::ImageSource;

/// One image of a labelled set, with what the set says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Name within the set: a relative path, or the key of a record.
    pub name: String,
    /// Who it shows; `None` where the set does not say.
    pub person: Option<Arc<str>>,
    /// Where its pixels are.
    pub image: ImageSource,
    /// Box of the face in pixels of the image.
    pub face: Option<Rect>,
    /// Five landmarks in pixels of the image.
    pub landmarks: Option<Landmarks>,
    /// Which part of the set it belongs to: `train`, `val`, `test`, or as the set calls it.
    pub split: Option<Arc<str>>,
    /// Everything else that the set says: column → value. A value that is empty is left out.
    pub attributes: BTreeMap<Arc<str>, String>,
}

impl Sample {
    /// The sample of which nothing but its name and image is known.
    #[must_use]
    pub fn new(name: impl Into<String>, image: ImageSource) -> Self {
        Self {
            name: name.into(),
            person: None,
            image,
            face: None,
            landmarks: None,
            split: None,
            attributes: BTreeMap::new(),
        }
    }
}
