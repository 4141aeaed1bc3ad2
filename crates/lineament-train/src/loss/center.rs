//! Center loss.

use super::checked::number;
use super::memory::kept;
use super::{Loss, LossInput, LossOutput};
use crate::TrainError;
use serde::{Deserialize, Serialize};
use tch::nn::Path;
use tch::{Kind, Tensor};

pub(super) const NAME: &str = "center";

/// Options of [`LossConfig::Center`](super::LossConfig::Center).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CenterOptions {
    /// α, how far centres move towards a batch's features, in [0, 1].
    pub pace: f64,
}

impl Default for CenterOptions {
    /// The paper's.
    fn default() -> Self {
        Self { pace: 0.5 }
    }
}

/// ½‖x − c_y‖², averaged over rows; it is added to a softmax, with a weight λ of 0.003 in the paper.
///
/// Centres `[n_classes, dim]` start at 0 (open), have no gradient, and move after each batch by
/// α Σ(x − c)/(1 + n) over the n rows of their class. Source: Wen et al., ECCV 2016, eqs. 2 to 4.
/// Deviation: the paper's eq. 2 sums over rows where its code, like this one, averages.
pub(super) struct Center {
    pace: f64,
    centres: Tensor,
}

impl Center {
    pub(super) fn new(
        path: &Path<'_>,
        dim: i64,
        n_classes: i64,
        options: CenterOptions,
    ) -> Result<Self, TrainError> {
        number(NAME, "pace", options.pace).within(0.0, 1.0, "from 0 to 1")?;
        Ok(Self {
            pace: options.pace,
            centres: kept(path, "centres", &[n_classes, dim], 0.0),
        })
    }

    /// `offsets` are x − c_y, `[m, dim]`.
    fn follow(&mut self, labels: &Tensor, offsets: &Tensor) {
        let (classes, class_of_row, counts) = labels.unique_dim(0, true, true, true);
        let shape = [classes.size()[0], offsets.size()[1]];
        let sums = offsets
            .new_zeros(shape, (offsets.kind(), offsets.device()))
            .index_add(0, &class_of_row, offsets);
        let moves = sums / (counts.unsqueeze(1) + 1) * self.pace;
        let _ = self.centres.index_add_(0, &classes, &moves);
    }
}

impl Loss for Center {
    fn name(&self) -> &'static str {
        NAME
    }

    fn compute(&mut self, input: &LossInput<'_>) -> Result<LossOutput, TrainError> {
        let (n_classes, dim) = self.centres.size2()?;
        let labelled = input.labelled(dim, n_classes)?;
        let own = self.centres.index_select(0, &labelled.labels);
        let offsets = &labelled.features - own;
        let n_rows = labelled.labels.size()[0].max(1);
        let value = offsets.square().sum(None::<Kind>) / (2 * n_rows) as f64;
        self.follow(&labelled.labels, &offsets.detach());
        Ok(LossOutput::of(NAME, value, None))
    }
}
