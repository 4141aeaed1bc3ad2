//! From pixels to what a network sees.

use crate::data::Target;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

/// The part of a crop that is seen, and how its samples become numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputConfig {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Pixels of the crop along a side that one pixel of the input shows.
    #[serde(default = "one")]
    pub crop_px_per_px: f64,
    /// Where the middle of what is seen lies from the middle of the crop, to the right and down in pixels
    /// of the crop: a patch of a face.
    #[serde(default)]
    pub offset_crop_px: [f64; 2],
    /// Order of the colours.
    #[serde(default)]
    pub channels: Channels,
    /// Subtracted from each sample of 0 to 255, in that order.
    #[serde(default = "half")]
    pub mean: [f32; 3],
    /// Divides what is left: value = (sample − mean) / std.
    #[serde(default = "half")]
    pub std: [f32; 3],
}

/// The order of an input's colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// Blue, green, red.
    Bgr,
}

const fn one() -> f64 {
    1.0
}

const fn half() -> [f32; 3] {
    [127.5; 3]
}

impl InputConfig {
    /// What is cut out of each crop.
    #[must_use]
    pub const fn target(&self) -> Target {
        Target {
            width: self.width,
            height: self.height,
            crop_px_per_px: self.crop_px_per_px,
            offset_crop_px: self.offset_crop_px,
        }
    }

    /// What the network sees, `[n, 3, h, w]` f32, of RGB samples `[n, 3, h, w]` u8.
    pub fn preprocess(&self, images: &Tensor) -> Tensor {
        let ordered = match self.channels {
            Channels::Rgb => images.shallow_clone(),
            Channels::Bgr => images.flip([1]),
        };
        let of = |values: &[f32; 3]| {
            Tensor::from_slice(values)
                .reshape([1, 3, 1, 1])
                .to_device(images.device())
        };
        (ordered.to_kind(Kind::Float) - of(&self.mean)) / of(&self.std)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_std_follow_the_order_of_colours() {
        let input = InputConfig {
            width: 1,
            height: 1,
            crop_px_per_px: 1.0,
            offset_crop_px: [0.0; 2],
            channels: Channels::Bgr,
            mean: [1.0, 2.0, 3.0],
            std: [2.0, 4.0, 8.0],
        };
        let pixels = Tensor::from_slice(&[10_u8, 20, 31]).reshape([1, 3, 1, 1]);
        let seen: Vec<f32> = input.preprocess(&pixels).reshape([-1]).try_into().unwrap();
        assert_eq!(seen, [15.0, 4.5, 0.875]);
    }
}
