//! A network as its file states it.

use std::collections::HashMap;

use crate::constant::Constant;
use crate::error::KernelError;

/// A value that flows between nodes: its place in [`Graph::names`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ValueId(pub(crate) usize);

/// Nodes in the order of the file, which ONNX requires to be an order they can run in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    /// Version of the standard operators.
    pub(crate) opset: i64,
    /// Names of all values.
    pub(crate) names: Vec<String>,
    pub(crate) inputs: Vec<Port>,
    pub(crate) outputs: Vec<Port>,
    pub(crate) constants: HashMap<ValueId, Constant>,
    pub(crate) nodes: Vec<Node>,
}

/// What goes into or comes out of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Port {
    pub(crate) value: ValueId,
    pub(crate) name: String,
    /// `None` for a dimension of any length. Empty when the file does not state a shape.
    pub(crate) shape: Vec<Option<usize>>,
}

/// One operation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    /// Its name; that of its first output when it has none.
    pub(crate) name: String,
    /// Its ONNX operator, with its domain unless that is the standard one.
    pub(crate) operator: String,
    /// `None` for an optional one left out.
    pub(crate) inputs: Vec<Option<ValueId>>,
    pub(crate) outputs: Vec<Option<ValueId>>,
    pub(crate) attributes: HashMap<String, Attribute>,
}

/// A setting of a node.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Attribute {
    Int(i64),
    Float(f32),
    Text(String),
    Ints(Vec<i64>),
    Floats(Vec<f32>),
    Tensor(Constant),
}

impl Node {
    pub(crate) fn int(&self, name: &str, default: i64) -> i64 {
        match self.attributes.get(name) {
            Some(Attribute::Int(value)) => *value,
            _ => default,
        }
    }

    pub(crate) fn float(&self, name: &str, default: f32) -> f32 {
        match self.attributes.get(name) {
            Some(Attribute::Float(value)) => *value,
            _ => default,
        }
    }

    pub(crate) fn text<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        match self.attributes.get(name) {
            Some(Attribute::Text(value)) => value,
            _ => default,
        }
    }

    pub(crate) fn ints(&self, name: &str) -> Option<&[i64]> {
        match self.attributes.get(name) {
            Some(Attribute::Ints(values)) => Some(values),
            _ => None,
        }
    }

    pub(crate) fn unsupported(&self, reason: impl Into<String>) -> KernelError {
        KernelError::Unsupported {
            operator: self.operator.clone(),
            node: self.name.clone(),
            reason: reason.into(),
        }
    }

    pub(crate) fn inconsistent(&self, reason: impl Into<String>) -> KernelError {
        KernelError::Inconsistent {
            node: self.name.clone(),
            reason: reason.into(),
        }
    }
}
