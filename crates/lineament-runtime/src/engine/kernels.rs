//! Networks run by `lineament-kernels`, and by rten where that has no kernel for an operator.

use std::borrow::Cow;
use std::env;
use std::num::NonZeroUsize;
use std::sync::Arc;

use lineament_kernels::{
    ISA_VARIABLE, Isa, KernelError, KernelOptions, Network, NetworkOutput, NetworkPort, Precision,
};

use super::{Device, EngineOptions, EngineReport, Fallback, LoadedSession, rten};
use crate::error::RuntimeError;
use crate::session::{Dim, Outputs, PortInfo, Session, Signature};
use crate::tensor::Tensor;

const NAME: &str = "kernels";

struct KernelSession {
    network: Network,
    signature: Signature,
}

/// As [`load`], on rten where `present`, the best instructions of the processor, are none that
/// the kernels are written for and nobody asked for others: their twin in safe Rust is the slower.
pub(super) fn load_if_quick(
    model: &str,
    onnx: Cow<'static, [u8]>,
    present: Isa,
    options: &EngineOptions,
) -> Result<LoadedSession, RuntimeError> {
    let asked = env::var_os(ISA_VARIABLE).is_some_and(|isa| !isa.is_empty());
    if asked || present != Isa::Portable {
        return load(model, onnx, None, options);
    }
    let mut loaded = rten::load(model, onnx, options.threads)?;
    loaded.engine.fallback = Some(Fallback::Processor);
    Ok(loaded)
}

pub(super) fn load(
    model: &str,
    onnx: Cow<'static, [u8]>,
    isa: Option<Isa>,
    options: &EngineOptions,
) -> Result<LoadedSession, RuntimeError> {
    let asked = options.precision.unwrap_or_default();
    let kernels = KernelOptions {
        isa: instructions(isa)?,
        threads: options.threads,
        precision: asked,
    };
    match Network::from_onnx(&onnx, kernels) {
        Ok(network) => Ok(loaded(network, asked)),
        Err(error) => elsewhere(model, onnx, options.threads, &error),
    }
}

fn instructions(isa: Option<Isa>) -> Result<Isa, RuntimeError> {
    let unavailable = |reason| RuntimeError::EngineUnavailable {
        engine: NAME,
        reason,
    };
    let isa = match isa {
        Some(isa) => isa,
        None => Isa::from_environment()
            .map_err(|error| unavailable(format!("{ISA_VARIABLE}: {error}")))?,
    };
    isa.checked()
        .map_err(|error| unavailable(error.to_string()))
}

/// The session of `network`, which was to run in the precision `asked`.
fn loaded(network: Network, asked: Precision) -> LoadedSession {
    let KernelOptions {
        isa,
        threads,
        precision,
    } = network.options();
    let numbers = match (asked, precision) {
        (Precision::F32, _) => String::new(),
        _ if asked == precision => format!(", {precision}"),
        _ => format!(", {precision} for want of instructions for {asked}"),
    };
    let session = KernelSession {
        signature: Signature {
            input: port(network.input()),
            outputs: network.outputs().iter().map(port).collect(),
        },
        network,
    };
    LoadedSession {
        session: Arc::new(session),
        engine: EngineReport {
            name: NAME,
            version: format!("{} ({isa}{numbers})", env!("CARGO_PKG_VERSION")),
            device: Device::Cpu,
            threads,
            fallback: None,
        },
    }
}

/// The network on rten, with the reason. A file that neither can read is the kernels' error, which
/// names the place.
fn elsewhere(
    model: &str,
    onnx: Cow<'static, [u8]>,
    threads: NonZeroUsize,
    error: &KernelError,
) -> Result<LoadedSession, RuntimeError> {
    let Ok(mut loaded) = rten::load(model, onnx, threads) else {
        return Err(RuntimeError::Load {
            model: model.to_owned(),
            engine: NAME,
            reason: error.to_string(),
        });
    };
    tracing::warn!(model, %error, "the network runs on rten");
    loaded.engine.fallback = Some(Fallback::Network(error.to_string()));
    Ok(loaded)
}

fn port(port: &NetworkPort) -> PortInfo {
    let dim = |dim: &Option<usize>| dim.map_or(Dim::Dynamic, Dim::Fixed);
    PortInfo {
        name: port.name.clone(),
        shape: port.shape.iter().map(dim).collect(),
    }
}

impl Session for KernelSession {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run(&self, input: &Tensor) -> Result<Outputs, RuntimeError> {
        self.signature.check(input)?;
        let failed = |error: KernelError| RuntimeError::Run {
            engine: NAME,
            reason: error.to_string(),
        };
        let values = self.network.run(input.shape(), input.data());
        let ports = self.signature.outputs.iter();
        let named = |(port, output): (&PortInfo, NetworkOutput)| {
            let tensor = Tensor::new(output.shape, output.values)?;
            Ok((port.name.clone(), tensor))
        };
        let tensors = ports.zip(values.map_err(failed)?).map(named);
        Ok(Outputs::new(tensors.collect::<Result<_, RuntimeError>>()?))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_processor_without_vectors_is_left_to_rten() {
        let onnx = include_bytes!("../../../../reference/assets/random_yunet.onnx");
        let onnx = Cow::Borrowed(&onnx[..]);
        let loaded = load_if_quick("yunet", onnx, Isa::Portable, &EngineOptions::default());
        let loaded = loaded.unwrap();
        assert_eq!(loaded.engine.fallback, Some(Fallback::Processor));
        let expected = "rten 0.27, CPU, 1 thread, because the kernels have no vector instructions";
        let report = loaded.engine.to_string();
        assert!(report.starts_with(expected), "{report}");
    }
}
