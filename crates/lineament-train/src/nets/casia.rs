//! The 10-layer network of CASIA-WebFace (Yi et al., 2014, Table 2).

use super::NetOptions;
use super::unit::Unit;
use crate::error::TrainError;
use crate::graph::{Conv, Graph, GraphBuilder, Layer, Pool, Rectifier, Window};

/// Channels of the two convolutions of each stage.
const STAGES: [[usize; 2]; 5] = [[32, 64], [64, 128], [96, 192], [128, 256], [160, 320]];

/// Pictures of 100 x 100, made grey; embedding 320, the means of the last convolution's maps,
/// which no rectifier follows.
pub(super) fn casia(name: &str, options: &NetOptions) -> Result<Graph, TrainError> {
    let (mut graph, x) = GraphBuilder::new(name, options.size(100, 100));
    let unit = Unit::chosen(options.normalisation, Rectifier::Relu);
    let mut x = graph.add("grey", Layer::Grey, &[x]);
    for (stage, [first, second]) in STAGES.into_iter().enumerate() {
        let stage = stage + 1;
        let first = Conv::new(options.wide(first), 3, 1);
        x = unit.conv(&mut graph, &format!("conv{stage}1"), x, first);
        let (unit, channels) = match stage {
            5 => (unit.linear(), options.dim(second)),
            _ => (unit, options.wide(second)),
        };
        x = unit.conv(
            &mut graph,
            &format!("conv{stage}2"),
            x,
            Conv::new(channels, 3, 1),
        );
        x = match stage {
            5 => graph.add("pool5", Layer::GlobalMean, &[x]),
            _ => graph.pool(
                &format!("pool{stage}"),
                x,
                Pool::Max,
                Window::new(2, 2).ceil(),
            ),
        };
    }
    let x = graph.flatten("flatten", x);
    let x = graph.add("dropout", Layer::Dropout(options.dropout(0.4)), &[x]);
    graph.finish(&[("embedding", x)])
}
