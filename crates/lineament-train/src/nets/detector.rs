//! A face detector with five landmarks.

use super::unit::Unit;
use crate::error::TrainError;
use crate::graph::{Conv, Graph, GraphBuilder, Init, NodeId, Rectifier};

/// Pixels between the cells of each level.
pub const DETECTOR_STRIDES: [u32; 3] = [8, 16, 32];

/// What a cell says: logits of the class and of there being a face, a box, landmarks.
const NUMBERS: usize = 2 + 4 + 10;

/// A detector for pictures of `(height, width)`, multiples of 32: outputs `cells_8`, `cells_16` and
/// `cells_32` of `[16, rows, columns]`.
///
/// Cells and their numbers are YuNet's (Wu, Peng, Yu, "YuNet: A Tiny Millisecond-level Face
/// Detector", MIR 2023). Deviation: dense 3x3 convolutions instead of depthwise ones, of a fifth of
/// the depth, which processors run and train faster at the same number of multiplications; a
/// top-down path of sums after 1x1 convolutions (Lin et al., "Feature pyramid networks", CVPR 2017).
/// 0.147 G multiplications at 320x320.
///
/// # Errors
/// [`TrainError::Network`] for a size that is no multiple of 32.
pub fn detector(size: (usize, usize)) -> Result<Graph, TrainError> {
    let unit = Unit::batch(Rectifier::Relu);
    let (mut graph, x) = GraphBuilder::new("detector", size);
    let mut conv = |name: &str, x: NodeId, channels: usize, stride: usize| {
        unit.conv(&mut graph, name, x, Conv::new(channels, 3, stride))
    };
    let x = conv("stem.conv1", x, 12, 2);
    let x = conv("stem.conv2", x, 24, 2);
    let x = conv("stage8.shrink", x, 48, 2);
    let fine = conv("stage8.conv", x, 48, 1);
    let x = conv("stage16.shrink", fine, 64, 2);
    let x = conv("stage16.conv1", x, 64, 1);
    let middle = conv("stage16.conv2", x, 64, 1);
    let x = conv("stage32.shrink", middle, 96, 2);
    let coarse = conv("stage32.conv", x, 96, 1);

    let middle = joined(&mut graph, "down16", coarse, middle);
    let fine = joined(&mut graph, "down8", middle, fine);
    let mut outputs = Vec::new();
    for (stride, x) in DETECTOR_STRIDES.into_iter().zip([fine, middle, coarse]) {
        // As small a start as makes boxes of one cell and landmarks in its corner.
        let head = Conv::new(NUMBERS, 3, 1).init(Init::Normal(0.01)).bias();
        let name = format!("cells_{stride}");
        let node = graph.conv(&name, x, head);
        outputs.push((name, node));
    }
    let outputs: Vec<(&str, NodeId)> = outputs.iter().map(|(n, id)| (n.as_str(), *id)).collect();
    graph.finish_maps(&outputs)
}

/// `fine` and, brought to its size and channels, the level `coarse` above it.
fn joined(graph: &mut GraphBuilder, name: &str, coarse: NodeId, fine: NodeId) -> NodeId {
    let channels = graph.shape(fine).channels();
    let unit = Unit::batch(Rectifier::Relu);
    let lateral = format!("{name}.lateral");
    let x = unit.conv(graph, &lateral, coarse, Conv::new(channels, 1, 1));
    let x = graph.add(&format!("{name}.up"), crate::graph::Layer::Upsample, &[x]);
    graph.sum(name, x, fine)
}
