//! AdaGrad.

use super::{Moment, Rule, scalar};
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// s ← s + g², θ ← θ − η·g/(√s + ε), weight decay added to g (Duchi, Hazan and Singer 2011).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adagrad {
    /// Where s starts.
    #[serde(default)]
    pub initial_sum: f64,
    /// ε.
    #[serde(default = "tiny")]
    pub epsilon: f64,
    /// w.
    #[serde(default)]
    pub weight_decay: f64,
}

const fn tiny() -> f64 {
    1e-10
}

impl Rule for Adagrad {
    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn memory(&self) -> Vec<(&'static str, f64)> {
        vec![("sum", self.initial_sum)]
    }

    fn update(
        &self,
        at: &Moment,
        value: &mut Tensor,
        gradient: &mut Tensor,
        memory: &mut [Tensor],
    ) {
        let [sum] = memory else { return };
        if at.weight_decay > 0.0 {
            let _ = gradient.addcmul_(value, &scalar(at.weight_decay, value));
        }
        let _ = sum.addcmul_(gradient, gradient);
        let step = gradient.g_div_(&(sum.sqrt().g_add_scalar_(self.epsilon)));
        let _ = value.addcmul_(&step, &scalar(-at.rate, value));
    }
}
