//! From pixels to what a network sees.

use crate::data::Target;
use lineament_eval::FlipMode;
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
    /// What the crops are aligned to, for those who use the model. Where it is left out: `margin-160` for
    /// an input that shows 160×160 pixels of the crop, else `arcface-112`, of which it shows the middle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<CropTemplate>,
    /// What becomes of a face's mirror image where the network is used: in validation, for thresholds, and
    /// by those who use the model.
    #[serde(default)]
    pub flip: Flip,
}

/// What becomes of a face's mirror image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flip {
    /// The network sees it too, and both outputs are added.
    #[default]
    Sum,
    /// Nothing: one pass for each face.
    None,
}

impl Flip {
    /// As manifests call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::None => "none",
        }
    }

    /// As evaluations call it.
    pub(crate) const fn mode(self) -> FlipMode {
        match self {
            Self::Sum => FlipMode::Sum,
            Self::None => FlipMode::Off,
        }
    }
}

/// What crops are aligned to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CropTemplate {
    /// 112×112, of ArcFace.
    #[serde(rename = "arcface-112")]
    ArcFace112,
    /// 96 wide × 112 high, of SphereFace: a pixel to the left of and above the middle of ArcFace's.
    #[serde(rename = "sphereface-96x112")]
    SphereFace96x112,
    /// A box and a margin about it, of FaceNet.
    #[serde(rename = "margin-160")]
    Margin160,
}

impl CropTemplate {
    /// As manifests call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ArcFace112 => "arcface-112",
            Self::SphereFace96x112 => "sphereface-96x112",
            Self::Margin160 => "margin-160",
        }
    }

    /// Width and height in pixels.
    #[must_use]
    pub const fn size(self) -> (u32, u32) {
        match self {
            Self::ArcFace112 => (112, 112),
            Self::SphereFace96x112 => (96, 112),
            Self::Margin160 => (160, 160),
        }
    }
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

    /// What the crops are aligned to.
    #[must_use]
    pub fn template(&self) -> CropTemplate {
        let side = |pixels: u32| (f64::from(pixels) * self.crop_px_per_px).round() as u32;
        let shown = (side(self.width), side(self.height));
        let usual = match shown == CropTemplate::Margin160.size() {
            true => CropTemplate::Margin160,
            false => CropTemplate::ArcFace112,
        };
        self.template.unwrap_or(usual)
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
            template: None,
            flip: Flip::Sum,
            mean: [1.0, 2.0, 3.0],
            std: [2.0, 4.0, 8.0],
        };
        let pixels = Tensor::from_slice(&[10_u8, 20, 31]).reshape([1, 3, 1, 1]);
        let seen: Vec<f32> = input.preprocess(&pixels).reshape([-1]).try_into().unwrap();
        assert_eq!(seen, [15.0, 4.5, 0.875]);
    }
}
