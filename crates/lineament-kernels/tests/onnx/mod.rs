//! ONNX files written by hand, of one convolution and of any few nodes: fields of `onnx.proto3`.
#![allow(dead_code, reason = "each test file uses a part")]

pub(crate) mod graph;

/// A convolution of stated shape, and what follows it.
#[derive(Debug, Clone)]
pub(crate) struct Conv {
    /// `[batch, channels, height, width]`.
    pub(crate) input: [usize; 4],
    pub(crate) outputs: usize,
    pub(crate) kernel: [usize; 2],
    pub(crate) strides: [usize; 2],
    /// Above, left, below, right.
    pub(crate) pads: [usize; 4],
    pub(crate) groups: usize,
    pub(crate) tail: Tail,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tail {
    None,
    Relu,
    PRelu,
    Sigmoid,
    /// The network's input is added, and rectified, where shapes allow.
    AddInput,
}

/// `n` numbers from -1 to 1.
pub(crate) fn numbers(n: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 * 2.0 - 1.0
    };
    (0..n).map(next).collect()
}

impl Conv {
    /// The output's height and width.
    fn size(&self) -> [usize; 2] {
        [0, 1].map(|axis| {
            let room = self.input[axis + 2] + self.pads[axis] + self.pads[axis + 2];
            (room - self.kernel[axis]) / self.strides[axis] + 1
        })
    }

    /// Whether the padded input holds the kernel.
    pub(crate) fn fits(&self) -> bool {
        (0..2).all(|axis| {
            self.input[axis + 2] + self.pads[axis] + self.pads[axis + 2] >= self.kernel[axis]
        })
    }

    /// The file.
    pub(crate) fn onnx(&self) -> Vec<u8> {
        let [_, inputs, height, width] = self.input;
        let [down, across] = self.kernel;
        let mut graph = Vec::new();
        let ints = |values: &[usize]| values.iter().map(|&v| v as u64).collect::<Vec<_>>();
        let attributes = [
            attribute("kernel_shape", &ints(&self.kernel)),
            attribute("strides", &ints(&self.strides)),
            attribute("pads", &ints(&self.pads)),
            group(self.groups as u64),
        ];
        put(
            &mut graph,
            1,
            &node("Conv", &["x", "w", "b"], "c", &attributes),
        );
        let output = match self.tail {
            Tail::None => "c",
            Tail::Relu | Tail::Sigmoid => {
                let operator = if self.tail == Tail::Relu {
                    "Relu"
                } else {
                    "Sigmoid"
                };
                put(&mut graph, 1, &node(operator, &["c"], "y", &[]));
                "y"
            }
            Tail::PRelu => {
                put(&mut graph, 1, &node("PRelu", &["c", "s"], "y", &[]));
                "y"
            }
            Tail::AddInput if inputs == self.outputs && self.size() == [height, width] => {
                put(&mut graph, 1, &node("Add", &["c", "x"], "d", &[]));
                put(&mut graph, 1, &node("Relu", &["d"], "y", &[]));
                "y"
            }
            Tail::AddInput => "c",
        };
        let each = inputs / self.groups;
        let n = self.outputs * each * down * across;
        let scale = 1.0 / ((each * down * across) as f32).sqrt();
        let weights: Vec<f32> = numbers(n, 1).iter().map(|w| w * scale).collect();
        let shape = [self.outputs, each, down, across];
        put(&mut graph, 5, &tensor("w", &shape, &weights));
        put(
            &mut graph,
            5,
            &tensor("b", &[self.outputs], &numbers(self.outputs, 2)),
        );
        let slopes = numbers(self.outputs, 4);
        put(&mut graph, 5, &tensor("s", &[self.outputs, 1, 1], &slopes));
        put(&mut graph, 11, &port("x", &self.input));
        let [height, width] = self.size();
        let shape = [self.input[0], self.outputs, height, width];
        put(&mut graph, 12, &port(output, &shape));
        model(&graph)
    }
}

