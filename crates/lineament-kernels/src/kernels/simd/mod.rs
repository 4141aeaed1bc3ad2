//! Convolutions with vector instructions: one body, compiled for each instruction set.

#![allow(unsafe_code, reason = "vector instructions and unchecked addresses")]

#[cfg(target_arch = "x86_64")]
mod amx;
mod dense;
mod depthwise;
#[cfg(target_arch = "aarch64")]
mod neon;
mod peak;
#[cfg(target_arch = "x86_64")]
mod quantize;
#[cfg(target_arch = "x86_64")]
mod rows;
#[cfg(target_arch = "x86_64")]
mod run;
#[cfg(target_arch = "x86_64")]
mod span;
#[cfg_attr(
    target_arch = "aarch64",
    allow(dead_code, reason = "no narrow numbers there")
)]
mod vector;
mod winograd;
#[cfg_attr(
    target_arch = "aarch64",
    allow(dead_code, reason = "no narrow numbers there")
)]
mod words;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(target_arch = "x86_64")]
pub(crate) use amx::is_permitted as tiles_are_permitted;
pub(super) use dense::dense;
pub(super) use depthwise::depthwise_rows;
pub(super) use peak::multiply;
#[cfg(target_arch = "x86_64")]
pub(super) use quantize::{greatest, greatest_f32, quantize, quantize_f32};
#[cfg(target_arch = "x86_64")]
pub(super) use rows::{narrow, widen};
pub(super) use winograd::winograd;
