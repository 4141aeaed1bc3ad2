//! The variables of each node.

use tch::nn::Path;
use tch::{Kind, Tensor};

use super::start;
use crate::error::TrainError;
use crate::graph::{Graph, Init, Layer, Node, Rectifier, Scale};

/// The variables of one node.
#[derive(Debug)]
pub(crate) enum NodeVariables {
    /// None.
    None,
    /// Weights that are multiplied with, and what is added.
    Weights {
        /// Convolutions `[out, in / groups, rows, columns]`, linear `[out, in]`, locally connected
        /// `[blocks, out, in * rows * columns]`.
        weight: Tensor,
        /// `[out]`; locally connected `[blocks, out]`.
        bias: Option<Tensor>,
    },
    /// Batch normalisation, each `[channels]`.
    BatchNorm {
        /// What multiplies.
        weight: Tensor,
        /// What is added.
        bias: Tensor,
        /// The running mean.
        mean: Tensor,
        /// The running variance.
        variance: Tensor,
    },
    /// `[channels]`.
    Slopes(Tensor),
}

impl NodeVariables {
    /// What batch normalisation by running numbers multiplies by and adds, `[channels]` in f64:
    /// weight / √(variance + eps), and bias − mean · that.
    pub(crate) fn line(&self, eps: f64) -> Result<(Tensor, Tensor), TrainError> {
        let Self::BatchNorm {
            weight,
            bias,
            mean,
            variance,
        } = self
        else {
            unreachable!("batch normalisation has its variables");
        };
        let double = |tensor: &Tensor| tensor.f_detach()?.f_to_kind(Kind::Double);
        let deviation = (double(variance)? + eps).f_sqrt()?;
        let factor = double(weight)?.f_div(&deviation)?;
        let offset = double(bias)?.f_sub(&double(mean)?.f_mul(&factor)?)?;
        Ok((factor, offset))
    }

    /// The variables by the last part of their names.
    pub(super) fn named(&self) -> Vec<(&'static str, &Tensor)> {
        match self {
            Self::None => vec![],
            Self::Weights { weight, bias } => {
                let bias = bias.iter().map(|bias| ("bias", bias));
                std::iter::once(("weight", weight)).chain(bias).collect()
            }
            Self::BatchNorm {
                weight,
                bias,
                mean,
                variance,
            } => vec![
                ("weight", weight),
                ("bias", bias),
                ("running_mean", mean),
                ("running_var", variance),
            ],
            Self::Slopes(slopes) => vec![("weight", slopes)],
        }
    }
}

/// The variables of all nodes, created in `root`.
pub(super) fn create(
    graph: &Graph,
    root: &Path<'_>,
    seed: u64,
) -> Result<Vec<NodeVariables>, TrainError> {
    let create = |node: &Node| {
        let path = node
            .name
            .split('.')
            .fold(root.clone(), |path, part| path / part);
        Creator {
            node,
            path,
            in_channels: graph.input_of(node).channels(),
            seed,
        }
        .create()
    };
    graph.nodes().iter().map(create).collect()
}

struct Creator<'a> {
    node: &'a Node,
    path: Path<'a>,
    in_channels: usize,
    seed: u64,
}

impl Creator<'_> {
    fn create(&self) -> Result<NodeVariables, TrainError> {
        let channels = self.node.shape.channels();
        match self.node.layer {
            Layer::Conv(conv) => {
                let [rows, columns] = conv.window.kernel;
                let per_group = self.in_channels / conv.groups;
                let shape = [channels, per_group, rows, columns];
                let bias = conv.bias.then_some((conv.bias_start, vec![channels]));
                self.weights(&shape, per_group * rows * columns, conv.init, bias)
            }
            Layer::LocalConv(local) => {
                let (rows, columns) = self.node.shape.size();
                let blocks = rows * columns / local.share.pow(2);
                let fan_in = self.in_channels * local.kernel.pow(2);
                let bias = Some((local.bias_start, vec![blocks, channels]));
                self.weights(&[blocks, channels, fan_in], fan_in, local.init, bias)
            }
            Layer::Linear(linear) => {
                let bias = linear.bias.then_some((linear.bias_start, vec![channels]));
                let shape = [channels, self.in_channels];
                self.weights(&shape, self.in_channels, linear.init, bias)
            }
            Layer::BatchNorm { scale, .. } => {
                let weight = self.constant("weight", &[channels], 1.0, scale == Scale::Learned)?;
                Ok(NodeVariables::BatchNorm {
                    weight,
                    bias: self.constant("bias", &[channels], 0.0, true)?,
                    mean: self.constant("running_mean", &[channels], 0.0, false)?,
                    variance: self.constant("running_var", &[channels], 1.0, false)?,
                })
            }
            Layer::Rectifier(Rectifier::PRelu) => Ok(NodeVariables::Slopes(self.constant(
                "weight",
                &[channels],
                0.25,
                true,
            )?)),
            _ => Ok(NodeVariables::None),
        }
    }

    fn weights(
        &self,
        shape: &[usize],
        fan_in: usize,
        init: Init,
        bias: Option<(f64, Vec<usize>)>,
    ) -> Result<NodeVariables, TrainError> {
        let name = self.path.path("weight");
        let weight = start::weights(init, &dims(shape), fan_in, &name, self.seed)?;
        let weight = weight.f_to_device(self.path.device())?;
        let bias = bias.map(|(value, shape)| self.constant("bias", &shape, value, true));
        Ok(NodeVariables::Weights {
            weight: self.path.add("weight", weight, true),
            bias: bias.transpose()?,
        })
    }

    fn constant(
        &self,
        name: &str,
        shape: &[usize],
        value: f64,
        trainable: bool,
    ) -> Result<Tensor, TrainError> {
        let options = (Kind::Float, self.path.device());
        let tensor = Tensor::f_full(dims(shape), value, options)?;
        Ok(self.path.add(name, tensor, trainable))
    }
}

fn dims(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|&n| n as i64).collect()
}
