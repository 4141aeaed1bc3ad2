//! Sub-center ArcFace.

use super::arcface::{check_angle, with_angle_added};
use super::checked::number;
use super::cosine_head::{Angles, Judged, Margin};
use crate::TrainError;
use serde::{Deserialize, Serialize};

pub(super) const NAME: &str = "subcenter_arcface";

/// Options of [`LossConfig::SubcenterArcface`](super::LossConfig::SubcenterArcface).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SubcenterArcfaceOptions {
    /// s, what cosines are multiplied by.
    pub scale: f64,
    /// m, in radians, what is added to the angle to the own class; from 0 to π/2.
    pub margin: f64,
    /// K, the centres of each class, at least 1.
    pub centres: u8,
}

impl Default for SubcenterArcfaceOptions {
    /// The paper's.
    fn default() -> Self {
        Self {
            scale: 64.0,
            margin: 0.5,
            centres: 3,
        }
    }
}

/// ArcFace with K centres for each class, of which the nearest counts:
/// cos θ_j = max_k ⟨x/‖x‖, W_jk/‖W_jk‖⟩.
///
/// Source: Deng et al., ECCV 2020.
pub(super) struct SubcenterArcface(SubcenterArcfaceOptions);

impl SubcenterArcface {
    pub(super) fn new(options: SubcenterArcfaceOptions) -> Result<Self, TrainError> {
        number(NAME, "scale", options.scale).above_zero()?;
        check_angle(NAME, "margin", options.margin)?;
        number(NAME, "centres", f64::from(options.centres)).above_zero()?;
        Ok(Self(options))
    }
}

impl Margin for SubcenterArcface {
    fn name(&self) -> &'static str {
        NAME
    }

    fn centres_per_class(&self) -> i64 {
        i64::from(self.0.centres)
    }

    fn judge(&mut self, angles: &Angles) -> Judged {
        (with_angle_added(angles, self.0.margin) * self.0.scale).into()
    }
}
