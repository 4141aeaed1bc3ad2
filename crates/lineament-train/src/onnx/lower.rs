//! Layers as ONNX operators.

use tch::Tensor;

use super::fold;
use super::local;
use super::writer::{Attribute, Writer};
use crate::error::TrainError;
use crate::graph::{Graph, Layer, NodeId, Pool, Rectifier, Shape, Window};
use crate::model::{GREY, LEAST_SQUARE, Model, NodeVariables};

pub(super) struct Lowering<'a> {
    model: &'a Model,
    graph: &'a Graph,
    followers: Vec<Option<NodeId>>,
    /// What the nodes are called in the file.
    names: Vec<String>,
    /// The value that each node returns; empty before it is written.
    values: Vec<String>,
    writer: Writer,
}

impl<'a> Lowering<'a> {
    pub(super) fn new(model: &'a Model, writer: Writer) -> Self {
        let graph = model.graph();
        Self {
            model,
            graph,
            followers: fold::followers(graph),
            names: graph
                .nodes()
                .iter()
                .map(|node| format!("/{}", node.name))
                .collect(),
            values: vec![String::new(); graph.nodes().len()],
            writer,
        }
    }

    /// Writes the nodes that all outputs need, and gives the names of their values.
    pub(super) fn lower_outputs(mut self) -> Result<(Writer, Vec<String>), TrainError> {
        let outputs = self.graph.outputs().iter();
        let values: Result<Vec<String>, TrainError> =
            outputs.map(|output| self.value(output.node)).collect();
        Ok((self.writer, values?))
    }

    /// Writes the nodes that `last` needs and that are not there yet, and gives its value's name.
    fn value(&mut self, last: NodeId) -> Result<String, TrainError> {
        for (index, needed) in needed(self.graph, last).into_iter().enumerate() {
            if needed && self.values[index].is_empty() {
                self.values[index] = self.node(index)?;
            }
        }
        Ok(self.values[last.index()].clone())
    }

    /// Writes the nodes that the embedding needs, and last the value `embedding`.
    pub(super) fn lower(mut self, unit_length: bool) -> Result<Writer, TrainError> {
        let last = self.value(self.graph.outputs()[0].node)?;
        if unit_length {
            let attributes = [("axis", Attribute::Int(1)), ("p", Attribute::Int(2))];
            self.writer
                .node("LpNormalization", &[&last], "embedding", &attributes);
        } else {
            self.writer.node("Identity", &[&last], "embedding", &[]);
        }
        Ok(self.writer)
    }

