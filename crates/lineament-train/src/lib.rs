//! Trains face networks.
//!
//! A network is a [`graph::Graph`]: one description gives its shapes, its parameters, its forward
//! pass on libtorch and its ONNX file. [`nets`] holds the literature's, [`loss`] what they are
//! trained with, [`data`] what they are trained on, [`run`] the loop that survives interruption.

pub mod data;
pub mod detect;
pub mod error;
mod generator;
pub mod graph;
pub mod loss;
pub mod model;
pub mod nets;
pub mod onnx;
pub mod reproduce;
pub mod run;

pub use error::TrainError;
