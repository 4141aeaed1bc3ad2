//! Brightness, contrast, saturation; grey.

use lineament_core::RgbImage;
use lineament_eval::Seeded;
use serde::{Deserialize, Serialize};

use super::{check_amount, check_probability};
use crate::data::random::{between, happens};
use crate::error::TrainError;

/// How much of red, green and blue is in a grey (ITU-R BT.601).
const GREY: [f32; 3] = [0.299, 0.587, 0.114];

/// Changes of colour. Each factor is drawn evenly from 1 − amount to 1 + amount.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ColorOptions {
    /// Probability that colours are changed.
    pub probability: f64,
    /// Of the factor that every sample is multiplied by.
    pub brightness: f64,
    /// Of the factor by which samples move away from the image's mean grey.
    pub contrast: f64,
    /// Of the factor by which samples move away from the grey of their pixel.
    pub saturation: f64,
}

impl ColorOptions {
    pub(super) fn check(&self) -> Result<(), TrainError> {
        check_probability("augment.color.probability", self.probability)?;
        check_amount("augment.color.brightness", self.brightness)?;
        check_amount("augment.color.contrast", self.contrast)?;
        check_amount("augment.color.saturation", self.saturation)
    }

    pub(super) fn apply(&self, image: &mut RgbImage, random: &mut Seeded) {
        if !happens(random, self.probability) {
            return;
        }
        let mut factor = |amount: f64| between(random, 1.0 - amount, 1.0 + amount).max(0.0) as f32;
        let factors = Factors {
            brightness: factor(self.brightness),
            contrast: factor(self.contrast),
            saturation: factor(self.saturation),
        };
        factors.apply(image);
    }
}

struct Factors {
    brightness: f32,
    contrast: f32,
    saturation: f32,
}

impl Factors {
    /// All three are linear in the samples, so they are one step: no rounding in between.
    fn apply(&self, image: &mut RgbImage) {
        let mean = mean_grey(image) * self.brightness;
        let own = self.brightness * self.contrast * self.saturation;
        let grey = self.brightness * self.contrast * (1.0 - self.saturation);
        let constant = mean * (1.0 - self.contrast);
        for pixel in image.pixels_mut().chunks_exact_mut(3) {
            let shared = grey * grey_of(pixel) + constant;
            for sample in pixel {
                // The cast saturates at 0 and 255.
                *sample = (own * f32::from(*sample) + shared + 0.5) as u8;
            }
        }
    }
}

/// Makes an image grey.
pub(super) fn to_grey(image: &mut RgbImage) {
    for pixel in image.pixels_mut().chunks_exact_mut(3) {
        let grey = (grey_of(pixel) + 0.5) as u8;
        pixel.fill(grey);
    }
}

fn grey_of(pixel: &[u8]) -> f32 {
    let weighted = pixel.iter().zip(GREY);
    weighted
        .map(|(&sample, weight)| f32::from(sample) * weight)
        .sum()
}

fn mean_grey(image: &RgbImage) -> f32 {
    let pixels = image.pixels().chunks_exact(3);
    let n_pixels = pixels.len() as f64;
    let sum: f64 = pixels.map(|pixel| f64::from(grey_of(pixel))).sum();
    (sum / n_pixels) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_pixels() -> RgbImage {
        RgbImage::new(2, 1, vec![200, 100, 0, 10, 20, 30]).unwrap()
    }

    fn changed(brightness: f32, contrast: f32, saturation: f32) -> Vec<u8> {
        let mut image = two_pixels();
        let factors = Factors {
            brightness,
            contrast,
            saturation,
        };
        factors.apply(&mut image);
        image.into_pixels()
    }

    #[test]
    fn factors_do_what_they_say() {
        assert_eq!(changed(1.0, 1.0, 1.0), two_pixels().into_pixels());
        assert_eq!(changed(1.5, 1.0, 1.0), [255, 150, 0, 15, 30, 45]);
        // Greys of the pixels: 118.5 and 18.15, of the image 68.325.
        assert_eq!(changed(1.0, 0.0, 1.0), [68; 6]);
        assert_eq!(changed(1.0, 1.0, 0.0), [119, 119, 119, 18, 18, 18]);
        assert_eq!(changed(1.0, 0.5, 1.0), [134, 84, 34, 39, 44, 49]);
    }

    #[test]
    fn grey_is_grey() {
        let mut image = two_pixels();
        to_grey(&mut image);
        assert_eq!(image.pixels(), [119, 119, 119, 18, 18, 18]);
    }
}
