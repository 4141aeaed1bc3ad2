//! What becomes of an image before a network sees it: a function of a seed, the step and the place in
//! the batch.

mod blur;
mod color;
mod jpeg;
mod mix;
mod occlusion;
mod resolution;
mod warp;

use lineament_core::{CoreError, RgbImage};
use lineament_eval::Seeded;
use serde::{Deserialize, Serialize};

use super::random::{between, happens, stream};
use super::target::{Placement, Target};
use crate::error::TrainError;

pub use blur::BlurOptions;
pub use color::ColorOptions;
pub use jpeg::JpegOptions;
pub use mix::MixOptions;
pub(crate) use mix::Mixed;
pub use occlusion::OcclusionOptions;
pub use resolution::LowResolutionOptions;
pub use warp::WarpOptions;

/// How images are changed. Everything is off by default but the flip.
///
/// Each kind of change has random numbers of its own: turning one on leaves the others as they were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentOptions {
    /// Probability that left and right are exchanged.
    pub flip: f64,
    /// The farthest that an image is moved along each side, in pixels of the network's input. It is moved
    /// by whole ones: alone, that is a copy and costs nothing.
    pub shift_px: f64,
    /// By how much an image is enlarged or reduced at most: 0.1 is 1/1.1 to 1.1 times. With
    /// `shift_px` and `rotation_deg`, it does what wrong landmarks of a detector do to the alignment.
    pub scale: f64,
    /// The farthest that an image is turned to either side, in degrees.
    pub rotation_deg: f64,
    /// A smooth warp.
    pub warp: WarpOptions,
    /// Brightness, contrast and saturation.
    pub color: ColorOptions,
    /// Probability that an image becomes grey.
    pub grey: f64,
    /// Something in front of the face.
    pub occlusion: OcclusionOptions,
    /// Blur.
    pub blur: BlurOptions,
    /// Few pixels.
    pub low_resolution: LowResolutionOptions,
    /// Compression.
    pub jpeg: JpegOptions,
    /// Another image of the batch that shines through, after all else.
    pub mix: MixOptions,
}

impl Default for AugmentOptions {
    fn default() -> Self {
        Self {
            flip: 0.5,
            shift_px: 0.0,
            scale: 0.0,
            rotation_deg: 0.0,
            warp: WarpOptions::default(),
            color: ColorOptions::default(),
            grey: 0.0,
            occlusion: OcclusionOptions::default(),
            blur: BlurOptions::default(),
            low_resolution: LowResolutionOptions::default(),
            jpeg: JpegOptions::default(),
            mix: MixOptions::default(),
        }
    }
}

/// Changes images.
#[derive(Debug, Clone)]
pub struct Augment {
    options: AugmentOptions,
    seed: u64,
}

/// An image as a network sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Augmented {
    /// The pixels, of the size of the [`Target`].
    pub image: RgbImage,
    /// True when left and right are exchanged.
    pub is_mirrored: bool,
}

/// The kinds of change, for their random numbers.
#[derive(Clone, Copy)]
enum Change {
    Flip,
    Shift,
    Scale,
    Rotation,
    Color,
    Grey,
    Occlusion,
    Blur,
    LowResolution,
    Jpeg,
    Warp,
    Mix,
}

/// The random numbers of one image of one step.
struct Chances {
    seed: u64,
    step: u64,
    slot: u64,
}

impl Chances {
    fn of(&self, change: Change) -> Seeded {
        stream(self.seed, &[self.step, self.slot, change as u64])
    }
}

impl Augment {
    /// Changes by these options.
    ///
    /// # Errors
    /// [`TrainError::Argument`] for a probability outside 0 to 1, or an amount that is negative or not
    /// finite.
    pub fn new(options: &AugmentOptions, seed: u64) -> Result<Self, TrainError> {
        options.check()?;
        Ok(Self {
            options: options.clone(),
            seed,
        })
    }

