//! Vectors of NEON, by twos: a block has as many channels as with AVX2, and the 32 registers hold the
//! sums of six pixels of two blocks.

use std::arch::aarch64::{
    float32x4_t, vaddq_f32, vdupq_n_f32, vfmaq_f32, vld1q_f32, vmaxq_f32, vminq_f32, vst1q_f32,
};

use super::vector::Vector;

/// Numbers of a register.
const HALF: usize = 4;

/// Eight `f32`.
#[derive(Clone, Copy)]
pub(super) struct Neon(float32x4_t, float32x4_t);

impl Vector for Neon {
    const LANES: usize = 2 * HALF;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the trait's contract.
        let half = unsafe { vdupq_n_f32(value) };
        Self(half, half)
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the trait's contract.
        unsafe { Self(vld1q_f32(from), vld1q_f32(from.add(HALF))) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the trait's contract.
        unsafe {
            vst1q_f32(to, self.0);
            vst1q_f32(to.add(HALF), self.1);
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the trait's contract.
        unsafe { Self(vaddq_f32(self.0, other.0), vaddq_f32(self.1, other.1)) }
    }

    #[inline(always)]
    unsafe fn fma(self, factor: Self, addend: Self) -> Self {
        // SAFETY: the trait's contract.
        unsafe {
            Self(
                vfmaq_f32(addend.0, self.0, factor.0),
                vfmaq_f32(addend.1, self.1, factor.1),
            )
        }
    }

    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        // SAFETY: the trait's contract.
        unsafe { Self(vmaxq_f32(self.0, other.0), vmaxq_f32(self.1, other.1)) }
    }

    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        // SAFETY: the trait's contract.
        unsafe { Self(vminq_f32(self.0, other.0), vminq_f32(self.1, other.1)) }
    }
}
