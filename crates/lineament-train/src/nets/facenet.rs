//! FaceNet's networks (Schroff et al., CVPR 2015, Tables 1 and 2).

use super::NetOptions;
use super::inception::Inception;
use super::unit::Unit;
use crate::error::TrainError;
use crate::graph::{Conv, Graph, GraphBuilder, Layer, Linear, NodeId, Pool, Rectifier, Window};

const L2: Pool = Pool::L2;
const MAX: Pool = Pool::Max;

/// A row of Table 2: 1x1, 3x3 (reduce, of), 5x5 (reduce, of), pool and its projection, stride.
const fn row(
    name: &'static str,
    ones: usize,
    threes: (usize, usize),
    fives: (usize, usize),
    pool: (Pool, usize),
    stride: usize,
) -> Inception {
    Inception {
        name,
        ones,
        threes,
        fives,
        pool,
        stride,
    }
}

/// The modules of NN2 (Table 2).
const NN2: [Inception; 10] = [
    row("3a", 64, (96, 128), (16, 32), (MAX, 32), 1),
    row("3b", 64, (96, 128), (32, 64), (L2, 64), 1),
    row("3c", 0, (128, 256), (32, 64), (MAX, 0), 2),
    row("4a", 256, (96, 192), (32, 64), (L2, 128), 1),
    row("4b", 224, (112, 224), (32, 64), (L2, 128), 1),
    row("4c", 192, (128, 256), (32, 64), (L2, 128), 1),
    row("4d", 160, (144, 288), (32, 64), (L2, 128), 1),
    row("4e", 0, (160, 256), (64, 128), (MAX, 0), 2),
    row("5a", 384, (192, 384), (48, 128), (L2, 128), 1),
    row("5b", 384, (192, 384), (48, 128), (MAX, 128), 1),
];

/// The modules of OpenFace's `nn4.small2` (Amos et al., 2016), which has batch normalisation.
const SMALL: [Inception; 7] = [
    row("3a", 64, (96, 128), (16, 32), (MAX, 32), 1),
    row("3b", 64, (96, 128), (32, 64), (L2, 64), 1),
    row("3c", 0, (128, 256), (32, 64), (MAX, 0), 2),
    row("4a", 256, (96, 192), (32, 64), (L2, 128), 1),
    row("4e", 0, (160, 256), (64, 128), (MAX, 0), 2),
    row("5a", 256, (96, 384), (0, 0), (L2, 96), 1),
    row("5b", 256, (96, 384), (0, 0), (MAX, 96), 1),
];

/// NN2, NN3 (NN2 at 160 x 160), NN4 (at 96 x 96), or OpenFace's small one; embedding 128.
///
/// NN4 "does not use 5x5 convolutions in the higher layers": in 5a and 5b, here. Sizes of
/// neighbourhoods of the normalisation are not in the paper; they are Caffe's.
pub(super) fn inception(name: &str, options: &NetOptions) -> Result<Graph, TrainError> {
    let (side, modules) = match name {
        "facenet-nn2" => (224, NN2.to_vec()),
        "facenet-nn3" => (160, NN2.to_vec()),
        "facenet-nn4" => (96, NN2.map(without_high_fives).to_vec()),
        _ => (96, SMALL.to_vec()),
    };
    let unit = match name {
        "openface-nn4-small2" => Unit::batch(Rectifier::Relu),
        _ => Unit::chosen(options.normalisation, Rectifier::Relu),
    };
    let (mut graph, x) = GraphBuilder::new(name, options.size(side, side));
    let halves = Window::new(3, 2).pad(1);
    let x = unit.conv(&mut graph, "conv1", x, Conv::new(options.wide(64), 7, 2));
    let x = graph.pool("pool1", x, MAX, halves);
    let x = local_response(&mut graph, "norm1", x);
    let x = unit.conv(&mut graph, "2.reduce", x, Conv::new(options.wide(64), 1, 1));
    let x = unit.conv(&mut graph, "2.3x3", x, Conv::new(options.wide(192), 3, 1));
    let x = local_response(&mut graph, "norm2", x);
    let mut x = graph.pool("pool2", x, MAX, halves);
    for module in modules {
        x = module.build(&mut graph, unit, x, |channels| options.wide(channels));
    }
    let x = graph.add("mean", Layer::GlobalMean, &[x]);
    let x = graph.flatten("flatten", x);
    let x = graph.linear("fc", x, Linear::new(options.dim(128)));
    graph.finish(&[("embedding", x)])
}

fn without_high_fives(module: Inception) -> Inception {
    match module.name {
        "5a" | "5b" => Inception {
            fives: (0, 0),
            ..module
        },
        _ => module,
    }
}

/// NN1 (Table 1), after Zeiler and Fergus with 1x1 convolutions; pictures of 220 x 220,
/// embedding 128. The fully connected layers are maxout of pairs.
pub(super) fn nn1(name: &str, options: &NetOptions) -> Result<Graph, TrainError> {
    let unit = Unit::chosen(options.normalisation, Rectifier::Relu);
    let (mut graph, x) = GraphBuilder::new(name, options.size(220, 220));
    let halves = Window::new(3, 2).pad(1);
    let x = unit.conv(&mut graph, "conv1", x, Conv::new(options.wide(64), 7, 2));
    let x = graph.pool("pool1", x, MAX, halves);
    let x = local_response(&mut graph, "rnorm1", x);
    let x = pair(
        &mut graph,
        unit,
        "conv2",
        x,
        (options.wide(64), options.wide(192)),
    );
    let x = local_response(&mut graph, "rnorm2", x);
    let x = graph.pool("pool2", x, MAX, halves);
    let x = pair(
        &mut graph,
        unit,
        "conv3",
        x,
        (options.wide(192), options.wide(384)),
    );
    let mut x = graph.pool("pool3", x, MAX, halves);
    for (name, before) in [("conv4", 384), ("conv5", 256), ("conv6", 256)] {
        x = pair(
            &mut graph,
            unit,
            name,
            x,
            (options.wide(before), options.wide(256)),
        );
    }
    let x = graph.pool("pool4", x, MAX, halves);
    let mut x = graph.flatten("concat", x);
    for name in ["fc1", "fc2"] {
        let y = graph.linear(name, x, Linear::new(2 * options.wide(4096)));
        x = graph.add(&format!("{name}.maxout"), Layer::Maxout { pieces: 2 }, &[y]);
    }
    let x = graph.linear("fc7", x, Linear::new(options.dim(128)));
    graph.finish(&[("embedding", x)])
}

/// A 1x1 convolution, called `conv2a`, and a 3x3 one, `conv2`.
fn pair(
    graph: &mut GraphBuilder,
    unit: Unit,
    name: &str,
    x: NodeId,
    (before, channels): (usize, usize),
) -> NodeId {
    let x = unit.conv(graph, &format!("{name}a"), x, Conv::new(before, 1, 1));
    unit.conv(graph, name, x, Conv::new(channels, 3, 1))
}

fn local_response(graph: &mut GraphBuilder, name: &str, x: NodeId) -> NodeId {
    let layer = Layer::LocalResponse {
        size: 5,
        alpha: 1e-4,
        beta: 0.75,
        k: 1.0,
    };
    graph.add(name, layer, &[x])
}
