//! A-Softmax, SphereFace's loss.

use super::cosine_head::{Angles, Judged, Margin};
use super::multiplied_angle::{Annealing, annealed_psi, check_multiplier};
use crate::TrainError;
use serde::{Deserialize, Serialize};

pub(super) const NAME: &str = "a_softmax";

/// Options of [`LossConfig::ASoftmax`](super::LossConfig::ASoftmax).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ASoftmaxOptions {
    /// m, what the angle to the own class is multiplied by: 1, 2, 3 or 4.
    pub multiplier: u8,
    /// The way to the margin.
    pub annealing: Annealing,
}

impl Default for ASoftmaxOptions {
    /// SphereFace's m = 4.
    fn default() -> Self {
        Self {
            multiplier: 4,
            annealing: Annealing::default(),
        }
    }
}

/// Softmax over ‖x‖ (λ cos θ_y + ψ(θ_y)) / (1 + λ) and ‖x‖ cos θ_j.
///
/// Source: Liu et al., CVPR 2017, eq. 7; λ from their code. Deviation: class weights are normalised
/// where they are used, and gradients pass through that; their code normalises the weights
/// themselves before each step.
pub(super) struct ASoftmax(ASoftmaxOptions);

impl ASoftmax {
    pub(super) fn new(options: ASoftmaxOptions) -> Result<Self, TrainError> {
        check_multiplier(NAME, options.multiplier)?;
        options.annealing.check(NAME)?;
        Ok(Self(options))
    }
}

impl Margin for ASoftmax {
    fn name(&self) -> &'static str {
        NAME
    }

    fn judge(&mut self, angles: &Angles) -> Judged {
        let lambda = self.0.annealing.lambda(angles.step);
        let targets = annealed_psi(&angles.targets(), self.0.multiplier, lambda);
        let logits = angles.with_targets(&targets) * angles.lengths.unsqueeze(1);
        Judged {
            parts: vec![("lambda", lambda)],
            ..logits.into()
        }
    }
}