    fn node(&mut self, index: usize) -> Result<String, TrainError> {
        let node = &self.graph.nodes()[index];
        let name = &self.names[index].clone();
        let inputs: Vec<String> = node
            .inputs
            .iter()
            .map(|id| self.values[id.index()].clone())
            .collect();
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let from = self.graph.input_of(node);
        let writer = &mut self.writer;
        Ok(match node.layer {
            Layer::Input => "input".to_owned(),
            Layer::Grey => {
                let weight = Tensor::f_from_slice(&GREY)?.f_reshape([1, 3, 1, 1])?;
                let weight = writer.floats(&format!("{name}.weight"), &weight)?;
                let attributes = [
                    ("kernel_shape", Attribute::Ints(&[1, 1])),
                    ("strides", Attribute::Ints(&[1, 1])),
                ];
                writer.node("Conv", &[inputs[0], &weight], name, &attributes)
            }
            Layer::Conv(conv) => {
                let names = self.weights(index)?;
                let [rows, columns] = ints(conv.window.kernel);
                let [above, left] = ints(conv.window.padding);
                let stride = conv.window.stride as i64;
                let attributes = [
                    ("kernel_shape", Attribute::Ints(&[rows, columns])),
                    ("strides", Attribute::Ints(&[stride; 2])),
                    ("pads", Attribute::Ints(&[above, left, above, left])),
                    ("group", Attribute::Int(conv.groups as i64)),
                ];
                self.writer
                    .node("Conv", &with(inputs[0], &names), name, &attributes)
            }
            Layer::Linear(_) => {
                let names = self.weights(index)?;
                let attributes = [("transB", Attribute::Int(1))];
                self.writer
                    .node("Gemm", &with(inputs[0], &names), name, &attributes)
            }
            Layer::LocalConv(layer) => {
                let variables = &self.model.node_variables()[index];
                local::local_conv(
                    writer,
                    name,
                    inputs[0],
                    layer,
                    (from, node.shape),
                    variables,
                )?
            }
            Layer::BatchNorm { eps, .. } => self.batch_norm(index, inputs[0], eps)?,
            Layer::Rectifier(rectifier) => self.rectifier(index, inputs[0], rectifier)?,
            Layer::Pool(pool, window) => {
                pooling(writer, name, inputs[0], pool, window, (from, node.shape))
            }
            Layer::Upsample => {
                // The place that was rounded to is the right one by every rule of rounding.
                let scales = Tensor::f_from_slice(&[1_f32, 1.0, 2.0, 2.0])?;
                let scales = writer.floats(&format!("{name}.scales"), &scales)?;
                writer.node("Resize", &[inputs[0], "", &scales], name, &[])
            }
            Layer::GlobalMean => writer.node("GlobalAveragePool", &inputs, name, &[]),
            Layer::LocalResponse {
                size,
                alpha,
                beta,
                k,
            } => local::local_response(writer, name, inputs[0], from, (size, alpha, beta, k)),
            Layer::Flatten => writer.node("Flatten", &inputs, name, &[("axis", Attribute::Int(1))]),
            Layer::Maxout { pieces } => {
                let shape = [0, node.shape.numel() as i64, pieces as i64];
                let shape = writer.ints(&format!("{name}.shape"), &shape);
                let split = writer.node(
                    "Reshape",
                    &[inputs[0], &shape],
                    &format!("{name}.split"),
                    &[],
                );
                let attributes = [
                    ("axes", Attribute::Ints(&[2])),
                    ("keepdims", Attribute::Int(0)),
                ];
                writer.node("ReduceMax", &[&split], name, &attributes)
            }
            Layer::Dropout(_) => inputs[0].to_owned(),
            Layer::Add => writer.node("Add", &inputs, name, &[]),
            Layer::Gate => writer.node("Mul", &inputs, name, &[]),
            Layer::Times(factor) => {
                let factor = writer.scalar(&format!("{name}.factor"), factor);
                writer.node("Mul", &[inputs[0], &factor], name, &[])
            }
            Layer::Concat => writer.node("Concat", &inputs, name, &[("axis", Attribute::Int(1))]),
        })
    }

    /// Writes the weights of a convolution or linear layer, those of a batch normalisation that
    /// follows multiplied in, and returns their names.
    fn weights(&mut self, index: usize) -> Result<Vec<String>, TrainError> {
        let NodeVariables::Weights { weight, bias } = &self.model.node_variables()[index] else {
            unreachable!("a layer that sums has weights");
        };
        let (mut weight, mut bias) = (
            weight.f_detach()?,
            bias.as_ref().map(Tensor::f_detach).transpose()?,
        );
        if let Some(follower) = self.followers[index] {
            let Layer::BatchNorm { eps, .. } = self.graph.nodes()[follower.index()].layer else {
                unreachable!("only batch normalisation is folded");
            };
            let line = self.model.node_variables()[follower.index()].line(eps)?;
            let folded = fold::fold(&weight, bias.as_ref(), &line)?;
            (weight, bias) = (folded.0, Some(folded.1));
            self.values[follower.index()] = self.names[index].clone();
        }
        let name = &self.names[index];
        let mut names = vec![self.writer.weight(&format!("{name}.weight"), &weight)?];
        if let Some(bias) = bias {
            names.push(self.writer.weight(&format!("{name}.bias"), &bias)?);
        }
        Ok(names)
    }

