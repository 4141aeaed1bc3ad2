//! L-Softmax.

use super::class_weights;
use super::cosine_head::replace;
use super::cross_entropy::cross_entropy;
use super::geometry::{lengths, unit_rows};
use super::input::Labelled;
use super::multiplied_angle::{Annealing, annealed_psi, check_multiplier};
use super::{Loss, LossInput, LossOutput};
use crate::TrainError;
use serde::{Deserialize, Serialize};
use tch::nn::Path;
use tch::{Kind, Tensor};

pub(super) const NAME: &str = "l_softmax";

/// Options of [`LossConfig::LSoftmax`](super::LossConfig::LSoftmax).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LSoftmaxOptions {
    /// m, what the angle to the own class is multiplied by: 1, 2, 3 or 4.
    pub multiplier: u8,
    /// The way to the margin.
    pub annealing: Annealing,
}

impl Default for LSoftmaxOptions {
    /// m = 4, led there as SphereFace is: the paper leaves λ open.
    fn default() -> Self {
        Self {
            multiplier: 4,
            annealing: Annealing::default(),
        }
    }
}

/// Softmax over ‖W_y‖‖x‖ (λ cos θ_y + ψ(θ_y)) / (1 + λ) and W_jᵀx, without bias.
///
/// W is `[n_classes, dim]`. Source: Liu et al., ICML 2016, eqs. 4 and 6, and section 4.2 for λ.
pub(super) struct LSoftmax {
    options: LSoftmaxOptions,
    weight: Tensor,
}

impl LSoftmax {
    pub(super) fn new(
        path: &Path<'_>,
        dim: i64,
        n_classes: i64,
        options: LSoftmaxOptions,
    ) -> Result<Self, TrainError> {
        check_multiplier(NAME, options.multiplier)?;
        options.annealing.check(NAME)?;
        Ok(Self {
            options,
            weight: class_weights::weights(path, n_classes, dim),
        })
    }

    /// ‖W_y‖‖x‖ (λ cos θ_y + ψ(θ_y)) / (1 + λ), `[m]`.
    fn targets(&self, labelled: &Labelled, lambda: f64) -> Tensor {
        let own = self.weight.index_select(0, &labelled.labels);
        let products = unit_rows(&labelled.features) * unit_rows(&own);
        let cosines = products.sum_dim_intlist(1, false, None::<Kind>);
        let scales = (lengths(&labelled.features) * lengths(&own)).squeeze_dim(1);
        annealed_psi(&cosines, self.options.multiplier, lambda) * scales
    }
}

impl Loss for LSoftmax {
    fn name(&self) -> &'static str {
        NAME
    }

    fn compute(&mut self, input: &LossInput<'_>) -> Result<LossOutput, TrainError> {
        let (n_classes, dim) = self.weight.size2()?;
        let labelled = input.labelled(dim, n_classes)?;
        let lambda = self.options.annealing.lambda(input.step);
        let plain = labelled.features.matmul(&self.weight.tr());
        let targets = self.targets(&labelled, lambda);
        let logits = replace(&plain, &labelled.labels, &targets);
        let value = cross_entropy(&logits, &labelled.labels, 0.0);
        let mut output = LossOutput::of(NAME, value, Some(plain));
        output.parts.push(("lambda", lambda));
        Ok(output)
    }
}
