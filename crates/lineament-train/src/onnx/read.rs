//! What an ONNX file holds of weights: its nodes and the constants that feed them.

use std::collections::HashMap;

use tch::{Kind, Tensor};

use super::wire::{Message, damaged};
use crate::error::TrainError;

/// A node that computes with weights, and those that only pass them on.
#[derive(Debug, Default)]
pub(super) struct FileNode<'a> {
    pub(super) operator: &'a str,
    pub(super) inputs: Vec<&'a str>,
    pub(super) outputs: Vec<&'a str>,
    /// Gemm's: whether weights are `[out, in]`.
    pub(super) is_transposed: bool,
    /// BatchNormalization's.
    pub(super) epsilon: f32,
}

/// The nodes of a file in its order, and its constants by name.
#[derive(Debug, Default)]
pub(super) struct File<'a> {
    pub(super) nodes: Vec<FileNode<'a>>,
    pub(super) constants: HashMap<&'a str, Tensor>,
}

/// The content of an ONNX file.
pub(super) fn read(bytes: &[u8]) -> Result<File<'_>, TrainError> {
    let mut file = File::default();
    for field in (Message { bytes, start: 0 }).fields()? {
        if field.number == 7 {
            graph(field.message()?, &mut file)?;
        }
    }
    for index in 0..file.nodes.len() {
        let node = &file.nodes[index];
        if let ("Identity" | "Cast", [from], [to]) =
            (node.operator, &node.inputs[..], &node.outputs[..])
            && let Some(constant) = file.constants.get(from)
        {
            let (to, constant) = (*to, constant.shallow_clone());
            file.constants.insert(to, constant);
        }
    }
    Ok(file)
}

/// A `GraphProto`.
fn graph<'a>(message: Message<'a>, file: &mut File<'a>) -> Result<(), TrainError> {
    for field in message.fields()? {
        match field.number {
            1 => file.nodes.push(node(field.message()?)?),
            5 => {
                if let Some((name, tensor)) = tensor(field.message()?)? {
                    file.constants.insert(name, tensor);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// A `NodeProto`.
fn node(message: Message<'_>) -> Result<FileNode<'_>, TrainError> {
    let mut node = FileNode {
        epsilon: 1e-5,
        ..FileNode::default()
    };
    for field in message.fields()? {
        match field.number {
            1 => node.inputs.push(field.text()?),
            2 => node.outputs.push(field.text()?),
            4 => node.operator = field.text()?,
            5 => attribute(field.message()?, &mut node)?,
            _ => {}
        }
    }
    Ok(node)
}

/// An `AttributeProto`.
fn attribute(message: Message<'_>, node: &mut FileNode<'_>) -> Result<(), TrainError> {
    let (mut name, mut int, mut float) = ("", 0, 0.0);
    for field in message.fields()? {
        match field.number {
            1 => name = field.text()?,
            2 => float = field.float()?,
            3 => int = field.int()?,
            _ => {}
        }
    }
    match name {
        "transB" => node.is_transposed = int == 1,
        "epsilon" => node.epsilon = float,
        _ => {}
    }
    Ok(())
}

/// A `TensorProto` of floats or half floats with its name, in 32 bits; `None` for other types.
fn tensor(message: Message<'_>) -> Result<Option<(&str, Tensor)>, TrainError> {
    let (mut name, mut dims, mut kind) = ("", vec![], 0);
    let (mut raw, mut floats) = (None, vec![]);
    for field in message.fields()? {
        match field.number {
            1 => dims.extend(field.ints()?),
            2 => kind = field.int()?,
            4 => floats.push(field),
            8 => name = field.text()?,
            9 => raw = Some(field.message()?.bytes),
            _ => {}
        }
    }
    let kind = match kind {
        1 => Kind::Float,
        10 => Kind::Half,
        _ => return Ok(None),
    };
    let packed = match (raw, &floats[..]) {
        (Some(raw), _) => raw,
        (None, [packed]) => packed.message()?.bytes,
        (None, _) => return Err(damaged(message.start, "weights that are not packed")),
    };
    let is_length = |&length: &i64| (0..1 << 31).contains(&length);
    let count = dims
        .iter()
        .try_fold(1_i64, |n, &length| n.checked_mul(length));
    let size = kind.elt_size_in_bytes();
    if dims.len() > 8 || !dims.iter().all(is_length) || count != Some((packed.len() / size) as i64)
    {
        let n = packed.len();
        return Err(damaged(
            message.start,
            &format!("{n} bytes of weights of shape {dims:?}"),
        ));
    }
    let tensor = Tensor::f_from_data_size(packed, &dims, kind)?;
    Ok(Some((name, tensor.f_to_kind(Kind::Float)?)))
}
