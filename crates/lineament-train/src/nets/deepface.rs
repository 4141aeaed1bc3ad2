//! DeepFace (Taigman et al., CVPR 2014, section 3).

use super::NetOptions;
use crate::error::TrainError;
use crate::graph::{
    Conv, Graph, GraphBuilder, Init, Layer, Linear, LocalConv, Pool, Rectifier, Window,
};

/// The paper's start: weights N(0, 0.01), biases 0.5.
const START: Init = Init::Normal(0.01);
const BIAS: f64 = 0.5;

/// Pictures of 152 x 152, aligned in 3-D; embedding 4096, F7 after its ReLU and dropout (of 0.5;
/// the paper gives no probability). Layers are named as the paper's.
pub(super) fn deepface(name: &str, options: &NetOptions) -> Result<Graph, TrainError> {
    let (mut graph, x) = GraphBuilder::new(name, options.size(152, 152));
    let conv = |out: usize, kernel: usize| Conv {
        bias_start: BIAS,
        ..Conv::new(options.wide(out), 1, 1)
            .window(Window::new(kernel, 1))
            .bias()
            .init(START)
    };
    let local = |kernel: usize, stride: usize| {
        Layer::LocalConv(LocalConv {
            out_channels: options.wide(16),
            kernel,
            stride,
            share: 1,
            init: START,
            bias_start: BIAS,
        })
    };
    let x = graph.conv("c1", x, conv(32, 11));
    let x = graph.rectify("c1.act", x, Rectifier::Relu);
    let x = graph.pool("m2", x, Pool::Max, Window::new(3, 2).ceil());
    let x = graph.conv("c3", x, conv(16, 9));
    let mut x = graph.rectify("c3.act", x, Rectifier::Relu);
    for (name, kernel, stride) in [("l4", 9, 1), ("l5", 7, 2), ("l6", 5, 1)] {
        x = graph.add(name, local(kernel, stride), &[x]);
        x = graph.rectify(&format!("{name}.act"), x, Rectifier::Relu);
    }
    let x = graph.flatten("flatten", x);
    let f7 = Linear {
        bias_start: BIAS,
        ..Linear::new(options.dim(4096)).init(START)
    };
    let x = graph.linear("f7", x, f7);
    let x = graph.rectify("f7.act", x, Rectifier::Relu);
    let x = graph.add("dropout", Layer::Dropout(options.dropout(0.5)), &[x]);
    graph.finish(&[("embedding", x)])
}
