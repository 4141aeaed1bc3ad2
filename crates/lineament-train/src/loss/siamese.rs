//! DeepFace's Siamese loss.

use super::mining::{Pairing, Pairs};
use super::{Loss, LossInput, LossOutput};
use crate::TrainError;
use serde::{Deserialize, Serialize};
use tch::nn::{Init, Path};
use tch::{Reduction, Tensor};

pub(super) const NAME: &str = "siamese";

/// Options of [`LossConfig::Siamese`](super::LossConfig::Siamese).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SiameseOptions {
    /// Which rows are compared.
    pub pairing: Pairing,
}

/// Cross-entropy of σ(b − Σ_k α_k |f_i[k] − f_j[k]|), the probability that two rows show one person,
/// averaged over pairs.
///
/// α is `[dim]`, from 1/dim, and b `[1]`, from 0 (open). Source: Taigman et al., CVPR 2014, section
/// 4.2; which layers below are trained along is the network's to say.
pub(super) struct Siamese {
    dim: i64,
    n_classes: i64,
    pairing: Pairing,
    alpha: Tensor,
    bias: Tensor,
}

impl Siamese {
    pub(super) fn new(path: &Path<'_>, dim: i64, n_classes: i64, options: SiameseOptions) -> Self {
        Self {
            dim,
            n_classes,
            pairing: options.pairing,
            alpha: path.var("alpha", &[dim], Init::Const(1.0 / dim as f64)),
            bias: path.var("bias", &[1], Init::Const(0.0)),
        }
    }
}

impl Loss for Siamese {
    fn name(&self) -> &'static str {
        NAME
    }

    fn compute(&mut self, input: &LossInput<'_>) -> Result<LossOutput, TrainError> {
        input.check_labels(self.n_classes)?;
        let pairs = Pairs::of(input.labels, self.pairing);
        let (first, second) = pairs.ends(input.features(self.dim)?);
        let distances = (first - second).abs().matmul(&self.alpha);
        let log_odds: Tensor = &self.bias - distances;
        let costs = log_odds.binary_cross_entropy_with_logits::<Tensor>(
            &pairs.same.to_kind(log_odds.kind()),
            None,
            None,
            Reduction::None,
        );
        Ok(LossOutput::of(NAME, pairs.mean(&costs), None))
    }
}
