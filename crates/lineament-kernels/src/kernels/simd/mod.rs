//! Convolutions with vector instructions: one body, compiled for each instruction set.

#![allow(unsafe_code, reason = "vector instructions and unchecked addresses")]

mod dense;
mod depthwise;
mod peak;
mod run;
mod span;
mod vector;
mod winograd;

pub(super) use dense::dense;
pub(super) use depthwise::depthwise_row;
pub(super) use peak::multiply;
pub(super) use winograd::winograd;
