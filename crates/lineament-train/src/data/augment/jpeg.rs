//! JPEG: what a camera or a website left of an image.

use jpeg_encoder::{ColorType, Encoder};
use lineament_core::RgbImage;
use lineament_decode::{Limits, Resolution, decode_bytes};
use lineament_eval::Seeded;
use serde::{Deserialize, Serialize};

use super::check_probability;
use crate::data::random::happens;
use crate::error::TrainError;

/// Compressing an image as JPEG and reading it again. The quality is drawn evenly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JpegOptions {
    /// Probability that an image is compressed.
    pub probability: f64,
    /// The least quality, 1 to 100.
    pub min_quality: u8,
    /// The greatest quality, up to 100.
    pub max_quality: u8,
}

impl Default for JpegOptions {
    fn default() -> Self {
        Self {
            probability: 0.0,
            min_quality: 30,
            max_quality: 90,
        }
    }
}

impl JpegOptions {
    pub(super) fn check(&self) -> Result<(), TrainError> {
        check_probability("augment.jpeg.probability", self.probability)?;
        if 1 <= self.min_quality && self.min_quality <= self.max_quality && self.max_quality <= 100
        {
            return Ok(());
        }
        Err(TrainError::Argument {
            what: "augment.jpeg.min_quality to max_quality",
            expected: "a range within 1 to 100".to_owned(),
            got: format!("{} to {}", self.min_quality, self.max_quality),
        })
    }

    pub(super) fn apply(&self, image: &mut RgbImage, random: &mut Seeded) {
        if !happens(random, self.probability) {
            return;
        }
        let n_qualities = usize::from(self.max_quality - self.min_quality) + 1;
        let quality = self.min_quality + random.below(n_qualities) as u8;
        // Both sides fit the format, and what was just written can be read: no image stays as it was.
        if let Some(compressed) = compressed(image, quality) {
            *image = compressed;
        }
    }
}

fn compressed(image: &RgbImage, quality: u8) -> Option<RgbImage> {
    let (width, height) = (
        image.width().try_into().ok()?,
        image.height().try_into().ok()?,
    );
    let mut bytes = Vec::new();
    let encoder = Encoder::new(&mut bytes, quality);
    encoder
        .encode(image.pixels(), width, height, ColorType::Rgb)
        .ok()?;
    let photo = decode_bytes(&bytes, Resolution::Full, &Limits::default()).ok()?;
    Some(photo.image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_quality_loses_more() {
        let pixels = (0..112 * 112 * 3).map(|i| (i * i / 7 % 251) as u8);
        let image = RgbImage::new(112, 112, pixels.collect()).unwrap();
        let lost = |quality: u8| {
            let read = compressed(&image, quality).unwrap();
            assert_eq!((read.width(), read.height()), (112, 112));
            let pairs = image.pixels().iter().zip(read.pixels());
            pairs.map(|(&a, &b)| u64::from(a.abs_diff(b))).sum::<u64>()
        };
        assert!(lost(10) > lost(50) && lost(50) > lost(95) && lost(95) > 0);
    }
}
