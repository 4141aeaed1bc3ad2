//! Matrix products: one for all rows, or one for each place.

use lineament_kernels::{Isa, KernelError, KernelOptions, Network, Precision};
use proptest::prelude::*;

use crate::onnx::graph::Graph;
use crate::onnx::{attribute, float, int, numbers};
use crate::{agrees, cases, gives, rten};

/// A layer of convolutions with weights of their own for each square of `share` times `share` places.
#[derive(Debug, Clone, Copy)]
struct Local {
    batch: usize,
    channels: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
    share: usize,
    /// Squares below and beside each other.
    squares: [usize; 2],
}

impl Local {
    fn any() -> impl Strategy<Value = Self> {
        let sizes = (1usize..4, 1usize..9, 1usize..20);
        let moves = (1usize..4, 1usize..3, 1usize..3, [1usize..5, 1..5]);
        (sizes, moves).prop_map(
            |((batch, channels, outputs), (kernel, stride, share, squares))| Self {
                batch,
                channels,
                outputs,
                kernel,
                stride,
                share,
                squares,
            },
        )
    }

    fn size(&self) -> [usize; 2] {
        self.squares.map(|n| n * self.share)
    }

    fn input(&self) -> [usize; 4] {
        let [height, width] = self.size().map(|n| (n - 1) * self.stride + self.kernel);
        [self.batch, self.channels, height, width]
    }

    /// `[squares, kernel · kernel · channels, outputs]`.
    fn weights(&self) -> [usize; 3] {
        let length = self.kernel.pow(2) * self.channels;
        [self.squares.iter().product(), length, self.outputs]
    }

    /// As the trainer writes it: a slice for each place in the kernel, joined, times the weights of each square.
    fn file(&self, weights: &[f32], bias: &[f32]) -> Vec<u8> {
        let mut graph = Graph::over(&self.input());
        let [squares, length, outputs] = self.weights();
        let [down, across, share, n] = [self.squares[0], self.squares[1], self.share, outputs];
        let as_ints = |values: &[usize]| values.iter().map(|&n| n as i64).collect::<Vec<_>>();
        let (axes, steps) = (graph.ints(&[2, 3]), graph.ints(&[self.stride as i64; 2]));
        let mut slices = Vec::new();
        for place in 0..self.kernel.pow(2) {
            let starts = [place / self.kernel, place % self.kernel];
            let reach = self.size().map(|n| (n - 1) * self.stride + 1);
            let ends = graph.ints(&as_ints(&[starts[0] + reach[0], starts[1] + reach[1]]));
            let starts = graph.ints(&as_ints(&starts));
            slices.push(graph.node("Slice", &["x", &starts, &ends, &axes, &steps], &[]));
        }
        let slices: Vec<&str> = slices.iter().map(String::as_str).collect();
        let mut value = graph.node("Concat", &slices, &[int("axis", 1)]);
        let reshape = |graph: &mut Graph, value: &str, shape: &[i64]| {
            let shape = graph.ints(shape);
            graph.node("Reshape", &[value, &shape], &[])
        };
        let split = as_ints(&[0, length, down, share, across, share]);
        value = reshape(&mut graph, &value, &split);
        value = graph.node(
            "Transpose",
            &[&value],
            &[attribute("perm", &[2, 4, 0, 3, 5, 1])],
        );
        value = reshape(&mut graph, &value, &[squares as i64, -1, length as i64]);
        let weights = graph.floats(&self.weights(), weights);
        value = graph.node("MatMul", &[&value, &weights], &[]);
        let bias = graph.floats(&[squares, 1, outputs], bias);
        value = graph.node("Add", &[&value, &bias], &[]);
        let mut split = as_ints(&[down, across, 0, share, share, n]);
        split[2] = -1;
        value = reshape(&mut graph, &value, &split);
        value = graph.node(
            "Transpose",
            &[&value],
            &[attribute("perm", &[2, 5, 0, 3, 1, 4])],
        );
        let [height, width] = self.size();
        value = reshape(&mut graph, &value, &as_ints(&[0, n, height, width]));
        graph.file(&[&value])
    }

