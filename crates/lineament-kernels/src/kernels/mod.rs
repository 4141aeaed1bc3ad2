//! The kernels: what a step of a plan computes, over pictures and flat tensors.

pub(crate) mod chain;
pub(crate) mod dense;
pub(crate) mod depthwise;
pub(crate) mod finish;
pub(crate) mod flat;
pub(crate) mod peak;
pub(crate) mod pointwise;
pub(crate) mod pooling;
mod portable;
mod portable_tiles;
pub(crate) mod quantize;
pub(crate) mod relayout;
pub(crate) mod resize;
mod rows;
pub(crate) mod scratch;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod simd;
pub(crate) mod vectorize;
pub(crate) mod winograd;

#[cfg(target_arch = "x86_64")]
pub(crate) use simd::tiles_are_permitted;

use crate::isa::Isa;
use crate::pool::Pool;

/// What kernels run on.
#[derive(Clone, Copy)]
pub(crate) struct Machine<'a> {
    /// The vector instructions.
    pub(crate) isa: Isa,
    /// What multiplies: these, or tiles beside them.
    pub(crate) products: Isa,
    pub(crate) pool: &'a Pool,
}

impl<'a> Machine<'a> {
    pub(crate) fn new(isa: Isa, pool: &'a Pool) -> Self {
        Self {
            isa: isa.vectors(),
            products: isa,
            pool,
        }
    }
}
