//! CurricularFace.

use super::arcface::check_angle;
use super::checked::number;
use super::cosine_head::{Angles, Judged, Margin, replace};
use super::geometry::{cosine_of_sum, plain_cosine_of_sum};
use super::memory::Memory;
use crate::TrainError;
use serde::{Deserialize, Serialize};
use tch::Kind;
use tch::nn::Path;

pub(super) const NAME: &str = "curricularface";

/// Options of [`LossConfig::Curricularface`](super::LossConfig::Curricularface).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CurricularfaceOptions {
    /// s, what cosines are multiplied by.
    pub scale: f64,
    /// m, in radians, what is added to the angle to the own class; from 0 to π/2.
    pub margin: f64,
    /// α, what a batch counts in the running mean of target cosines, in (0, 1].
    pub pace: f64,
}

impl Default for CurricularfaceOptions {
    /// The paper's.
    fn default() -> Self {
        Self {
            scale: 64.0,
            margin: 0.5,
            pace: 0.01,
        }
    }
}

/// ArcFace in which the cosines of hard classes, those with cos θ_j > cos(θ_y + m), become
/// cos θ_j (t + cos θ_j), t being the running mean of the cos θ_y.
///
/// t starts at 0 and is brought up to date before it is used. Source: Huang et al., CVPR 2020;
/// past π as in ArcFace.
pub(super) struct Curricularface {
    options: CurricularfaceOptions,
    t: Memory,
}

impl Curricularface {
    pub(super) fn new(path: &Path<'_>, options: CurricularfaceOptions) -> Result<Self, TrainError> {
        number(NAME, "scale", options.scale).above_zero()?;
        check_angle(NAME, "margin", options.margin)?;
        number(NAME, "pace", options.pace).within(f64::MIN_POSITIVE, 1.0, "above 0, at most 1")?;
        Ok(Self {
            options,
            t: Memory::new(path, "t", 0.0),
        })
    }
}

impl Margin for Curricularface {
    fn name(&self) -> &'static str {
        NAME
    }

    fn judge(&mut self, angles: &Angles) -> Judged {
        let targets = angles.targets();
        if targets.numel() > 0 {
            let mean = targets.mean(None::<Kind>).double_value(&[]);
            self.t.move_towards(mean, self.options.pace);
        }
        let margin = targets.full_like(self.options.margin);
        let bar = plain_cosine_of_sum(&targets, &margin).unsqueeze(1);
        let hard = angles.cosines.gt_tensor(&bar);
        let raised = &angles.cosines * (&angles.cosines + self.t.value());
        let cosines = raised.where_self(&hard, &angles.cosines);
        let targets = cosine_of_sum(&targets, &margin);
        let cosines = replace(&cosines, &angles.labels, &targets);
        Judged {
            parts: vec![("t", self.t.value())],
            ..(cosines * self.options.scale).into()
        }
    }
}
