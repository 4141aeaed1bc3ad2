//! The smaller sections of a configuration.

use crate::data::{DataSource, SetOptions, TargetViews};
use crate::nets::NetOptions;
use crate::run::span::Span;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// One of [`crate::nets`], `sphereface-20` say.
    pub name: String,
    /// Its length of embedding, batch norm, width and so on. The size of its input is that of
    /// `[input]`.
    #[serde(default)]
    pub options: NetOptions,
    /// What training starts from. A checkpoint, `.safetensors`: tensors of other names or shapes,
    /// another set's class weights say, start as without it. A model file, `.onnx`, of this network:
    /// the run starts as what it computes, on `[input]` as its manifest says; batch normalisation
    /// that `export` has folded into the layers before it is given the mean and variance of the
    /// first eight batches (of 2,048 images at most), and weights and biases with which it changes nothing.
    #[serde(default)]
    pub weights: Option<PathBuf>,
    /// What the variables are called in `weights`, a `.safetensors` file of others: `facenet-pytorch`, `arcface-torch`,
    /// or the TOML file of a [`NameMap`](crate::model::NameMap). The file has to hold all of the network's then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<String>,
    /// The beginnings of the names of the variables that move; empty where all do.
    #[serde(default)]
    pub trainable: Vec<String>,
}

/// What a network is trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// The folder that paths of sources, validation lists and teacher features start from.
    #[serde(default)]
    pub root: PathBuf,
    /// Labelled sets.
    pub sources: Vec<DataSource>,
    /// Which of their images.
    #[serde(default)]
    pub selection: SetOptions,
    /// A file for decoded crops, made when it is not there; without one, images are decoded each
    /// time.
    #[serde(default)]
    pub cache: Option<PathBuf>,
}

/// Another network's embeddings of the same images, from one of three places.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TeacherConfig {
    /// The file that `teach` wrote of every image and its mirror image, as they are before
    /// augmentation. Costs nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<PathBuf>,
    /// The network, an ONNX file with a manifest or the manifest, which is asked about the
    /// pixels that the student sees, after augmentation ([`TeacherModel`](crate::data::TeacherModel)).
    /// It costs a forward pass of the teacher on the loader's threads for each view.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<PathBuf>,
    /// What the student is to say.
    pub views: TargetViews,
    /// The same as `model`, computed by one of [`crate::nets`] with the weights of the model, where the
    /// student is trained and in its numbers: on a GPU, say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<TeacherNetworkConfig>,
}

/// A teacher that is one of our networks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeacherNetworkConfig {
    /// One of [`crate::nets`], whose layers are those of the model.
    pub name: String,
    /// Its length of embedding, width and so on. It sees what the student sees.
    #[serde(default)]
    pub options: NetOptions,
    /// An ONNX file with a manifest, or the manifest: weights and preprocessing.
    pub model: PathBuf,
}

/// How long, and how a step is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// When the run is over.
    pub length: Span,
    /// Batches of the sampler whose gradients are averaged before each step.
    #[serde(default = "one")]
    pub accumulate: u64,
    /// Images that go through the network at once, where a batch is too large for the memory: the
    /// loss sees the whole batch's embeddings, gradients are brought back piece by piece (Gao and
    /// others 2021). 0: the whole batch.
    #[serde(default)]
    pub chunk: usize,
    /// The greatest L2 norm of all gradients together; 0: any.
    #[serde(default)]
    pub clip_norm: f64,
    /// Decay of averaged weights, which are then what is validated and exported; 0: none are kept.
    #[serde(default)]
    pub ema: f64,
    /// Numbers of the convolutions.
    #[serde(default)]
    pub precision: PrecisionChoice,
    /// Where it runs.
    #[serde(default)]
    pub device: DeviceChoice,
    /// Steps between two lines of metrics.
    #[serde(default = "twenty")]
    pub log_every: u64,
}

/// Numbers of the convolutions. Losses and optimisers always use 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrecisionChoice {
    /// [`Bfloat16`](Self::Bfloat16) where the processor multiplies such numbers, else
    /// [`Float`](Self::Float).
    #[default]
    Auto,
    /// 32 bits.
    Float,
    /// 16 bits with the range of 32.
    Bfloat16,
}

/// Where a network is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceChoice {
    /// A GPU where libtorch sees one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The first GPU; an error where there is none.
    Cuda,
}

/// What is kept of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckpointConfig {
    /// Steps between checkpoints.
    pub every: Span,
    /// Minutes after which there is one in any case.
    pub minutes: f64,
    /// How many are kept, beside the best.
    pub keep: usize,
}

impl Default for CheckpointConfig {
    fn default() -> Self {
        Self {
            every: Span::Epochs(1.0),
            minutes: 10.0,
            keep: 3,
        }
    }
}

/// What is measured between epochs: pairs of people who are held out of training, and lists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ValidationConfig {
    /// How often.
    pub every: Span,
    /// Pairs of held-out people, half of them mated; 0: none. Who is held out is said by
    /// `data.selection.held_out`.
    pub n_pairs: usize,
    /// Folds, each with people of its own.
    pub folds: usize,
    /// Decides which pairs.
    pub seed: u64,
    /// Images that go through the network at once.
    pub batch: usize,
    /// Pairs that lists name, each judged on its own after the people held out.
    pub lists: Vec<PairListConfig>,
}

/// Pairs of images which are no part of the training set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairListConfig {
    /// What curves and metrics call it.
    pub name: String,
    /// LFW's `pairs.txt` or `pairsDev….txt`, with `crops`; or a `.bin` that holds its images.
    pub pairs: PathBuf,
    /// The folder of a list's images, aligned as the crops that are trained on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crops: Option<PathBuf>,
}

impl Default for ValidationConfig {
    fn default() -> Self {
        Self {
            every: Span::Epochs(1.0),
            n_pairs: 6000,
            folds: 10,
            seed: 0,
            batch: 128,
            lists: Vec::new(),
        }
    }
}

const fn one() -> u64 {
    1
}

const fn twenty() -> u64 {
    20
}
