//! SphereFace-4 to -64 (Liu et al., CVPR 2017, Table 2).

use super::NetOptions;
use super::unit::Unit;
use crate::error::TrainError;
use crate::graph::{Conv, Graph, GraphBuilder, Init, Linear, Rectifier};

/// Channels of the stages, each of which halves the maps.
const CHANNELS: [usize; 4] = [64, 128, 256, 512];

/// Residual units of the stages.
fn units(name: &str) -> [usize; 4] {
    match name {
        "sphereface-4" => [0, 0, 0, 0],
        "sphereface-10" => [0, 1, 2, 0],
        "sphereface-20" => [1, 2, 4, 1],
        "sphereface-36" => [2, 4, 8, 2],
        _ => [3, 8, 16, 3],
    }
}

/// Pictures of 112 x 96, embedding 512. A unit is two 3x3 convolutions and an identity; a PReLU
/// follows every convolution. Starts as the authors' code: Xavier where maps shrink, 0.01 in units.
///
/// With [`Normalisation::Batch`](super::Normalisation::Batch), which the paper does not have, batch normalisation comes before
/// each PReLU and replaces the biases.
pub(super) fn sphereface(name: &str, options: &NetOptions) -> Result<Graph, TrainError> {
    let (mut graph, mut x) = GraphBuilder::new(name, options.size(112, 96));
    let unit = Unit::chosen(options.normalisation, Rectifier::PRelu);
    for (stage, (channels, n_units)) in CHANNELS.into_iter().zip(units(name)).enumerate() {
        let (stage, channels) = (format!("stage{}", stage + 1), options.wide(channels));
        let shrink = Conv::new(channels, 3, 2).init(Init::Xavier);
        let within = Conv::new(channels, 3, 1).init(Init::Normal(0.01));
        x = unit.conv(&mut graph, &format!("{stage}.shrink"), x, shrink);
        for i in 1..=n_units {
            let name = format!("{stage}.unit{i}");
            let y = unit.conv(&mut graph, &format!("{name}.conv1"), x, within);
            let y = unit.conv(&mut graph, &format!("{name}.conv2"), y, within);
            x = graph.sum(&format!("{name}.sum"), x, y);
        }
    }
    let x = graph.flatten("flatten", x);
    let x = graph.linear("fc", x, Linear::new(options.dim(512)));
    graph.finish(&[("embedding", x)])
}
