//! Every operator in any shape: the kernels agree with rten, another engine, on each instruction set of this processor.
#![allow(clippy::unwrap_used, reason = "tests")]

mod convolutions;
mod matrices;
mod moves;
#[path = "../onnx/mod.rs"]
mod onnx;
mod pictures;

use std::num::NonZeroUsize;

use lineament_kernels::{Isa, KernelOptions, Network};
use onnx::graph::Graph;
use proptest::prelude::*;
use rten::{Model, ModelOptions};
use rten_tensor::prelude::*;
use rten_tensor::{Tensor, TensorView};

/// Of the greatest output, at least [`LEAST`]: sums in another order.
const TOLERANCE: f32 = 1e-4;
const LEAST: f32 = 0.01;

type Outputs = Vec<(Vec<usize>, Vec<f32>)>;

/// So many networks of each kind, fewer where an emulator may run them.
fn cases() -> ProptestConfig {
    ProptestConfig::with_cases(if cfg!(target_arch = "aarch64") {
        12
    } else {
        32
    })
}

fn present() -> impl Iterator<Item = Isa> {
    let sets = [Isa::Portable, Isa::Neon, Isa::Avx2, Isa::Avx512];
    sets.into_iter().filter(|isa| isa.checked().is_ok())
}

/// What rten makes of `values`.
fn rten(onnx: &[u8], shape: &[usize], values: &[f32]) -> Outputs {
    let model: Model = ModelOptions::with_all_ops().load(onnx.to_vec()).unwrap();
    let view = TensorView::try_from_data(shape, values).unwrap();
    let inputs = vec![(model.input_ids()[0], view.into())];
    let outputs = model.run(inputs, model.output_ids(), None).unwrap();
    let tensor = |output: rten::Value| {
        let tensor: Tensor<f32> = output.into_tensor().unwrap();
        (tensor.shape().to_vec(), tensor.into_data())
    };
    outputs.into_iter().map(tensor).collect()
}

/// The kernels make `expected` of `values`, or something near.
fn gives(
    onnx: &[u8],
    shape: &[usize],
    values: &[f32],
    expected: &Outputs,
) -> Result<(), TestCaseError> {
    for isa in present() {
        let options = KernelOptions {
            isa,
            threads: NonZeroUsize::new(1 + values.len() % 2).unwrap(),
            ..KernelOptions::default()
        };
        let network = Network::from_onnx(onnx, options);
        let network = network.map_err(|error| TestCaseError::fail(error.to_string()))?;
        let outputs = network.run(shape, values).unwrap();
        prop_assert_eq!(outputs.len(), expected.len());
        for (got, (shape, wanted)) in outputs.iter().zip(expected) {
            prop_assert_eq!(&got.shape, shape);
            let largest = wanted.iter().fold(LEAST, |m, v| m.max(v.abs()));
            let far = |(a, b): (&f32, &f32)| (a - b).abs() / largest > TOLERANCE || a.is_nan();
            let mut pairs = got.values.iter().zip(wanted);
            if let Some(at) = pairs.position(far) {
                let (got, wanted) = (got.values[at], wanted[at]);
                prop_assert!(false, "{isa}, number {at}: {got}, not {wanted}");
            }
        }
    }
    Ok(())
}

/// The kernels and rten make the same of these values of the graph.
fn agrees(graph: Graph, outputs: &[&str], shape: &[usize]) -> Result<(), TestCaseError> {
    agree(&graph.file(outputs), shape)
}

fn agree(onnx: &[u8], shape: &[usize]) -> Result<(), TestCaseError> {
    let values = onnx::numbers(shape.iter().product(), 3);
    gives(onnx, shape, &values, &rten(onnx, shape, &values))
}

/// How a value lies that an operator reads, and who reads what it gives.
#[derive(Debug, Clone, Copy)]
struct Around {
    /// A convolution makes it, so that it lies in blocks of channels.
    before: bool,
    /// A convolution reads the result.
    after: bool,
}

impl Around {
    fn any() -> impl Strategy<Value = Self> {
        (any::<bool>(), any::<bool>()).prop_map(|(before, after)| Self { before, after })
    }

    /// The network of what `operator` makes of a picture of `shape`: it gives a value and its channels.
    fn network(
        self,
        shape: [usize; 4],
        operator: impl FnOnce(&mut Graph, &str) -> (String, usize),
    ) -> Vec<u8> {
        let mut graph = Graph::over(&shape);
        let input = match self.before {
            true => graph.mix("x", shape[1], shape[1]),
            false => "x".to_owned(),
        };
        let (mut output, channels) = operator(&mut graph, &input);
        if self.after {
            output = graph.mix(&output, channels, 5);
        }
        graph.file(&[&output])
    }

    /// The kernels and rten make the same of that network.
    fn agrees(
        self,
        shape: [usize; 4],
        operator: impl FnOnce(&mut Graph, &str) -> (String, usize),
    ) -> Result<(), TestCaseError> {
        agree(&self.network(shape, operator), &shape)
    }
}

/// A picture's batch, channels, height and width: more than a block of channels, or less.
fn pictures() -> impl Strategy<Value = [usize; 4]> {
    (1usize..3, 1usize..36, 1usize..12, 1usize..20).prop_map(|(n, c, h, w)| [n, c, h, w])
}
