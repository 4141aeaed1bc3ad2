//! Operators over pictures: normalisation, activations, pairs, joins, pools, resizes.

use proptest::prelude::*;

use crate::onnx::graph::Graph;
use crate::onnx::{attribute, float, int, text};
use crate::{Around, agrees, cases, pictures};

/// The functions of one number.
#[derive(Debug, Clone, Copy)]
enum Function {
    Relu,
    /// Of one slope, or of one each channel.
    PRelu {
        by_channel: bool,
    },
    LeakyRelu,
    Clip,
    ClipAbove,
    Sigmoid,
    HardSigmoid,
    HardSwish,
    /// x · sigmoid(x).
    Silu,
    /// x · hardsigmoid(x), which is hardswish in two nodes.
    GatedHard,
    Tanh,
    Exp,
    Neg,
    SqrtOfAbs,
}

const FUNCTIONS: [Function; 15] = [
    Function::Relu,
    Function::PRelu { by_channel: true },
    Function::PRelu { by_channel: false },
    Function::LeakyRelu,
    Function::Clip,
    Function::ClipAbove,
    Function::Sigmoid,
    Function::HardSigmoid,
    Function::HardSwish,
    Function::Silu,
    Function::GatedHard,
    Function::Tanh,
    Function::Exp,
    Function::Neg,
    Function::SqrtOfAbs,
];

impl Function {
    fn any() -> impl Strategy<Value = Self> {
        prop::sample::select(&FUNCTIONS[..])
    }

    /// Of `x`, whose channels are followed by so many axes.
    fn of(self, graph: &mut Graph, x: &str, channels: usize, n_after: usize) -> String {
        let mut plain = |operator: &str| graph.node(operator, &[x], &[]);
        match self {
            Self::Relu => plain("Relu"),
            Self::Sigmoid => plain("Sigmoid"),
            Self::HardSwish => plain("HardSwish"),
            Self::Tanh => plain("Tanh"),
            Self::Exp => plain("Exp"),
            Self::Neg => plain("Neg"),
            Self::SqrtOfAbs => {
                let amount = plain("Abs");
                graph.node("Sqrt", &[&amount], &[])
            }
            Self::PRelu { by_channel } => {
                let mut shape = vec![1; 1 + n_after];
                shape[0] = if by_channel { channels } else { 1 };
                let slopes = graph.weights(&shape);
                graph.node("PRelu", &[x, &slopes], &[])
            }
            Self::LeakyRelu => graph.node("LeakyRelu", &[x], &[float("alpha", 0.15)]),
            Self::Clip => {
                let bounds = [-0.2, 0.3].map(|bound| graph.floats(&[], &[bound]));
                graph.node("Clip", &[x, &bounds[0], &bounds[1]], &[])
            }
            Self::ClipAbove => {
                let most = graph.floats(&[], &[0.3]);
                graph.node("Clip", &[x, "", &most], &[])
            }
            Self::HardSigmoid => graph.node(
                "HardSigmoid",
                &[x],
                &[float("alpha", 0.3), float("beta", 0.4)],
            ),
            Self::Silu => {
                let gate = plain("Sigmoid");
                graph.node("Mul", &[x, &gate], &[])
            }
            Self::GatedHard => {
                let sixth = float("alpha", 1.0 / 6.0);
                let gate = graph.node("HardSigmoid", &[x], &[sixth]);
                graph.node("Mul", &[&gate, x], &[])
            }
        }
    }
}

fn normalized(graph: &mut Graph, x: &str, channels: usize) -> String {
    let [gain, variance] = [(); 2].map(|()| graph.positive(&[channels]));
    let [bias, mean] = [(); 2].map(|()| graph.weights(&[channels]));
    let inputs = [x, &gain, &bias, &mean, &variance];
    graph.node("BatchNormalization", &inputs, &[float("epsilon", 1e-3)])
}

/// What one side of a pair is.
#[derive(Debug, Clone, Copy)]
enum Side {
    Same,
    Itself,
    OfChannel,
    OfPixel,
    Number,
    Row,
    /// A constant of each channel, of every place or of all.
    Constants,
    ConstantOfAll,
    ConstantNumber,
}

const SIDES: [Side; 9] = [
    Side::Same,
    Side::Itself,
    Side::OfChannel,
    Side::OfPixel,
    Side::Number,
    Side::Row,
    Side::Constants,
    Side::ConstantOfAll,
    Side::ConstantNumber,
];

impl Side {
    /// Made of the positive picture `x`.
    fn of(self, graph: &mut Graph, x: &str, [batch, c, h, w]: [usize; 4]) -> String {
        let mut mean = |axes: &[u64]| graph.node("ReduceMean", &[x], &[attribute("axes", axes)]);
        match self {
            Self::Same => graph.node("Exp", &[x], &[]),
            Self::Itself => x.to_owned(),
            Self::OfChannel => graph.node("GlobalAveragePool", &[x], &[]),
            Self::OfPixel => mean(&[1]),
            Self::Number => mean(&[1, 2, 3]),
            Self::Row => mean(&[1, 2]),
            Self::Constants => graph.positive(&[c, 1, 1]),
            Self::ConstantOfAll => graph.positive(&[batch, c, h, w]),
            Self::ConstantNumber => graph.positive(&[]),
        }
    }
}

