//! Convolutions with vector instructions: one body, compiled for each instruction set.

#![allow(unsafe_code, reason = "vector instructions and unchecked addresses")]

mod dense;
mod depthwise;
#[cfg(target_arch = "aarch64")]
mod neon;
mod peak;
#[cfg(target_arch = "x86_64")]
mod run;
#[cfg(target_arch = "x86_64")]
mod span;
mod vector;
mod winograd;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(super) use dense::dense;
pub(super) use depthwise::depthwise_row;
pub(super) use peak::multiply;
pub(super) use winograd::winograd;
