//! Softmax.

use super::checked::number;
use super::class_weights;
use super::cross_entropy::cross_entropy;
use super::{Loss, LossInput, LossOutput};
use crate::TrainError;
use serde::{Deserialize, Serialize};
use tch::Tensor;
use tch::nn::{Init, Path};

pub(super) const NAME: &str = "softmax";

/// Options of [`LossConfig::Softmax`](super::LossConfig::Softmax).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SoftmaxOptions {
    /// ε, the share of the target that is spread over all classes, in [0, 1).
    pub label_smoothing: f64,
}

impl Default for SoftmaxOptions {
    /// No smoothing.
    fn default() -> Self {
        Self {
            label_smoothing: 0.0,
        }
    }
}

/// −Σ_j q_j log softmax(Wᵀx + b)_j with q = (1 − ε)·onehot(y) + ε/C, averaged over rows.
///
/// W is `[n_classes, dim]`, b `[n_classes]`. Source: "Ident" of Sun et al., NIPS 2014, eq. 1;
/// smoothing by Szegedy et al., CVPR 2016, section 7.
pub(super) struct Softmax {
    options: SoftmaxOptions,
    weight: Tensor,
    bias: Tensor,
}

impl Softmax {
    pub(super) fn new(
        path: &Path<'_>,
        dim: i64,
        n_classes: i64,
        options: SoftmaxOptions,
    ) -> Result<Self, TrainError> {
        let greatest = 1.0 - f64::EPSILON;
        number(NAME, "label_smoothing", options.label_smoothing).within(
            0.0,
            greatest,
            "0 or above, below 1",
        )?;
        Ok(Self {
            options,
            weight: class_weights::weights(path, n_classes, dim),
            bias: path.var("bias", &[n_classes], Init::Const(0.0)),
        })
    }
}

impl Loss for Softmax {
    fn name(&self) -> &'static str {
        NAME
    }

    fn compute(&mut self, input: &LossInput<'_>) -> Result<LossOutput, TrainError> {
        let (n_classes, dim) = self.weight.size2()?;
        let labelled = input.labelled(dim, n_classes)?;
        let logits = labelled.features.linear(&self.weight, Some(&self.bias));
        let value = cross_entropy(&logits, &labelled.labels, self.options.label_smoothing);
        Ok(LossOutput::of(NAME, value, Some(logits)))
    }
}
