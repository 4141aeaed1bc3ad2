//! What every report says of itself before its figures.

use crate::flip::FlipMode;
use serde::{Serialize, Serializer};
use std::fmt;

/// What was evaluated, and how to do it again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct About {
    /// Name of the protocol: `lfw-view2`, `ytf`, …
    pub protocol: String,
    /// What the protocol allowed to learn from, where it asks to be told.
    pub declaration: Option<Declaration>,
    /// The model that made the embeddings.
    pub model: ModelIdentity,
    /// How the embeddings of an image and of its mirror image were joined.
    pub flip: FlipMode,
    /// The command that makes the figures again.
    pub command: String,
}

/// A model by name and content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelIdentity {
    /// Its name, for people.
    pub name: String,
    /// SHA-256 of its file, in hexadecimal.
    pub sha256: String,
}

/// Under which of LFW's protocols a result was reached (Huang and Learned-Miller 2014).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declaration {
    /// No label of the database and no outside data was learned from.
    Unsupervised,
    /// Of the training folds, only mated and non-mated pairs were used.
    ImageRestricted(OutsideData),
    /// Of the training folds, the names were used.
    Unrestricted(OutsideData),
}

/// What else was learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutsideData {
    /// Nothing.
    No,
    /// Images without identities: landmark detectors, alignment.
    LabelFree,
    /// Images with identities: what face networks are trained on.
    Labeled,
}

impl fmt::Display for Declaration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupervised => f.write_str("Unsupervised"),
            Self::ImageRestricted(outside) => write!(f, "Image-Restricted, {outside}"),
            Self::Unrestricted(outside) => write!(f, "Unrestricted, {outside}"),
        }
    }
}

impl fmt::Display for OutsideData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::No => "No Outside Data",
            Self::LabelFree => "Label-Free Outside Data",
            Self::Labeled => "Labeled Outside Data",
        })
    }
}

impl Serialize for Declaration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
