//! Whole small networks: instruction sets agree, threads change nothing, damage is an error.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::num::NonZeroUsize;
use std::path::Path;
use std::{fs, thread};

use lineament_kernels::{Isa, KernelError, KernelOptions, Network, NetworkOutput, Precision};

const NETWORKS: [&str; 7] = [
    "random_embedder.onnx",
    "random_embedder_dynamic.onnx",
    "random_retinaface.onnx",
    "random_scrfd_kps.onnx",
    "random_scrfd_nokps.onnx",
    "random_ultraface.onnx",
    "random_yunet.onnx",
];

fn asset(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference/assets");
    fs::read(folder.join(name)).unwrap()
}

fn options(isa: Isa, threads: usize) -> KernelOptions {
    let threads = NonZeroUsize::new(threads).unwrap();
    KernelOptions {
        isa,
        threads,
        precision: Precision::F32,
    }
}

/// Open dimensions are one picture of `side`.
fn shape_of(network: &Network, side: usize) -> Vec<usize> {
    let dims = network.input().shape.iter().enumerate();
    let open = |axis| if axis == 0 { 1 } else { side };
    dims.map(|(axis, dim)| dim.unwrap_or(open(axis))).collect()
}

fn numbers(n: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 * 2.0 - 1.0
    };
    (0..n).map(next).collect()
}

#[test]
fn instruction_sets_agree_with_the_portable_twin() {
    for name in NETWORKS {
        let onnx = asset(name);
        let twin = Network::from_onnx(&onnx, options(Isa::Portable, 1)).unwrap();
        for isa in Isa::ALL.into_iter().skip(1) {
            if isa.checked().is_err() {
                continue;
            }
            let network = Network::from_onnx(&onnx, options(isa, 2)).unwrap();
            // Two sizes: the second needs a plan of its own over the same memory.
            for side in [96, 160] {
                let shape = shape_of(&twin, side);
                let values = numbers(shape.iter().product(), 7);
                let expected = twin.run(&shape, &values).unwrap();
                let outputs = network.run(&shape, &values).unwrap();
                for (output, expected) in outputs.iter().zip(&expected) {
                    assert_eq!(output.shape, expected.shape);
                    let largest = expected.values.iter().fold(1f32, |m, v| m.max(v.abs()));
                    for (a, b) in output.values.iter().zip(&expected.values) {
                        assert!((a - b).abs() <= 1e-5 * largest, "{name} on {isa}: {a}, {b}");
                    }
                }
            }
        }
    }
}

/// Less exact numbers change whole networks by what their rounding explains, the same on every
/// instruction set: the twin in safe Rust is nearer than `f32` is.
#[test]
fn less_exact_numbers_stay_near() {
    for name in NETWORKS {
        let onnx = asset(name);
        let exact = Network::from_onnx(&onnx, options(Isa::Portable, 1)).unwrap();
        let shape = shape_of(&exact, 96);
        let values = numbers(shape.iter().product(), 7);
        let exact = exact.run(&shape, &values).unwrap();
        for (precision, most) in [(Precision::Bf16, 0.05), (Precision::Int8, 0.1)] {
            let run = |isa| {
                let options = KernelOptions {
                    precision,
                    ..options(isa, 2)
                };
                let network = Network::from_onnx(&onnx, options).unwrap();
                network.run(&shape, &values).unwrap()
            };
            let twin = run(Isa::Portable);
            let rounding = distance(&twin, &exact);
            assert!(rounding <= most, "{name} in {precision}: {rounding}");
            let sets = [Isa::Avx512, Isa::Amx].into_iter();
            let sets: Vec<_> = sets
                .filter(|isa| isa.checked().is_ok() && isa.multiplies(precision))
                .collect();
            if sets.is_empty() {
                println!("skipped: this processor has no instructions for {precision}");
            }
            for isa in sets {
                // A sum in another order may round to the neighbour, which later layers see.
                let differ = distance(&run(isa), &twin);
                assert!(
                    differ <= most / 2.0,
                    "{name} on {isa} in {precision}: {differ}"
                );
            }
        }
    }
}

