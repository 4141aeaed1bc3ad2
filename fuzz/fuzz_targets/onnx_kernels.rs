//! Any bytes as an ONNX file for our own executor: an error, or a network that keeps its word on
//! what goes in and what comes out.

#![no_main]

use std::num::NonZeroUsize;

use libfuzzer_sys::fuzz_target;
use lineament_kernels::{Isa, KernelOptions, Network, Precision};

/// Larger inputs are compiled, not run.
const MAX_INPUT: usize = 1 << 10;

/// Multiplications of a run that are worth the wait.
const MAX_MACS: u64 = 1 << 22;

fuzz_target!(|bytes: &[u8]| {
    let options = KernelOptions {
        isa: Isa::detect(),
        threads: NonZeroUsize::MIN,
        precision: Precision::ALL[bytes.len() % Precision::ALL.len()],
    };
    let Ok(network) = Network::from_onnx(bytes, options) else {
        return;
    };
    let dims = network.input().shape.iter();
    let shape: Vec<usize> = dims.map(|dim| dim.unwrap_or(2)).collect();
    let n = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    let Some(n) = n.filter(|&n| n <= MAX_INPUT) else {
        return;
    };
    match network.cost(&shape) {
        Ok(cost) if cost.macs <= MAX_MACS && cost.workspace_bytes <= 1 << 24 => {}
        _ => return,
    }
    if let Ok(outputs) = network.run(&shape, &vec![0.5; n]) {
        assert_eq!(outputs.len(), network.outputs().len());
        for output in outputs {
            assert_eq!(output.shape.iter().product::<usize>(), output.values.len());
        }
    }
});
