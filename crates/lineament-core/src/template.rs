//! Where the five landmarks lie in the crop that an embedder expects.

use crate::error::CoreError;
use crate::geometry::{Landmarks, Point};
use crate::similarity::Similarity;

/// A crop's size and its five landmark positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Template {
    /// 112×112, of ArcFace and most networks since (Deng et al., CVPR 2019).
    ArcFace112,
    /// 96 wide × 112 high, of SphereFace (Liu et al., CVPR 2017). Its authors counted pixels
    /// from 1; these positions are theirs minus 1.
    SphereFace96x112,
}

impl Template {
    /// Width and height of the crop in pixels.
    #[must_use]
    pub const fn size(self) -> (u32, u32) {
        match self {
            Self::ArcFace112 => (112, 112),
            Self::SphereFace96x112 => (96, 112),
        }
    }

    /// The landmarks' positions in the crop, the centre of its first pixel at (0, 0).
    #[must_use]
    pub const fn landmarks(self) -> Landmarks {
        match self {
            Self::ArcFace112 => Landmarks::from_array([
                Point::new(38.2946, 51.6963),
                Point::new(73.5318, 51.5014),
                Point::new(56.0252, 71.7366),
                Point::new(41.5493, 92.3655),
                Point::new(70.7299, 92.2041),
            ]),
            Self::SphereFace96x112 => Landmarks::from_array([
                Point::new(29.2946, 50.6963),
                Point::new(64.5318, 50.5014),
                Point::new(47.0252, 70.7366),
                Point::new(32.5493, 91.3655),
                Point::new(61.7299, 91.2041),
            ]),
        }
    }

    /// The similarity that carries a face's `landmarks` onto this template.
    ///
    /// # Errors
    /// [`CoreError::DegenerateLandmarks`], see [`Similarity::estimate`].
    pub fn fit(self, landmarks: &Landmarks) -> Result<Similarity, CoreError> {
        Similarity::estimate(&landmarks.to_array(), &self.landmarks().to_array())
    }
}
