//! ArcFace.

use super::checked::number;
use super::cosine_head::{Angles, Judged, Margin};
use super::geometry::cosine_of_sum;
use crate::TrainError;
use serde::{Deserialize, Serialize};

pub(super) const NAME: &str = "arcface";

/// Options of [`LossConfig::Arcface`](super::LossConfig::Arcface).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ArcfaceOptions {
    /// s, what cosines are multiplied by.
    pub scale: f64,
    /// m, in radians, what is added to the angle to the own class; from 0 to π/2.
    pub margin: f64,
}

impl Default for ArcfaceOptions {
    /// The paper's.
    fn default() -> Self {
        Self {
            scale: 64.0,
            margin: 0.5,
        }
    }
}

/// Softmax over s cos(θ_y + m) and s cos θ_j.
///
/// Source: Deng et al., CVPR 2019, eq. 3. Past θ_y + m = π, which the paper leaves open, the target
/// is s(cos θ_y − m sin m), as in the authors' code.
pub(super) struct Arcface(ArcfaceOptions);

impl Arcface {
    pub(super) fn new(options: ArcfaceOptions) -> Result<Self, TrainError> {
        number(NAME, "scale", options.scale).above_zero()?;
        check_angle(NAME, "margin", options.margin)?;
        Ok(Self(options))
    }
}

impl Margin for Arcface {
    fn name(&self) -> &'static str {
        NAME
    }

    fn judge(&mut self, angles: &Angles) -> Judged {
        (with_angle_added(angles, self.0.margin) * self.0.scale).into()
    }
}

/// Cosines of a batch, the targets' after an angle was added.
pub(super) fn with_angle_added(angles: &Angles, margin: f64) -> tch::Tensor {
    let targets = angles.targets();
    let margin = targets.full_like(margin);
    angles.with_targets(&cosine_of_sum(&targets, &margin))
}

/// A margin in radians.
pub(super) fn check_angle(
    loss: &'static str,
    option: &'static str,
    value: f64,
) -> Result<(), TrainError> {
    let greatest = std::f64::consts::FRAC_PI_2;
    number(loss, option, value).within(0.0, greatest, "an angle in radians from 0 to π/2")
}
