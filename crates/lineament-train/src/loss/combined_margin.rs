//! The combined margin: SphereFace's, ArcFace's and CosFace's at once.

use super::checked::number;
use super::cosine_head::{Angles, Judged, Margin};
use super::geometry::angle;
use crate::TrainError;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;
use tch::Tensor;

pub(super) const NAME: &str = "combined_margin";

/// Options of [`LossConfig::CombinedMargin`](super::LossConfig::CombinedMargin).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CombinedMarginOptions {
    /// s, what cosines are multiplied by.
    pub scale: f64,
    /// m₁, what the angle to the own class is multiplied by; 1 or more.
    pub multiplier: f64,
    /// m₂, in radians, what is added to it then.
    pub angle: f64,
    /// m₃, what is taken from the cosine of that.
    pub cosine: f64,
}

impl Default for CombinedMarginOptions {
    /// CM2 (1, 0.3, 0.2) of the paper's table 2.
    fn default() -> Self {
        Self {
            scale: 64.0,
            multiplier: 1.0,
            angle: 0.3,
            cosine: 0.2,
        }
    }
}

/// Softmax over s(cos(m₁θ_y + m₂) − m₃) and s cos θ_j.
///
/// Source: Deng et al., CVPR 2019, eq. 4. Past π, which the paper leaves open, the cosine goes on
/// falling as ψ of SphereFace does: (−1)^k cos t − 2k for t in [kπ, (k + 1)π].
pub(super) struct CombinedMargin(CombinedMarginOptions);

impl CombinedMargin {
    pub(super) fn new(options: CombinedMarginOptions) -> Result<Self, TrainError> {
        number(NAME, "scale", options.scale).above_zero()?;
        number(NAME, "multiplier", options.multiplier).within(1.0, f64::MAX, "1 or above")?;
        number(NAME, "angle", options.angle).not_below_zero()?;
        number(NAME, "cosine", options.cosine).not_below_zero()?;
        Ok(Self(options))
    }
}

impl Margin for CombinedMargin {
    fn name(&self) -> &'static str {
        NAME
    }

    fn judge(&mut self, angles: &Angles) -> Judged {
        let moved = angle(&angles.targets()) * self.0.multiplier + self.0.angle;
        let targets = falling_cosine(&moved) - self.0.cosine;
        (angles.with_targets(&targets) * self.0.scale).into()
    }
}

/// (−1)^k cos t − 2k for t ≥ 0 in [kπ, (k + 1)π].
fn falling_cosine(angle: &Tensor) -> Tensor {
    let k = (angle.detach() / PI).floor();
    let sign: Tensor = k.remainder(2.0) * -2.0 + 1.0;
    sign * angle.cos() - k * 2.0
}
