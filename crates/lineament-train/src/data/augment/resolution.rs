//! Low resolution: a face far away.

use lineament_core::{CoreError, RgbImage, resize};
use lineament_eval::Seeded;
use serde::{Deserialize, Serialize};

use super::{check, check_probability};
use crate::data::random::{between, happens};
use crate::error::TrainError;

/// Reducing an image and enlarging it again.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LowResolutionOptions {
    /// Probability that an image loses resolution.
    pub probability: f64,
    /// The least that is left of each side, above 0 and at most 1.
    pub min_scale: f64,
}

impl Default for LowResolutionOptions {
    fn default() -> Self {
        Self {
            probability: 0.0,
            min_scale: 0.25,
        }
    }
}

impl LowResolutionOptions {
    pub(super) fn check(&self) -> Result<(), TrainError> {
        check_probability("augment.low_resolution.probability", self.probability)?;
        let is_right = self.min_scale > 0.0 && self.min_scale <= 1.0;
        let what = "augment.low_resolution.min_scale";
        check(what, "above 0 and at most 1", self.min_scale, is_right)
    }

    pub(super) fn apply(&self, image: &mut RgbImage, random: &mut Seeded) -> Result<(), CoreError> {
        if !happens(random, self.probability) {
            return Ok(());
        }
        // Halving is as likely from 1 to 1/2 as from 1/2 to 1/4.
        let scale = between(random, self.min_scale.ln(), 0.0).exp();
        let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
        let (width, height) = (image.width(), image.height());
        let small = resize(image.view(), side(width), side(height))?;
        *image = resize(small.view(), width, height)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fine_detail_goes_and_coarse_stays() {
        let stripes = |period: u32| {
            let row = (0..64).flat_map(move |x| {
                [if (x / period).is_multiple_of(2) {
                    0
                } else {
                    255
                }; 3]
            });
            let pixels = (0..64).flat_map(|_| row.clone()).collect();
            RgbImage::new(64, 64, pixels).unwrap()
        };
        let options = LowResolutionOptions {
            probability: 1.0,
            min_scale: 0.25,
        };
        let spread = |period: u32, seed: u64| {
            let mut image = stripes(period);
            options.apply(&mut image, &mut Seeded::new(seed)).unwrap();
            assert_eq!((image.width(), image.height()), (64, 64));
            let row = image.pixels()[30 * 64 * 3..][8 * 3..56 * 3].iter();
            i32::from(*row.clone().max().unwrap()) - i32::from(*row.min().unwrap())
        };
        let mean = |period: u32| (0..40).map(|seed| spread(period, seed)).sum::<i32>() / 40;
        assert!(mean(16) > 250, "{}", mean(16));
        assert!(mean(1) < 170, "{}", mean(1));
    }
}
