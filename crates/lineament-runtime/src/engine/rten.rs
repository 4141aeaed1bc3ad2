//! Networks run by rten.

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rten::{
    DataType, Dimension, Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueType,
};
use rten_tensor::prelude::*;
use rten_tensor::{Tensor as RtenTensor, TensorView};

use super::checkout::Checkout;
use super::{Device, EngineReport, LoadedSession};
use crate::error::RuntimeError;
use crate::session::{Dim, Outputs, PortInfo, Session, Signature};
use crate::tensor::Tensor;

const NAME: &str = "rten";
const VERSION: &str = "0.27";

/// A run holds its thread pool until it ends, so each caller borrows one of its own.
struct RtenSession {
    model: Model,
    input: NodeId,
    outputs: Vec<NodeId>,
    signature: Signature,
    threads: NonZeroUsize,
    pools: Checkout<Arc<ThreadPool>>,
}

pub(super) fn load(
    model: &str,
    onnx: Cow<'static, [u8]>,
    threads: NonZeroUsize,
) -> Result<LoadedSession, RuntimeError> {
    let failed = |reason: String| RuntimeError::Load {
        model: model.to_owned(),
        engine: NAME,
        reason,
    };
    let network = guarded(|| read(onnx)).map_err(&failed)?;
    let (input, signature) = ports(&network).map_err(&failed)?;
    let session = RtenSession {
        outputs: network.output_ids().to_vec(),
        input,
        signature,
        threads,
        pools: Checkout::new(pool(threads), usize::MAX),
        model: network,
    };
    Ok(LoadedSession {
        session: Arc::new(session),
        engine: EngineReport {
            name: NAME,
            version: VERSION.to_owned(),
            device: Device::Cpu,
            threads,
            fallback: None,
        },
    })
}

fn read(onnx: Cow<'static, [u8]>) -> Result<Model, String> {
    let mut options = ModelOptions::with_all_ops();
    options.prepack_weights(true);
    let network = match onnx {
        Cow::Borrowed(bytes) => options.load_static_slice(bytes),
        Cow::Owned(bytes) => options.load(bytes),
    };
    network.map_err(|e| e.to_string())
}

/// rten panics on some damaged files (shape inference may overflow): an error here, not the end
/// of the process.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let panicked = |_| Err("the engine stopped at an inconsistency in the network".to_owned());
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(panicked)
}

fn pool(threads: NonZeroUsize) -> Arc<ThreadPool> {
    Arc::new(ThreadPool::with_num_threads(threads.get()))
}

fn ports(network: &Model) -> Result<(NodeId, Signature), String> {
    let &[input] = network.input_ids() else {
        let names: Vec<_> = names(network, network.input_ids());
        return Err(format!("it should have one input, it has {names:?}"));
    };
    let outputs = network.output_ids().iter();
    let signature = Signature {
        input: port(network, input)?,
        outputs: outputs
            .map(|&id| port(network, id))
            .collect::<Result<_, _>>()?,
    };
    Ok((input, signature))
}

fn names(network: &Model, ids: &[NodeId]) -> Vec<String> {
    let name = |&id| Some(network.node_info(id)?.name()?.to_owned());
    ids.iter().filter_map(name).collect()
}

fn port(network: &Model, id: NodeId) -> Result<PortInfo, String> {
    let info = network.node_info(id).ok_or("a port leads nowhere")?;
    let name = info.name().ok_or("a port has no name")?.to_owned();
    match info.dtype() {
        None | Some(ValueType::Tensor(DataType::Float)) => {}
        Some(other) => return Err(format!("port {name} should be f32, it is {other:?}")),
    }
    let dim = |d: Dimension| match d {
        Dimension::Fixed(length) => Dim::Fixed(length),
        Dimension::Symbolic(_) => Dim::Dynamic,
    };
    let shape = info.shape().unwrap_or_default();
    Ok(PortInfo {
        name,
        shape: shape.into_iter().map(dim).collect(),
    })
}

impl RtenSession {
    fn values(&self, input: &Tensor, pool: &Arc<ThreadPool>) -> Result<Vec<Value>, String> {
        let view = TensorView::<f32>::try_from_data(input.shape(), input.data())
            .map_err(|e| e.to_string())?;
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(pool)));
        let inputs = vec![(self.input, view.into())];
        let run = || self.model.run(inputs, &self.outputs, Some(options));
        guarded(|| run().map_err(|e| e.to_string()))
    }

    fn named(&self, values: Vec<Value>) -> Result<Outputs, String> {
        let ports = self.signature.outputs.iter();
        let tensor = |(port, value): (&PortInfo, Value)| {
            let tensor: RtenTensor<f32> = value
                .into_tensor()
                .ok_or_else(|| format!("output {} is not f32", port.name))?;
            let shape = tensor.shape().to_vec();
            let tensor = Tensor::new(shape, tensor.into_data()).map_err(|e| e.to_string())?;
            Ok((port.name.clone(), tensor))
        };
        Ok(Outputs::new(
            ports
                .zip(values)
                .map(tensor)
                .collect::<Result<_, String>>()?,
        ))
    }
}

impl Session for RtenSession {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run(&self, input: &Tensor) -> Result<Outputs, RuntimeError> {
        self.signature.check(input)?;
        let run = |lent: &mut Arc<ThreadPool>| self.values(input, lent);
        let values = self.pools.with(|| Ok(pool(self.threads)), run);
        values
            .and_then(|values| self.named(values?))
            .map_err(|reason| RuntimeError::Run {
                engine: NAME,
                reason,
            })
    }
}
