//! ONNX files to graphs: only the fields of `ModelProto` that running a network needs.
//!
//! Source: `onnx.proto` (IR version 13), whose field numbers are named here.

mod tensor;
mod wire;

use std::collections::HashMap;

use crate::error::KernelError;
use crate::graph::{Attribute, Graph, Node, Port, ValueId};
use tensor::constant;
use wire::{Field, Message, Wire, damaged};

/// Most nodes of a graph; the largest face networks have about 1,000.
const MAX_NODES: usize = 20_000;

/// The graph in `bytes`, the content of an ONNX file.
pub(crate) fn read(bytes: &[u8]) -> Result<Graph, KernelError> {
    let mut graph = None;
    let mut opset = 1;
    for field in Message::file(bytes).fields() {
        let field = field?;
        match field.number {
            7 => graph = Some(field.message()?),
            8 => opset = opset.max(default_opset(field.message()?)?),
            _ => {}
        }
    }
    let Some(graph) = graph else {
        return Err(damaged(bytes.len(), "the file holds no graph"));
    };
    Reader {
        names: HashMap::new(),
        not_floats: HashMap::new(),
        graph: Graph {
            opset,
            ..Graph::default()
        },
    }
    .graph(graph)
}

/// The version of the standard operators in an `OperatorSetIdProto`, 1 for other domains.
fn default_opset(message: Message<'_>) -> Result<i64, KernelError> {
    let (mut domain, mut version) = ("", 1);
    for field in message.fields() {
        let field = field?;
        match field.number {
            1 => domain = field.text()?,
            2 => version = field.int()?,
            _ => {}
        }
    }
    Ok(if is_standard(domain) { version } else { 1 })
}

fn is_standard(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}

struct Reader {
    names: HashMap<String, ValueId>,
    /// Ports of other types, and where the file says so.
    not_floats: HashMap<ValueId, usize>,
    graph: Graph,
}

impl Reader {
    fn graph(mut self, message: Message<'_>) -> Result<Graph, KernelError> {
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 => self.node(&field)?,
                5 => self.initializer(&field)?,
                11 => {
                    let port = self.port(field.message()?)?;
                    self.graph.inputs.push(port);
                }
                12 => {
                    let port = self.port(field.message()?)?;
                    self.graph.outputs.push(port);
                }
                15 => return Err(damaged(field.at, "sparse weights are not read here")),
                _ => {}
            }
        }
        // Old files list their weights among the inputs too.
        let Graph {
            inputs, constants, ..
        } = &mut self.graph;
        inputs.retain(|port| !constants.contains_key(&port.value));
        for port in self.graph.inputs.iter().chain(&self.graph.outputs) {
            if let Some(at) = self.not_floats.get(&port.value) {
                return Err(damaged(*at, "a port should hold 32-bit floats"));
            }
        }
        Ok(self.graph)
    }

    fn value(&mut self, name: &str) -> ValueId {
        if let Some(&id) = self.names.get(name) {
            return id;
        }
        let id = ValueId(self.graph.names.len());
        self.graph.names.push(name.to_owned());
        self.names.insert(name.to_owned(), id);
        id
    }

    fn initializer(&mut self, field: &Field<'_>) -> Result<(), KernelError> {
        let (name, constant) = constant(field.message()?)?;
        let id = self.value(name);
        self.graph.constants.insert(id, constant);
        Ok(())
    }

    /// A `ValueInfoProto`.
    fn port(&mut self, message: Message<'_>) -> Result<Port, KernelError> {
        let (mut name, mut shape, mut is_float) = ("", Vec::new(), true);
        for field in message.fields() {
            let field = field?;
            match field.number {
                1 => name = field.text()?,
                2 => (shape, is_float) = port_type(field.message()?)?,
                _ => {}
            }
        }
        let value = self.value(name);
        if !is_float {
            self.not_floats.insert(value, message.at());
        }
        let name = name.to_owned();
        Ok(Port { value, name, shape })
    }

    /// A `NodeProto`.
    fn node(&mut self, field: &Field<'_>) -> Result<(), KernelError> {
        if self.graph.nodes.len() >= MAX_NODES {
            return Err(KernelError::Limit {
                what: "a number of nodes",
                limit: MAX_NODES,
                got: MAX_NODES + 1,
            });
        }
        let mut node = Node::default();
        let mut domain = "";
        for field in field.message()?.fields() {
            let field = field?;
            match field.number {
                1 => {
                    let name = field.text()?;
                    let id = (!name.is_empty()).then(|| self.value(name));
                    node.inputs.push(id);
                }
                2 => {
                    let name = field.text()?;
                    let id = (!name.is_empty()).then(|| self.value(name));
                    node.outputs.push(id);
                }
                3 => field.text()?.clone_into(&mut node.name),
                4 => field.text()?.clone_into(&mut node.operator),
                5 => {
                    let (name, attribute) = attribute(field.message()?)?;
                    node.attributes.insert(name.to_owned(), attribute);
                }
                7 => domain = field.text()?,
                _ => {}
            }
        }
        if !is_standard(domain) {
            node.operator = format!("{domain}.{}", node.operator);
        }
        if node.name.is_empty() {
            let first = node.outputs.iter().flatten().next();
            node.name = first.map_or_else(String::new, |id| self.graph.names[id.0].clone());
        }
        self.graph.nodes.push(node);
        Ok(())
    }
}

