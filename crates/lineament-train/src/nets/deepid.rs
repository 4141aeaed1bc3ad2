//! DeepID2 (Sun et al., NIPS 2014) and DeepID2+ (Sun et al., CVPR 2015).

use super::NetOptions;
use crate::error::TrainError;
use crate::graph::{
    Conv, Graph, GraphBuilder, Init, Layer, Linear, LocalConv, NodeId, Pool, Rectifier, Window,
};

/// Patches of 55 x 47, or 47 x 47 by `input`, in colour or grey; embedding 160 for DeepID2, 512 for DeepID2+.
///
/// The third convolution shares weights inside blocks of 2 x 2 places, the fourth not at all; the
/// embedding sees both. DeepID2+ has 128 maps in every layer and returns, after the embedding, one
/// vector of its length for each of the first three layers (after pooling), to be supervised alike.
pub(super) fn deepid(name: &str, options: &NetOptions) -> Result<Graph, TrainError> {
    let is_plus = name == "deepid2-plus";
    let (maps, dim) = if is_plus {
        ([128; 4], options.dim(512))
    } else {
        ([20, 40, 60, 80], options.dim(160))
    };
    let maps = maps.map(|n| options.wide(n));
    let (mut graph, mut x) = GraphBuilder::new(name, options.size(55, 47));
    if options.grey {
        x = graph.add("grey", Layer::Grey, &[x]);
    }
    let conv = |out: usize, kernel: usize| {
        Layer::Conv(Conv::new(out, 1, 1).window(Window::new(kernel, 1)).bias())
    };
    let local = |out_channels: usize, kernel: usize, share: usize| {
        Layer::LocalConv(LocalConv {
            out_channels,
            kernel,
            stride: 1,
            share,
            init: Init::He,
            bias_start: 0.0,
        })
    };
    let halves = Window::new(2, 2);
    let mut layer = |name: &str, layer: Layer, x: NodeId| {
        let x = graph.add(name, layer, &[x]);
        let x = graph.rectify(&format!("{name}.act"), x, Rectifier::Relu);
        match name {
            "conv4" => x,
            _ => graph.pool(&format!("{name}.pool"), x, Pool::Max, halves.ceil()),
        }
    };
    let first = layer("conv1", conv(maps[0], 4), x);
    let second = layer("conv2", conv(maps[1], 3), first);
    let third = layer("conv3", local(maps[2], 3, 2), second);
    let fourth = layer("conv4", local(maps[3], 2, 1), third);

    let mut vector = |name: &str, from: &[NodeId]| {
        let flat = from
            .iter()
            .enumerate()
            .map(|(i, &x)| graph.flatten(&format!("{name}.flat{i}"), x));
        let flat: Vec<NodeId> = flat.collect();
        let x = match flat[..] {
            [x] => x,
            _ => graph.add(&format!("{name}.all"), Layer::Concat, &flat),
        };
        let x = graph.linear(name, x, Linear::new(dim));
        graph.rectify(&format!("{name}.act"), x, Rectifier::Relu)
    };
    let mut outputs = vec![("embedding", vector("deepid", &[third, fourth]))];
    if is_plus {
        outputs.push(("supervised1", vector("supervised1", &[first])));
        outputs.push(("supervised2", vector("supervised2", &[second])));
        outputs.push(("supervised3", vector("supervised3", &[third])));
    }
    graph.finish(&outputs)
}
