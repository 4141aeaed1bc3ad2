//! GhostFaceNet (Alansari et al., IEEE Access 2023), on GhostNet (Han et al., CVPR 2020).

use super::NetOptions;
use super::unit::Unit;
use crate::error::TrainError;
use crate::graph::{Conv, Graph, GraphBuilder, Layer, NodeId, Rectifier};

/// A row of GhostNet's Table 1: kernel, expansion, channels, whether maps are gated, stride.
type Row = (usize, usize, usize, bool, usize);

const ROWS: [Row; 16] = [
    (3, 16, 16, false, 1),
    (3, 48, 24, false, 2),
    (3, 72, 24, false, 1),
    (5, 72, 40, true, 2),
    (5, 120, 40, true, 1),
    (3, 240, 80, false, 2),
    (3, 200, 80, false, 1),
    (3, 184, 80, false, 1),
    (3, 184, 80, false, 1),
    (3, 480, 112, true, 1),
    (3, 672, 112, true, 1),
    (5, 672, 160, true, 2),
    (5, 960, 160, false, 1),
    (5, 960, 160, true, 1),
    (5, 960, 160, false, 1),
    (5, 960, 160, true, 1),
];

/// Pictures of 112 x 112, embedding 512: GhostNet with PReLU and, at its end, a depthwise
/// convolution over all places.
///
/// Deviation: width 1 rather than the 1.3 of most of its public weights, and GhostNet's own gates.
pub(super) fn ghostfacenet(name: &str, options: &NetOptions) -> Result<Graph, TrainError> {
    let (mut graph, x) = GraphBuilder::new(name, options.size(112, 112));
    let unit = Unit::batch(Rectifier::PRelu);
    let mut x = unit.conv(&mut graph, "stem", x, Conv::new(options.wide(16), 3, 2));
    for (i, (kernel, expansion, channels, is_gated, stride)) in ROWS.into_iter().enumerate() {
        let (expansion, channels) = (options.wide(expansion), options.wide(channels));
        let row = (kernel, expansion, channels, is_gated, stride);
        x = bottleneck(&mut graph, unit, &format!("ghost{}", i + 1), x, row);
    }
    let x = unit.conv(&mut graph, "last", x, Conv::new(options.wide(960), 1, 1));
    let x = unit.global(&mut graph, "global", x);
    let dim = Conv::new(options.dim(512), 1, 1);
    let x = unit.linear().conv(&mut graph, "embedding", x, dim);
    let x = graph.flatten("flatten", x);
    graph.finish(&[("embedding", x)])
}

/// Two ghost modules and an identity (GhostNet, Figure 3).
fn bottleneck(
    graph: &mut GraphBuilder,
    unit: Unit,
    name: &str,
    x: NodeId,
    (kernel, expansion, channels, is_gated, stride): Row,
) -> NodeId {
    let within = |part: &str| format!("{name}.{part}");
    let before = graph.shape(x).channels();
    let mut y = ghost(graph, unit, &within("ghost1"), x, expansion);
    if stride > 1 {
        let conv = Conv::new(expansion, kernel, stride).groups(expansion);
        y = unit.linear().conv(graph, &within("depthwise"), y, conv);
    }
    if is_gated {
        y = gate(graph, &within("gate"), y);
    }
    let y = ghost(graph, unit.linear(), &within("ghost2"), y, channels);
    let mut identity = x;
    if stride > 1 || before != channels {
        let depthwise = Conv::new(before, kernel, stride).groups(before);
        let name = within("identity.depthwise");
        identity = unit.linear().conv(graph, &name, identity, depthwise);
        let pointwise = Conv::new(channels, 1, 1);
        let name = within("identity.pointwise");
        identity = unit.linear().conv(graph, &name, identity, pointwise);
    }
    graph.sum(&within("sum"), y, identity)
}

/// Half of the maps by a pointwise convolution, the other half from those by a depthwise one.
fn ghost(graph: &mut GraphBuilder, unit: Unit, name: &str, x: NodeId, channels: usize) -> NodeId {
    let half = channels / 2;
    let primary = Conv::new(half, 1, 1);
    let primary = unit.conv(graph, &format!("{name}.primary"), x, primary);
    let cheap = Conv::new(half, 3, 1).groups(half);
    let cheap = unit.conv(graph, &format!("{name}.cheap"), primary, cheap);
    graph.add(name, Layer::Concat, &[primary, cheap])
}

/// Squeeze and excitation (Hu et al., CVPR 2018) with a hard sigmoid, to a quarter of the channels
/// in multiples of 4.
fn gate(graph: &mut GraphBuilder, name: &str, x: NodeId) -> NodeId {
    let channels = graph.shape(x).channels();
    let squeezed = (channels / 4).next_multiple_of(4);
    let within = |part: &str| format!("{name}.{part}");
    let y = graph.add(&within("mean"), Layer::GlobalMean, &[x]);
    let y = graph.conv(&within("reduce"), y, Conv::new(squeezed, 1, 1).bias());
    let y = graph.rectify(&within("act"), y, Rectifier::Relu);
    let y = graph.conv(&within("expand"), y, Conv::new(channels, 1, 1).bias());
    let y = graph.rectify(&within("sigmoid"), y, Rectifier::HardSigmoid);
    graph.add(&within("gated"), Layer::Gate, &[x, y])
}
