//! The engines that run networks, and how one is chosen.

mod checkout;
mod kernels;
#[cfg(feature = "onnxruntime")]
mod onnxruntime;
mod rten;

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

pub use lineament_kernels::{ISA_VARIABLE, Isa, Precision, UnknownPrecision};

use crate::error::RuntimeError;
use crate::session::Session;

/// How networks are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineOptions {
    /// What runs them.
    pub engine: Engine,
    /// Threads that work on one run. Runs from several callers each have as many.
    pub threads: NonZeroUsize,
    /// How exact the numbers are that [`Engine::Kernels`] multiplies, whatever a model's manifest
    /// says; without it, what that says, else `f32`. The other engines compute in `f32`.
    pub precision: Option<Precision>,
}

/// [`Engine::Auto`] with one thread a run: callers that work on many photos bring the threads.
impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            engine: Engine::Auto,
            threads: NonZeroUsize::MIN,
            precision: None,
        }
    }
}

/// What runs a network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Engine {
    /// The quickest that is always there: [`Kernels`](Self::Kernels) where the processor has vector
    /// instructions that these are written for, or where [`ISA_VARIABLE`] asks for some, else
    /// [`Rten`](Self::Rten).
    #[default]
    Auto,
    /// rten: pure Rust, on the CPU, always there.
    Rten,
    /// `lineament-kernels`: networks compiled for this processor. A network with an operator that
    /// it has no kernel for runs on rten, and the report says why.
    Kernels {
        /// The instructions to use. Without them, those that the environment variable
        /// [`ISA_VARIABLE`] names, else the best that the processor has.
        isa: Option<Isa>,
    },
    /// Microsoft's ONNX Runtime, from a shared library on this machine. Needs the cargo feature
    /// `onnxruntime`.
    OnnxRuntime {
        /// The library's file. Without it, the file that the environment variable
        /// `ORT_DYLIB_PATH` names, else the one that the system's loader finds.
        library: Option<PathBuf>,
        /// What it computes on. A device that is not there is an error, never another device.
        device: Device,
    },
}

/// What ONNX Runtime computes on.
///
/// A GPU's provider leaves single operators to the CPU when it has none for them; that the
/// provider itself is loaded is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// An NVIDIA GPU, by CUDA.
    Cuda {
        /// Its number, from 0.
        index: u32,
    },
    /// An NVIDIA GPU, by TensorRT.
    TensorRt {
        /// Its number, from 0.
        index: u32,
    },
    /// A GPU on Windows, by DirectML.
    DirectMl {
        /// Its number, from 0.
        index: u32,
    },
    /// Apple's accelerators, by CoreML.
    CoreMl,
    /// Intel's devices, by OpenVINO, which chooses among them.
    OpenVino,
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("CPU"),
            Self::Cuda { index } => write!(f, "CUDA {index}"),
            Self::TensorRt { index } => write!(f, "TensorRT {index}"),
            Self::DirectMl { index } => write!(f, "DirectML {index}"),
            Self::CoreMl => f.write_str("CoreML"),
            Self::OpenVino => f.write_str("OpenVINO"),
        }
    }
}

/// What really runs a network. Shown as `rten 0.27, CPU, 2 threads`, with the reason when that is
/// not the engine that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineReport {
    /// The engine's name.
    pub name: &'static str,
    /// The engine's version, and the instructions that it uses where it chooses among them, with the
    /// precision where it is not, or was not to be, `f32`.
    pub version: String,
    /// What it computes on.
    pub device: Device,
    /// Threads that work on one run.
    pub threads: NonZeroUsize,
    /// Why it runs the network and not the engine that was asked for, or that is usually quicker.
    pub fallback: Option<Fallback>,
}

/// Why an engine runs what another was to run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fallback {
    /// [`Engine::Kernels`] cannot run this network, for this reason.
    Network(String),
    /// [`Engine::Kernels`] is not written for the vector instructions of this processor, if it has any, and would be
    /// slower.
    Processor,
}

impl fmt::Display for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Network(reason) => reason,
            Self::Processor => "the kernels have no vector instructions for this processor",
        })
    }
}

impl fmt::Display for EngineReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            version,
            device,
            threads,
            fallback,
        } = self;
        let s = if threads.get() == 1 { "" } else { "s" };
        write!(f, "{name} {version}, {device}, {threads} thread{s}")?;
        match fallback {
            Some(reason) => write!(f, ", because {reason}"),
            None => Ok(()),
        }
    }
}

/// A network ready to run, and what runs it.
#[derive(Clone)]
pub struct LoadedSession {
    /// The network.
    pub session: Arc<dyn Session>,
    /// What runs it.
    pub engine: EngineReport,
}

impl fmt::Debug for LoadedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LoadedSession({})", self.engine)
    }
}

/// The network in `onnx`, the content of an ONNX file; `model` is what errors call it.
///
/// The network has one `f32` input and `f32` outputs, and carries its weights inside.
///
/// # Errors
/// [`RuntimeError::Load`] when the engine cannot read it or it has other ports;
/// [`RuntimeError::EngineUnavailable`] and [`RuntimeError::DeviceUnavailable`].
pub fn load_session(
    model: &str,
    onnx: Cow<'static, [u8]>,
    options: &EngineOptions,
) -> Result<LoadedSession, RuntimeError> {
    let span = tracing::debug_span!("load_session", model, n_bytes = onnx.len());
    let _entered = span.enter();
    match &options.engine {
        Engine::Auto => kernels::load_if_quick(model, onnx, Isa::detect(), options),
        Engine::Rten => rten::load(model, onnx, options.threads),
        Engine::Kernels { isa } => kernels::load(model, onnx, *isa, options),
        #[cfg(feature = "onnxruntime")]
        Engine::OnnxRuntime { library, device } => {
            onnxruntime::load(model, onnx, library.as_deref(), *device, options.threads)
        }
        #[cfg(not(feature = "onnxruntime"))]
        Engine::OnnxRuntime { .. } => Err(RuntimeError::EngineUnavailable {
            engine: "ONNX Runtime",
            reason: "this build has no feature `onnxruntime`".to_owned(),
        }),
    }
}
