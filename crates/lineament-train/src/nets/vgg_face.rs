//! VGG-Face (Parkhi et al., BMVC 2015, Table 3, network A).

use super::NetOptions;
use super::unit::Unit;
use crate::error::TrainError;
use crate::graph::{Conv, Graph, GraphBuilder, Layer, Linear, Pool, Rectifier, Window};

/// Channels and convolutions of the stages, each of which ends with pooling.
const STAGES: [(usize, usize); 5] = [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)];

/// Pictures of 224 x 224; embedding 1024, what the authors train by triplets, on top of fc7.
pub(super) fn vgg_face(name: &str, options: &NetOptions) -> Result<Graph, TrainError> {
    let (mut graph, mut x) = GraphBuilder::new(name, options.size(224, 224));
    let unit = Unit::chosen(options.normalisation, Rectifier::Relu);
    for (stage, (channels, n_convs)) in STAGES.into_iter().enumerate() {
        let conv = Conv::new(options.wide(channels), 3, 1);
        for i in 1..=n_convs {
            x = unit.conv(&mut graph, &format!("conv{}_{i}", stage + 1), x, conv);
        }
        x = graph.pool(
            &format!("pool{}", stage + 1),
            x,
            Pool::Max,
            Window::new(2, 2),
        );
    }
    let mut x = graph.flatten("flatten", x);
    for name in ["fc6", "fc7"] {
        x = graph.linear(name, x, Linear::new(options.wide(4096)));
        x = graph.rectify(&format!("{name}.act"), x, Rectifier::Relu);
        let dropout = Layer::Dropout(options.dropout(0.5));
        x = graph.add(&format!("{name}.dropout"), dropout, &[x]);
    }
    let x = graph.linear("embedding", x, Linear::new(options.dim(1024)));
    graph.finish(&[("embedding", x)])
}
