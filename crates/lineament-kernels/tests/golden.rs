//! Every operator against onnxruntime, on every instruction set that this processor has.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::num::NonZeroUsize;

use lineament_kernels::{Isa, KernelOptions, Network};
use serde_json::Value;

/// Relative to the greatest value of an output, at least 1: sums in another order.
const TOLERANCE: f32 = 1e-5;

fn present() -> impl Iterator<Item = Isa> {
    Isa::ALL.into_iter().filter(|isa| isa.checked().is_ok())
}

fn tensor(value: &Value) -> (Vec<usize>, Vec<f32>) {
    let numbers = |v: &Value| v.as_array().unwrap().clone();
    let shape = numbers(&value["shape"]);
    let shape = shape.iter().map(|n| n.as_u64().unwrap() as usize).collect();
    let values = numbers(&value["values"]);
    (
        shape,
        values.iter().map(|n| n.as_f64().unwrap() as f32).collect(),
    )
}

/// RFC 4648, which the golden files use; padding ends the text.
fn base64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let text: Vec<u8> = text.bytes().filter(|&c| c != b'=').collect();
    let group = |group: &[u8]| {
        let bits = group
            .iter()
            .fold(0u32, |bits, &c| bits << 6 | u32::from(digit(c)));
        let bits = bits << (6 * (4 - group.len()));
        bits.to_be_bytes()[1..group.len()].to_vec()
    };
    text.chunks(4).flat_map(group).collect()
}

#[test]
fn every_operator_agrees_with_onnxruntime() {
    let golden: Value =
        serde_json::from_str(include_str!("../../../reference/golden/kernels.json")).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert!(cases.len() > 40);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let onnx = base64(case["onnx_base64"].as_str().unwrap());
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
