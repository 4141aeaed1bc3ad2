//! AdaFace.

use super::arcface::check_angle;
use super::checked::number;
use super::cosine_head::{Angles, Judged, Margin};
use super::geometry::angle;
use super::memory::Memory;
use crate::TrainError;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;
use tch::nn::Path;
use tch::{Kind, Tensor};

pub(super) const NAME: &str = "adaface";
/// What keeps angles inside (0, π) and deviations above 0. Source: the authors' code.
const EPSILON: f64 = 1e-3;
/// The lengths that shorter and longer features are taken to have. Source: the authors' code.
const LENGTHS: (f64, f64) = (1e-3, 100.0);

/// Options of [`LossConfig::Adaface`](super::LossConfig::Adaface).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdafaceOptions {
    /// s, what cosines are multiplied by.
    pub scale: f64,
    /// m, the margin, in radians and as a cosine; from 0 to π/2.
    pub margin: f64,
    /// h, how much of the lengths' spread has an effect.
    pub concentration: f64,
    /// α, what a batch counts in the running mean and deviation of lengths, in (0, 1].
    pub pace: f64,
}

impl Default for AdafaceOptions {
    /// The paper's.
    fn default() -> Self {
        Self {
            scale: 64.0,
            margin: 0.4,
            concentration: 0.333,
            pace: 0.01,
        }
    }
}

/// Softmax over s(cos(θ_y − m ẑ) − (m + m ẑ)) and s cos θ_j, where ẑ in [−1, 1] says how long, and so
/// how good, a feature is: (‖x‖ − μ)/(σ + ε)·h, without gradient.
///
/// μ and σ are running means of a batch's mean and (unbiased) deviation, from 20 and 100, brought up
/// to date before use, in batches of two labelled rows at least. θ_y − m ẑ is held in [ε, π − ε].
/// Source: Kim et al., CVPR 2022, and the authors' code for what it leaves open.
pub(super) struct Adaface {
    options: AdafaceOptions,
    mean: Memory,
    deviation: Memory,
}

impl Adaface {
    pub(super) fn new(path: &Path<'_>, options: AdafaceOptions) -> Result<Self, TrainError> {
        number(NAME, "scale", options.scale).above_zero()?;
        check_angle(NAME, "margin", options.margin)?;
        number(NAME, "concentration", options.concentration).not_below_zero()?;
        number(NAME, "pace", options.pace).within(f64::MIN_POSITIVE, 1.0, "above 0, at most 1")?;
        Ok(Self {
            options,
            mean: Memory::new(path, "mean_length", 20.0),
            deviation: Memory::new(path, "length_deviation", 100.0),
        })
    }

    /// ẑ, `[m]`.
    fn quality(&mut self, lengths: &Tensor) -> Tensor {
        let lengths = lengths.detach().clamp(LENGTHS.0, LENGTHS.1);
        if lengths.numel() >= 2 {
            let mean = lengths.mean(None::<Kind>).double_value(&[]);
            let deviation = lengths.std(true).double_value(&[]);
            self.mean.move_towards(mean, self.options.pace);
            self.deviation.move_towards(deviation, self.options.pace);
        }
        let deviations = (lengths - self.mean.value()) / (self.deviation.value() + EPSILON);
        (deviations * self.options.concentration).clamp(-1.0, 1.0)
    }
}

impl Margin for Adaface {
    fn name(&self) -> &'static str {
        NAME
    }

    fn judge(&mut self, angles: &Angles) -> Judged {
        let margins = self.quality(&angles.lengths) * self.options.margin;
        let moved = (angle(&angles.targets()) - &margins).clamp(EPSILON, PI - EPSILON);
        let targets = moved.cos() - (margins + self.options.margin);
        let logits = angles.with_targets(&targets) * self.options.scale;
        Judged {
            parts: vec![
                ("mean_length", self.mean.value()),
                ("length_deviation", self.deviation.value()),
            ],
            ..logits.into()
        }
    }
}
