//! Small dense networks that two processor cores can train.

use super::NetOptions;
use super::unit::Unit;
use crate::error::TrainError;
use crate::graph::{Conv, Graph, GraphBuilder, Linear, Rectifier};

/// Channels and residual units of the stages, each of which halves the maps.
fn stages(name: &str) -> [(usize, usize); 4] {
    match name {
        "lite-tiny" => [(16, 0), (32, 0), (64, 1), (144, 1)],
        _ => [(32, 0), (64, 1), (128, 2), (160, 1)],
    }
}

/// Pictures of 112 x 112, embedding 128.
///
/// Dense 3x3 convolutions with batch normalisation and ReLU: depthwise convolutions cost little
/// arithmetic and much time. On one core (AMD Zen 5, bfloat16, batches of 64) `lite` trains on 240
/// pictures a second and `lite-tiny` on 940; `lite` with PReLU would on 210.
pub(super) fn lite(name: &str, options: &NetOptions) -> Result<Graph, TrainError> {
    let (mut graph, mut x) = GraphBuilder::new(name, options.size(112, 112));
    let unit = Unit::batch(Rectifier::Relu);
    for (stage, (channels, n_units)) in stages(name).into_iter().enumerate() {
        let (stage, channels) = (format!("stage{}", stage + 1), options.wide(channels));
        let (shrink, conv) = (Conv::new(channels, 3, 2), Conv::new(channels, 3, 1));
        x = unit.conv(&mut graph, &format!("{stage}.shrink"), x, shrink);
        for i in 1..=n_units {
            let name = format!("{stage}.unit{i}");
            let y = unit.conv(&mut graph, &format!("{name}.conv1"), x, conv);
            let y = unit
                .linear()
                .conv(&mut graph, &format!("{name}.conv2"), y, conv);
            let y = graph.sum(&format!("{name}.sum"), x, y);
            x = graph.rectify(&format!("{name}.act"), y, Rectifier::Relu);
        }
    }
    let x = unit.global(&mut graph, "global", x);
    let x = graph.flatten("flatten", x);
    let x = graph.linear("fc", x, Linear::new(options.dim(128)));
    graph.finish(&[("embedding", x)])
}
