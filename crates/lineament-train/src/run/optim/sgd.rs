//! Stochastic gradient descent with momentum.

use super::{Moment, Rule, scalar};
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// b ← m·b + g + w·θ, θ ← θ − η·b, as in PyTorch: the rate is outside of the momentum. With
/// `nesterov`, θ ← θ − η·(g + w·θ + m·b).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sgd {
    /// m, in [0, 1).
    #[serde(default)]
    pub momentum: f64,
    /// Nesterov's form.
    #[serde(default)]
    pub nesterov: bool,
    /// w.
    #[serde(default)]
    pub weight_decay: f64,
}

impl Rule for Sgd {
    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn memory(&self) -> Vec<(&'static str, f64)> {
        match self.momentum > 0.0 {
            true => vec![("momentum", 0.0)],
            false => Vec::new(),
        }
    }

    fn update(
        &self,
        at: &Moment,
        value: &mut Tensor,
        gradient: &mut Tensor,
        memory: &mut [Tensor],
    ) {
        if at.weight_decay > 0.0 {
            let _ = gradient.addcmul_(value, &scalar(at.weight_decay, value));
        }
        if let [momentum] = memory {
            let _ = momentum.g_mul_scalar_(self.momentum).g_add_(gradient);
            match self.nesterov {
                true => drop(gradient.addcmul_(momentum, &scalar(self.momentum, value))),
                false => gradient.copy_(momentum),
            }
        }
        let _ = value.addcmul_(gradient, &scalar(-at.rate, value));
    }
}