/// A network whose unused lanes hold 0 / 0: a 1x1 convolution of the quotients c / |c|, where c is one
/// of `channels` outputs.
pub(crate) fn signs(input: &[usize; 4], channels: usize) -> Vec<u8> {
    let mut graph = Vec::new();
    put(&mut graph, 1, &node("Conv", &["x", "w"], "c", &[]));
    put(&mut graph, 1, &node("Abs", &["c"], "a", &[]));
    put(&mut graph, 1, &node("Div", &["c", "a"], "d", &[]));
    put(&mut graph, 1, &node("Conv", &["d", "v"], "y", &[]));
    let (w, v) = ([channels, input[1], 1, 1], [channels, channels, 1, 1]);
    for (name, shape) in [("w", w), ("v", v)] {
        let weights = numbers(shape.iter().product(), 1);
        put(&mut graph, 5, &tensor(name, &shape, &weights));
    }
    put(&mut graph, 11, &port("x", input));
    let [batch, _, height, width] = *input;
    put(
        &mut graph,
        12,
        &port("y", &[batch, channels, height, width]),
    );
    model(&graph)
}

/// Convolutions of the same input side by side, as a detector's heads: each of stride 1 with as many outputs as it says,
/// then another of each channel by itself if that is wanted, with channels last.
pub(crate) fn heads(
    input: &[usize; 4],
    kernel: usize,
    outputs: &[(usize, u32)],
    then_depthwise: bool,
) -> Vec<u8> {
    let mut graph = Vec::new();
    let [batch, inputs, height, width] = *input;
    let conv = |kernel: usize, groups: usize| {
        let pads = attribute("pads", &[kernel as u64 / 2; 4]);
        [pads, group(groups as u64)]
    };
    put(&mut graph, 11, &port("x", input));
    for &(n, seed) in outputs {
        let [c, w, b, d, v, y] = ["c", "w", "b", "d", "v", "y"].map(|kind| format!("{kind}{seed}"));
        let made = node("Conv", &["x", &w, &b], &c, &conv(kernel, 1));
        put(&mut graph, 1, &made);
        let shape = [n, inputs, kernel, kernel];
        let weights = numbers(shape.iter().product(), seed);
        put(&mut graph, 5, &tensor(&w, &shape, &weights));
        put(&mut graph, 5, &tensor(&b, &[n], &numbers(n, seed + 100)));
        if then_depthwise {
            put(&mut graph, 1, &node("Conv", &[&c, &v], &d, &conv(3, n)));
            let weights = numbers(9 * n, seed + 200);
            put(&mut graph, 5, &tensor(&v, &[n, 1, 3, 3], &weights));
        }
        let last = if then_depthwise { &d } else { &c };
        let order = attribute("perm", &[0, 2, 3, 1]);
        put(&mut graph, 1, &node("Transpose", &[last], &y, &[order]));
        put(&mut graph, 12, &port(&y, &[batch, height, width, n]));
    }
    model(&graph)
}

/// A depthwise 3x3 convolution, rectified, and a 1x1 convolution of that; or either alone.
pub(crate) fn separable(
    input: &[usize; 4],
    outputs: usize,
    stride: usize,
    parts: [bool; 2],
) -> Vec<u8> {
    let mut graph = Vec::new();
    let [batch, channels, height, width] = *input;
    let attributes = [
        attribute("pads", &[1; 4]),
        attribute("strides", &[stride as u64; 2]),
        group(channels as u64),
    ];
    let between = if parts[0] { "r" } else { "x" };
    if parts[0] {
        put(&mut graph, 1, &node("Conv", &["x", "v"], "d", &attributes));
        put(&mut graph, 1, &node("Relu", &["d"], "r", &[]));
    }
    if parts[1] {
        put(&mut graph, 1, &node("Conv", &[between, "w"], "y", &[]));
    }
    for (name, shape) in [("v", [channels, 1, 3, 3]), ("w", [outputs, channels, 1, 1])] {
        let values = numbers(shape.iter().product(), 5);
        put(&mut graph, 5, &tensor(name, &shape, &values));
    }
    put(&mut graph, 11, &port("x", input));
    let [height, width] = match parts[0] {
        true => [height, width].map(|n| (n - 1) / stride + 1),
        false => [height, width],
    };
    let (output, n) = if parts[1] {
        ("y", outputs)
    } else {
        ("r", channels)
    };
    put(&mut graph, 12, &port(output, &[batch, n, height, width]));
    model(&graph)
}

