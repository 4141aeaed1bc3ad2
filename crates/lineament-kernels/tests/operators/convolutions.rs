//! Convolutions of any shape.

use proptest::prelude::*;

use crate::onnx::{attribute, int, numbers, text};
use crate::{Around, cases, gives, pictures, rten};

/// How a window moves: its size, strides and dilations, and the padding above, left, below and right.
#[derive(Debug, Clone, Copy)]
struct Window {
    kernel: [usize; 2],
    strides: [usize; 2],
    dilations: [usize; 2],
    pads: [usize; 4],
}

impl Window {
    fn any(side: usize) -> impl Strategy<Value = Self> {
        (
            [1..=side, 1..=side],
            [1usize..4, 1..4],
            [1usize..3, 1..3],
            [0usize..4, 0..4, 0..4, 0..4],
        )
            .prop_map(|(kernel, strides, dilations, pads)| Self {
                kernel,
                strides,
                dilations,
                pads,
            })
    }

    fn fits(&self, [_, _, height, width]: [usize; 4]) -> bool {
        [height, width].iter().enumerate().all(|(axis, length)| {
            let extent = (self.kernel[axis] - 1) * self.dilations[axis] + 1;
            length + self.pads[axis] + self.pads[axis + 2] >= extent
        })
    }

    fn attributes(&self) -> Vec<Vec<u8>> {
        let ints = |name, values: &[usize]| {
            let values: Vec<u64> = values.iter().map(|&v| v as u64).collect();
            attribute(name, &values)
        };
        vec![
            ints("kernel_shape", &self.kernel),
            ints("strides", &self.strides),
            ints("dilations", &self.dilations),
            ints("pads", &self.pads),
        ]
    }
}

/// The network of a convolution in groups: `shape` is that of one group's input, with as many `outputs` of each.
fn agrees(
    around: Around,
    [batch, inputs, height, width]: [usize; 4],
    (groups, outputs): (usize, usize),
    ([down, across], mut attributes): ([usize; 2], Vec<Vec<u8>>),
) -> Result<(), TestCaseError> {
    let shape = [batch, inputs * groups, height, width];
    attributes.push(int("group", groups as i64));
    around.agrees(shape, |graph, input| {
        let weights = graph.weights(&[outputs * groups, inputs, down, across]);
        let bias = graph.weights(&[outputs * groups]);
        let value = graph.node("Conv", &[input, &weights, &bias], &attributes);
        (value, outputs * groups)
    })
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn dense(around in Around::any(), shape in pictures(), outputs in 1usize..36, window in Window::any(7)) {
        prop_assume!(window.fits(shape));
        agrees(around, shape, (1, outputs), (window.kernel, window.attributes()))?;
    }

    #[test]
    fn of_seven_by_seven(around in Around::any(), (n, c, stride) in (1usize..3, 1usize..20, 1usize..3), side in 7usize..20) {
        let window = Window { kernel: [7; 2], strides: [stride; 2], dilations: [1; 2], pads: [3; 4] };
        agrees(around, [n, c, side, side + 1], (1, 9), (window.kernel, window.attributes()))?;
    }

    #[test]
    fn by_tiles(around in Around::any(), (n, blocks) in (1usize..3, 1usize..3), side in 12usize..24, outputs in 1usize..36) {
        let window = Window { kernel: [3; 2], strides: [1; 2], dilations: [1; 2], pads: [1; 4] };
        agrees(around, [n, 16 * blocks, side, side], (1, outputs), (window.kernel, window.attributes()))?;
    }

    #[test]
    fn grouped(
        around in Around::any(),
        [n, _, height, width] in pictures(),
        (groups, inputs, outputs) in (2usize..5, 1usize..18, 1usize..18),
        window in Window::any(4),
    ) {
        let shape = [n, inputs, height, width];
        prop_assume!(window.fits(shape));
        agrees(around, shape, (groups, outputs), (window.kernel, window.attributes()))?;
    }

    #[test]
    fn grouped_by_blocks(
        around in Around::any(),
        [n, _, height, width] in pictures(),
        (groups, inputs, outputs) in (2usize..4, 1usize..3, 1usize..3),
        window in Window::any(3),
    ) {
        let shape = [n, 16 * inputs, height, width];
        prop_assume!(window.fits(shape));
        agrees(around, shape, (groups, 16 * outputs), (window.kernel, window.attributes()))?;
    }

    #[test]
    fn depthwise(around in Around::any(), [n, c, height, width] in pictures(), of_channel in 1usize..3, window in Window::any(7)) {
        let shape = [n, 1, height, width];
        prop_assume!(window.fits(shape));
        agrees(around, shape, (c, of_channel), (window.kernel, window.attributes()))?;
    }

    /// rten takes SAME_LOWER for SAME_UPPER, so it is given numbers.
    #[test]
    fn with_padding_that_keeps_the_size(
        around in Around::any(),
        shape in pictures(),
        (side, stride) in (1usize..6, 1usize..3),
        upper in any::<bool>(),
    ) {
        let network = |pads| {
            around.network(shape, |graph, input| {
                let weights = graph.weights(&[7, shape[1], side, side]);
                let pair = |name, value: usize| attribute(name, &[value as u64; 2]);
                let sizes = [pair("kernel_shape", side), pair("strides", stride), pair("dilations", 1), pads];
                (graph.node("Conv", &[input, &weights], &sizes), 7)
            })
        };
        let named = network(text("auto_pad", if upper { "SAME_UPPER" } else { "SAME_LOWER" }));
        let totals = [shape[2], shape[3]].map(|n| ((n.div_ceil(stride) - 1) * stride + side).saturating_sub(n));
        let before = totals.map(|n| if upper { n / 2 } else { n.div_ceil(2) } as u64);
        let after = [0, 1].map(|axis| totals[axis] as u64 - before[axis]);
        let numbered = network(attribute("pads", &[before, after].concat()));
        let values = numbers(shape.iter().product(), 3);
        gives(&named, &shape, &values, &rten(&numbered, &shape, &values))?;
    }
}
