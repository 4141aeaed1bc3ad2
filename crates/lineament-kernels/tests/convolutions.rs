//! Convolutions of any shape: vector instructions agree with the portable twin.
#![allow(clippy::unwrap_used, reason = "tests")]

mod onnx;

use std::num::NonZeroUsize;

use lineament_kernels::{Isa, KernelOptions, Network, Precision};
use onnx::{Conv, Tail};
use proptest::prelude::*;

type Way = (Isa, Precision);

/// Of the greatest output: sums in another order, and the 36 numbers of Winograd's tiles.
const TOLERANCE: f32 = 1e-5;

/// How far numbers of `precision` may take an output from that of `f32`, of the greatest: with
/// Winograd's tiles, which round 36 numbers for 16 and then subtract, fifteen times as far.
fn rounding_of(precision: Precision, conv: &Conv) -> f32 {
    match precision {
        Precision::F32 => 0.0,
        _ if may_have_tiles(conv) => 0.12,
        _ => rounding_without_tiles(precision),
    }
}

fn may_have_tiles(conv: &Conv) -> bool {
    let is_3x3 = (conv.kernel, conv.strides, conv.groups) == ([3, 3], [1, 1], 1);
    conv.input[1].is_multiple_of(16) && is_3x3
}

fn rounding_without_tiles(precision: Precision) -> f32 {
    match precision {
        Precision::F32 => 0.0,
        Precision::Bf16 => 0.008,
        _ => 0.025,
    }
}

fn run(conv: &Conv, (isa, precision): Way, threads: usize, values: &[f32]) -> Vec<f32> {
    let options = KernelOptions {
        isa,
        threads: NonZeroUsize::new(threads).unwrap(),
        precision,
    };
    let network = Network::from_onnx(&conv.onnx(), options).unwrap();
    assert_eq!(network.options(), options);
    let mut outputs = network.run(&conv.input, values).unwrap();
    outputs.remove(0).values
}

/// The greatest difference, over the greatest of `expected`.
fn difference(got: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(got.len(), expected.len());
    let largest = expected.iter().fold(1f32, |m, v| m.max(v.abs()));
    let pairs = got.iter().zip(expected);
    let far = |d: f32| if d.is_nan() { f32::INFINITY } else { d };
    pairs.fold(0f32, |m, (a, b)| m.max(far((a - b).abs()))) / largest
}

