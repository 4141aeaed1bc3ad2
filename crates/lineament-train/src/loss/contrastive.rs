//! Contrastive loss: DeepID2's verification signal.

use super::geometry::{lengths, unit_rows};
use super::mining::{Pairing, Pairs};
use super::pair_margin::{MarginRule, PairMargin};
use super::{Loss, LossInput, LossOutput};
use crate::TrainError;
use serde::{Deserialize, Serialize};
use tch::nn::{Init, Path};
use tch::{Kind, Tensor};

pub(super) const NAME: &str = "contrastive";

/// Options of [`LossConfig::Contrastive`](super::LossConfig::Contrastive).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContrastiveOptions {
    /// The form of the loss.
    pub form: ContrastiveForm,
    /// What is done to features first; the cosine form has no use for it.
    pub features: FeatureLength,
    /// Which rows are compared.
    pub pairing: Pairing,
    /// How far apart two people are to be; the cosine form has no use for it.
    pub margin: MarginRule,
}

/// The verification loss of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContrastiveForm {
    /// ½‖f_i − f_j‖₂² of one person, ½ max(0, m − ‖f_i − f_j‖₂)² of two.
    #[default]
    L2,
    /// ‖f_i − f_j‖₁ of one person, max(0, m − ‖f_i − f_j‖₁) of two.
    L1,
    /// ½(y − σ(w·cos(f_i, f_j) + b))², y being 1 for one person and 0 for two; w and b are trained.
    Cosine,
}

/// The length at which features are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureLength {
    /// Their own.
    #[default]
    Own,
    /// 1.
    Unit,
}

/// The mean verification loss of a batch's pairs.
///
/// Source: Sun et al., NIPS 2014, eqs. 2 and 3; the L1 form, which they leave open, by Mobahi et al.,
/// ICML 2009. Where two features are the same the gradient of their distance is taken as 0.
pub(super) struct Contrastive {
    dim: i64,
    n_classes: i64,
    options: ContrastiveOptions,
    judge: Judge,
}

enum Judge {
    Distance(PairMargin),
    Cosine {
        /// w, `[1]`.
        slope: Tensor,
        /// b, `[1]`.
        bias: Tensor,
    },
}

impl Contrastive {
    pub(super) fn new(
        path: &Path<'_>,
        dim: i64,
        n_classes: i64,
        options: ContrastiveOptions,
    ) -> Result<Self, TrainError> {
        let judge = match options.form {
            ContrastiveForm::L2 | ContrastiveForm::L1 => {
                Judge::Distance(PairMargin::new(path, NAME, options.margin)?)
            }
            // Open: slope 1 and bias 0.
            ContrastiveForm::Cosine => Judge::Cosine {
                slope: path.var("slope", &[1], Init::Const(1.0)),
                bias: path.var("bias", &[1], Init::Const(0.0)),
            },
        };
        Ok(Self {
            dim,
            n_classes,
            options,
            judge,
        })
    }

    /// `[p]`.
    fn distances(&self, first: &Tensor, second: &Tensor) -> Tensor {
        let differences = match self.options.features {
            FeatureLength::Own => first - second,
            FeatureLength::Unit => unit_rows(first) - unit_rows(second),
        };
        match self.options.form {
            ContrastiveForm::L1 => differences.abs().sum_dim_intlist(1, false, None::<Kind>),
            _ => lengths(&differences).squeeze_dim(1),
        }
    }

    /// The loss of each pair at some distance, `[p]`.
    fn costs(&self, distances: &Tensor, same: &Tensor, margin: f64) -> Tensor {
        let missing: Tensor = margin - distances;
        let costs = distances.where_self(same, &missing.relu());
        match self.options.form {
            ContrastiveForm::L1 => costs,
            _ => costs.square() * 0.5,
        }
    }
}

impl Loss for Contrastive {
    fn name(&self) -> &'static str {
        NAME
    }

    fn compute(&mut self, input: &LossInput<'_>) -> Result<LossOutput, TrainError> {
        input.check_labels(self.n_classes)?;
        let pairs = Pairs::of(input.labels, self.options.pairing);
        let (first, second) = pairs.ends(input.features(self.dim)?);
        let distances = self.distances(&first, &second);
        let (costs, part) = match &mut self.judge {
            Judge::Cosine { slope, bias } => {
                let products = unit_rows(&first) * unit_rows(&second);
                let cosines = products.sum_dim_intlist(1, false, None::<Kind>);
                let accepted = (cosines * &*slope + &*bias).sigmoid();
                let wrong = pairs.same.to_kind(accepted.kind()) - accepted;
                (wrong.square() * 0.5, None)
            }
            Judge::Distance(margin) => {
                let m = margin.value();
                margin.observe(&distances.detach(), &pairs.same)?;
                (self.costs(&distances, &pairs.same, m), Some(("margin", m)))
            }
        };
        let mut output = LossOutput::of(NAME, pairs.mean(&costs), None);
        output.parts.extend(part);
        Ok(output)
    }
}
