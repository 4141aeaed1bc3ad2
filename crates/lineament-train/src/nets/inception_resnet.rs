//! Inception-ResNet-v1 (Szegedy et al., AAAI 2017), as FaceNet's public reimplementations have it.

use super::NetOptions;
use super::unit::Unit;
use crate::error::TrainError;
use crate::graph::{
    Conv, Graph, GraphBuilder, Layer, Linear, NodeId, Pool, Rectifier, Scale, Window,
};

const EPS: f64 = 1e-3;
const UNIT: Unit = Unit {
    eps: Some(EPS),
    rectifier: Some(Rectifier::Relu),
};

/// Pictures of 160 x 160, embedding 512.
pub(super) fn inception_resnet(name: &str, options: &NetOptions) -> Result<Graph, TrainError> {
    let (graph, x) = GraphBuilder::new(name, options.size(160, 160));
    let mut net = Net { graph, options };
    let x = net.conv("conv2d_1a", x, valid(32, 3, 2));
    let x = net.conv("conv2d_2a", x, valid(32, 3, 1));
    let x = net.conv("conv2d_2b", x, Conv::new(64, 3, 1));
    let x = net
        .graph
        .pool("maxpool_3a", x, Pool::Max, Window::new(3, 2));
    let x = net.conv("conv2d_3b", x, valid(80, 1, 1));
    let x = net.conv("conv2d_4a", x, valid(192, 3, 1));
    let mut x = net.conv("conv2d_4b", x, valid(256, 3, 2));
    for i in 0..5 {
        let branches: [&[Conv]; 3] = [
            &[one(32)],
            &[one(32), three(32)],
            &[one(32), three(32), three(32)],
        ];
        x = net.residual(&format!("repeat_1.{i}"), x, &branches, 0.17);
    }
    let branches: [&[Conv]; 2] = [
        &[valid(384, 3, 2)],
        &[one(192), three(192), valid(256, 3, 2)],
    ];
    let mut x = net.reduction("mixed_6a", x, &branches);
    for i in 0..10 {
        let branches: [&[Conv]; 2] = [
            &[one(128)],
            &[one(128), strip(128, [1, 7]), strip(128, [7, 1])],
        ];
        x = net.residual(&format!("repeat_2.{i}"), x, &branches, 0.1);
    }
    let branches: [&[Conv]; 3] = [
        &[one(256), valid(384, 3, 2)],
        &[one(256), valid(256, 3, 2)],
        &[one(256), three(256), valid(256, 3, 2)],
    ];
    let mut x = net.reduction("mixed_7a", x, &branches);
    let branches: [&[Conv]; 2] = [
        &[one(192)],
        &[one(192), strip(192, [1, 3]), strip(192, [3, 1])],
    ];
    for i in 0..5 {
        x = net.residual(&format!("repeat_3.{i}"), x, &branches, 0.2);
    }
    let x = net.sum("block8", x, &branches, 1.0);
    let x = net.graph.add("mean", Layer::GlobalMean, &[x]);
    let x = net.graph.flatten("flatten", x);
    let x = net
        .graph
        .add("dropout", Layer::Dropout(options.dropout(0.6)), &[x]);
    let x = net.graph.linear(
        "last_linear",
        x,
        Linear::new(options.dim(512)).without_bias(),
    );
    let (eps, scale) = (EPS, Scale::Learned);
    let x = net
        .graph
        .add("last_bn", Layer::BatchNorm { eps, scale }, &[x]);
    net.graph.finish(&[("embedding", x)])
}

/// A convolution without padding.
fn valid(channels: usize, kernel: usize, stride: usize) -> Conv {
    Conv::new(channels, 1, 1).window(Window::new(kernel, stride))
}

fn one(channels: usize) -> Conv {
    Conv::new(channels, 1, 1)
}

fn three(channels: usize) -> Conv {
    Conv::new(channels, 3, 1)
}

/// A kernel of one row or one column, padded to keep the size.
fn strip(channels: usize, kernel: [usize; 2]) -> Conv {
    Conv::new(channels, 1, 1).window(Window {
        kernel,
        padding: kernel.map(|n| n / 2),
        ..Window::new(1, 1)
    })
}

struct Net<'a> {
    graph: GraphBuilder,
    options: &'a NetOptions,
}

impl Net<'_> {
    fn conv(&mut self, name: &str, x: NodeId, conv: Conv) -> NodeId {
        let out_channels = self.options.wide(conv.out_channels);
        UNIT.conv(
            &mut self.graph,
            name,
            x,
            Conv {
                out_channels,
                ..conv
            },
        )
    }

    /// Convolutions one after the other, called `name.branch0.0` and so on.
    fn branches(&mut self, name: &str, x: NodeId, branches: &[&[Conv]]) -> Vec<NodeId> {
        let mut ends = vec![];
        for (i, convs) in branches.iter().enumerate() {
            let step = |x, (j, conv): (usize, &Conv)| {
                self.conv(&format!("{name}.branch{i}.{j}"), x, *conv)
            };
            ends.push(convs.iter().enumerate().fold(x, step));
        }
        ends
    }

    /// The input plus `scale` times what the branches give, projected to its channels.
    fn sum(&mut self, name: &str, x: NodeId, branches: &[&[Conv]], scale: f64) -> NodeId {
        let channels = self.graph.shape(x).channels();
        let ends = self.branches(name, x, branches);
        let y = self
            .graph
            .add(&format!("{name}.branches"), Layer::Concat, &ends);
        let y = self
            .graph
            .conv(&format!("{name}.conv2d"), y, one(channels).bias());
        let y = self
            .graph
            .add(&format!("{name}.scaled"), Layer::Times(scale), &[y]);
        self.graph.sum(&format!("{name}.sum"), y, x)
    }

    fn residual(&mut self, name: &str, x: NodeId, branches: &[&[Conv]], scale: f64) -> NodeId {
        let x = self.sum(name, x, branches, scale);
        self.graph
            .rectify(&format!("{name}.act"), x, Rectifier::Relu)
    }

    /// Branches that halve the maps, and pooling.
    fn reduction(&mut self, name: &str, x: NodeId, branches: &[&[Conv]]) -> NodeId {
        let mut ends = self.branches(name, x, branches);
        ends.push(
            self.graph
                .pool(&format!("{name}.pool"), x, Pool::Max, Window::new(3, 2)),
        );
        self.graph.add(name, Layer::Concat, &ends)
    }
}
