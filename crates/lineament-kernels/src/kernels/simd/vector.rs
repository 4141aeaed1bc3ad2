//! The few vector operations that the kernels need.

use super::dense;
use super::words::Words;

use crate::kernels::dense::Tap;
use crate::kernels::finish::InRegister;

/// A vector of `f32`.
///
/// # Safety
/// Its functions are called only where the processor has the instructions, inside functions that
/// are compiled for them; `load` and `store` take pointers to [`LANES`](Self::LANES) numbers.
pub(super) trait Vector: Copy {
    const LANES: usize;
    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn add(self, other: Self) -> Self;
    /// self · factor + addend.
    unsafe fn fma(self, factor: Self, addend: Self) -> Self;
    unsafe fn max(self, other: Self) -> Self;
    unsafe fn min(self, other: Self) -> Self;
    /// Whether there are instructions for `bf16`: the next functions are called only then, those of
    /// bytes only where there are those too.
    const NARROW: bool = false;
    /// From half as many words of two numbers.
    #[inline(always)]
    unsafe fn load_bf16(from: *const f32) -> Self {
        // SAFETY: the trait's contract.
        unsafe { Self::load(from) }
    }
    /// To half as many words, rounded.
    #[inline(always)]
    unsafe fn store_bf16(self, to: *mut f32) {
        // SAFETY: the trait's contract.
        unsafe { self.store(to) }
    }
    /// self · factors + addend, where each word of the factors is two numbers.
    #[inline(always)]
    unsafe fn fma_bf16(self, factors: Self, addend: Self) -> Self {
        // SAFETY: the trait's contract.
        unsafe { self.fma(factors, addend) }
    }
    /// self · factors + addend, where each word of the first is four bytes, of the factors four signed
    /// ones, and of the addend an integer.
    #[inline(always)]
    unsafe fn fma_bytes(self, factors: Self, addend: Self) -> Self {
        // SAFETY: the trait's contract.
        unsafe { self.fma(factors, addend) }
    }
    /// Integers as numbers.
    #[inline(always)]
    unsafe fn of_integers(self) -> Self {
        self
    }
    /// [`dense::accumulate`], or what is quicker with these vectors.
    #[inline(always)]
    unsafe fn accumulate<W: Words, const B: usize, const P: usize>(
        taps: &[Tap],
        from: [*const f32; 2],
        steps: [usize; 2],
        sums: &mut [[Self; P]; B],
    ) {
        // SAFETY: the trait's contract.
        unsafe { dense::accumulate::<Self, W, B, P>(taps, from, steps, sums) }
    }
}

/// Calls for the numbers at `address`, which need not be there, to come to the nearest cache.
#[inline(always)]
pub(super) fn call_for(address: *const f32) {
    // SAFETY: it reads nothing, and does nothing where there is no such address.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(address.cast());
        #[cfg(target_arch = "aarch64")]
        std::arch::asm!(
            "prfm pldl1keep, [{}]",
            in(reg) address,
            options(readonly, nostack, preserves_flags),
        );
    }
}

/// Applies `activation` to sums of the block of channels that begins at `channel`.
///
/// # Safety
/// [`Vector`]'s contract; the slopes reach to the end of that block.
#[inline(always)]
pub(super) unsafe fn activate<V: Vector, const P: usize>(
    activation: &InRegister,
    channel: usize,
    sums: &mut [V; P],
) {
    // SAFETY: the caller's contract.
    unsafe {
        let zero = V::splat(0.0);
        match activation {
            InRegister::Identity => {}
            InRegister::Relu => {
                for sum in sums {
                    *sum = sum.max(zero);
                }
            }
            InRegister::Clip { low, high } => {
                let (low, high) = (V::splat(*low), V::splat(*high));
                for sum in sums {
                    *sum = sum.max(low).min(high);
                }
            }
            InRegister::PRelu(slopes) => {
                let slopes = V::load(slopes.as_ptr().add(channel));
                for sum in sums {
                    *sum = sum.min(zero).fma(slopes, sum.max(zero));
                }
            }
        }
    }
}

/// `$call` with the constant `$width`, which is `$n`, from 1 to `$most` and at most 14.
macro_rules! with_width {
    ($n:expr, $most:ident, $width:ident => $call:expr) => {
        with_width!($n, $most, $width => $call, 1 2 3 4 5 6 7 8 9 10 11 12 13 14)
    };
    ($n:expr, $most:ident, $width:ident => $call:expr, $($literal:literal)*) => {
        match $n {
            $($literal if $literal <= $most => {
                const $width: usize = $literal;
                $call
            })*
            _ => {}
        }
    };
}
pub(super) use with_width;
