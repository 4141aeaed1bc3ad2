//! The nodes and weights of an ONNX graph under construction.

use tch::{Device, Kind, Tensor};

use super::proto::Message;
use crate::error::TrainError;

/// `TensorProto.DataType`.
const FLOAT: i64 = 1;
const INT64: i64 = 7;
const FLOAT16: i64 = 10;

/// What an operator is configured by.
#[derive(Debug, Clone, Copy)]
pub(super) enum Attribute<'a> {
    Int(i64),
    Float(f32),
    Ints(&'a [i64]),
}

/// The type of large weights in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weights {
    Float,
    /// Half floats, cast to floats where they are used.
    Half,
}

#[derive(Debug)]
pub(super) struct Writer {
    weights: Weights,
    nodes: Vec<Message>,
    initializers: Vec<Message>,
}

impl Writer {
    pub(super) fn new(weights: Weights) -> Self {
        Self {
            weights,
            nodes: vec![],
            initializers: vec![],
        }
    }

    /// A node that writes the value `output`, whose name is returned.
    pub(super) fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[(&str, Attribute<'_>)],
    ) -> String {
        let mut node = Message::default();
        for input in inputs {
            node = node.text(1, input);
        }
        node = node.text(2, output).text(3, output).text(4, operator);
        for (name, attribute) in attributes {
            node = node.message(5, &attribute_proto(name, *attribute));
        }
        self.nodes.push(node);
        output.to_owned()
    }

    /// A weight of any size.
    pub(super) fn weight(&mut self, name: &str, tensor: &Tensor) -> Result<String, TrainError> {
        let is_half = self.weights == Weights::Half && tensor.size().len() > 1;
        if !is_half {
            self.floats(name, tensor)?;
            return Ok(name.to_owned());
        }
        let stored = format!("{name}.half");
        let bytes = raw(tensor, Kind::Half)?;
        self.tensor(&stored, FLOAT16, &tensor.size(), &bytes);
        Ok(self.node("Cast", &[&stored], name, &[("to", Attribute::Int(FLOAT))]))
    }

    /// Floats in full.
    pub(super) fn floats(&mut self, name: &str, tensor: &Tensor) -> Result<String, TrainError> {
        let bytes = raw(tensor, Kind::Float)?;
        self.tensor(name, FLOAT, &tensor.size(), &bytes);
        Ok(name.to_owned())
    }

    /// One float.
    pub(super) fn scalar(&mut self, name: &str, value: f64) -> String {
        self.tensor(name, FLOAT, &[], &(value as f32).to_le_bytes());
        name.to_owned()
    }

    /// A list of integers.
    pub(super) fn ints(&mut self, name: &str, values: &[i64]) -> String {
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.tensor(name, INT64, &[values.len() as i64], &bytes);
        name.to_owned()
    }

    fn tensor(&mut self, name: &str, kind: i64, dims: &[i64], bytes: &[u8]) {
        let tensor = Message::default().ints(1, dims).int(2, kind);
        self.initializers.push(tensor.text(8, name).bytes(9, bytes));
    }

    /// The `GraphProto`.
    pub(super) fn graph(self, name: &str, input: &Port<'_>, outputs: &[Port<'_>]) -> Message {
        let outputs: Vec<Message> = outputs.iter().map(Port::value_info).collect();
        Message::default()
            .messages(1, &self.nodes)
            .text(2, name)
            .messages(5, &self.initializers)
            .message(11, &input.value_info())
            .messages(12, &outputs)
    }
}

/// The length of an axis.
#[derive(Debug, Clone, Copy)]
pub(super) enum Dim<'a> {
    Fixed(usize),
    /// Any, the same wherever the name is.
    Named(&'a str),
}

/// An input or output of floats, `[batch, dims..]`.
pub(super) struct Port<'a> {
    pub(super) name: &'a str,
    pub(super) dims: Vec<Dim<'a>>,
}

impl Port<'_> {
    fn value_info(&self) -> Message {
        let dim = |dim: &Dim<'_>| match *dim {
            Dim::Fixed(n) => Message::default().int(1, n as i64),
            Dim::Named(name) => Message::default().text(2, name),
        };
        let dims = std::iter::once(&Dim::Named("batch")).chain(&self.dims);
        let dims: Vec<Message> = dims.map(dim).collect();
        let shape = Message::default().messages(1, &dims);
        let tensor = Message::default().int(1, FLOAT).message(2, &shape);
        let kind = Message::default().message(1, &tensor);
        Message::default().text(1, self.name).message(2, &kind)
    }
}

fn attribute_proto(name: &str, attribute: Attribute<'_>) -> Message {
    let proto = Message::default().text(1, name);
    match attribute {
        Attribute::Float(value) => proto.float(2, value).int(20, 1),
        Attribute::Int(value) => proto.int(3, value).int(20, 2),
        Attribute::Ints(values) => proto.ints(8, values).int(20, 7),
    }
}

/// The numbers of a tensor as `kind`, in order, little-endian.
fn raw(tensor: &Tensor, kind: Kind) -> Result<Vec<u8>, TrainError> {
    let tensor = tensor
        .f_detach()?
        .f_to_device(Device::Cpu)?
        .f_to_kind(kind)?;
    let tensor = tensor.f_contiguous()?;
    let mut bytes = vec![0; tensor.numel() * kind.elt_size_in_bytes()];
    tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
    Ok(bytes)
}
