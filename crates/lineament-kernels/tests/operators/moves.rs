//! Operators that move numbers, or sum them along axes.

use proptest::prelude::*;

use crate::onnx::graph::Graph;
use crate::onnx::{attribute, float, int};
use crate::{Around, agrees, cases, pictures};

/// Shapes of one to five axes.
fn shapes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1usize..8, 1..6)
}

/// A shape, and one of its axes counted from the start or the end.
fn shapes_with_axis() -> impl Strategy<Value = (Vec<usize>, i64)> {
    shapes().prop_flat_map(|shape| {
        let rank = shape.len() as i64;
        (Just(shape), -rank..rank)
    })
}

/// A graph of one node.
fn one(operator: &str, shape: &[usize], attributes: &[Vec<u8>]) -> Result<(), TestCaseError> {
    let mut graph = Graph::over(shape);
    let value = graph.node(operator, &["x"], attributes);
    agrees(graph, &[&value], shape)
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn flattening((shape, axis) in shapes_with_axis()) {
        one("Flatten", &shape, &[int("axis", axis)])?;
    }

    #[test]
    fn flattening_pictures(around in Around::any(), shape in pictures()) {
        let mut graph = Graph::over(&shape);
        let value = if around.before { graph.mix("x", shape[1], 9) } else { "x".to_owned() };
        let value = graph.node("Flatten", &[&value], &[]);
        agrees(graph, &[&value], &shape)?;
    }

    #[test]
    fn reshaping(shape in shapes(), at in any::<prop::sample::Index>()) {
        let mut graph = Graph::over(&shape);
        let at = at.index(shape.len());
        let mut wanted: Vec<i64> = shape.iter().rev().map(|&n| n as i64).collect();
        wanted[at] = -1;
        wanted.push(1);
        let wanted = graph.ints(&wanted);
        let value = graph.node("Reshape", &["x", &wanted], &[]);
        agrees(graph, &[&value], &shape)?;
    }

    #[test]
    fn transposing((shape, order) in shapes().prop_flat_map(|shape| {
        let order: Vec<u64> = (0..shape.len() as u64).collect();
        (Just(shape), Just(order).prop_shuffle())
    })) {
        one("Transpose", &shape, &[attribute("perm", &order)])?;
        one("Transpose", &shape, &[])?;
    }

    #[test]
    fn transposing_pictures(shape in pictures(), order in Just([0u64, 1, 2, 3]).prop_shuffle(), outputs in 1usize..36) {
        let mut graph = Graph::over(&shape);
        let value = graph.mix("x", shape[1], outputs);
        let first = graph.node("Transpose", &[&value], &[attribute("perm", &order)]);
        let last = graph.node("Transpose", &[&value], &[attribute("perm", &[0, 2, 3, 1])]);
        agrees(graph, &[&first, &last], &shape)?;
    }

    #[test]
    fn slicing((shape, axis) in shapes_with_axis(), (start, length, step) in (0i64..7, 1i64..9, 1i64..4)) {
        let mut graph = Graph::over(&shape);
        let of_axis = shape[axis.rem_euclid(shape.len() as i64) as usize] as i64;
        let start = start % of_axis;
        let bounds = [start, start + length, axis, step].map(|bound| graph.ints(&[bound]));
        let [start, end, axes, steps] = bounds.each_ref().map(String::as_str);
        let value = graph.node("Slice", &["x", start, end, axes, steps], &[]);
        agrees(graph, &[&value], &shape)?;
    }

    #[test]
    fn axes_of_one((shape, axis) in shapes_with_axis()) {
        let mut graph = Graph::over(&shape);
        let axes = graph.ints(&[axis]);
        let longer = graph.node("Unsqueeze", &["x", &axes], &[]);
        let doubled = graph.node("Add", &[&longer, &longer], &[]);
        let value = graph.node("Squeeze", &[&doubled, &axes], &[]);
        agrees(graph, &[&longer, &value], &shape)?;
    }

    #[test]
    fn gathering_one((shape, axis) in shapes_with_axis(), at in any::<prop::sample::Index>()) {
        let mut graph = Graph::over(&shape);
        let at = at.index(shape[axis.rem_euclid(shape.len() as i64) as usize]);
        let at = graph.ints(&[at as i64]);
        let value = graph.node("Gather", &["x", &at], &[int("axis", axis)]);
        agrees(graph, &[&value], &shape)?;
    }

    #[test]
    fn softmaxes((shape, axis) in shapes_with_axis()) {
        one("Softmax", &shape, &[int("axis", axis)])?;
    }

    #[test]
    fn norms((shape, axis) in shapes_with_axis(), p in 1i64..3) {
        one("LpNormalization", &shape, &[int("axis", axis), int("p", p)])?;
    }

    #[test]
    fn reductions(
        (shape, axis) in shapes_with_axis(),
        operator in prop::sample::select(&["ReduceMean", "ReduceSum", "ReduceL2"][..]),
        (all, keeps) in any::<(bool, bool)>(),
    ) {
        let mut graph = Graph::over(&shape);
        let axis = axis.rem_euclid(shape.len() as i64);
        let axes: Vec<u64> = (axis as u64..if all { shape.len() as u64 } else { axis as u64 + 1 }).collect();
        let mut attributes = vec![int("keepdims", keeps.into())];
        // Sums take their axes from an input.
        let value = if operator == "ReduceSum" {
            let axes: Vec<i64> = axes.iter().map(|&a| a as i64).collect();
            let axes = graph.ints(&axes);
            graph.node(operator, &["x", &axes], &attributes)
        } else {
            attributes.push(attribute("axes", &axes));
            graph.node(operator, &["x"], &attributes)
        };
        agrees(graph, &[&value], &shape)?;
    }

    #[test]
    fn powers(shape in shapes(), exponent in 0.3f32..2.0) {
        let mut graph = Graph::over(&shape);
        let amounts = graph.node("HardSigmoid", &["x"], &[float("alpha", 0.4)]);
        let exponent = graph.floats(&[], &[exponent]);
        let value = graph.node("Pow", &[&amounts, &exponent], &[]);
        agrees(graph, &[&value], &shape)?;
    }
}
