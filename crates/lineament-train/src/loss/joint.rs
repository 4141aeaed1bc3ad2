//! Joint identification and verification, DeepID2's loss.

use super::checked::number;
use super::contrastive::{Contrastive, ContrastiveOptions};
use super::softmax::{Softmax, SoftmaxOptions};
use super::{Loss, LossInput, LossOutput};
use crate::TrainError;
use serde::{Deserialize, Serialize};
use tch::nn::Path;

pub(super) const NAME: &str = "joint";

/// Options of [`LossConfig::Joint`](super::LossConfig::Joint).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JointOptions {
    /// λ, weight of the verification signal.
    pub lambda: f64,
    /// The identification signal.
    pub identification: SoftmaxOptions,
    /// The verification signal.
    pub verification: ContrastiveOptions,
}

impl Default for JointOptions {
    /// DeepID2's.
    fn default() -> Self {
        Self {
            lambda: 0.05,
            identification: SoftmaxOptions::default(),
            verification: ContrastiveOptions::default(),
        }
    }
}

/// Ident + λ·Verif: softmax over all rows and the contrastive loss of their pairs.
///
/// Source: Sun et al., NIPS 2014, table 1, whose step sees one pair; a batch takes the mean of each
/// signal.
pub(super) struct Joint {
    lambda: f64,
    identification: Softmax,
    verification: Contrastive,
}

impl Joint {
    pub(super) fn new(
        path: &Path<'_>,
        dim: i64,
        n_classes: i64,
        options: JointOptions,
    ) -> Result<Self, TrainError> {
        number(NAME, "lambda", options.lambda).not_below_zero()?;
        let (ident, verif) = (path / "identification", path / "verification");
        Ok(Self {
            lambda: options.lambda,
            identification: Softmax::new(&ident, dim, n_classes, options.identification)?,
            verification: Contrastive::new(&verif, dim, n_classes, options.verification)?,
        })
    }
}

impl Loss for Joint {
    fn name(&self) -> &'static str {
        NAME
    }

    fn compute(&mut self, input: &LossInput<'_>) -> Result<LossOutput, TrainError> {
        let mut output = self.identification.compute(input)?;
        let verification = self.verification.compute(input)?;
        output.total += verification.total * self.lambda;
        output.parts.extend(verification.parts);
        Ok(output)
    }
}
