//! What networks are trained with: one file a loss.
//!
//! A loss sees the network's outputs for one batch and gives a scalar to differentiate. It keeps
//! its class weights and all that it remembers (centres, margins, running means) in the
//! [`tch::nn::Path`] it is built on, so that a saved variable store holds the whole of it. Initial
//! weights come from torch's generator: whoever builds a loss calls [`tch::manual_seed`] first.
//!
//! Rows whose label is −1 show nobody known: losses of identity skip them, distillation does not.
//! Every value is a mean over the rows, pairs or triplets that count; where none does, the value and
//! all gradients are 0. It knows nothing of networks, files or optimisers.
//!
//! ```
//! use lineament_train::loss::{self, LossConfig, LossInput};
//! use tch::{Device, Kind, Tensor, nn::VarStore};
//!
//! tch::manual_seed(1);
//! let variables = VarStore::new(Device::Cpu);
//! let config: LossConfig = serde_json::from_str(r#"{"kind": "cosface", "scale": 30.0}"#)?;
//! let mut losses = loss::build(&config, &(variables.root() / "loss"), 4, 3, 1)?;
//! let features = Tensor::randn([6, 4], (Kind::Float, Device::Cpu)).set_requires_grad(true);
//! let input = LossInput {
//!     outputs: &[features.shallow_clone()],
//!     labels: &Tensor::from_slice(&[0_i64, 0, 1, 1, 2, -1]),
//!     step: 0,
//!     teacher: None,
//! };
//! let (weight, cosface) = &mut losses[0];
//! (cosface.compute(&input)?.total * *weight).backward();
//! assert_eq!(features.grad().get(5).abs().sum(Kind::Float).double_value(&[]), 0.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod a_softmax;
mod adaface;
mod arcface;
mod build;
mod center;
mod checked;
mod class_weights;
mod combined_margin;
mod config;
mod contrastive;
mod cosface;
mod cosine_head;
mod cross_entropy;
mod curricularface;
mod distillation;
mod geometry;
mod input;
mod joint;
mod l_softmax;
mod magface;
mod memory;
mod mining;
mod modified_softmax;
mod multiplied_angle;
mod normface;
mod pair_margin;
mod partial_fc;
mod siamese;
mod softmax;
mod subcenter_arcface;
mod triplet;

pub use a_softmax::ASoftmaxOptions;
pub use adaface::AdafaceOptions;
pub use arcface::ArcfaceOptions;
pub use build::build;
pub use center::CenterOptions;
pub use combined_margin::CombinedMarginOptions;
pub use config::{LossConfig, Outputs, SumOptions, WeightedLoss};
pub use contrastive::{ContrastiveForm, ContrastiveOptions, FeatureLength};
pub use cosface::CosfaceOptions;
pub use curricularface::CurricularfaceOptions;
pub use distillation::{DistillationDistance, DistillationOptions};
pub use input::{LossInput, LossOutput};
pub use joint::JointOptions;
pub use l_softmax::LSoftmaxOptions;
pub use magface::MagfaceOptions;
pub use mining::{Negatives, Pairing};
pub use modified_softmax::ModifiedSoftmaxOptions;
pub use multiplied_angle::Annealing;
pub use normface::{NormfaceOptions, Scaling};
pub use pair_margin::MarginRule;
pub use partial_fc::PartialFcOptions;
pub use siamese::SiameseOptions;
pub use softmax::SoftmaxOptions;
pub use subcenter_arcface::SubcenterArcfaceOptions;
pub use triplet::TripletOptions;

use crate::TrainError;

/// A loss and what it is multiplied by.
pub type Weighted = (f64, Box<dyn Loss>);

/// Something to make small.
pub trait Loss: Send {
    /// The `kind` of its configuration; of Partial FC, that of its head.
    fn name(&self) -> &'static str;

    /// Its value for a batch, and what it remembers brought up to date.
    ///
    /// # Errors
    /// Outputs, labels or teacher rows that do not fit each other or what the loss was built for.
    fn compute(&mut self, input: &LossInput<'_>) -> Result<LossOutput, TrainError>;
}
