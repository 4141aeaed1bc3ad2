//! Losses by configuration.

use super::a_softmax::{self, ASoftmaxOptions};
use super::adaface::{self, AdafaceOptions};
use super::arcface::{self, ArcfaceOptions};
use super::center::{self, CenterOptions};
use super::combined_margin::{self, CombinedMarginOptions};
use super::contrastive::{self, ContrastiveOptions};
use super::cosface::{self, CosfaceOptions};
use super::curricularface::{self, CurricularfaceOptions};
use super::distillation::{self, DistillationOptions};
use super::joint::{self, JointOptions};
use super::l_softmax::{self, LSoftmaxOptions};
use super::magface::{self, MagfaceOptions};
use super::modified_softmax::{self, ModifiedSoftmaxOptions};
use super::normface::{self, NormfaceOptions};
use super::partial_fc::{self, PartialFcOptions};
use super::siamese::{self, SiameseOptions};
use super::softmax::{self, SoftmaxOptions};
use super::subcenter_arcface::{self, SubcenterArcfaceOptions};
use super::triplet::{self, TripletOptions};
use serde::{Deserialize, Serialize};

pub(super) const SUM: &str = "sum";

/// What to train with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LossConfig {
    /// Softmax, with label smoothing where wanted.
    Softmax(SoftmaxOptions),
    /// Softmax over ‖x‖ cos θ.
    ModifiedSoftmax(ModifiedSoftmaxOptions),
    /// Near pairs of one person, far pairs of two.
    Contrastive(ContrastiveOptions),
    /// Softmax and contrastive: DeepID2's.
    Joint(JointOptions),
    /// A learned distance of pairs: DeepFace's.
    Siamese(SiameseOptions),
    /// Positives nearer than negatives: FaceNet's.
    Triplet(TripletOptions),
    /// Features near their class's centre; a term beside another loss.
    Center(CenterOptions),
    /// A multiplied angle between features and weights of any length.
    LSoftmax(LSoftmaxOptions),
    /// A multiplied angle: SphereFace's.
    ASoftmax(ASoftmaxOptions),
    /// Softmax over scaled cosines.
    Normface(NormfaceOptions),
    /// A margin on the cosine.
    Cosface(CosfaceOptions),
    /// A margin on the angle.
    Arcface(ArcfaceOptions),
    /// The three kinds of margin at once.
    CombinedMargin(CombinedMarginOptions),
    /// ArcFace with several centres a class.
    SubcenterArcface(SubcenterArcfaceOptions),
    /// A margin that grows with the length of features.
    Magface(MagfaceOptions),
    /// ArcFace that turns to hard classes by and by.
    Curricularface(CurricularfaceOptions),
    /// A margin that knows good images by the length of features.
    Adaface(AdafaceOptions),
    /// A loss of angles that looks at some classes a step.
    PartialFc(PartialFcOptions),
    /// Another network's embeddings as targets.
    Distillation(DistillationOptions),
    /// Several at once.
    Sum(SumOptions),
}

/// Options of [`LossConfig::Sum`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SumOptions {
    /// What is added.
    pub terms: Vec<WeightedLoss>,
}

/// A term of a sum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightedLoss {
    /// What it is multiplied by.
    #[serde(default = "one")]
    pub weight: f64,
    /// What it looks at.
    #[serde(default)]
    pub outputs: Outputs,
    /// The loss.
    pub loss: LossConfig,
}

/// Which outputs of a network a loss looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outputs {
    /// Each, with variables of its own: DeepID2+ is supervised at every layer.
    #[default]
    All,
    /// The embedding alone.
    Embedding,
}

fn one() -> f64 {
    1.0
}

impl WeightedLoss {
    pub(super) fn parts(&self) -> (f64, Outputs, &LossConfig) {
        (self.weight, self.outputs, &self.loss)
    }
}

impl LossConfig {
    /// Its `kind`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Softmax(_) => softmax::NAME,
            Self::ModifiedSoftmax(_) => modified_softmax::NAME,
            Self::Contrastive(_) => contrastive::NAME,
            Self::Joint(_) => joint::NAME,
            Self::Siamese(_) => siamese::NAME,
            Self::Triplet(_) => triplet::NAME,
            Self::Center(_) => center::NAME,
            Self::LSoftmax(_) => l_softmax::NAME,
            Self::ASoftmax(_) => a_softmax::NAME,
            Self::Normface(_) => normface::NAME,
            Self::Cosface(_) => cosface::NAME,
            Self::Arcface(_) => arcface::NAME,
            Self::CombinedMargin(_) => combined_margin::NAME,
            Self::SubcenterArcface(_) => subcenter_arcface::NAME,
            Self::Magface(_) => magface::NAME,
            Self::Curricularface(_) => curricularface::NAME,
            Self::Adaface(_) => adaface::NAME,
            Self::PartialFc(_) => partial_fc::NAME,
            Self::Distillation(_) => distillation::NAME,
            Self::Sum(_) => SUM,
        }
    }
}
