//! Face networks on the CPU: ONNX graphs compiled to fused plans over blocked pictures.
//!
//! It reads an ONNX file of the families that face detection and recognition use, folds what is
//! constant, joins convolutions with what follows them, lays pictures out in blocks of as many
//! channels as a vector holds, packs the weights, plans the memory, and runs the result with the
//! instructions that the processor has. A network with any other operator is
//! [`KernelError::Unsupported`], which names it: a general engine may run it then.
//!
//! It deliberately does not know faces, manifests or pixels, and it is the only crate here
//! with unsafe code: vector instructions, one output shared between threads, a task lent to a
//! pool, and, for whoever needs them, [files as memory](mapped). Every vector kernel has a twin in safe Rust, [`Isa::Portable`].
//!
//! ```no_run
//! use lineament_kernels::{KernelOptions, Network};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let onnx = std::fs::read("model.onnx")?;
//! let network = Network::from_onnx(&onnx, KernelOptions::default())?;
//! let outputs = network.run(&[1, 3, 112, 112], &vec![0.0; 3 * 112 * 112])?;
//! assert_eq!(outputs[0].shape, [1, 128]);
//! # Ok(())
//! # }
//! ```

mod aligned;
mod compile;
mod constant;
mod error;
mod graph;
mod isa;
mod kernels;
pub mod mapped;
mod network;
mod numbers;
mod onnx;
mod ops;
mod picture;
mod plan;
mod pool;
mod precision;
mod profile;
mod share;
mod view;

pub use error::KernelError;
pub use isa::{ISA_VARIABLE, Isa, UnknownIsa};
pub use network::{KernelOptions, LentOutput, Network, NetworkOutput, NetworkPort, RunCost};
pub use precision::{Precision, UnknownPrecision};
pub use profile::{Profile, StepCost};
