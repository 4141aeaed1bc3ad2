//! Networks as ONNX files.
