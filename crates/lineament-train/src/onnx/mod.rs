//! Networks as ONNX files.
//!
//! IR version 9, opset 17, standard operators alone; pictures in batches of any length.

mod detector;
mod export;
mod fold;
mod import;
mod local;
mod lower;
mod proto;
mod read;
mod wire;
mod writer;

pub use detector::export_detector;
pub use export::{ExportOptions, export};
pub use import::import_weights;
