//! CosFace, which is AM-Softmax.

use super::checked::number;
use super::cosine_head::{Angles, Judged, Margin};
use crate::TrainError;
use serde::{Deserialize, Serialize};

pub(super) const NAME: &str = "cosface";

/// Options of [`LossConfig::Cosface`](super::LossConfig::Cosface).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CosfaceOptions {
    /// s, what cosines are multiplied by.
    pub scale: f64,
    /// m, what is taken from the cosine of the own class.
    pub margin: f64,
}

impl Default for CosfaceOptions {
    /// CosFace's 64 and 0.35; AM-Softmax has 30 in place of 64.
    fn default() -> Self {
        Self {
            scale: 64.0,
            margin: 0.35,
        }
    }
}

/// Softmax over s(cos θ_y − m) and s cos θ_j.
///
/// Source: Wang et al., CVPR 2018, eq. 4; Wang et al., Additive Margin Softmax, 2018.
pub(super) struct Cosface(CosfaceOptions);

impl Cosface {
    pub(super) fn new(options: CosfaceOptions) -> Result<Self, TrainError> {
        number(NAME, "scale", options.scale).above_zero()?;
        number(NAME, "margin", options.margin).not_below_zero()?;
        Ok(Self(options))
    }
}

impl Margin for Cosface {
    fn name(&self) -> &'static str {
        NAME
    }

    fn judge(&mut self, angles: &Angles) -> Judged {
        let targets = angles.targets() - self.0.margin;
        (angles.with_targets(&targets) * self.0.scale).into()
    }
}
