//! Batch normalisation folded into what it follows.

use tch::{Kind, Tensor};

use crate::error::TrainError;
use crate::graph::{Graph, Layer, NodeId};

/// For each node, the batch normalisation that alone reads it and that it can be multiplied into.
pub(super) fn followers(graph: &Graph) -> Vec<Option<NodeId>> {
    let mut readers = vec![vec![]; graph.nodes().len()];
    for (index, node) in graph.nodes().iter().enumerate() {
        for input in &node.inputs {
            readers[input.index()].push(NodeId(index));
        }
    }
    let returned = |index: usize| graph.outputs().iter().any(|o| o.node.index() == index);
    let follower = |(index, readers): (usize, &Vec<NodeId>)| {
        let [reader] = readers[..] else { return None };
        let is_sum = matches!(
            graph.nodes()[index].layer,
            Layer::Conv(_) | Layer::Linear(_)
        );
        let normalises = matches!(graph.nodes()[reader.index()].layer, Layer::BatchNorm { .. });
        (is_sum && normalises && !returned(index)).then_some(reader)
    };
    readers.iter().enumerate().map(follower).collect()
}

/// Weights `[out, ..]` and biases `[out]` times `factor` plus `offset`, both `[out]`.
pub(super) fn fold(
    weight: &Tensor,
    bias: Option<&Tensor>,
    (factor, offset): &(Tensor, Tensor),
) -> Result<(Tensor, Tensor), TrainError> {
    let mut rows = vec![1; weight.size().len()];
    rows[0] = -1;
    let scaled = weight
        .f_to_kind(Kind::Double)?
        .f_mul(&factor.f_reshape(&rows[..])?)?;
    let bias = match bias {
        Some(bias) => bias.f_to_kind(Kind::Double)?.f_mul(factor)?.f_add(offset)?,
        None => offset.shallow_clone(),
    };
    Ok((scaled, bias))
}
