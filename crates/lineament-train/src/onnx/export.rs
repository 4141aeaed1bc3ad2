//! A model's ONNX file.

use super::lower::Lowering;
use super::proto::Message;
use super::writer::{Dim, Port, Weights, Writer};
use crate::error::TrainError;
use crate::graph::Shape;
use crate::model::Model;

/// The IR version and the operator set that files are written in.
const IR_VERSION: i64 = 9;
const OPSET: i64 = 17;

/// What a file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportOptions {
    /// Whether weights are stored as half floats, in half the space; they are cast to floats when
    /// the network runs.
    pub fp16_weights: bool,
    /// Whether embeddings are divided by their length.
    pub unit_length: bool,
    /// Names and values to be found in the file, such as the run that it comes from.
    pub metadata: Vec<(String, String)>,
}

/// The content of an ONNX file that computes the model's embedding: `input`
/// `[batch, 3, height, width]` to `embedding` `[batch, dim]`.
///
/// Batch normalisation is folded into the convolution or fully connected layer that it follows.
/// What supervises hidden layers is left out.
///
/// # Errors
/// [`TrainError::Torch`], for lack of memory.
pub fn export(model: &Model, options: &ExportOptions) -> Result<Vec<u8>, TrainError> {
    let graph = model.graph();
    let weights = if options.fp16_weights {
        Weights::Half
    } else {
        Weights::Float
    };
    let writer = Lowering::new(model, Writer::new(weights)).lower(options.unit_length)?;
    let Shape::Map {
        channels,
        height,
        width,
    } = graph.input()
    else {
        unreachable!("the input of a graph is a picture");
    };
    let input = Port {
        name: "input",
        dims: [channels, height, width].map(Dim::Fixed).to_vec(),
    };
    let output = Port {
        name: "embedding",
        dims: vec![Dim::Fixed(graph.embedding_dim())],
    };
    let graph = writer.graph(graph.name(), &input, &[output]);
    Ok(file(&graph, &options.metadata))
}

/// The `ModelProto` of a graph.
pub(super) fn file(graph: &Message, metadata: &[(String, String)]) -> Vec<u8> {
    let opset = Message::default().text(1, "").int(2, OPSET);
    let entries: Vec<Message> = metadata.iter().map(entry).collect();
    let model = Message::default()
        .int(1, IR_VERSION)
        .text(2, "lineament-train")
        .text(3, env!("CARGO_PKG_VERSION"))
        .message(7, graph)
        .message(8, &opset)
        .messages(14, &entries);
    model.into_bytes()
}

/// A `StringStringEntryProto`.
fn entry((key, value): &(String, String)) -> Message {
    Message::default().text(1, key).text(2, value)
}
