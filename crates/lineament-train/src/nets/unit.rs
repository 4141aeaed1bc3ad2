//! What most layers of most networks are: a convolution, its normalisation, its rectifier.

use super::Normalisation;
use crate::graph::{Conv, GraphBuilder, NodeId, Rectifier, Shape, Window};

/// How the convolutions of a network are followed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    /// What is added to variances, where there is batch normalisation.
    pub(super) eps: Option<f64>,
    /// What follows, where something does.
    pub(super) rectifier: Option<Rectifier>,
}

impl Unit {
    /// Batch normalisation (eps 1e-5) and a rectifier.
    pub(super) fn batch(rectifier: Rectifier) -> Self {
        Self {
            eps: Some(1e-5),
            rectifier: Some(rectifier),
        }
    }

    /// For a network published without batch normalisation.
    pub(super) fn chosen(normalisation: Normalisation, rectifier: Rectifier) -> Self {
        Self {
            eps: (normalisation == Normalisation::Batch).then_some(1e-5),
            rectifier: Some(rectifier),
        }
    }

    /// Without a rectifier.
    pub(super) fn linear(self) -> Self {
        Self {
            rectifier: None,
            ..self
        }
    }

    /// The layers `name`, `name.bn` and `name.act`. A convolution that is not normalised has a bias.
    pub(super) fn conv(
        self,
        graph: &mut GraphBuilder,
        name: &str,
        x: NodeId,
        conv: Conv,
    ) -> NodeId {
        let x = match self.eps {
            None => graph.conv(name, x, conv.bias()),
            Some(eps) => {
                let x = graph.conv(name, x, conv);
                graph.batch_norm(&format!("{name}.bn"), x, eps)
            }
        };
        match self.rectifier {
            Some(rectifier) => graph.rectify(&format!("{name}.act"), x, rectifier),
            None => x,
        }
    }

    /// A depthwise convolution of the size of the maps, without a rectifier: a weighted mean of all
    /// places (Chen et al., 2018).
    pub(super) fn global(self, graph: &mut GraphBuilder, name: &str, x: NodeId) -> NodeId {
        let shape: Shape = graph.shape(x);
        let (channels, (height, width)) = (shape.channels(), shape.size());
        let all = Window {
            kernel: [height, width],
            ..Window::new(1, 1)
        };
        let conv = Conv::new(channels, 1, 1).window(all).groups(channels);
        self.linear().conv(graph, name, x, conv)
    }
}
