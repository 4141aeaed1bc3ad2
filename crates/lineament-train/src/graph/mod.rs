//! Networks as data: layers, what feeds them, their shapes and parameters.
//!
//! A [`Graph`] is a list of nodes in an order in which each comes after what feeds it. It holds
//! no weights: a [`Model`](crate::model::Model) does, and an ONNX file is written from both.

mod build;
mod count;
mod fit;
mod layer;
mod shape;

pub use build::GraphBuilder;
pub use layer::{Conv, Init, Layer, Linear, LocalConv, Pool, Rectifier, Scale, Window};
pub use shape::Shape;

/// A node's place in its graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) usize);

impl NodeId {
    /// The place, counted from 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// A layer in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Dotted, unique: `stage2.unit1.conv1`. The variables of the layer are called
    /// `stage2.unit1.conv1.weight` and so on.
    pub name: String,
    /// What it computes.
    pub layer: Layer,
    /// What feeds it, in order.
    pub inputs: Vec<NodeId>,
    /// The shape of what it returns, without the batch.
    pub shape: Shape,
}

/// One result of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its name in the ONNX file.
    pub name: String,
    /// The node that returns it.
    pub node: NodeId,
}

/// A network without weights. Made by a [`GraphBuilder`].
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    pub(crate) name: String,
    pub(crate) nodes: Vec<Node>,
    pub(crate) outputs: Vec<Output>,
}

impl Graph {
    /// The network's name, `sphereface-20`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The shape of one input picture, `[3, height, width]`.
    #[must_use]
    pub fn input(&self) -> Shape {
        self.nodes[0].shape
    }

    /// The nodes; the first is the input.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The outputs; the first is the embedding, where the network gives one.
    #[must_use]
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// The length of the embedding.
    #[must_use]
    pub fn embedding_dim(&self) -> usize {
        self.shape(self.outputs[0].node).numel()
    }

    /// Whether the network returns feature maps, and so takes pictures of any size that its layers
    /// halve evenly.
    #[must_use]
    pub fn is_convolutional(&self) -> bool {
        let shapes = self.outputs.iter().map(|o| self.shape(o.node));
        shapes.into_iter().all(|s| matches!(s, Shape::Map { .. }))
    }

    /// The shape of what a node returns.
    #[must_use]
    pub fn shape(&self, node: NodeId) -> Shape {
        self.nodes[node.0].shape
    }

    /// How many numbers training changes.
    #[must_use]
    pub fn n_parameters(&self) -> usize {
        self.nodes
            .iter()
            .map(|node| self.node_parameters(node))
            .sum()
    }

    /// Multiplications with additions that one picture takes, of convolutions and linear layers.
    #[must_use]
    pub fn n_macs(&self) -> usize {
        self.nodes.iter().map(|node| self.node_macs(node)).sum()
    }
}
