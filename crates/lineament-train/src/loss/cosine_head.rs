//! A classifier of angles: what all losses with a margin share.

use super::class_weights;
use super::cross_entropy::cross_entropy;
use super::geometry::{lengths, unit_rows};
use super::input::Labelled;
use super::partial_fc::Sampling;
use super::{Loss, LossInput, LossOutput};
use crate::TrainError;
use tch::Tensor;
use tch::nn::Path;

/// Angles between the labelled rows of a batch and the classes.
pub(super) struct Angles {
    /// cos θ_j, `[m, C]`.
    pub(super) cosines: Tensor,
    /// ‖x‖, `[m]`.
    pub(super) lengths: Tensor,
    /// The column of each row's own class, `[m]`.
    pub(super) labels: Tensor,
    /// Steps of the optimiser before this one.
    pub(super) step: u64,
}

/// What a loss makes of angles.
pub(super) struct Judged {
    /// `[m, C]`, for cross-entropy.
    pub(super) logits: Tensor,
    /// A scalar to add, weighted already.
    pub(super) penalty: Option<Tensor>,
    /// Further numbers to show.
    pub(super) parts: Vec<(&'static str, f64)>,
}

/// How a loss turns angles into logits.
pub(super) trait Margin: Send {
    fn name(&self) -> &'static str;

    /// Directions that stand for one class; the nearest counts.
    fn centres_per_class(&self) -> i64 {
        1
    }

    fn judge(&mut self, angles: &Angles) -> Judged;
}

/// Cross-entropy of what a margin makes of cos θ_j = ⟨x/‖x‖, W_j/‖W_j‖⟩.
pub(super) struct CosineHead {
    margin: Box<dyn Margin>,
    /// `[n_classes · centres_per_class, dim]`, the centres of a class together.
    weight: Tensor,
    n_classes: i64,
    dim: i64,
    sampling: Option<Sampling>,
}

impl CosineHead {
    pub(super) fn new(path: &Path<'_>, dim: i64, n_classes: i64, margin: Box<dyn Margin>) -> Self {
        let n_rows = n_classes * margin.centres_per_class();
        Self {
            weight: class_weights::directions(path, n_rows, dim),
            margin,
            n_classes,
            dim,
            sampling: None,
        }
    }

    /// The head, looking at some of its classes a step.
    pub(super) fn sampled(self, sampling: Sampling) -> Self {
        Self {
            sampling: Some(sampling),
            ..self
        }
    }

    /// cos θ_j of rows, `[m, d]` to `[m, C]`; equally near centres share the gradient.
    fn cosines(&self, features: &Tensor, classes: Option<&Tensor>) -> Tensor {
        let k = self.margin.centres_per_class();
        let weight = match classes {
            None => self.weight.shallow_clone(),
            Some(classes) => self.weight.view([-1, k, self.dim]).index_select(0, classes),
        };
        let weight = unit_rows(&weight.reshape([-1, self.dim]));
        let cosines = unit_rows(features).matmul(&weight.tr());
        match k {
            1 => cosines,
            k => {
                let shape = [features.size()[0], weight.size()[0] / k, k];
                cosines.view(shape).amax([2_i64].as_slice(), false)
            }
        }
    }
}

impl Loss for CosineHead {
    fn name(&self) -> &'static str {
        self.margin.name()
    }

    fn compute(&mut self, input: &LossInput<'_>) -> Result<LossOutput, TrainError> {
        let Labelled { features, labels } = input.labelled(self.dim, self.n_classes)?;
        let sample = match self.sampling {
            Some(sampling) => Some(sampling.sample(&labels, self.n_classes, input.step)?),
            None => None,
        };
        let angles = Angles {
            cosines: self.cosines(&features, sample.as_ref().map(|sample| &sample.classes)),
            lengths: lengths(&features).squeeze_dim(1),
            labels: sample
                .as_ref()
                .map_or(labels, |sample| sample.labels.shallow_clone()),
            step: input.step,
        };
        let judged = self.margin.judge(&angles);
        let identity = cross_entropy(&judged.logits, &angles.labels, 0.0);
        let all_cosines = sample.is_none().then_some(angles.cosines);
        let mut output = LossOutput::of(self.name(), identity, all_cosines);
        output.parts.extend(judged.parts);
        if let Some(penalty) = judged.penalty {
            output.total += penalty;
        }
        Ok(output)
    }
}

impl Angles {
    /// cos θ_y, `[m]`.
    pub(super) fn targets(&self) -> Tensor {
        self.cosines
            .gather(1, &self.labels.unsqueeze(1), false)
            .squeeze_dim(1)
    }

    /// All cosines, but these in place of the targets'.
    pub(super) fn with_targets(&self, targets: &Tensor) -> Tensor {
        replace(&self.cosines, &self.labels, targets)
    }
}

/// `logits` `[m, C]` with `targets` `[m]` in the columns `labels` `[m]`.
pub(super) fn replace(logits: &Tensor, labels: &Tensor, targets: &Tensor) -> Tensor {
    logits.scatter(1, &labels.unsqueeze(1), &targets.unsqueeze(1))
}

impl From<Tensor> for Judged {
    /// Logits and nothing else.
    fn from(logits: Tensor) -> Self {
        Self {
            logits,
            penalty: None,
            parts: vec![],
        }
    }
}
