//! From a configuration to losses.

use super::a_softmax::ASoftmax;
use super::adaface::Adaface;
use super::arcface::Arcface;
use super::center::Center;
use super::checked::number;
use super::combined_margin::CombinedMargin;
use super::config::{LossConfig, Outputs, SUM, WeightedLoss};
use super::contrastive::Contrastive;
use super::cosface::Cosface;
use super::cosine_head::{CosineHead, Margin};
use super::curricularface::Curricularface;
use super::distillation::Distillation;
use super::joint::Joint;
use super::l_softmax::LSoftmax;
use super::magface::Magface;
use super::modified_softmax::ModifiedSoftmax;
use super::normface::Normface;
use super::partial_fc::{self, PartialFcOptions, Sampling};
use super::siamese::Siamese;
use super::softmax::Softmax;
use super::subcenter_arcface::SubcenterArcface;
use super::triplet::Triplet;
use super::{Loss, LossInput, LossOutput, Weighted};
use crate::TrainError;
use tch::nn::Path;

/// The losses of a configuration, each with what it is multiplied by, for a network with
/// `n_outputs` outputs of length `dim`; their variables are `path.<kind>_<index>.…`.
///
/// # Errors
/// An option out of its range, or a loss where it cannot be.
pub fn build(
    config: &LossConfig,
    path: &Path<'_>,
    dim: i64,
    n_classes: i64,
    n_outputs: usize,
) -> Result<Vec<Weighted>, TrainError> {
    let terms = match config {
        LossConfig::Sum(sum) => sum.terms.iter().map(WeightedLoss::parts).collect(),
        single => vec![(1.0, Outputs::All, single)],
    };
    let mut losses: Vec<Weighted> = vec![];
    for (weight, outputs, config) in terms {
        number(SUM, "weight", weight).not_below_zero()?;
        let n_outputs = match outputs {
            Outputs::All => n_outputs,
            Outputs::Embedding => 1,
        };
        for output_idx in 0..n_outputs {
            let place = Place {
                path: path / format!("{}_{}", config.name(), losses.len()),
                dim,
                n_classes,
            };
            let loss = place.loss(config)?;
            losses.push((weight, Box::new(AtOutput { output_idx, loss })));
        }
    }
    Ok(losses)
}

/// Where a loss has its variables, and what it sees.
struct Place<'a> {
    path: Path<'a>,
    dim: i64,
    n_classes: i64,
}

/// What a configuration stands for.
enum Built {
    /// A way to judge angles.
    Margin(Box<dyn Margin>),
    /// A loss of features.
    Loss(Box<dyn Loss>),
}

impl Place<'_> {
    fn loss(&self, config: &LossConfig) -> Result<Box<dyn Loss>, TrainError> {
        Ok(match self.build(config)? {
            Built::Margin(margin) => Box::new(self.head(margin)),
            Built::Loss(loss) => loss,
        })
    }

    fn head(&self, margin: Box<dyn Margin>) -> CosineHead {
        CosineHead::new(&self.path, self.dim, self.n_classes, margin)
    }

    fn partial(&self, options: &PartialFcOptions) -> Result<CosineHead, TrainError> {
        let sampling = Sampling::new(options)?;
        match self.build(&options.head)? {
            Built::Margin(margin) => Ok(self.head(margin).sampled(sampling)),
            Built::Loss(_) => Err(TrainError::LossInside {
                outer: partial_fc::NAME,
                expected: "a loss of angles, such as cosface",
                got: options.head.name(),
            }),
        }
    }

    fn build(&self, config: &LossConfig) -> Result<Built, TrainError> {
        use Built::{Loss, Margin};
        use LossConfig as Kind;
        let Self {
            path,
            dim,
            n_classes,
        } = self;
        let (d, c) = (*dim, *n_classes);
        Ok(match config {
            Kind::Softmax(options) => Loss(Box::new(Softmax::new(path, d, c, *options)?)),
            Kind::Contrastive(options) => Loss(Box::new(Contrastive::new(path, d, c, *options)?)),
            Kind::Joint(options) => Loss(Box::new(Joint::new(path, d, c, *options)?)),
            Kind::Siamese(options) => Loss(Box::new(Siamese::new(path, d, c, *options))),
            Kind::Triplet(options) => Loss(Box::new(Triplet::new(d, c, *options)?)),
            Kind::Center(options) => Loss(Box::new(Center::new(path, d, c, *options)?)),
            Kind::LSoftmax(options) => Loss(Box::new(LSoftmax::new(path, d, c, *options)?)),
            Kind::Distillation(options) => Loss(Box::new(Distillation::new(path, d, *options)?)),
            Kind::PartialFc(options) => Loss(Box::new(self.partial(options)?)),
            Kind::ModifiedSoftmax(_) => Margin(Box::new(ModifiedSoftmax)),
            Kind::ASoftmax(options) => Margin(Box::new(ASoftmax::new(*options)?)),
            Kind::Normface(options) => Margin(Box::new(Normface::new(path, *options)?)),
            Kind::Cosface(options) => Margin(Box::new(Cosface::new(*options)?)),
            Kind::Arcface(options) => Margin(Box::new(Arcface::new(*options)?)),
            Kind::CombinedMargin(options) => Margin(Box::new(CombinedMargin::new(*options)?)),
            Kind::SubcenterArcface(options) => Margin(Box::new(SubcenterArcface::new(*options)?)),
            Kind::Magface(options) => Margin(Box::new(Magface::new(*options)?)),
            Kind::Curricularface(options) => Margin(Box::new(Curricularface::new(path, *options)?)),
            Kind::Adaface(options) => Margin(Box::new(Adaface::new(path, *options)?)),
            Kind::Sum(_) => {
                return Err(TrainError::LossInside {
                    outer: SUM,
                    expected: "losses that are no sums",
                    got: SUM,
                });
            }
        })
    }
}

/// A loss of one of several outputs.
struct AtOutput {
    output_idx: usize,
    loss: Box<dyn Loss>,
}

impl Loss for AtOutput {
    fn name(&self) -> &'static str {
        self.loss.name()
    }

    fn compute(&mut self, input: &LossInput<'_>) -> Result<LossOutput, TrainError> {
        let outputs = input.outputs.get(self.output_idx..).unwrap_or(&[]);
        self.loss.compute(&LossInput { outputs, ..*input })
    }
}
