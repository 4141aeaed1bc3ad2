//! How much of what a node has.

use super::{Graph, Layer, Node, Rectifier, Scale, Shape};

impl Graph {
    /// The shape of what feeds `node` first.
    pub(crate) fn input_of(&self, node: &Node) -> Shape {
        node.inputs.first().map_or(node.shape, |&id| self.shape(id))
    }

    pub(super) fn node_parameters(&self, node: &Node) -> usize {
        let (from, to) = (self.input_of(node), node.shape);
        match node.layer {
            Layer::Conv(conv) => {
                let [rows, columns] = conv.window.kernel;
                let weights = to.channels() * from.channels() / conv.groups * rows * columns;
                weights + usize::from(conv.bias) * to.channels()
            }
            Layer::LocalConv(local) => {
                let blocks = to.numel() / to.channels() / local.share.pow(2);
                blocks * local.out_channels * (from.channels() * local.kernel.pow(2) + 1)
            }
            Layer::BatchNorm { scale, .. } => match scale {
                Scale::Learned => 2 * to.channels(),
                Scale::One => to.channels(),
            },
            Layer::Rectifier(Rectifier::PRelu) => to.channels(),
            Layer::Linear(linear) => {
                linear.out * from.numel() + usize::from(linear.bias) * linear.out
            }
            _ => 0,
        }
    }

    pub(super) fn node_macs(&self, node: &Node) -> usize {
        let (from, to) = (self.input_of(node), node.shape);
        match node.layer {
            Layer::Conv(conv) => {
                let [rows, columns] = conv.window.kernel;
                to.numel() * from.channels() / conv.groups * rows * columns
            }
            Layer::LocalConv(local) => to.numel() * from.channels() * local.kernel.pow(2),
            Layer::Linear(linear) => linear.out * from.numel(),
            _ => 0,
        }
    }
}
