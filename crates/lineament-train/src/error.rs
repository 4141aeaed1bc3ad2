//! What can go wrong while a network is trained.

use std::path::PathBuf;

/// Why a network could not be built, trained or exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// libtorch refused an operation.
    #[error("libtorch: {0}")]
    Torch(#[from] tch::TchError),
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A set or a list could not be read.
    #[error(transparent)]
    Data(#[from] lineament_data::DataError),
    /// An option of the data that makes no sense.
    #[error("{what}: expected {expected}, got {got}")]
    Argument {
        /// Which option.
        what: &'static str,
        /// What it should be, in words.
        expected: String,
        /// What it is.
        got: String,
    },
    /// There are no images, or not enough.
    #[error("there are not enough images for {what}: {why}")]
    NoImages {
        /// What they were needed for.
        what: String,
        /// What there is.
        why: String,
    },
    /// A file made by this crate that is not what is needed.
    #[error("{}: expected {expected}, got {got}", path.display())]
    Format {
        /// Which file.
        path: PathBuf,
        /// What it should hold, and what to do.
        expected: String,
        /// What it holds.
        got: String,
    },
    /// Whoever watched the progress stopped it, or a thread ended that others waited for.
    #[error("stopped before it was done")]
    Stopped,
    /// An image could not be brought to the size that a network takes.
    #[error(transparent)]
    Core(#[from] lineament_core::CoreError),
    /// A teacher could not be loaded or run.
    #[error(transparent)]
    Teacher(Box<lineament::Error>),
    /// A teacher could not be asked about an image.
    #[error("the teacher on {image}: {source}")]
    TeacherImage {
        /// The image's name in its set.
        image: String,
        /// What went wrong.
        source: Box<lineament::Error>,
    },
    /// A configuration that is no TOML, or has fields that there are not.
    #[error("{origin}: {reason}")]
    ConfigSyntax {
        /// Its path, or the option that set a field.
        origin: String,
        /// What is wrong, with the line.
        reason: String,
    },
    /// A field of a configuration that cannot be what it is.
    #[error("configuration: {field} must be {expected}, got {got}")]
    ConfigField {
        /// The field, as in `train.batch`.
        field: &'static str,
        /// What it may be.
        expected: String,
        /// What it is.
        got: String,
    },
    /// A run's folder that cannot be used as asked.
    #[error("{}: {reason}", path.display())]
    Run {
        /// The folder.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// A file that is no checkpoint.
    #[error("{} is not a whole checkpoint: {reason}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A checkpoint of another network, loss or optimiser.
    #[error("the checkpoint's tensor {name}: expected shape {expected:?}, got {}", shape_or_none(got.as_deref()))]
    CheckpointTensor {
        /// Its name.
        name: String,
        /// The shape needed.
        expected: Vec<i64>,
        /// The shape found; `None` where there is no such tensor.
        got: Option<Vec<i64>>,
    },
    /// A loss or a weight that is no finite number.
    #[error("step {step}: {what} is no finite number{}", of_batch(images))]
    NotFinite {
        /// Which step, from 1.
        step: u64,
        /// What.
        what: String,
        /// The images of the batch, where one is to blame.
        images: Vec<String>,
    },
    /// A file that a run cannot start from.
    #[error("network.weights {}: {source}", path.display())]
    Start {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: Box<TrainError>,
    },
    /// A teacher that cannot run as one of our networks.
    #[error("teacher.network {}: {source}", path.display())]
    TeacherNetwork {
        /// Its model.
        path: PathBuf,
        /// Why not.
        source: Box<TrainError>,
    },
    /// A model file that computes something else than the network that took its weights.
    #[error(
        "the file's embeddings differ from those of {network} with its weights by {got:e}, more than {limit:e}: it holds another network; set the name and options of the network to what it was exported from"
    )]
    OtherNetwork {
        /// The network.
        network: String,
        /// The greatest difference of an embedding's numbers.
        got: f64,
        /// What is allowed.
        limit: f64,
    },
    /// A model file whose output is not the trainer's.
    #[error(
        "the exported model differs from the trainer's by {got:e}, more than {limit:e}: nothing was written"
    )]
    Export {
        /// The greatest difference of an embedding's numbers.
        got: f64,
        /// What is allowed.
        limit: f64,
    },
    /// Validation could not be judged.
    #[error(transparent)]
    Eval(#[from] lineament_eval::EvalError),
    /// A model file or manifest could not be written or run.
    #[error(transparent)]
    Runtime(#[from] lineament_runtime::RuntimeError),
    /// A network's layers do not fit each other.
    #[error("{network}, layer {layer}: {reason}")]
    Network {
        /// The network.
        network: String,
        /// The layer's name.
        layer: String,
        /// What was expected and what came.
        reason: String,
    },
    /// A name that no network has.
    #[error("there is no network {name}; there are {}", known.join(", "))]
    UnknownNetwork {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<&'static str>,
    },
    /// Weights that do not fit a network.
    #[error("weights for {layer}: {reason}")]
    Weights {
        /// The layer or variable of the network.
        layer: String,
        /// What was expected and what came.
        reason: String,
    },
    /// Bytes that are no ONNX file.
    #[error("byte {at} of the ONNX file: {reason}; get the file again from its source")]
    Onnx {
        /// Where, in bytes from the start.
        at: usize,
        /// What was expected and what came.
        reason: String,
    },
    /// A tensor of another shape than the network takes.
    #[error("the network takes {expected}, got a tensor of shape {got:?}")]
    Input {
        /// What it takes.
        expected: String,
        /// What came.
        got: Vec<i64>,
    },
    /// A number among a loss's options that it cannot work with.
    #[error("{loss}: {option} must be {expected}, got {got}")]
    LossOption {
        /// The loss, by its `kind`.
        loss: &'static str,
        /// The option.
        option: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        got: f64,
    },
    /// A loss inside one that cannot hold it.
    #[error("a loss of kind {outer} takes {expected}, got {got}")]
    LossInside {
        /// The outer loss, by its `kind`.
        outer: &'static str,
        /// What it takes.
        expected: &'static str,
        /// The inner loss, by its `kind`.
        got: &'static str,
    },
    /// A tensor given to a loss that has another shape than it needs.
    #[error("{what}: a loss needs shape {expected:?}, got {got:?}")]
    LossShape {
        /// Which tensor.
        what: &'static str,
        /// Shape needed.
        expected: Vec<i64>,
        /// Shape given; empty where there was no tensor.
        got: Vec<i64>,
    },
    /// A label that is no class.
    #[error(
        "label {got} is none of the {n_classes} classes the loss was built for; -1 marks unknown people"
    )]
    Label {
        /// The label.
        got: i64,
        /// How many classes there are.
        n_classes: i64,
    },
    /// Distillation without embeddings to come near to.
    #[error(
        "distillation needs a teacher's embeddings with each batch, and none came; give the data a teacher file"
    )]
    NoTeacher,
}

fn of_batch(images: &[String]) -> String {
    match images {
        [] => String::new(),
        images => format!("; the batch was images {}", images.join(", ")),
    }
}

fn shape_or_none(shape: Option<&[i64]>) -> String {
    shape.map_or_else(|| "none".to_owned(), |s| format!("{s:?}"))
}

impl TrainError {
    /// [`TrainError::Io`] of `path`.
    pub(crate) fn io(path: &std::path::Path, source: std::io::Error) -> Self {
        let path = path.to_owned();
        Self::Io { path, source }
    }
}

impl From<lineament::Error> for TrainError {
    fn from(error: lineament::Error) -> Self {
        Self::Teacher(Box::new(error))
    }
}
