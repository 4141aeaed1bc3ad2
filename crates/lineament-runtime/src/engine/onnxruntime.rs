//! Networks run by ONNX Runtime.

use std::borrow::Cow;
use std::env::{self, consts};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use ort::environment::Environment;
use ort::ep::{self, ExecutionProviderDispatch};
use ort::logging::LogLevel;
use ort::session::{Session as OrtSession, builder::SessionBuilder};
use ort::value::{Outlet, TensorElementType, TensorRef, ValueType};

use super::checkout::Checkout;
use super::{Device, EngineReport, LoadedSession};
use crate::error::RuntimeError;
use crate::session::{Dim, Outputs, PortInfo, Session, Signature};
use crate::tensor::Tensor;

const NAME: &str = "ONNX Runtime";

/// The environment variable that names the library's file.
const LIBRARY_VARIABLE: &str = "ORT_DYLIB_PATH";

/// `ort` lets one thread at a time into a session, so further callers get sessions of their own,
/// made from the same file. On a GPU, whose memory they would fill, callers wait instead.
struct OnnxRuntimeSession {
    recipe: Recipe,
    signature: Signature,
    sessions: Checkout<OrtSession>,
}

/// All that a session is made from.
struct Recipe {
    environment: Environment,
    onnx: Cow<'static, [u8]>,
    device: Device,
    threads: NonZeroUsize,
}

pub(super) fn load(
    model: &str,
    onnx: Cow<'static, [u8]>,
    library: Option<&Path>,
    device: Device,
    threads: NonZeroUsize,
) -> Result<LoadedSession, RuntimeError> {
    let recipe = Recipe {
        environment: environment(library)?,
        onnx,
        device,
        threads,
    };
    let failed = |reason: String| RuntimeError::Load {
        model: model.to_owned(),
        engine: NAME,
        reason,
    };
    let first = recipe.builder()?.commit_from_memory(&recipe.onnx);
    let first = first.map_err(|e| failed(e.to_string()))?;
    let session = OnnxRuntimeSession {
        signature: signature(&first).map_err(failed)?,
        sessions: Checkout::new(first, most_sessions(device)),
        recipe,
    };
    Ok(LoadedSession {
        session: Arc::new(session),
        engine: EngineReport {
            name: NAME,
            version: version(),
            device,
            threads,
            fallback: None,
        },
    })
}

fn most_sessions(device: Device) -> usize {
    match device {
        Device::Cpu => thread::available_parallelism().map_or(1, NonZeroUsize::get),
        _ => 1,
    }
}

/// The library, which a process loads once and keeps.
static LOADED: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);

fn environment(library: Option<&Path>) -> Result<Environment, RuntimeError> {
    let path = library.map_or_else(default_library, Path::to_owned);
    let unavailable = |reason: String| RuntimeError::EngineUnavailable {
        engine: NAME,
        reason: format!(
            "{reason}; install onnxruntime 1.24 or newer and name its library with {LIBRARY_VARIABLE}"
        ),
    };
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    match &*loaded {
        Some((first, environment)) if *first == path => Ok(environment.clone()),
        Some((first, _)) => Err(RuntimeError::EngineUnavailable {
            engine: NAME,
            reason: format!(
                "this process already uses the library {}, so it cannot load {}",
                first.display(),
                path.display()
            ),
        }),
        None => {
            let builder = ort::init_from(&path).map_err(|e| unavailable(e.to_string()))?;
            let built = builder.with_name("lineament").with_telemetry(false).build();
            let environment = built.map_err(|e| unavailable(e.to_string()))?;
            // Warnings go to standard error, where a library writes nothing; errors are returned.
            environment.set_log_level(LogLevel::Fatal);
            *loaded = Some((path, environment.clone()));
            Ok(environment)
        }
    }
}

fn default_library() -> PathBuf {
    let system = || format!("{}onnxruntime{}", consts::DLL_PREFIX, consts::DLL_SUFFIX).into();
    let named = env::var_os(LIBRARY_VARIABLE).filter(|path| !path.is_empty());
    named.map_or_else(system, PathBuf::from)
}

