//! IResNet-18 to -100: the residual networks of ArcFace.
//!
//! Deng et al., CVPR 2019 (units after Han et al., "Deep pyramidal residual networks"), layer by
//! layer as insightface's `iresnet.py`, whose names the variables can be mapped from.

use super::NetOptions;
use crate::error::TrainError;
use crate::graph::{Conv, Graph, GraphBuilder, Init, Layer, Linear, NodeId, Rectifier, Scale};

const CHANNELS: [usize; 4] = [64, 128, 256, 512];
const EPS: f64 = 1e-5;
/// What insightface's convolutions start with.
const START: Init = Init::Normal(0.1);

fn units(name: &str) -> [usize; 4] {
    match name {
        "iresnet-18" => [2, 2, 2, 2],
        "iresnet-34" => [3, 4, 6, 3],
        "iresnet-50" => [3, 4, 14, 3],
        _ => [3, 13, 30, 3],
    }
}

/// Pictures of 112 x 112, embedding 512.
pub(super) fn iresnet(name: &str, options: &NetOptions) -> Result<Graph, TrainError> {
    let (mut graph, x) = GraphBuilder::new(name, options.size(112, 112));
    let stem = Conv::new(options.wide(64), 3, 1).init(START);
    let x = graph.conv("conv1", x, stem);
    let x = graph.batch_norm("bn1", x, EPS);
    let mut x = graph.rectify("prelu", x, Rectifier::PRelu);
    for (stage, (channels, n_units)) in CHANNELS.into_iter().zip(units(name)).enumerate() {
        for unit in 0..n_units {
            let name = format!("layer{}.{unit}", stage + 1);
            x = residual(&mut graph, &name, x, options.wide(channels), unit == 0);
        }
    }
    let x = graph.batch_norm("bn2", x, EPS);
    let mut x = graph.flatten("flatten", x);
    let dropout = options.dropout(0.0);
    if dropout > 0.0 {
        x = graph.add("dropout", Layer::Dropout(dropout), &[x]);
    }
    let x = graph.linear("fc", x, Linear::new(options.dim(512)));
    let (eps, scale) = (EPS, Scale::One);
    let x = graph.add("features", Layer::BatchNorm { eps, scale }, &[x]);
    graph.finish(&[("embedding", x)])
}

/// BN, conv, BN, PReLU, conv, BN, and an identity; the first of a stage halves the maps.
fn residual(
    graph: &mut GraphBuilder,
    name: &str,
    x: NodeId,
    channels: usize,
    shrinks: bool,
) -> NodeId {
    let stride = if shrinks { 2 } else { 1 };
    let within = |part: &str| format!("{name}.{part}");
    let y = graph.batch_norm(&within("bn1"), x, EPS);
    let y = graph.conv(&within("conv1"), y, Conv::new(channels, 3, 1).init(START));
    let y = graph.batch_norm(&within("bn2"), y, EPS);
    let y = graph.rectify(&within("prelu"), y, Rectifier::PRelu);
    let y = graph.conv(
        &within("conv2"),
        y,
        Conv::new(channels, 3, stride).init(START),
    );
    let y = graph.batch_norm(&within("bn3"), y, EPS);
    let mut identity = x;
    if shrinks {
        let conv = Conv::new(channels, 1, stride).init(START);
        identity = graph.conv(&within("downsample.0"), x, conv);
        identity = graph.batch_norm(&within("downsample.1"), identity, EPS);
    }
    graph.sum(&within("sum"), y, identity)
}