    /// The plain definition.
    fn of(&self, x: &[f32], weights: &[f32], bias: &[f32]) -> Vec<f32> {
        let [_, channels, height, width] = self.input();
        let [rows, columns] = self.size();
        let [_, length, outputs] = self.weights();
        let number = |index: usize| {
            let (column, row) = (index % columns, index / columns % rows);
            let (output, image) = (
                index / (columns * rows) % outputs,
                index / (columns * rows * outputs),
            );
            let square = row / self.share * self.squares[1] + column / self.share;
            let term = |tap: usize| {
                let (channel, place) = (tap % channels, tap / channels);
                let y = row * self.stride + place / self.kernel;
                let x_ = column * self.stride + place % self.kernel;
                let value = x[((image * channels + channel) * height + y) * width + x_];
                f64::from(value) * f64::from(weights[(square * length + tap) * outputs + output])
            };
            let sum: f64 = (0..length).map(term).sum();
            (sum + f64::from(bias[square * outputs + output])) as f32
        };
        (0..self.batch * outputs * rows * columns)
            .map(number)
            .collect()
    }
}

/// What is added to a product of `[places.., rows, columns]`.
#[derive(Debug, Clone, Copy)]
enum Bias {
    None,
    OfColumn,
    OfPlaceAndColumn,
    OfAll,
    Number,
}

const BIASES: [Bias; 5] = [
    Bias::None,
    Bias::OfColumn,
    Bias::OfPlaceAndColumn,
    Bias::OfAll,
    Bias::Number,
];

impl Bias {
    fn shape(self, places: &[usize], rows: usize, columns: usize) -> Option<Vec<usize>> {
        match self {
            Self::None => None,
            Self::OfColumn => Some(vec![columns]),
            Self::OfPlaceAndColumn => Some([places, &[1, columns]].concat()),
            Self::OfAll => Some([places, &[rows, columns]].concat()),
            Self::Number => Some(vec![]),
        }
    }
}

