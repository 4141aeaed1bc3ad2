//! Hiding a part of the face.

use lineament_core::RgbImage;
use lineament_eval::Seeded;
use serde::{Deserialize, Serialize};

use super::{check, check_probability};
use crate::data::random::{between, happens};
use crate::error::TrainError;

/// The smallest share of the image that is hidden.
const MIN_SHARE: f64 = 0.02;

/// The most that the sides of what is hidden differ by.
const MAX_ASPECT: f64 = 3.0;

/// A box of one random colour over the image (Zhong et al., "Random erasing data augmentation", AAAI
/// 2020), wherever it fits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OcclusionOptions {
    /// Probability that something is hidden.
    pub probability: f64,
    /// The largest share of the image's area that is hidden, 0.02 to 1.
    pub max_share: f64,
}

impl Default for OcclusionOptions {
    fn default() -> Self {
        Self {
            probability: 0.0,
            max_share: 0.2,
        }
    }
}

impl OcclusionOptions {
    pub(super) fn check(&self) -> Result<(), TrainError> {
        check_probability("augment.occlusion.probability", self.probability)?;
        let is_right = (MIN_SHARE..=1.0).contains(&self.max_share);
        check(
            "augment.occlusion.max_share",
            "0.02 to 1",
            self.max_share,
            is_right,
        )
    }

    pub(super) fn apply(&self, image: &mut RgbImage, random: &mut Seeded) {
        if !happens(random, self.probability) {
            return;
        }
        let (width, height) = (image.width() as usize, image.height() as usize);
        let area = between(random, MIN_SHARE, self.max_share) * (width * height) as f64;
        let aspect = between(random, -MAX_ASPECT.ln(), MAX_ASPECT.ln()).exp();
        let side = |length: f64, most: usize| (length.round() as usize).clamp(1, most);
        let (box_width, box_height) = (
            side((area * aspect).sqrt(), width),
            side((area / aspect).sqrt(), height),
        );
        let left = random.below(width - box_width + 1);
        let top = random.below(height - box_height + 1);
        let color = [(); 3].map(|()| random.below(256) as u8);
        let rows = image.pixels_mut().chunks_exact_mut(width * 3);
        for row in rows.skip(top).take(box_height) {
            let hidden = row[left * 3..][..box_width * 3].chunks_exact_mut(3);
            hidden.for_each(|pixel| pixel.copy_from_slice(&color));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_box_is_hidden_within_the_shares() {
        let options = OcclusionOptions {
            probability: 1.0,
            max_share: 0.3,
        };
        for seed in 0..200 {
            // What is the same on black and on white was painted over.
            let mut images = [0, 255].map(|grey| RgbImage::filled(60, 40, [grey; 3]));
            for image in &mut images {
                options.apply(image, &mut Seeded::new(seed));
            }
            let [dark, bright] = images.each_ref().map(|i| i.pixels().chunks_exact(3));
            let hidden: Vec<usize> = dark
                .zip(bright)
                .enumerate()
                .filter_map(|(pixel, (a, b))| (a == b).then_some(pixel))
                .collect();
            let columns = |pick: fn(usize) -> usize| {
                let all = hidden.iter().map(|&pixel| pick(pixel));
                all.clone().max().unwrap() - all.min().unwrap() + 1
            };
            let (width, height) = (columns(|pixel| pixel % 60), columns(|pixel| pixel / 60));
            assert_eq!(hidden.len(), width * height);
            let share = hidden.len() as f64 / 2400.0;
            assert!((0.015..=0.32).contains(&share), "{share}");
        }
    }
}
