//! Convolutions of any shape: vector instructions agree with the portable twin.
#![allow(clippy::unwrap_used, reason = "tests")]

mod onnx;

use std::num::NonZeroUsize;

use lineament_kernels::{Isa, KernelOptions, Network};
use onnx::{Conv, Tail};
use proptest::prelude::*;

/// Of the greatest output: sums in another order, and the 36 numbers of Winograd's tiles.
const TOLERANCE: f32 = 1e-5;

fn run(conv: &Conv, isa: Isa, threads: usize, values: &[f32]) -> Vec<f32> {
    let threads = NonZeroUsize::new(threads).unwrap();
    let network = Network::from_onnx(&conv.onnx(), KernelOptions { isa, threads }).unwrap();
    let mut outputs = network.run(&conv.input, values).unwrap();
    outputs.remove(0).values
}

fn agrees(conv: &Conv) -> Result<(), TestCaseError> {
    let n: usize = conv.input.iter().product();
    let values = onnx::numbers(n, 3);
    let expected = run(conv, Isa::Portable, 1, &values);
    let largest = expected.iter().fold(1f32, |m, v| m.max(v.abs()));
    for isa in [Isa::Neon, Isa::Avx2, Isa::Avx512] {
        if isa.checked().is_err() {
            continue;
        }
        let alone = run(conv, isa, 1, &values);
        prop_assert_eq!(alone.len(), expected.len());
        for (i, (a, b)) in alone.iter().zip(&expected).enumerate() {
            let differ = (a - b).abs() / largest;
            prop_assert!(differ <= TOLERANCE, "{isa}, output {i}: {a}, {b}");
        }
        prop_assert_eq!(
            &run(conv, isa, 3, &values),
            &alone,
            "threads change {}",
            isa
        );
    }
    Ok(())
}

fn tails() -> impl Strategy<Value = Tail> {
    prop_oneof![
        Just(Tail::None),
        Just(Tail::Relu),
        Just(Tail::PRelu),
        Just(Tail::Sigmoid),
        Just(Tail::AddInput),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn dense(
        (batch, inputs, outputs) in (1usize..3, 1usize..40, 1usize..40),
        (height, width) in (1usize..20, 1usize..40),
        (kernel_height, kernel_width) in (1usize..4, 1usize..6),
        strides in [1usize..4, 1usize..4],
        pads in [0usize..3, 0usize..3, 0usize..3, 0usize..3],
        tail in tails(),
    ) {
        let kernel = [kernel_height, kernel_width];
        let conv = Conv { input: [batch, inputs, height, width], outputs, kernel, strides, pads, groups: 1, tail };
        prop_assume!(conv.fits());
        agrees(&conv)?;
    }

    #[test]
    fn by_tiles(
        (batch, in_blocks, out_blocks) in (1usize..3, 1usize..4, 1usize..4),
        (height, width) in (8usize..30, 8usize..30),
        pads in [0usize..3, 0usize..3, 0usize..3, 0usize..3],
        tail in tails(),
    ) {
        let conv = Conv {
            input: [batch, 16 * in_blocks, height, width],
            outputs: 16 * out_blocks,
            kernel: [3, 3],
            strides: [1, 1],
            pads,
            groups: 1,
            tail,
        };
        agrees(&conv)?;
    }

    #[test]
    fn depthwise(
        (batch, channels) in (1usize..3, 2usize..40),
        (height, width) in (1usize..20, 1usize..40),
        side in 1usize..8,
        strides in [1usize..4, 1usize..4],
        pads in [0usize..4, 0usize..4, 0usize..4, 0usize..4],
        tail in tails(),
    ) {
        let conv = Conv {
            input: [batch, channels, height, width],
            outputs: channels,
            kernel: [side, side],
            strides,
            pads,
            groups: channels,
            tail,
        };
        prop_assume!(conv.fits());
        agrees(&conv)?;
    }

    #[test]
    fn grouped(
        (groups, inputs, outputs) in (2usize..5, 1usize..20, 1usize..20),
        (height, width) in (3usize..12, 3usize..12),
        tail in tails(),
    ) {
        let conv = Conv {
            input: [1, groups * inputs, height, width],
            outputs: groups * outputs,
            kernel: [3, 3],
            strides: [1, 1],
            pads: [1, 1, 1, 1],
            groups,
            tail,
        };
        agrees(&conv)?;
    }
}

/// The profile names what was fused, and that this convolution goes by tiles.
#[test]
fn a_profile_tells_what_was_fused() {
    let conv = Conv {
        input: [1, 32, 28, 28],
        outputs: 32,
        kernel: [3, 3],
        strides: [1, 1],
        pads: [1, 1, 1, 1],
        groups: 1,
        tail: Tail::AddInput,
    };
    let network = Network::from_onnx(&conv.onnx(), KernelOptions::default()).unwrap();
    let profile = network.profile(&conv.input, NonZeroUsize::MIN).unwrap();
    let what: Vec<&str> = profile
        .steps
        .iter()
        .map(|step| step.what.as_str())
        .collect();
    let tiled = if Isa::detect() == Isa::Portable {
        ""
    } else {
        "tiled "
    };
    let expected = format!("{tiled}conv 3x3 32>32 + add + relu");
    assert!(what.contains(&expected.as_str()), "{what:?}");
    assert_eq!(profile.macs(), 32 * 32 * 9 * 28 * 28);
}
