//! MobileFaceNet (Chen et al., CCBR 2018, Table 1).

use super::NetOptions;
use super::unit::Unit;
use crate::error::TrainError;
use crate::graph::{Conv, Graph, GraphBuilder, NodeId, Rectifier};

/// Rows of the paper's table: expansion, channels, units, stride of the first.
const BOTTLENECKS: [(usize, usize, usize, usize); 5] = [
    (2, 64, 5, 2),
    (4, 128, 1, 2),
    (2, 128, 6, 1),
    (4, 128, 1, 2),
    (2, 128, 2, 1),
];

/// Pictures of 112 x 112, embedding 128.
///
/// `mobilefacenet` is the paper's: PReLU everywhere. `mobilefacenet-relu6` is the form of some
/// public weights: ReLU6, and a pointwise convolution after the first depthwise one, both with ReLU.
pub(super) fn mobilefacenet(name: &str, options: &NetOptions) -> Result<Graph, TrainError> {
    let (mut graph, x) = GraphBuilder::new(name, options.size(112, 112));
    let is_paper = name == "mobilefacenet";
    let (unit, early) = if is_paper {
        (Unit::batch(Rectifier::PRelu), Unit::batch(Rectifier::PRelu))
    } else {
        (Unit::batch(Rectifier::Relu6), Unit::batch(Rectifier::Relu))
    };
    let wide = options.wide(64);
    let x = unit.conv(&mut graph, "conv1", x, Conv::new(wide, 3, 2));
    let depthwise = Conv::new(wide, 3, 1).groups(wide);
    let mut x = early.conv(&mut graph, "depthwise", x, depthwise);
    if !is_paper {
        x = early.conv(&mut graph, "pointwise", x, Conv::new(wide, 1, 1));
    }
    for (row, (expansion, channels, n_units, stride)) in BOTTLENECKS.into_iter().enumerate() {
        for i in 1..=n_units {
            let name = format!("bottleneck{}.{i}", row + 1);
            let size = (
                expansion,
                options.wide(channels),
                if i == 1 { stride } else { 1 },
            );
            x = bottleneck(&mut graph, unit, &name, x, size);
        }
    }
    let x = unit.conv(&mut graph, "conv2", x, Conv::new(options.wide(512), 1, 1));
    let x = unit.global(&mut graph, "global", x);
    let last = Conv::new(options.dim(128), 1, 1);
    let x = unit.linear().conv(&mut graph, "embedding", x, last);
    let x = graph.flatten("flatten", x);
    graph.finish(&[("embedding", x)])
}

/// An inverted residual unit (Sandler et al., CVPR 2018).
fn bottleneck(
    graph: &mut GraphBuilder,
    unit: Unit,
    name: &str,
    x: NodeId,
    (expansion, channels, stride): (usize, usize, usize),
) -> NodeId {
    let before = graph.shape(x).channels();
    let inner = expansion * before;
    let within = |part: &str| format!("{name}.{part}");
    let y = unit.conv(graph, &within("expand"), x, Conv::new(inner, 1, 1));
    let depthwise = Conv::new(inner, 3, stride).groups(inner);
    let y = unit.conv(graph, &within("depthwise"), y, depthwise);
    let project = Conv::new(channels, 1, 1);
    let y = unit.linear().conv(graph, &within("project"), y, project);
    if stride == 1 && before == channels {
        graph.sum(&within("sum"), x, y)
    } else {
        y
    }
}
