//! ψ, which multiplies angles, and how training is led to it: what L-Softmax and A-Softmax share.

use super::checked::number;
use crate::TrainError;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;
use tch::Tensor;

/// How much of the plain cosine the target keeps: λ = max(least, base·(1 + gamma·step)^−power).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Annealing {
    /// λ at step 0.
    pub base: f64,
    /// How soon it falls.
    pub gamma: f64,
    /// How steeply it falls.
    pub power: f64,
    /// What it does not fall below; 0 ends at the margin alone.
    pub least: f64,
}

impl Default for Annealing {
    /// SphereFace's max(5, 1000/(1 + 0.12·step)).
    fn default() -> Self {
        Self {
            base: 1000.0,
            gamma: 0.12,
            power: 1.0,
            least: 5.0,
        }
    }
}

impl Annealing {
    pub(super) fn check(&self, loss: &'static str) -> Result<(), TrainError> {
        number(loss, "annealing.base", self.base).not_below_zero()?;
        number(loss, "annealing.gamma", self.gamma).not_below_zero()?;
        number(loss, "annealing.power", self.power).not_below_zero()?;
        number(loss, "annealing.least", self.least).not_below_zero()
    }

    pub(super) fn lambda(&self, step: u64) -> f64 {
        let fallen = self.base * (1.0 + self.gamma * step as f64).powf(-self.power);
        fallen.max(self.least)
    }
}

/// (λ cos θ + ψ(θ)) / (1 + λ).
pub(super) fn annealed_psi(cosine: &Tensor, multiplier: u8, lambda: f64) -> Tensor {
    (cosine * lambda + psi(cosine, multiplier)) / (1.0 + lambda)
}

/// ψ(θ) = (−1)^k cos(mθ) − 2k for θ in [kπ/m, (k+1)π/m], of cos θ: it falls from 1 to 1 − 2m.
///
/// Source: Liu et al., ICML 2016, eq. 6.
fn psi(cosine: &Tensor, multiplier: u8) -> Tensor {
    let m = f64::from(multiplier);
    let mut k = cosine.zeros_like();
    for passed in 1..multiplier {
        k += cosine
            .lt((PI * f64::from(passed) / m).cos())
            .to_kind(cosine.kind());
    }
    let sign: Tensor = k.remainder(2.0) * -2.0 + 1.0;
    sign * cosine_of_multiple(cosine, multiplier) - k * 2.0
}

/// cos(mθ) of cos θ, as Chebyshev's polynomial: cos(4θ) = 8c⁴ − 8c² + 1.
fn cosine_of_multiple(cosine: &Tensor, multiplier: u8) -> Tensor {
    let (mut before, mut last) = (cosine.ones_like(), cosine.shallow_clone());
    for _ in 1..multiplier {
        let next = cosine * &last * 2.0 - &before;
        (before, last) = (last, next);
    }
    last
}

pub(super) fn check_multiplier(loss: &'static str, multiplier: u8) -> Result<(), TrainError> {
    number(loss, "multiplier", f64::from(multiplier)).within(1.0, 4.0, "1, 2, 3 or 4")
}
