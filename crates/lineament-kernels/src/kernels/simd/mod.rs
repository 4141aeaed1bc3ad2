//! Convolutions with vector instructions: one body, compiled for each instruction set.

#![allow(unsafe_code, reason = "vector instructions and unchecked addresses")]

mod dense;
mod depthwise;
mod vector;

pub(super) use dense::dense;
pub(super) use depthwise::depthwise_row;