/// The shape in a `TypeProto`, and whether it is one of floats. Dimensions without a length are
/// `None`; the shape is empty when it is not stated.
fn port_type(message: Message<'_>) -> Result<(Vec<Option<usize>>, bool), KernelError> {
    let (mut shape, mut is_float) = (Vec::new(), true);
    for field in message.fields() {
        let field = field?;
        if field.number != 1 {
            is_float = false;
            continue;
        }
        for field in field.message()?.fields() {
            let field = field?;
            match field.number {
                1 => is_float = field.int()? == 1,
                2 => shape = dimensions(field.message()?)?,
                _ => {}
            }
        }
    }
    Ok((shape, is_float))
}

/// A `TensorShapeProto`.
fn dimensions(message: Message<'_>) -> Result<Vec<Option<usize>>, KernelError> {
    let mut shape = Vec::new();
    for field in message.fields() {
        let mut length = None;
        for field in field?.message()?.fields() {
            let field = field?;
            if field.number == 1 {
                length = usize::try_from(field.int()?).ok().filter(|&n| n > 0);
            }
        }
        shape.push(length);
    }
    Ok(shape)
}

/// An `AttributeProto` and its name.
fn attribute(message: Message<'_>) -> Result<(&str, Attribute), KernelError> {
    let mut name = "";
    let (mut ints, mut floats) = (Vec::new(), Vec::new());
    let (mut single, mut kind) = (None, 0);
    for field in message.fields() {
        let field = field?;
        match (field.number, field.value) {
            (1, _) => name = field.text()?,
            (2, _) => single = Some(Attribute::Float(field.float()?)),
            (3, _) => single = Some(Attribute::Int(field.int()?)),
            (4, _) => {
                let text = String::from_utf8_lossy(field.message()?.bytes());
                single = Some(Attribute::Text(text.into_owned()));
            }
            (5, _) => single = Some(Attribute::Tensor(constant(field.message()?)?.1)),
            (7, Wire::Bytes(packed)) => floats.extend(floats_of(packed)?),
            (7, _) => floats.push(field.float()?),
            (8, Wire::Bytes(packed)) => {
                for varint in packed.varints() {
                    ints.push(varint?.cast_signed());
                }
            }
            (8, _) => ints.push(field.int()?),
            (20, _) => kind = field.int()?,
            _ => {}
        }
    }
    let attribute = match single {
        Some(single) => single,
        // Some writers leave zeros out.
        None if kind == 1 => Attribute::Float(0.0),
        None if kind == 2 => Attribute::Int(0),
        None if !floats.is_empty() => Attribute::Floats(floats),
        None => Attribute::Ints(ints),
    };
    Ok((name, attribute))
}

fn floats_of(packed: Message<'_>) -> Result<Vec<f32>, KernelError> {
    let (chunks, rest) = packed.bytes().as_chunks::<4>();
    if !rest.is_empty() {
        return Err(damaged(packed.at(), "packed floats of a broken length"));
    }
    Ok(chunks.iter().map(|c| f32::from_le_bytes(*c)).collect())
}