/// Rows, columns and what is summed over.
fn sizes() -> impl Strategy<Value = [usize; 3]> {
    [1usize..20, 1..40, 1..40]
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn general_products(
        [rows, columns, inner] in sizes(),
        (turns_left, turns_right, rectified) in any::<(bool, bool, bool)>(),
        (alpha, beta) in (0.25f32..2.0, 0.25f32..2.0),
        bias in prop::sample::select(&[0usize, 1, 2, 3][..]),
    ) {
        let turned = |[a, b]: [usize; 2], is: bool| if is { [b, a] } else { [a, b] };
        let shape = turned([rows, inner], turns_left);
        let mut graph = Graph::over(&shape);
        let mut inputs = vec!["x".to_owned(), graph.weights(&turned([inner, columns], turns_right))];
        match bias {
            0 => {}
            1 => inputs.push(graph.weights(&[columns])),
            2 => inputs.push(graph.weights(&[1, columns])),
            _ => inputs.push(graph.weights(&[1])),
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let attributes = [
            int("transA", turns_left.into()), int("transB", turns_right.into()), float("alpha", alpha), float("beta", beta),
        ];
        let value = graph.node("Gemm", &inputs, &attributes);
        let value = if rectified { graph.node("Relu", &[&value], &[]) } else { value };
        agrees(graph, &[&value], &shape)?;
    }

    #[test]
    fn products(
        [rows, columns, inner] in sizes(),
        outer in prop::collection::vec(1usize..4, 0..3),
        bias in prop::sample::select(&BIASES[..]),
        (rectified, rectified_first) in any::<(bool, bool)>(),
    ) {
        let shape = [&outer[..], &[rows, inner]].concat();
        let mut graph = Graph::over(&shape);
        let weights = graph.weights(&[inner, columns]);
        let mut value = graph.node("MatMul", &["x", &weights], &[]);
        if rectified_first {
            value = graph.node("Relu", &[&value], &[]);
        }
        if let Some(shape) = bias.shape(&outer, rows, columns) {
            let bias = graph.weights(&shape);
            value = graph.node("Add", &[&bias, &value], &[]);
        }
        let value = if rectified { graph.node("Relu", &[&value], &[]) } else { value };
        agrees(graph, &[&value], &shape)?;
    }

    #[test]
    fn products_at_places(
        [rows, columns, inner] in sizes(),
        outer in prop::collection::vec(1usize..4, 0..2),
        places in prop::collection::vec(1usize..5, 1..3),
        bias in prop::sample::select(&BIASES[..]),
        (with_one, rectified, rectified_first) in any::<(bool, bool, bool)>(),
    ) {
        let shape = [&outer[..], &places, &[rows, inner]].concat();
        let mut graph = Graph::over(&shape);
        let one = if with_one { &[1][..] } else { &[] };
        let weights = graph.weights(&[one, &places, &[inner, columns]].concat());
        let mut value = graph.node("MatMul", &["x", &weights], &[]);
        if rectified_first {
            value = graph.node("Relu", &[&value], &[]);
        }
        if let Some(shape) = bias.shape(&places, rows, columns) {
            let bias = graph.weights(&shape);
            value = graph.node("Add", &[&value, &bias], &[]);
        }
        let value = if rectified { graph.node("Relu", &[&value], &[]) } else { value };
        agrees(graph, &[&value], &shape)?;
    }

    #[test]
    fn locally_connected(local in Local::any()) {
        let [squares, length, outputs] = local.weights();
        let (weights, bias) = (numbers(squares * length * outputs, 1), numbers(squares * outputs, 2));
        let (onnx, shape) = (local.file(&weights, &bias), local.input());
        let values = numbers(shape.iter().product(), 3);
        let [height, width] = local.size();
        let expected = vec![(vec![local.batch, outputs, height, width], local.of(&values, &weights, &bias))];
        gives(&onnx, &shape, &values, &expected)?;
        gives(&onnx, &shape, &values, &rten(&onnx, &shape, &values))?;
    }
}

/// Three places with a bias each: the products are one step with it, and less exact numbers are near.
#[test]
fn products_at_places_are_one_step() {
    let shape = [2, 3, 5, 27];
    let mut graph = Graph::over(&shape);
    let weights = graph.weights(&[3, 27, 10]);
    let value = graph.node("MatMul", &["x", &weights], &[]);
    let bias = graph.weights(&[3, 1, 10]);
    let value = graph.node("Add", &[&value, &bias], &[]);
    let value = graph.node("Relu", &[&value], &[]);
    let onnx = graph.file(&[&value]);
    let values = numbers(shape.iter().product(), 3);
    let run = |precision| {
        let isa = Isa::Portable;
        let options = KernelOptions {
            isa,
            precision,
            ..KernelOptions::default()
        };
        let network = Network::from_onnx(&onnx, options).unwrap();
        let profile = network
            .profile(&shape, std::num::NonZeroUsize::MIN)
            .unwrap();
        assert_eq!(profile.macs(), 2 * 3 * 5 * 27 * 10);
        let first = profile
            .steps
            .into_iter()
            .find(|step| step.macs > 0)
            .unwrap();
        let outputs = network.run(&shape, &values).unwrap();
        (first.what, outputs[0].values.clone())
    };
    let (what, exact) = run(Precision::F32);
    assert_eq!(what, "matrix 27>10 at 3 places + add + relu");
    let largest = exact.iter().fold(0f32, |m, v| m.max(*v));
    for precision in [Precision::Bf16, Precision::Int8] {
        let (what, got) = run(precision);
        assert!(what.ends_with(", bf16"), "{what}");
        let far = |(a, b): (&f32, &f32)| (a - b).abs() > 0.008 * largest;
        assert!(!got.iter().zip(&exact).any(far), "{precision}");
    }
}

/// What has no kernel is named, so that another engine can run it.
#[test]
fn other_products_are_refused_by_name() {
    let refused = |shape: &[usize], right: &dyn Fn(&mut Graph) -> String| {
        let mut graph = Graph::over(shape);
        let right = right(&mut graph);
        let value = graph.node("MatMul", &["x", &right], &[]);
        let error = Network::from_onnx(&graph.file(&[&value]), KernelOptions::default());
        let error = error.unwrap_err();
        assert!(matches!(error, KernelError::Unsupported { .. }), "{error}");
        error.to_string()
    };
    let one_for_all = refused(&[5, 4], &|graph| graph.weights(&[3, 4, 2]));
    let shapes = "matrices of shapes [5, 4] and [3, 4, 2]";
    assert!(one_for_all.contains(shapes), "{one_for_all}");
    refused(&[2, 5, 4], &|graph| graph.weights(&[3, 4, 2]));
    refused(&[4, 4], &|graph| graph.node("Relu", &["x"], &[]));
}

/// A bias of each row, which as many rows as columns make look like one of each column.
#[test]
fn a_bias_of_each_row_is_none_of_each_column() {
    let mut graph = Graph::over(&[4, 3]);
    let (weights, bias) = (graph.weights(&[3, 4]), graph.weights(&[4, 1]));
    let value = graph.node("Gemm", &["x", &weights, &bias], &[]);
    let error = Network::from_onnx(&graph.file(&[&value]), KernelOptions::default()).unwrap_err();
    assert!(matches!(error, KernelError::Unsupported { .. }), "{error}");
}
