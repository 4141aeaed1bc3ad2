//! Why a model cannot be found, loaded, run, added or downloaded, and whose fault it is.

use std::io;
use std::path::{Path, PathBuf};

use crate::digest::Sha256;
use crate::engine::Device;
use crate::manifest::Task;
use crate::session::PortInfo;

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The caller passed a wrong value or named something that is not there.
    Input,
    /// A model file or its manifest is wrong.
    Model,
    /// A limit that protects the machine; it can be raised.
    Limit,
    /// Something valid that this build or machine cannot do.
    Unsupported,
    /// Bytes that are not what they should be.
    Corrupt,
    /// The operating system or the network.
    Io,
    /// The caller stopped the work.
    Cancelled,
}

/// Why a model cannot be found, loaded, run, added or downloaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// A shape that does not fit its values.
    #[error("a tensor of shape {shape:?} does not hold {n_values} values")]
    TensorShape {
        /// The shape given.
        shape: Vec<usize>,
        /// The number of values given.
        n_values: usize,
    },
    /// An input of another shape than the network takes.
    #[error("the network takes the input {expected}, got one of shape {got:?}")]
    InputShape {
        /// The input port.
        expected: PortInfo,
        /// The shape given.
        got: Vec<usize>,
    },
    /// An output that the network does not have.
    #[error("the network has no output \"{wanted}\"; it has {}", present.join(", "))]
    OutputAbsent {
        /// The name asked for.
        wanted: String,
        /// The names there are.
        present: Vec<String>,
    },
    /// A model file that the engine cannot load.
    #[error("{model} cannot be loaded by {engine}: {reason}")]
    Load {
        /// The model.
        model: String,
        /// The engine.
        engine: &'static str,
        /// What the engine says.
        reason: String,
    },
    /// A run that the engine gave up.
    #[error("{engine} could not run the network: {reason}")]
    Run {
        /// The engine.
        engine: &'static str,
        /// What the engine says.
        reason: String,
    },
    /// An engine that this build or machine does not have.
    #[error("the engine {engine} cannot be used: {reason}")]
    EngineUnavailable {
        /// The engine.
        engine: &'static str,
        /// Why not.
        reason: String,
    },
    /// A device that this machine or library does not have. Nothing ran elsewhere instead.
    #[error("{device} cannot be used: {reason}; choose the CPU, or install what it needs")]
    DeviceUnavailable {
        /// The device asked for.
        device: Device,
        /// What the engine says.
        reason: String,
    },
    /// A file or folder that could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file above the limit.
    #[error("{what} has {}, more than the limit of {limit_bytes} bytes", size(*got_bytes))]
    TooLarge {
        /// The file, or where it comes from.
        what: String,
        /// The limit.
        limit_bytes: u64,
        /// The size, as far as it is known.
        got_bytes: Option<u64>,
    },
    /// Text that is no manifest: not TOML, a field that is absent, unknown or of another type.
    #[error("{manifest}{}: {reason}", at(*line))]
    ManifestSyntax {
        /// Where the manifest comes from.
        manifest: String,
        /// The line, from 1, where known.
        line: Option<usize>,
        /// What is wrong.
        reason: String,
    },
    /// A manifest's field with a value that cannot be.
    #[error("{manifest}: {field} should be {expected}, it is {got}; correct the manifest")]
    ManifestField {
        /// Where the manifest comes from, or the model's name.
        manifest: String,
        /// The field, with its tables.
        field: String,
        /// What may stand there.
        expected: String,
        /// What stands there.
        got: String,
    },
    /// A model file that is not what its manifest says.
    #[error("model {model} does not fit its manifest: {field} says {expected}, the file has {got}")]
    Signature {
        /// The model.
        model: String,
        /// The manifest's field.
        field: String,
        /// What the manifest says.
        expected: String,
        /// What the file has.
        got: String,
    },
    /// A file with another content than expected.
    #[error(
        "{what} has the SHA-256 {got}, expected {expected}: it was changed or damaged; get it again from its source"
    )]
    HashMismatch {
        /// The file, or where it comes from.
        what: String,
        /// The digest expected.
        expected: Sha256,
        /// The digest of its content.
        got: Sha256,
    },
    /// A model folder that does not exist.
    #[error("there is no model folder {}; name one with --models DIR or LINEAMENT_MODELS, or make this one with `lineament models pull`", path.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
    },
    /// No model for a task.
    #[error(
        "no model to {task} in {folder}; get one with `lineament models pull` or `lineament models add`, or name another folder with --models DIR or LINEAMENT_MODELS{}",
        listed("; not usable: ", unusable)
    )]
    NoModel {
        /// The task.
        task: Task,
        /// The folder.
        folder: String,
        /// Files that are no usable model, each with the reason.
        unusable: Vec<String>,
    },
    /// No model of that name.
    #[error(
        "no model to {task} is called \"{name}\" in {folder}; there is {}{}",
        none_or(present),
        listed("; not usable: ", unusable)
    )]
    NoSuchModel {
        /// The task.
        task: Task,
        /// The name asked for.
        name: String,
        /// The folder.
        folder: String,
        /// Names of the task's models.
        present: Vec<String>,
        /// Files that are no usable model, each with the reason.
        unusable: Vec<String>,
    },
    /// Several models that are as good as each other.
    #[error("{} could all {task}; choose one by name, or give one the greatest `preference` in its manifest", candidates.join(", "))]
    Ambiguous {
        /// The task.
        task: Task,
        /// Names of the models.
        candidates: Vec<String>,
    },
    /// A file that would be overwritten.
    #[error("{} is there already, with another content; remove it or choose another name", path.display())]
    AlreadyThere {
        /// The file.
        path: PathBuf,
    },
    /// A model file of which nothing is known.
    #[error("{} has the SHA-256 {sha256} and is no model known here; name its family ({})", path.display(), templates.join(", "))]
    UnknownModel {
        /// The file.
        path: PathBuf,
        /// Its digest.
        sha256: Sha256,
        /// The templates there are.
        templates: Vec<String>,
    },
    /// No template of that name.
    #[error("there is no family template \"{name}\"; there is {}", templates.join(", "))]
    UnknownTemplate {
        /// The name asked for.
        name: String,
        /// The templates there are.
        templates: Vec<String>,
    },
    /// A role that the family does not have.
    #[error("the family {template} has no role \"{role}\"; it has {}", roles.join(", "))]
    UnknownRole {
        /// The template.
        template: String,
        /// The role given.
        role: String,
        /// The roles it has.
        roles: Vec<String>,
    },
    /// Roles for which the file has no tensor of a documented name.
    #[error("name the tensor of {} with --output ROLE=NAME; the file has the outputs {}", missing.join(", "), present.join(", "))]
    MissingRoles {
        /// The roles without a tensor.
        missing: Vec<String>,
        /// The outputs there are, with their shapes.
        present: Vec<String>,
    },
    /// A server that answers something else than the file.
    #[error("{url}: the server answers {status}; check the address")]
    HttpStatus {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// A connection that failed or ended early.
    #[error("{url}: {reason}; try again, what has arrived is kept")]
    Transport {
        /// The address.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// A file that another process is downloading.
    #[error("{} is being downloaded by another process; wait for it", path.display())]
    Busy {
        /// The partial file.
        path: PathBuf,
    },
    /// The progress sink stopped the work.
    #[error("stopped on request; what has arrived is kept in {}", path.display())]
    Cancelled {
        /// The partial file.
        path: PathBuf,
    },
}

impl RuntimeError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::TensorShape { .. }
            | Self::InputShape { .. }
            | Self::OutputAbsent { .. }
            | Self::NoFolder { .. }
            | Self::NoModel { .. }
            | Self::NoSuchModel { .. }
            | Self::Ambiguous { .. }
            | Self::AlreadyThere { .. }
            | Self::UnknownModel { .. }
            | Self::UnknownTemplate { .. }
            | Self::UnknownRole { .. }
            | Self::MissingRoles { .. }
            | Self::HttpStatus { .. } => Fault::Input,
            Self::Load { .. }
            | Self::Run { .. }
            | Self::ManifestSyntax { .. }
            | Self::ManifestField { .. }
            | Self::Signature { .. } => Fault::Model,
            Self::TooLarge { .. } => Fault::Limit,
            Self::EngineUnavailable { .. } | Self::DeviceUnavailable { .. } => Fault::Unsupported,
            Self::HashMismatch { .. } => Fault::Corrupt,
            Self::Io { .. } | Self::Transport { .. } | Self::Busy { .. } => Fault::Io,
            Self::Cancelled { .. } => Fault::Cancelled,
        }
    }
}

fn size(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "an unknown size".to_owned(), |n| format!("{n} bytes"))
}

fn at(line: Option<usize>) -> String {
    line.map_or_else(String::new, |n| format!(", line {n}"))
}

fn listed(intro: &str, items: &[String]) -> String {
    match items {
        [] => String::new(),
        items => format!("{intro}{}", items.join("; ")),
    }
}

fn none_or(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}
