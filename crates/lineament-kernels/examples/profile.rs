//! What each step of an ONNX file costs: `profile FILE.onnx 1,3,112,112 THREADS ISA PRECISION`.
#![allow(clippy::print_stdout, reason = "a command's output")]

use std::error::Error;
use std::num::NonZeroUsize;

use lineament_kernels::{Isa, KernelOptions, Network, Precision};

/// Counted runs, of which the least times are shown.
const RUNS: NonZeroUsize = NonZeroUsize::new(50).unwrap();

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, shape, threads, isa, precision] = arguments.as_slice() else {
        return Err(
            "usage: profile FILE.onnx 1,3,112,112 THREADS portable|avx2|avx512|amx f32|bf16|int8"
                .into(),
        );
    };
    let shape = shape
        .split(',')
        .map(str::parse)
        .collect::<Result<Vec<usize>, _>>()?;
    let options = KernelOptions {
        isa: isa.parse::<Isa>()?,
        threads: threads.parse::<NonZeroUsize>()?,
        precision: precision.parse::<Precision>()?,
    };
    let network = Network::from_onnx(&std::fs::read(file)?, options)?;
    let profile = network.profile(&shape, RUNS)?;
    for step in &profile.steps {
        let microseconds = step.time.as_secs_f64() * 1e6;
        let rate = step.gmacs_per_second();
        let output = step.output.map(|o| format!("{o:?}")).unwrap_or_default();
        println!(
            "{microseconds:9.1} µs {rate:6.1} GMAC/s  {:44} {output}",
            step.what
        );
    }
    println!(
        "{:?} for {} MMAC",
        profile.time(),
        profile.macs() / 1_000_000
    );
    Ok(())
}
