//! Distillation: the embeddings of another network as targets.

use super::checked::number;
use super::class_weights;
use super::geometry::unit_rows;
use super::{Loss, LossInput, LossOutput};
use crate::TrainError;
use serde::{Deserialize, Serialize};
use tch::nn::Path;
use tch::{Kind, Tensor};

pub(super) const NAME: &str = "distillation";

/// How far a feature f is from the teacher's t.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DistillationDistance {
    /// 1 − cos(f, t).
    #[default]
    Cosine,
    /// ‖f − t‖² / d', of both as they are.
    Mse,
}

/// Options of [`LossConfig::Distillation`](super::LossConfig::Distillation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DistillationOptions {
    /// What is made small.
    pub distance: DistillationDistance,
    /// Length d' of the teacher's embeddings, where it is not the feature's own: a matrix
    /// `[d', d]`, trained along, then takes features there.
    pub teacher_dim: Option<u32>,
}

/// The mean distance to the teacher's embeddings, of labelled and unlabelled rows alike.
///
/// Source: Romero et al., ICLR 2015 (with their regressor), on embeddings.
pub(super) struct Distillation {
    distance: DistillationDistance,
    dim: i64,
    teacher_dim: i64,
    projection: Option<Tensor>,
}

impl Distillation {
    pub(super) fn new(
        path: &Path<'_>,
        dim: i64,
        options: DistillationOptions,
    ) -> Result<Self, TrainError> {
        let teacher_dim = options.teacher_dim.map_or(dim, i64::from);
        number(NAME, "teacher_dim", teacher_dim as f64).above_zero()?;
        let differs = teacher_dim != dim;
        Ok(Self {
            distance: options.distance,
            dim,
            teacher_dim,
            projection: differs.then(|| class_weights::weights(path, teacher_dim, dim)),
        })
    }

    fn targets(&self, input: &LossInput<'_>, features: &Tensor) -> Result<Tensor, TrainError> {
        let teacher = input.teacher.ok_or(TrainError::NoTeacher)?;
        let expected = vec![features.size()[0], self.teacher_dim];
        match teacher.size() {
            got if got == expected => Ok(teacher
                .detach()
                .to_device(features.device())
                .to_kind(features.kind())),
            got => Err(TrainError::LossShape {
                what: "the teacher's embeddings (teacher_dim sets their length)",
                expected,
                got,
            }),
        }
    }
}

impl Loss for Distillation {
    fn name(&self) -> &'static str {
        NAME
    }

    fn compute(&mut self, input: &LossInput<'_>) -> Result<LossOutput, TrainError> {
        let features = input.features(self.dim)?;
        let targets = self.targets(input, features)?;
        let features = match &self.projection {
            Some(matrix) => features.matmul(&matrix.tr()),
            None => features.shallow_clone(),
        };
        let distances = match self.distance {
            DistillationDistance::Cosine => {
                let products = unit_rows(&features) * unit_rows(&targets);
                1.0 - products.sum_dim_intlist(1, false, None::<Kind>)
            }
            DistillationDistance::Mse => {
                (features - targets)
                    .square()
                    .mean_dim(1, false, None::<Kind>)
            }
        };
        let n_rows = distances.size()[0].max(1);
        let value = distances.sum(None::<Kind>) / n_rows as f64;
        Ok(LossOutput::of(NAME, value, None))
    }
}