fn agrees(conv: &Conv) -> Result<(), TestCaseError> {
    let values = onnx::numbers(conv.input.iter().product(), 3);
    let exact = run(conv, (Isa::Portable, Precision::F32), 1, &values);
    for precision in Precision::ALL {
        let expected = run(conv, (Isa::Portable, precision), 1, &values);
        let rounding = difference(&expected, &exact);
        prop_assert!(
            rounding <= rounding_of(precision, conv),
            "{precision}: {rounding}"
        );
        for isa in &Isa::ALL[1..] {
            let way = (*isa, precision);
            if isa.checked().is_err() || !isa.multiplies(precision) {
                continue;
            }
            let alone = run(conv, way, 1, &values);
            // AMX has no tiles of Winograd's; without AVX512-BF16, tiles and depthwise convolutions stay in `f32`.
            let is_direct = way.0 == Isa::Amx && precision != Precision::F32;
            let is_wide = precision == Precision::Int8 && !isa.multiplies(Precision::Bf16);
            let tiles_differ = (is_direct || is_wide) && may_have_tiles(conv);
            let (expected, tolerance) = match tiles_differ || is_wide && conv.groups > 1 {
                true => (&exact, rounding_without_tiles(precision)),
                false => (&expected, TOLERANCE),
            };
            let differ = difference(&alone, expected);
            prop_assert!(differ <= tolerance, "{isa}, {precision}: {differ}");
            prop_assert_eq!(run(conv, way, 3, &values), alone, "threads change {}", isa);
        }
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

/// What `onnx` makes of `values`, and the steps that it takes.
fn outputs(
    onnx: &[u8],
    (isa, precision): Way,
    threads: usize,
    (shape, values): (&[usize; 4], &[f32]),
) -> (Vec<Vec<f32>>, Vec<String>) {
    let options = KernelOptions {
        isa,
        threads: NonZeroUsize::new(threads).unwrap(),
        precision,
    };
    let network = Network::from_onnx(onnx, options).unwrap();
    let outputs = network.run(shape, values).unwrap();
    let profile = network.profile(shape, NonZeroUsize::MIN).unwrap();
    let steps = profile.steps.into_iter().map(|step| step.what);
    (
        outputs.into_iter().map(|output| output.values).collect(),
        steps.collect(),
    )
}

fn here() -> impl Iterator<Item = Isa> {
    Isa::ALL.into_iter().filter(|isa| isa.checked().is_ok())
}

/// Heads of few outputs are one convolution, and give what each gives alone.
#[test]
fn heads_side_by_side_give_what_each_gives_alone() {
    let shape = [2, 32, 21, 17];
    let values = onnx::numbers(shape.iter().product(), 3);
    let all = [(2, 1), (8, 2), (20, 3)];
    for (isa, precision) in here().flat_map(|isa| Precision::ALL.map(|p| (isa, p))) {
        if !isa.multiplies(precision) {
            continue;
        }
        for (kernel, then_depthwise) in [(1, false), (3, false), (1, true)] {
            let heads = |heads: &[_]| {
                let onnx = onnx::heads(&shape, kernel, heads, then_depthwise);
                outputs(&onnx, (isa, precision), 2, (&shape, &values))
            };
            let (together, steps) = heads(&all);
            let joined = match then_depthwise {
                false => format!("conv {kernel}x{kernel} 32>2+8+20"),
                true => "depthwise 3x3 30>2+8+20".to_owned(),
            };
            assert!(steps.iter().any(|step| step.contains(&joined)), "{steps:?}");
            for (head, got) in all.into_iter().zip(together) {
                let (alone, _) = heads(&[head]);
                let differ = difference(&got, &alone[0]);
                assert!(
                    differ <= TOLERANCE,
                    "{head:?} on {isa} in {precision}: {differ}"
                );
            }
        }
    }
}

/// A depthwise and a 1x1 convolution of a large picture are one step, and give what they give one after the other.
#[test]
fn separable_convolutions_are_one_step_of_large_pictures() {
    for (shape, outputs_, stride) in [
        ([1, 40, 50, 42], 24, 1),
        ([2, 24, 61, 50], 40, 1),
        ([1, 70, 75, 74], 8, 2),
    ] {
        let values = onnx::numbers(shape.iter().product(), 3);
        for isa in here() {
            for threads in [1, 3] {
                let part = |shape: &[usize; 4], parts, values: &[f32]| {
                    let onnx = onnx::separable(shape, outputs_, stride, parts);
                    let way = (isa, Precision::F32);
                    let (mut outputs, steps) = outputs(&onnx, way, threads, (shape, values));
                    (outputs.remove(0), steps)
                };
                let (got, steps) = part(&shape, [true, true], &values);
                let is_one = steps
                    .iter()
                    .any(|s| s.contains("depthwise") && s.contains("conv 1x1"));
                assert!(is_one, "{steps:?}");
                let (between, _) = part(&shape, [true, false], &values);
                let [batch, channels, height, width] = shape;
                let [height, width] = [height, width].map(|n| (n - 1) / stride + 1);
                let shape = [batch, channels, height, width];
                let (expected, steps) = part(&shape, [false, true], &between);
                assert!(!steps.iter().any(|step| step.contains("depthwise")));
                let differ = difference(&got, &expected);
                assert!(differ <= TOLERANCE, "{shape:?} on {isa}: {differ}");
            }
        }
    }
}

/// The padding of a large picture is part of the convolution that reads it, and gives what zeros in the input give.
#[test]
fn padding_is_part_of_the_convolution_of_large_pictures() {
    for (kernel, stride, pads) in [
        (3, 2, [1, 1, 1, 1]),
        (3, 1, [1, 0, 2, 1]),
        (7, 2, [3, 2, 3, 3]),
    ] {
        let padded = Conv {
            input: [2, 3, 131, 113],
            outputs: 20,
            kernel: [kernel; 2],
            strides: [stride; 2],
            pads,
            groups: 1,
            tail: Tail::Relu,
        };
        let [batch, channels, height, width] = padded.input;
        let [above, left, below, right] = pads;
        let wide = [height + above + below, width + left + right];
        let values = onnx::numbers(padded.input.iter().product(), 3);
        let mut zeros = Vec::new();
        for row in 0..batch * channels * wide[0] {
            let (plane, y) = (row / wide[0], row % wide[0]);
            let mut line = vec![0.0; wide[1]];
            if (above..above + height).contains(&y) {
                let start = (plane * height + y - above) * width;
                line[left..left + width].copy_from_slice(&values[start..start + width]);
            }
            zeros.extend(line);
        }
        let explicit = Conv {
            input: [batch, channels, wide[0], wide[1]],
            pads: [0; 4],
            ..padded.clone()
        };
        for isa in here() {
            let way = (isa, Precision::F32);
            for threads in [1, 3] {
                let (got, steps) = outputs(&padded.onnx(), way, threads, (&padded.input, &values));
                assert!(
                    steps.iter().any(|s| s.starts_with("padding, conv")),
                    "{steps:?}"
                );
                assert_eq!(
                    got[0],
                    run(&explicit, way, threads, &zeros),
                    "{kernel} on {isa}"
                );
            }
        }
    }
}

/// Lanes without a channel may hold what is no number: words of several numbers must not let it in.
#[test]
fn lanes_without_a_channel_are_not_read() {
    let input = [1, 20, 6, 6];
    let values = onnx::numbers(input.iter().product(), 3);
    for channels in [1, 5, 17, 18] {
        let onnx = onnx::signs(&input, channels);
        let run = |isa, precision| {
            let options = KernelOptions {
                isa,
                precision,
                ..KernelOptions::default()
            };
            let network = Network::from_onnx(&onnx, options).unwrap();
            network.run(&input, &values).unwrap().remove(0).values
        };
        let exact = run(Isa::Portable, Precision::F32);
        for isa in [Isa::Portable, Isa::detect()] {
            for precision in Precision::ALL {
                let differ = difference(&run(isa, precision), &exact);
                assert!(
                    differ < 0.02,
                    "{channels} on {isa} in {precision}: {differ}"
                );
            }
        }
    }
}