    /// What the image in place `slot` of the batch of `step`, which has `n_images`, is mixed with.
    pub(crate) fn mixed(&self, step: u64, slot: usize, n_images: usize) -> Option<Mixed> {
        let chances = Chances {
            seed: self.seed,
            step,
            slot: slot as u64,
        };
        let mix = &self.options.mix;
        mix.draw(slot, n_images, &mut chances.of(Change::Mix))
    }

    /// What the network sees of `crop` in place `slot` of the batch of `step`, before it is mixed.
    ///
    /// # Errors
    /// As [`Target::view`].
    pub fn apply(
        &self,
        crop: &RgbImage,
        target: &Target,
        step: u64,
        slot: usize,
    ) -> Result<Augmented, CoreError> {
        let chances = Chances {
            seed: self.seed,
            step,
            slot: slot as u64,
        };
        let options = &self.options;
        let mut image = target.view_moved(crop.view(), &self.placement(&chances))?;
        let is_mirrored = happens(&mut chances.of(Change::Flip), options.flip);
        if is_mirrored {
            image = image.view().mirrored();
        }
        let warp = &options.warp;
        warp.apply(&mut image, &mut chances.of(Change::Warp))?;
        options
            .color
            .apply(&mut image, &mut chances.of(Change::Color));
        if happens(&mut chances.of(Change::Grey), options.grey) {
            color::to_grey(&mut image);
        }
        // In the order in which a scene, a lens, a sensor and a file would do it.
        options
            .occlusion
            .apply(&mut image, &mut chances.of(Change::Occlusion));
        options
            .blur
            .apply(&mut image, &mut chances.of(Change::Blur));
        let low_resolution = &options.low_resolution;
        low_resolution.apply(&mut image, &mut chances.of(Change::LowResolution))?;
        options
            .jpeg
            .apply(&mut image, &mut chances.of(Change::Jpeg));
        Ok(Augmented { image, is_mirrored })
    }

    fn placement(&self, chances: &Chances) -> Placement {
        let AugmentOptions {
            shift_px,
            scale,
            rotation_deg,
            ..
        } = self.options;
        let (mut shift, farthest) = (chances.of(Change::Shift), shift_px.floor() + 0.5);
        let mut shift = || between(&mut shift, -farthest, farthest).round_ties_even();
        let octaves = (1.0 + scale).ln();
        let enlarged = between(&mut chances.of(Change::Scale), -octaves, octaves);
        let turned = between(
            &mut chances.of(Change::Rotation),
            -rotation_deg,
            rotation_deg,
        );
        Placement {
            shift_px: (shift(), shift()),
            scale: enlarged.exp(),
            rotation_rad: turned.to_radians(),
        }
    }
}

impl AugmentOptions {
    fn check(&self) -> Result<(), TrainError> {
        check_probability("augment.flip", self.flip)?;
        check_amount("augment.shift_px", self.shift_px)?;
        check_amount("augment.scale", self.scale)?;
        check_amount("augment.rotation_deg", self.rotation_deg)?;
        check_probability("augment.grey", self.grey)?;
        self.color.check()?;
        self.occlusion.check()?;
        self.blur.check()?;
        self.low_resolution.check()?;
        self.jpeg.check()?;
        self.warp.check()?;
        self.mix.check()
    }
}

fn check_probability(what: &'static str, got: f64) -> Result<(), TrainError> {
    check(
        what,
        "a probability, 0 to 1",
        got,
        (0.0..=1.0).contains(&got),
    )
}

fn check_amount(what: &'static str, got: f64) -> Result<(), TrainError> {
    check(what, "0 or more", got, got >= 0.0 && got.is_finite())
}

fn check(what: &'static str, expected: &str, got: f64, is_right: bool) -> Result<(), TrainError> {
    if is_right {
        return Ok(());
    }
    Err(TrainError::Argument {
        what,
        expected: expected.to_owned(),
        got: got.to_string(),
    })
}