    /// Batch normalisation that follows nothing it could be folded into.
    fn batch_norm(&mut self, index: usize, x: &str, eps: f64) -> Result<String, TrainError> {
        let NodeVariables::BatchNorm {
            weight,
            bias,
            mean,
            variance,
        } = &self.model.node_variables()[index]
        else {
            unreachable!("batch normalisation has its variables");
        };
        let name = &self.names[index];
        let mut inputs = vec![x.to_owned()];
        for (part, tensor) in [
            ("weight", weight),
            ("bias", bias),
            ("running_mean", mean),
            ("running_var", variance),
        ] {
            inputs.push(self.writer.floats(&format!("{name}.{part}"), tensor)?);
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let attributes = [("epsilon", Attribute::Float(eps as f32))];
        Ok(self
            .writer
            .node("BatchNormalization", &inputs, name, &attributes))
    }

    fn rectifier(
        &mut self,
        index: usize,
        x: &str,
        rectifier: Rectifier,
    ) -> Result<String, TrainError> {
        let node = &self.graph.nodes()[index];
        let (name, writer) = (self.names[index].as_str(), &mut self.writer);
        Ok(match (rectifier, &self.model.node_variables()[index]) {
            (Rectifier::PRelu, NodeVariables::Slopes(slopes)) => {
                let slopes = match node.shape {
                    Shape::Map { .. } => slopes.f_reshape([-1, 1, 1])?,
                    Shape::Vector(_) => slopes.shallow_clone(),
                };
                let slopes = writer.floats(&format!("{name}.weight"), &slopes)?;
                writer.node("PRelu", &[x, &slopes], name, &[])
            }
            (Rectifier::Relu6, _) => {
                let least = writer.scalar(&format!("{name}.least"), 0.0);
                let most = writer.scalar(&format!("{name}.most"), 6.0);
                writer.node("Clip", &[x, &least, &most], name, &[])
            }
            (Rectifier::HardSigmoid, _) => {
                let slope = Attribute::Float(1.0 / 6.0);
                let attributes = [("alpha", slope), ("beta", Attribute::Float(0.5))];
                writer.node("HardSigmoid", &[x], name, &attributes)
            }
            _ => writer.node("Relu", &[x], name, &[]),
        })
    }
}

fn with<'a>(input: &'a str, names: &'a [String]) -> Vec<&'a str> {
    std::iter::once(input)
        .chain(names.iter().map(String::as_str))
        .collect()
}

fn ints([rows, columns]: [usize; 2]) -> [i64; 2] {
    [rows as i64, columns as i64]
}

/// Windows over the edge become padding behind, which every engine understands alike.
fn pooling(
    writer: &mut Writer,
    name: &str,
    x: &str,
    pool: Pool,
    window: Window,
    (from, to): (Shape, Shape),
) -> String {
    let behind = |length: usize, places: usize, axis: usize| {
        let covered = (places - 1) * window.stride + window.kernel[axis];
        covered.saturating_sub(length + window.padding[axis]) as i64
    };
    let ((height, width), (rows, columns)) = (from.size(), to.size());
    let [above, left] = ints(window.padding);
    let (below, right) = (behind(height, rows, 0), behind(width, columns, 1));
    let (kernel, strides) = (ints(window.kernel), [window.stride as i64; 2]);
    let pads = [above, left, below, right];
    let attributes = [
        ("kernel_shape", Attribute::Ints(&kernel)),
        ("strides", Attribute::Ints(&strides)),
        ("pads", Attribute::Ints(&pads)),
    ];
    let counted = [&attributes[..], &[("count_include_pad", Attribute::Int(1))]].concat();
    match pool {
        Pool::Max => writer.node("MaxPool", &[x], name, &attributes),
        Pool::Mean => writer.node("AveragePool", &[x], name, &counted),
        Pool::L2 => {
            let within = |part: &str| format!("{name}.{part}");
            let squares = writer.node("Mul", &[x, x], &within("squares"), &[]);
            let mean = writer.node("AveragePool", &[&squares], &within("mean"), &counted);
            let count = (kernel[0] * kernel[1]) as f64;
            let count = writer.scalar(&within("count"), count);
            let sum = writer.node("Mul", &[&mean, &count], &within("sum"), &[]);
            let least = writer.scalar(&within("least"), LEAST_SQUARE);
            let sum = writer.node("Max", &[&sum, &least], &within("raised"), &[]);
            writer.node("Sqrt", &[&sum], name, &[])
        }
    }
}

/// Which nodes `last` depends on.
pub(super) fn needed(graph: &Graph, last: NodeId) -> Vec<bool> {
    let mut needed = vec![false; graph.nodes().len()];
    needed[last.index()] = true;
    for index in (0..=last.index()).rev() {
        if needed[index] {
            for input in &graph.nodes()[index].inputs {
                needed[input.index()] = true;
            }
        }
    }
    needed
}
