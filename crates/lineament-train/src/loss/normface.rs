//! NormFace.

use super::checked::number;
use super::cosine_head::{Angles, Judged, Margin};
use crate::TrainError;
use serde::{Deserialize, Serialize};
use tch::Tensor;
use tch::nn::{Init, Path};

pub(super) const NAME: &str = "normface";

/// Options of [`LossConfig::Normface`](super::LossConfig::Normface).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NormfaceOptions {
    /// s, what cosines are multiplied by, or where that starts.
    pub scale: f64,
    /// Whether s is trained.
    pub scaling: Scaling,
}

/// What becomes of a scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// It is trained with the weights.
    #[default]
    Learned,
    /// It stays.
    Fixed,
}

impl Default for NormfaceOptions {
    /// Learned as in the paper, which leaves the start open.
    fn default() -> Self {
        Self {
            scale: 20.0,
            scaling: Scaling::Learned,
        }
    }
}

/// Softmax over s cos θ_j.
///
/// Source: Wang et al., ACM Multimedia 2017.
pub(super) struct Normface {
    /// `[]`.
    scale: Tensor,
}

impl Normface {
    pub(super) fn new(path: &Path<'_>, options: NormfaceOptions) -> Result<Self, TrainError> {
        number(NAME, "scale", options.scale).above_zero()?;
        let scale = match options.scaling {
            Scaling::Learned => path.var("scale", &[], Init::Const(options.scale)),
            Scaling::Fixed => Tensor::from(options.scale),
        };
        Ok(Self { scale })
    }
}

impl Margin for Normface {
    fn name(&self) -> &'static str {
        NAME
    }

    fn judge(&mut self, angles: &Angles) -> Judged {
        Judged {
            parts: vec![("scale", self.scale.double_value(&[]))],
            ..(&angles.cosines * &self.scale).into()
        }
    }
}
