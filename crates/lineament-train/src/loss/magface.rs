//! MagFace.

use super::arcface::check_angle;
use super::checked::number;
use super::cosine_head::{Angles, Judged, Margin};
use super::geometry::cosine_of_sum;
use crate::TrainError;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

pub(super) const NAME: &str = "magface";

/// Options of [`LossConfig::Magface`](super::LossConfig::Magface).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MagfaceOptions {
    /// s, what cosines are multiplied by.
    pub scale: f64,
    /// l_a, the length that shorter features are taken to have.
    pub least_length: f64,
    /// u_a, the length that longer features are taken to have.
    pub greatest_length: f64,
    /// The margin, in radians, at `least_length`.
    pub least_margin: f64,
    /// The margin, in radians, at `greatest_length`; at most π/2.
    pub greatest_margin: f64,
    /// λ_g, weight of the term that wants features long.
    pub penalty: f64,
}

impl Default for MagfaceOptions {
    /// Those of the authors' code.
    fn default() -> Self {
        Self {
            scale: 64.0,
            least_length: 10.0,
            greatest_length: 110.0,
            least_margin: 0.45,
            greatest_margin: 0.8,
            penalty: 35.0,
        }
    }
}

/// ArcFace whose margin m(a) grows with the length a = ‖x‖, plus λ_g g(a), averaged over rows, with
/// g(a) = 1/a + a/u_a².
///
/// Between l_a and u_a m grows linearly; outside, length has no gradient. Source: Meng et al., CVPR
/// 2021, with m and g of the authors' code.
pub(super) struct Magface(MagfaceOptions);

impl Magface {
    pub(super) fn new(options: MagfaceOptions) -> Result<Self, TrainError> {
        number(NAME, "scale", options.scale).above_zero()?;
        number(NAME, "least_length", options.least_length).above_zero()?;
        let span = options.greatest_length - options.least_length;
        number(NAME, "greatest_length − least_length", span).above_zero()?;
        check_angle(NAME, "least_margin", options.least_margin)?;
        check_angle(NAME, "greatest_margin", options.greatest_margin)?;
        number(NAME, "penalty", options.penalty).not_below_zero()?;
        Ok(Self(options))
    }

    /// m(a).
    fn margins(&self, lengths: &Tensor) -> Tensor {
        let options = &self.0;
        let slope = (options.greatest_margin - options.least_margin)
            / (options.greatest_length - options.least_length);
        (lengths - options.least_length) * slope + options.least_margin
    }
}

impl Margin for Magface {
    fn name(&self) -> &'static str {
        NAME
    }

    fn judge(&mut self, angles: &Angles) -> Judged {
        let options = &self.0;
        let lengths = angles
            .lengths
            .clamp(options.least_length, options.greatest_length);
        let targets = cosine_of_sum(&angles.targets(), &self.margins(&lengths));
        let g = lengths.reciprocal() + &lengths / options.greatest_length.powi(2);
        let penalty = g.sum(None::<Kind>) / g.numel().max(1) as f64;
        Judged {
            logits: angles.with_targets(&targets) * options.scale,
            parts: vec![("length_penalty", penalty.double_value(&[]))],
            penalty: Some(penalty * options.penalty),
        }
    }
}