/// A window no larger than the picture, its strides and its padding, less than the window.
fn pools() -> impl Strategy<Value = ([usize; 4], Vec<Vec<u8>>)> {
    let window = (
        [1u64..5, 1..5],
        [1u64..4, 1..4],
        [0u64..4, 0..4, 0..4, 0..4],
    );
    (pictures(), window, any::<bool>()).prop_map(|(shape, (mut kernel, strides, mut pads), up)| {
        for axis in 0..2 {
            kernel[axis] = kernel[axis].min(shape[axis + 2] as u64);
            for pad in [axis, axis + 2] {
                pads[pad] = pads[pad].min(kernel[axis] - 1);
            }
        }
        let attributes = vec![
            attribute("kernel_shape", &kernel),
            attribute("strides", &strides),
            attribute("pads", &pads),
            int("ceil_mode", up.into()),
        ];
        (shape, attributes)
    })
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn batch_normalisation(around in Around::any(), shape in pictures(), then in any::<bool>()) {
        around.agrees(shape, |graph, x| {
            let value = normalized(graph, x, shape[1]);
            let value = if then { graph.node("Relu", &[&value], &[]) } else { value };
            (value, shape[1])
        })?;
    }

    #[test]
    fn functions(around in Around::any(), shape in pictures(), (first, second) in (Function::any(), Function::any()), both in any::<bool>()) {
        around.agrees(shape, |graph, x| {
            let mut value = first.of(graph, x, shape[1], 2);
            if both {
                value = second.of(graph, &value, shape[1], 2);
            }
            (value, shape[1])
        })?;
    }

    #[test]
    fn functions_of_other_shapes(shape in prop::collection::vec(1usize..9, 1..6), function in Function::any()) {
        let mut graph = Graph::over(&shape);
        let channels = shape.get(1).copied().unwrap_or(1);
        let value = function.of(&mut graph, "x", channels, shape.len().saturating_sub(2));
        agrees(graph, &[&value], &shape)?;
    }

    #[test]
    fn pairs(
        around in Around::any(),
        shape in pictures(),
        side in prop::sample::select(&SIDES[..]),
        operator in prop::sample::select(&["Add", "Sub", "Mul", "Div"][..]),
        (turned, rectified) in any::<(bool, bool)>(),
    ) {
        around.agrees(shape, |graph, x| {
            // Without numbers near zero, which quotients would make large.
            let bounded = graph.node("Sigmoid", &[x], &[]);
            let other = side.of(graph, &bounded, shape);
            let inputs = if turned { [&other[..], &bounded] } else { [&bounded[..], &other] };
            let value = graph.node(operator, &inputs, &[]);
            let value = if rectified { graph.node("Relu", &[&value], &[]) } else { value };
            (value, shape[1])
        })?;
    }

    #[test]
    fn shortcuts(shape in pictures(), outputs in 1usize..36, function in Function::any(), turned in any::<bool>()) {
        let mut graph = Graph::over(&shape);
        let [left, right] = [(); 2].map(|()| graph.mix("x", shape[1], outputs));
        let left = normalized(&mut graph, &left, outputs);
        let inputs = if turned { [&right[..], &left] } else { [&left[..], &right] };
        let sum = graph.node("Add", &inputs, &[]);
        let value = function.of(&mut graph, &sum, outputs, 2);
        agrees(graph, &[&value, &sum], &shape)?;
    }

    #[test]
    fn joins(
        around in Around::any(),
        [n, c, h, w] in pictures(),
        parts in prop::collection::vec(prop_oneof![1usize..36, Just(16)], 1..4),
        axis in -4i64..4,
    ) {
        around.agrees([n, c, h, w], |graph, x| {
            let along_channels = axis.rem_euclid(4) == 1;
            let outputs = |n| if along_channels { n } else { c };
            let mut values: Vec<String> = parts.iter().map(|&n| graph.mix(x, c, outputs(n))).collect();
            values.push(x.to_owned());
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let value = graph.node("Concat", &values, &[int("axis", axis)]);
            let joined = if along_channels { c + parts.iter().sum::<usize>() } else { c };
            (value, joined)
        })?;
    }

    #[test]
    fn pools_of_greatest(around in Around::any(), (shape, attributes) in pools()) {
        around.agrees(shape, |graph, x| (graph.node("MaxPool", &[x], &attributes), shape[1]))?;
    }

    #[test]
    fn pools_of_means(around in Around::any(), (shape, mut attributes) in pools(), counts_padding in any::<bool>()) {
        attributes.push(int("count_include_pad", counts_padding.into()));
        around.agrees(shape, |graph, x| (graph.node("AveragePool", &[x], &attributes), shape[1]))?;
    }

    #[test]
    fn means_of_all(around in Around::any(), shape in pictures()) {
        around.agrees(shape, |graph, x| (graph.node("GlobalAveragePool", &[x], &[]), shape[1]))?;
    }

    #[test]
    fn resizes(
        around in Around::any(),
        shape in pictures(),
        (down, across) in (1usize..4, 1usize..4),
        (mode, nearest) in prop::sample::select(&[
            ("linear", "floor"), ("nearest", "floor"), ("nearest", "ceil"), ("nearest", "round_prefer_floor"),
            ("nearest", "round_prefer_ceil"),
        ][..]),
        coordinates in prop::sample::select(&["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"][..]),
        by_sizes in any::<bool>(),
    ) {
        around.agrees(shape, |graph, x| {
            let attributes = [
                text("mode", mode),
                text("nearest_mode", nearest),
                text("coordinate_transformation_mode", coordinates),
            ];
            let [n, c, h, w] = shape;
            let value = if by_sizes {
                let sizes = graph.ints(&[n, c, h * down, w * across].map(|n| n as i64));
                graph.node("Resize", &[x, "", "", &sizes], &attributes)
            } else {
                let scales = graph.floats(&[4], &[1.0, 1.0, down as f32, across as f32]);
                graph.node("Resize", &[x, "", &scales], &attributes)
            };
            (value, c)
        })?;
    }
}
