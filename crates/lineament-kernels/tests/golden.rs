//! Every operator against onnxruntime, on every instruction set that this processor has.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod cases;

use std::num::NonZeroUsize;

use cases::tensor;
use lineament_kernels::{Isa, KernelOptions, Network};

/// Relative to the greatest value of an output, at least 1: sums in another order.
const TOLERANCE: f32 = 1e-5;

fn present() -> impl Iterator<Item = Isa> {
    Isa::ALL.into_iter().filter(|isa| isa.checked().is_ok())
}

#[test]
fn every_operator_agrees_with_onnxruntime() {
    let cases = cases::cases();
    assert!(cases.len() > 40);
    for case in &cases {
        let name = case["name"].as_str().unwrap();
        let onnx = cases::onnx(case);
        let (shape, values) = tensor(&case["input"]);
        for isa in present() {
            for threads in [1, 3] {
                let threads = NonZeroUsize::new(threads).unwrap();
                let options = KernelOptions {
                    isa,
                    threads,
                    ..KernelOptions::default()
                };
                let network = Network::from_onnx(&onnx, options);
                let network = network.unwrap_or_else(|e| panic!("{name}: {e}"));
                // The second run finds the memory of the first.
                network.run(&shape, &values).unwrap();
                let outputs = network.run(&shape, &values).unwrap();
                let expected = case["outputs"].as_array().unwrap();
                assert_eq!(outputs.len(), expected.len());
                for (output, expected) in outputs.iter().zip(expected) {
                    let (shape, expected) = tensor(expected);
                    assert_eq!(output.shape, shape, "{name} on {isa}");
                    let largest = expected.iter().fold(1f32, |m, v| m.max(v.abs()));
                    for (i, (got, expected)) in output.values.iter().zip(&expected).enumerate() {
                        let error = (got - expected).abs() / largest;
                        assert!(
                            error <= TOLERANCE,
                            "{name} on {isa}, {i}: {got}, not {expected}"
                        );
                    }
                }
            }
        }
    }
}
