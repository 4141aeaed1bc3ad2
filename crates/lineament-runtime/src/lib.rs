//! Tensors and model files: ONNX networks run by exchangeable engines, and the manifests that
//! say what the files do not.
//!
//! This crate knows what a network takes and returns, where its file lies, and that the file is
//! what it should be. It does not know faces, pixels or thresholds: tasks, families and settings
//! are names and tables that it hands on.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use lineament_runtime::{EngineOptions, ModelLimits, ModelStore, Selector, Task, Tensor};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = ModelStore::open(Path::new("models"), ModelLimits::default())?;
//! let model = store.find(&Task::EMBED, &Selector::Preferred)?.load(&EngineOptions::default())?;
//! let picture = Tensor::new(vec![1, 3, 112, 112], vec![0.0; 3 * 112 * 112])?;
//! let outputs = model.session.run(&picture)?;
//! let embedding = outputs.get(&model.manifest.outputs["embedding"])?;
//! assert_eq!(embedding.shape(), [1, 32]);
//! # Ok(())
//! # }
//! ```

pub mod add;
mod atomic;
pub mod digest;
pub mod engine;
pub mod error;
pub mod known;
pub mod manifest;
pub mod model_file;
#[cfg(feature = "pull")]
pub mod pull;
pub mod session;
pub mod store;
pub mod tensor;

pub use add::{Description, NewModel, Template, add, template, templates};
pub use digest::Sha256;
pub use engine::{
    Device, Engine, EngineOptions, EngineReport, Fallback, ISA_VARIABLE, Isa, LoadedSession,
    Precision, UnknownPrecision, load_session,
};
pub use error::{Fault, RuntimeError};
pub use known::{known_model, known_models};
pub use manifest::{
    BatchMode, Channels, Family, InputSize, InputSpec, Manifest, Schema, Task, TensorLayout,
};
pub use model_file::{LoadedModel, ManifestOrigin, ModelFile};
#[cfg(feature = "pull")]
pub use pull::{Download, ProgressSink, pull};
pub use session::{Dim, Outputs, PortInfo, Session, Signature};
pub use store::{ModelLimits, ModelStore, Selector, Unusable};
pub use tensor::Tensor;
