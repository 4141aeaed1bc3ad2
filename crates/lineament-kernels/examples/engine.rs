//! Runs an ONNX file on numbers from standard input and writes its outputs with the time:
//! `engine FILE.onnx 1,3,112,112 THREADS ISA PRECISION`. For `bench/engines.py`.
//!
//! The protocol, all little-endian: first it says how many multiplications a run takes (`u64`) and how many billions of
//! them a thread does at most in a second (`f64`). Each input comes as its values (`f32`), and goes back as the
//! nanoseconds of the run (`u64`), then every output's values in the file's order.
#![allow(clippy::print_stdout, reason = "a command's output")]

use std::error::Error;
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::time::Instant;

use lineament_kernels::{Isa, KernelOptions, Network, Precision};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, shape, threads, isa, precision] = arguments.as_slice() else {
        return Err(
            "usage: engine FILE.onnx 1,3,112,112 THREADS portable|avx2|avx512|amx f32|bf16|int8"
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
    let (macs, peak) = (
        network.cost(&shape)?.macs,
        options.isa.peak_gmacs_per_second(options.precision)?,
    );
    let mut bytes = vec![0; 4 * shape.iter().product::<usize>()];
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    output.write_all(&macs.to_le_bytes())?;
    output.write_all(&peak.to_le_bytes())?;
    output.flush()?;
    while input.read_exact(&mut bytes).is_ok() {
        let (numbers, _) = bytes.as_chunks::<4>();
        let values: Vec<f32> = numbers.iter().map(|n| f32::from_le_bytes(*n)).collect();
        let begun = Instant::now();
        let outputs = network.run(&shape, &values)?;
        let nanoseconds = u64::try_from(begun.elapsed().as_nanos())?;
        output.write_all(&nanoseconds.to_le_bytes())?;
        for tensor in outputs {
            for value in tensor.values {
                output.write_all(&value.to_le_bytes())?;
            }
        }
        output.flush()?;
    }
    Ok(())
}
