//! Two faces in one image.

use lineament_core::RgbImage;
use lineament_eval::Seeded;
use serde::{Deserialize, Serialize};

use super::{check, check_probability};
use crate::data::random::{happens, unit};
use crate::error::TrainError;

/// Another image of the batch, as it is seen there, shines through (Zhang et al., "mixup", ICLR 2018).
///
/// What is seen then is nobody: the image has no label, losses of identity skip it, and what a teacher
/// that looks at it says is all that it counts for (Beyer et al., CVPR 2022, "function matching"). So it
/// needs a teacher's model. Deviation: mixup's blended labels are not made, since a margin to a class that is
/// half there has no meaning.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MixOptions {
    /// Probability that an image is mixed with another.
    pub probability: f64,
    /// The shares of the two follow the distribution Beta(α, α), α of 0.1 to 2: 1 makes all shares alike,
    /// less prefers one image, more prefers halves.
    pub alpha: f64,
}

impl Default for MixOptions {
    fn default() -> Self {
        Self {
            probability: 0.0,
            alpha: 1.0,
        }
    }
}

/// What an image is mixed with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mixed {
    /// The other image's place in the batch.
    pub(crate) slot: usize,
    /// The other image's share, 0 to 1.
    pub(crate) share: f64,
}

impl MixOptions {
    pub(super) fn check(&self) -> Result<(), TrainError> {
        check_probability("augment.mix.probability", self.probability)?;
        let is_right = (0.1..=2.0).contains(&self.alpha);
        check("augment.mix.alpha", "0.1 to 2", self.alpha, is_right)
    }

    /// What the image in place `slot` of a batch of `n` is mixed with; `None` where it is not.
    pub(super) fn draw(&self, slot: usize, n: usize, random: &mut Seeded) -> Option<Mixed> {
        if n < 2 || !happens(random, self.probability) {
            return None;
        }
        Some(Mixed {
            slot: (slot + 1 + random.below(n - 1)) % n,
            share: beta(self.alpha, random),
        })
    }
}

/// A number of Beta(α, α) (Jöhnk 1964).
fn beta(alpha: f64, random: &mut Seeded) -> f64 {
    loop {
        let [x, y] = [(); 2].map(|()| (1.0 - unit(random)).powf(1.0 / alpha));
        // A sixth is taken where α is 2, and more where it is less.
        if x + y <= 1.0 && x + y > 0.0 {
            return x / (x + y);
        }
    }
}

impl Mixed {
    /// Lets `other`, of the same size, shine through `image`.
    pub(crate) fn blend(&self, image: &mut RgbImage, other: &RgbImage) {
        let share = self.share as f32;
        for (sample, other) in image.pixels_mut().iter_mut().zip(other.pixels()) {
            let (a, b) = (f32::from(*sample), f32::from(*other));
            *sample = (a + share * (b - a) + 0.5) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_follow_their_distribution() {
        for alpha in [0.1, 0.4, 1.0, 2.0] {
            let mut random = Seeded::new(3);
            let drawn: Vec<f64> = (0..20_000).map(|_| beta(alpha, &mut random)).collect();
            assert!(drawn.iter().all(|share| (0.0..=1.0).contains(share)));
            let mean = drawn.iter().sum::<f64>() / 2e4;
            let squares: f64 = drawn.iter().map(|share| (share - 0.5).powi(2)).sum();
            // Of Beta(a, a): 1/2 and 1 / (4 (2a + 1)). Five standard deviations of the mean of 20,000.
            let variance = 1.0 / (4.0 * (2.0 * alpha + 1.0));
            assert!(
                (mean - 0.5).abs() < 5.0 * (variance / 2e4_f64).sqrt(),
                "{mean}"
            );
            let got = squares / 2e4;
            assert!((got / variance - 1.0).abs() < 0.05, "{alpha}: {got}");
        }
    }

    #[test]
    fn every_other_image_of_the_batch_comes_through_alike() {
        let options = MixOptions {
            probability: 0.5,
            alpha: 1.0,
        };
        let mut counts = [0_usize; 5];
        let mut n_mixed = 0;
        for seed in 0..4000 {
            if let Some(mixed) = options.draw(3, 5, &mut Seeded::new(seed)) {
                counts[mixed.slot] += 1;
                n_mixed += 1;
            }
        }
        assert_eq!(counts[3], 0);
        // Five standard deviations.
        assert!((1842..=2158).contains(&n_mixed), "{n_mixed}");
        let others = counts.iter().enumerate().filter(|(slot, _)| *slot != 3);
        others.for_each(|(_, n)| assert!((400..=600).contains(n), "{counts:?}"));
        assert_eq!(options.draw(0, 1, &mut Seeded::new(1)), None);
    }

    #[test]
    fn a_share_is_of_each_sample() {
        let mixed = Mixed {
            slot: 0,
            share: 0.25,
        };
        let mut image = RgbImage::filled(3, 2, [200, 0, 255]);
        mixed.blend(&mut image, &RgbImage::filled(3, 2, [100, 8, 255]));
        assert_eq!(image, RgbImage::filled(3, 2, [175, 2, 255]));
    }
}
