//! Adam with decoupled weight decay.

use super::{Moment, Rule, scalar};
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// θ ← θ − η·w·θ; m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²;
/// θ ← θ − η·(m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε) (Loshchilov and Hutter 2019, algorithm 2).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdamW {
    /// β₁, in [0, 1).
    #[serde(default = "beta1")]
    pub beta1: f64,
    /// β₂, in [0, 1).
    #[serde(default = "beta2")]
    pub beta2: f64,
    /// ε.
    #[serde(default = "epsilon")]
    pub epsilon: f64,
    /// w.
    #[serde(default)]
    pub weight_decay: f64,
}

const fn beta1() -> f64 {
    0.9
}

const fn beta2() -> f64 {
    0.999
}

const fn epsilon() -> f64 {
    1e-8
}

impl Rule for AdamW {
    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn memory(&self) -> Vec<(&'static str, f64)> {
        vec![("mean", 0.0), ("square", 0.0)]
    }

    fn update(
        &self,
        at: &Moment,
        value: &mut Tensor,
        gradient: &mut Tensor,
        memory: &mut [Tensor],
    ) {
        let [mean, square] = memory else { return };
        if at.weight_decay > 0.0 {
            let _ = value.g_mul_scalar_(1.0 - at.rate * at.weight_decay);
        }
        let unbiased = |beta: f64| 1.0 - beta.powf(at.n_steps as f64);
        let _ = mean
            .g_mul_scalar_(self.beta1)
            .addcmul_(gradient, &scalar(1.0 - self.beta1, value));
        let squared = gradient.square_();
        let _ = square
            .g_mul_scalar_(self.beta2)
            .addcmul_(&squared, &scalar(1.0 - self.beta2, value));
        let scale = (square.sqrt() / unbiased(self.beta2).sqrt()).g_add_scalar_(self.epsilon);
        let step = mean.g_div(&scale);
        let rate = at.rate / unbiased(self.beta1);
        let _ = value.addcmul_(&step, &scalar(-rate, value));
    }
}
