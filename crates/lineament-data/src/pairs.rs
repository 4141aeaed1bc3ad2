//! What a verification protocol compares with what.

use crate::source::ImageSource;

/// A list of comparisons in folds, and the things compared.
#[derive(Debug, Clone, PartialEq)]
pub struct PairProtocol {
    /// Name for reports: `lfw-view2`, `ytf`, `cfp-fp`, the stem of a list.
    pub name: String,
    /// The things compared, each once.
    pub items: Vec<Item>,
    /// The comparisons, in the order of the list.
    pub pairs: Vec<Pair>,
    /// Number of folds, at least 1; every fold has pairs.
    pub n_folds: usize,
}

/// One side of a comparison: an image, or the frames of a video.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Name within the protocol, as people know it: `Aaron_Eckhart/Aaron_Eckhart_0001.jpg`.
    pub name: String,
    /// Who it shows, where the list says so.
    pub person: Option<String>,
    /// The image, or the frames in order.
    pub images: Vec<ImageSource>,
}

/// One comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Index of the first item.
    pub first: usize,
    /// Index of the second item.
    pub second: usize,
    /// One person, or two.
    pub mated: bool,
    /// Fold, from 0.
    pub fold: usize,
    /// Line of the list (or entry of the container), counted from 1.
    pub line: u64,
}
