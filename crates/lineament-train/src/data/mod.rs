//! What networks are trained on: sets, augmentation, samplers, batches.
//!
//! [`Images`] are all images of some sets; a [`TrainSet`] is those of them that are trained on, with
//! labels. A [`Sampler`] says which images a step takes, [`Augment`] what becomes of each, and a
//! [`Loader`] makes the batches on threads of its own. Samplers and augmentation are functions of a
//! seed and the step alone: a run that goes on at a step needs nothing but that number.

pub mod augment;
pub mod images;
pub mod loader;
mod packed;
pub(crate) mod random;
pub mod sampler;
pub mod set;
pub mod target;
pub mod teacher;

pub use augment::{
    Augment, AugmentOptions, BlurOptions, ColorOptions, JpegOptions, LowResolutionOptions,
    MixOptions, OcclusionOptions, WarpOptions,
};
pub(crate) use images::decode;
pub use images::{DataSource, Images};
pub use loader::{Batch, Loader};
pub use sampler::{BalancedEpoch, Sampler, SamplerOptions};
pub use set::{Few, Part, SetCounts, SetOptions, TrainSet, Unlabelled};
pub use target::Target;
pub use teacher::{TargetViews, Teacher, TeacherFeatures, TeacherModel};

/// Hears how many of how many are done, and may stop the work.
pub type Progress<'a> = dyn FnMut(usize, usize) -> std::ops::ControlFlow<()> + 'a;
