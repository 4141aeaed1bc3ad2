//! Blur: a lens out of focus.

use lineament_core::{RgbImage, blur};
use lineament_eval::Seeded;
use serde::{Deserialize, Serialize};

use super::{check, check_probability};
use crate::data::random::{between, happens};
use crate::error::TrainError;

/// Narrower kernels than this change next to nothing.
const MIN_SIGMA_PX: f64 = 0.3;

/// Gaussian blur.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlurOptions {
    /// Probability that an image is blurred.
    pub probability: f64,
    /// The largest standard deviation of the kernel, in pixels of the network's input, 0.3 to 20; the
    /// smallest is 0.3.
    pub max_sigma_px: f64,
}

impl Default for BlurOptions {
    fn default() -> Self {
        Self {
            probability: 0.0,
            max_sigma_px: 1.5,
        }
    }
}

impl BlurOptions {
    pub(super) fn check(&self) -> Result<(), TrainError> {
        check_probability("augment.blur.probability", self.probability)?;
        let is_right = (MIN_SIGMA_PX..=20.0).contains(&self.max_sigma_px);
        check(
            "augment.blur.max_sigma_px",
            "0.3 to 20",
            self.max_sigma_px,
            is_right,
        )
    }

    pub(super) fn apply(&self, image: &mut RgbImage, random: &mut Seeded) {
        if happens(random, self.probability) {
            blur(image, between(random, MIN_SIGMA_PX, self.max_sigma_px));
        }
    }
}
