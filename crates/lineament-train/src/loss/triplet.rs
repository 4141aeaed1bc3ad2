//! Triplet loss, FaceNet's.

use super::checked::number;
use super::geometry::unit_rows;
use super::mining::{Negatives, Triplets};
use super::{Loss, LossInput, LossOutput};
use crate::TrainError;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

pub(super) const NAME: &str = "triplet";

/// Options of [`LossConfig::Triplet`](super::LossConfig::Triplet).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TripletOptions {
    /// α, how much nearer a positive must be, in squared distance.
    pub margin: f64,
    /// Which negatives are used.
    pub negatives: Negatives,
}

impl Default for TripletOptions {
    /// FaceNet's.
    fn default() -> Self {
        Self {
            margin: 0.2,
            negatives: Negatives::SemiHard,
        }
    }
}

/// max(0, ‖f_a − f_p‖² − ‖f_a − f_n‖² + α) of features brought to length 1, for all pairs (a, p) of
/// one person in the batch and the negatives mined for them.
///
/// Source: Schroff et al., CVPR 2015, eq. 2 and section 3.2. Deviation: the mean over the triplets
/// that are not satisfied, not the sum, so that a rate of learning fits any batch; 0 where there is
/// none, as without a positive or without a negative.
pub(super) struct Triplet {
    dim: i64,
    n_classes: i64,
    options: TripletOptions,
}

impl Triplet {
    pub(super) fn new(
        dim: i64,
        n_classes: i64,
        options: TripletOptions,
    ) -> Result<Self, TrainError> {
        number(NAME, "margin", options.margin).above_zero()?;
        Ok(Self {
            dim,
            n_classes,
            options,
        })
    }
}

impl Loss for Triplet {
    fn name(&self) -> &'static str {
        NAME
    }

    fn compute(&mut self, input: &LossInput<'_>) -> Result<LossOutput, TrainError> {
        let TripletOptions { margin, negatives } = self.options;
        let labelled = input.labelled(self.dim, self.n_classes)?;
        let distances = squared_distances(&unit_rows(&labelled.features));
        let triplets = Triplets::mine(&distances.detach(), &labelled.labels, negatives, margin);
        let uses = triplets.positive - triplets.negative;
        let sum = (distances * uses).sum(None::<Kind>) + triplets.n_triplets * margin;
        let value = sum / triplets.n_triplets.max(1.0);
        let mut output = LossOutput::of(NAME, value, None);
        output.parts.push(("open_triplets", triplets.n_triplets));
        Ok(output)
    }
}

/// ‖f_i − f_j‖² of rows of length 1, `[n, n]`.
fn squared_distances(rows: &Tensor) -> Tensor {
    2.0 - rows.matmul(&rows.tr()) * 2.0
}