/// The library tells users its commit, not its version number: "build 3a2b1c".
fn version() -> String {
    let commit = ort::info()
        .split("git-commit-id=")
        .nth(1)
        .unwrap_or("unknown");
    let end = commit.find(|c: char| !c.is_ascii_alphanumeric());
    format!("build {}", &commit[..end.unwrap_or(commit.len())])
}

impl Recipe {
    fn builder(&self) -> Result<SessionBuilder, RuntimeError> {
        let plain = || {
            SessionBuilder::new(&self.environment)?
                .with_intra_threads(self.threads.get())?
                .with_inter_threads(1)?
                .with_log_level(LogLevel::Fatal)?
                .with_intra_op_spinning(false)
                .map_err(ort::Error::from)
        };
        let builder = plain().map_err(|e: ort::Error| RuntimeError::EngineUnavailable {
            engine: NAME,
            reason: e.to_string(),
        })?;
        let Some(provider) = provider(self.device) else {
            return Ok(builder);
        };
        let registered = builder.with_execution_providers([provider.error_on_failure()]);
        registered.map_err(|e| RuntimeError::DeviceUnavailable {
            device: self.device,
            reason: e.to_string(),
        })
    }

    fn session(&self) -> Result<OrtSession, RuntimeError> {
        let session = self.builder()?.commit_from_memory(&self.onnx);
        session.map_err(|e| run_error(&e))
    }
}

fn provider(device: Device) -> Option<ExecutionProviderDispatch> {
    let number = |index: u32| i32::try_from(index).unwrap_or(i32::MAX);
    match device {
        Device::Cpu => None,
        Device::Cuda { index } => Some(ep::CUDA::default().with_device_id(number(index)).build()),
        Device::TensorRt { index } => Some(
            ep::TensorRT::default()
                .with_device_id(number(index))
                .build(),
        ),
        Device::DirectMl { index } => Some(
            ep::DirectML::default()
                .with_device_id(number(index))
                .build(),
        ),
        Device::CoreMl => Some(ep::CoreML::default().build()),
        Device::OpenVino => Some(ep::OpenVINO::default().build()),
    }
}

fn signature(session: &OrtSession) -> Result<Signature, String> {
    let [input] = session.inputs() else {
        let names: Vec<_> = session.inputs().iter().map(Outlet::name).collect();
        return Err(format!("it should have one input, it has {names:?}"));
    };
    Ok(Signature {
        input: port(input)?,
        outputs: session
            .outputs()
            .iter()
            .map(port)
            .collect::<Result<_, _>>()?,
    })
}

fn port(outlet: &Outlet) -> Result<PortInfo, String> {
    let name = outlet.name().to_owned();
    match outlet.dtype() {
        ValueType::Tensor {
            ty: TensorElementType::Float32,
            shape,
            ..
        } => Ok(PortInfo {
            name,
            shape: shape
                .iter()
                .map(|&d| usize::try_from(d).map_or(Dim::Dynamic, Dim::Fixed))
                .collect(),
        }),
        other => Err(format!("port {name} should be f32, it is {other}")),
    }
}

fn run_error(error: &dyn std::error::Error) -> RuntimeError {
    RuntimeError::Run {
        engine: NAME,
        reason: error.to_string(),
    }
}

fn run(session: &mut OrtSession, input: &Tensor, names: &[PortInfo]) -> ort::Result<Outputs> {
    let view = TensorRef::from_array_view((input.shape(), input.data()))?;
    let outputs = session.run(ort::inputs![view])?;
    let mut tensors = Vec::with_capacity(names.len());
    for (port, value) in names.iter().zip(outputs.values()) {
        let (shape, values) = value.try_extract_tensor::<f32>()?;
        let shape = shape
            .iter()
            .map(|&d| usize::try_from(d).unwrap_or(0))
            .collect();
        let tensor = Tensor::new(shape, values.to_vec());
        let tensor = tensor.map_err(|e| ort::Error::new(e.to_string()))?;
        tensors.push((port.name.clone(), tensor));
    }
    Ok(Outputs::new(tensors))
}

impl Session for OnnxRuntimeSession {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run(&self, input: &Tensor) -> Result<Outputs, RuntimeError> {
        self.signature.check(input)?;
        let work = |session: &mut OrtSession| run(session, input, &self.signature.outputs);
        let outputs = self.sessions.with(|| self.recipe.session(), work)?;
        outputs.map_err(|e| run_error(&e))
    }
}
