//! A detector's ONNX file.

use super::export::{ExportOptions, file};
use super::lower::Lowering;
use super::writer::{Attribute, Dim, Port, Weights, Writer};
use crate::error::TrainError;
use crate::model::Model;
use crate::nets::DETECTOR_STRIDES;

/// What a level is split into: the name before the stride, how many channels, and what they go
/// through.
const PARTS: [(&str, usize, &str); 4] = [
    ("cls", 1, "Sigmoid"),
    ("obj", 1, "Sigmoid"),
    ("bbox", 4, "Identity"),
    ("kps", 10, "Identity"),
];

/// The content of an ONNX file that computes a [`crate::nets::detector`]: `input`
/// `[batch, 3, height, width]`, of sides that are multiples of 32, to `cls_S`, `obj_S` (from 0 to 1)
/// `[batch, cells, 1]`, `bbox_S` `[batch, cells, 4]` and `kps_S` `[batch, cells, 10]` for the strides
/// S, cells row by row. That is what the family `yunet` reads.
///
/// # Errors
/// [`TrainError::Torch`], for lack of memory.
pub fn export_detector(model: &Model, options: &ExportOptions) -> Result<Vec<u8>, TrainError> {
    let weights = match options.fp16_weights {
        true => Weights::Half,
        false => Weights::Float,
    };
    let (mut writer, values) = Lowering::new(model, Writer::new(weights)).lower_outputs()?;
    let mut outputs: Vec<(String, usize, String)> = Vec::new();
    for (stride, value) in DETECTOR_STRIDES.into_iter().zip(values) {
        let rows = as_rows(&mut writer, &value);
        for ((part, length, operator), row) in PARTS.into_iter().zip(rows) {
            let name = format!("{part}_{stride}");
            writer.node(operator, &[&row], &name, &[]);
            outputs.push((name, length, format!("cells_{stride}")));
        }
    }
    let input = Port {
        name: "input",
        dims: vec![Dim::Fixed(3), Dim::Named("height"), Dim::Named("width")],
    };
    let ports = outputs.iter().map(|(name, length, cells)| Port {
        name,
        dims: vec![Dim::Named(cells), Dim::Fixed(*length)],
    });
    let ports: Vec<Port<'_>> = ports.collect();
    let graph = writer.graph(model.graph().name(), &input, &ports);
    Ok(file(&graph, &options.metadata))
}

/// Maps `[batch, channels, rows, columns]` as `[batch, cells, channels]`, split into [`PARTS`].
fn as_rows(writer: &mut Writer, value: &str) -> [String; 4] {
    let within = |part: &str| format!("{value}.{part}");
    let last = [("perm", Attribute::Ints(&[0, 2, 3, 1]))];
    let last = writer.node("Transpose", &[value], &within("last"), &last);
    let lengths = PARTS.map(|(_, length, _)| length as i64);
    let shape = writer.ints(&within("shape"), &[0, -1, lengths.iter().sum()]);
    let cells = writer.node("Reshape", &[&last, &shape], &within("cells"), &[]);
    let mut first = 0;
    PARTS.map(|(part, length, _)| {
        let bound = |writer: &mut Writer, what: &str, value: i64| {
            writer.ints(&within(&format!("{part}.{what}")), &[value])
        };
        let start = bound(writer, "start", first);
        first += length as i64;
        let end = bound(writer, "end", first);
        let axis = bound(writer, "axis", 2);
        let slice = [cells.as_str(), &start, &end, &axis];
        writer.node("Slice", &slice, &within(part), &[])
    })
}
