//! How graphs are written down.

use super::{
    Conv, Graph, Layer, Linear, Node, NodeId, Output, Pool, Rectifier, Scale, Shape, Window,
};
use crate::error::TrainError;

/// Builds a graph node by node.
///
/// A layer that does not fit what feeds it is remembered, and [`finish`](Self::finish) returns
/// the first such error: definitions of networks read as tables, without a `?` a line.
#[derive(Debug)]
pub struct GraphBuilder {
    graph: Graph,
    misfit: Option<TrainError>,
}

impl GraphBuilder {
    /// A graph with an input of RGB pictures of `(height, width)`, and the input's id.
    #[must_use]
    pub fn new(name: &str, (height, width): (usize, usize)) -> (Self, NodeId) {
        let shape = Shape::Map {
            channels: 3,
            height,
            width,
        };
        let input = Node {
            name: "input".to_owned(),
            layer: Layer::Input,
            inputs: vec![],
            shape,
        };
        let graph = Graph {
            name: name.to_owned(),
            nodes: vec![input],
            outputs: vec![],
        };
        let misfit = None;
        (Self { graph, misfit }, NodeId(0))
    }

    /// The shape of what a node returns.
    #[must_use]
    pub fn shape(&self, node: NodeId) -> Shape {
        self.graph.shape(node)
    }

    /// Adds `layer`, called `name`, fed by `inputs`.
    pub fn add(&mut self, name: &str, layer: Layer, inputs: &[NodeId]) -> NodeId {
        let shapes: Vec<Shape> = inputs.iter().map(|&id| self.shape(id)).collect();
        let taken = self.graph.nodes.iter().any(|node| node.name == name);
        let fitted = layer.fit(&shapes);
        let reason = match &fitted {
            Err(reason) => Some(reason.clone()),
            Ok(_) if taken => Some("there are two layers of this name".to_owned()),
            Ok(_) => None,
        };
        if let (Some(reason), None) = (reason, &self.misfit) {
            self.misfit = Some(TrainError::Network {
                network: self.graph.name.clone(),
                layer: name.to_owned(),
                reason,
            });
        }
        self.graph.nodes.push(Node {
            name: name.to_owned(),
            layer,
            inputs: inputs.to_vec(),
            shape: fitted.unwrap_or(Shape::Vector(1)),
        });
        NodeId(self.graph.nodes.len() - 1)
    }

    /// A convolution.
    pub fn conv(&mut self, name: &str, from: NodeId, conv: Conv) -> NodeId {
        self.add(name, Layer::Conv(conv), &[from])
    }

    /// Batch normalisation with learned scales.
    pub fn batch_norm(&mut self, name: &str, from: NodeId, eps: f64) -> NodeId {
        let scale = Scale::Learned;
        self.add(name, Layer::BatchNorm { eps, scale }, &[from])
    }

    /// A function of single numbers.
    pub fn rectify(&mut self, name: &str, from: NodeId, rectifier: Rectifier) -> NodeId {
        self.add(name, Layer::Rectifier(rectifier), &[from])
    }

    /// Pooling.
    pub fn pool(&mut self, name: &str, from: NodeId, pool: Pool, window: Window) -> NodeId {
        self.add(name, Layer::Pool(pool, window), &[from])
    }

    /// A fully connected layer, of maps after [`Layer::Flatten`].
    pub fn linear(&mut self, name: &str, from: NodeId, linear: Linear) -> NodeId {
        self.add(name, Layer::Linear(linear), &[from])
    }

    /// Maps as a vector.
    pub fn flatten(&mut self, name: &str, from: NodeId) -> NodeId {
        self.add(name, Layer::Flatten, &[from])
    }

    /// The sum of two tensors.
    pub fn sum(&mut self, name: &str, a: NodeId, b: NodeId) -> NodeId {
        self.add(name, Layer::Add, &[a, b])
    }

    /// The graph with these named outputs, the embedding first.
    ///
    /// # Errors
    /// [`TrainError::Network`]: the first layer that did not fit, or an embedding that is no
    /// vector.
    pub fn finish(self, outputs: &[(&str, NodeId)]) -> Result<Graph, TrainError> {
        let is_vector = |shape| matches!(shape, Shape::Vector(_));
        let expected = "there should be an embedding, and every output should be a vector";
        self.finish_with(outputs, is_vector, expected)
    }

    /// The graph with these named outputs, all of them feature maps: it takes pictures of other sizes
    /// too.
    ///
    /// # Errors
    /// [`TrainError::Network`]: the first layer that did not fit, or an output that is no map.
    pub fn finish_maps(self, outputs: &[(&str, NodeId)]) -> Result<Graph, TrainError> {
        let is_map = |shape| matches!(shape, Shape::Map { .. });
        self.finish_with(outputs, is_map, "every output should be feature maps")
    }

    fn finish_with(
        mut self,
        outputs: &[(&str, NodeId)],
        is_output: impl Fn(Shape) -> bool,
        expected: &str,
    ) -> Result<Graph, TrainError> {
        if let Some(misfit) = self.misfit {
            return Err(misfit);
        }
        let are_outputs = |(_, id): &(&str, NodeId)| is_output(self.graph.shape(*id));
        if outputs.is_empty() || !outputs.iter().all(are_outputs) {
            return Err(TrainError::Network {
                network: self.graph.name,
                layer: "outputs".to_owned(),
                reason: expected.to_owned(),
            });
        }
        self.graph.outputs = outputs
            .iter()
            .map(|&(name, node)| Output {
                name: name.to_owned(),
                node,
            })
            .collect();
        Ok(self.graph)
    }
}