/// A picture's scale is its own: what lies beside it in a batch changes nothing.
#[test]
fn neighbours_in_a_batch_change_nothing() {
    let onnx = asset("random_embedder_dynamic.onnx");
    for precision in Precision::ALL {
        let options = KernelOptions {
            precision,
            ..options(Isa::detect(), 1)
        };
        let network = Network::from_onnx(&onnx, options).unwrap();
        let mut shape = shape_of(&network, 112);
        let n: usize = shape.iter().product();
        shape[0] = 2;
        let first = numbers(n, 1);
        let run = |second: Vec<f32>| {
            let outputs = network.run(&shape, &[first.clone(), second].concat());
            let values = outputs.unwrap().remove(0).values;
            values[..values.len() / 2].to_vec()
        };
        assert_eq!(run(numbers(n, 2)), run(vec![9.0; n]), "{precision}");
    }
}

/// The greatest difference of an output, over its greatest value or 1.
fn distance(left: &[NetworkOutput], right: &[NetworkOutput]) -> f32 {
    let of_output = |(left, right): (&NetworkOutput, &NetworkOutput)| {
        assert_eq!(left.shape, right.shape);
        let largest = right.values.iter().fold(1f32, |m, v| m.max(v.abs()));
        let pairs = left.values.iter().zip(&right.values);
        let far = |d: f32| if d.is_nan() { f32::INFINITY } else { d };
        pairs.fold(0f32, |m, (a, b)| m.max(far((a - b).abs()))) / largest
    };
    left.iter().zip(right).map(of_output).fold(0.0, f32::max)
}

#[test]
fn callers_do_not_change_each_others_results() {
    for threads in [1, 2] {
        let onnx = asset("random_yunet.onnx");
        let network = Network::from_onnx(&onnx, options(Isa::detect(), threads)).unwrap();
        let sides = [64, 96, 128];
        let runs: Vec<_> = (0..6)
            .map(|i| {
                let shape = shape_of(&network, sides[i % 3]);
                let values = numbers(shape.iter().product(), i as u32);
                let outputs = network.run(&shape, &values).unwrap();
                (shape, values, outputs)
            })
            .collect();
        thread::scope(|scope| {
            for start in 0..4 {
                let (network, runs) = (&network, &runs);
                scope.spawn(move || {
                    for i in 0..18 {
                        let (shape, values, alone) = &runs[(start + i) % 6];
                        assert_eq!(&network.run(shape, values).unwrap(), alone);
                    }
                });
            }
        });
    }
}

#[test]
fn another_input_is_refused_with_the_shape_that_fits() {
    let onnx = asset("random_embedder.onnx");
    let network = Network::from_onnx(&onnx, KernelOptions::default()).unwrap();
    let error = network.run(&[1, 3, 112, 111], &[0.0; 3]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the network takes an input of shape [1, 3, 112, 112], got [1, 3, 112, 111] with 3 values"
    );
}

#[test]
fn damage_is_an_error_or_another_network() {
    let whole = asset("random_yunet.onnx");
    let cut = (0..200).map(|i| whole[..whole.len() * i / 200].to_vec());
    let flipped = (0..1500).map(|i| {
        let mut bytes = whole.clone();
        let at = i * 7919 % bytes.len();
        bytes[at] ^= 1 << (i % 8);
        bytes
    });
    let mut n_refused = 0;
    for bytes in cut.chain(flipped) {
        match Network::from_onnx(&bytes, options(Isa::detect(), 1)) {
            Ok(network) => {
                let shape = shape_of(&network, 64);
                let n: usize = shape.iter().product();
                if n <= 1 << 20 {
                    drop(network.run(&shape, &numbers(n, 1)));
                }
            }
            Err(_) => n_refused += 1,
        }
    }
    assert!(n_refused > 200);
}

#[test]
fn an_unknown_operator_is_named() {
    let mut onnx = asset("random_yunet.onnx");
    let at = onnx.windows(7).position(|w| w == b"Sigmoid").unwrap();
    onnx[at..at + 7].copy_from_slice(b"Sinmoid");
    let error = Network::from_onnx(&onnx, KernelOptions::default()).unwrap_err();
    assert!(matches!(error, KernelError::Unsupported { .. }));
    assert!(error.to_string().contains("Sinmoid"), "{error}");
}