/// The file of a graph.
fn model(graph: &[u8]) -> Vec<u8> {
    let mut opset = Vec::new();
    number(&mut opset, 2, 17);
    let mut model = Vec::new();
    number(&mut model, 1, 9);
    put(&mut model, 7, graph);
    put(&mut model, 8, &opset);
    model
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 127 {
        out.push(value as u8 | 128);
        value >>= 7;
    }
    out.push(value as u8);
}

fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3);
    varint(out, value);
}

/// A field of bytes: text, packed numbers or a message.
fn put(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn node(operator: &str, inputs: &[&str], output: &str, attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut node = Vec::new();
    inputs
        .iter()
        .for_each(|input| put(&mut node, 1, input.as_bytes()));
    put(&mut node, 2, output.as_bytes());
    put(&mut node, 4, operator.as_bytes());
    attributes
        .iter()
        .for_each(|attribute| put(&mut node, 5, attribute));
    node
}

/// A setting of integers.
pub(crate) fn attribute(name: &str, values: &[u64]) -> Vec<u8> {
    let mut attribute = Vec::new();
    put(&mut attribute, 1, name.as_bytes());
    values
        .iter()
        .for_each(|&value| number(&mut attribute, 8, value));
    number(&mut attribute, 20, 7);
    attribute
}

fn group(groups: u64) -> Vec<u8> {
    int("group", groups.cast_signed())
}

/// A setting of one integer.
pub(crate) fn int(name: &str, value: i64) -> Vec<u8> {
    let mut attribute = Vec::new();
    put(&mut attribute, 1, name.as_bytes());
    number(&mut attribute, 3, value.cast_unsigned());
    number(&mut attribute, 20, 2);
    attribute
}

/// A setting of one number.
pub(crate) fn float(name: &str, value: f32) -> Vec<u8> {
    let mut attribute = Vec::new();
    put(&mut attribute, 1, name.as_bytes());
    varint(&mut attribute, 2 << 3 | 5);
    attribute.extend(value.to_le_bytes());
    number(&mut attribute, 20, 1);
    attribute
}

/// A setting of a word.
pub(crate) fn text(name: &str, value: &str) -> Vec<u8> {
    let mut attribute = Vec::new();
    put(&mut attribute, 1, name.as_bytes());
    put(&mut attribute, 4, value.as_bytes());
    number(&mut attribute, 20, 3);
    attribute
}

fn tensor(name: &str, shape: &[usize], values: &[f32]) -> Vec<u8> {
    let mut tensor = Vec::new();
    shape
        .iter()
        .for_each(|&length| number(&mut tensor, 1, length as u64));
    number(&mut tensor, 2, 1);
    put(&mut tensor, 8, name.as_bytes());
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    put(&mut tensor, 9, &bytes);
    tensor
}

fn port(name: &str, shape: &[usize]) -> Vec<u8> {
    let mut dimensions = Vec::new();
    for &length in shape {
        let mut dimension = Vec::new();
        number(&mut dimension, 1, length as u64);
        put(&mut dimensions, 1, &dimension);
    }
    let mut of_floats = Vec::new();
    number(&mut of_floats, 1, 1);
    put(&mut of_floats, 2, &dimensions);
    let mut kind = Vec::new();
    put(&mut kind, 1, &of_floats);
    let mut port = Vec::new();
    put(&mut port, 1, name.as_bytes());
    put(&mut port, 2, &kind);
    port
}
