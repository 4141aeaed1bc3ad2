//! The few vector operations that the kernels need.

use std::arch::x86_64::{
    __m256, __m512, _mm256_add_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_max_ps, _mm256_min_ps,
    _mm256_set1_ps, _mm256_storeu_ps, _mm512_add_ps, _mm512_fmadd_ps, _mm512_loadu_ps,
    _mm512_max_ps, _mm512_min_ps, _mm512_set1_ps, _mm512_storeu_ps,
};
use std::array::from_fn;

use super::{dense, run};
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
    /// [`dense::accumulate`], or what is quicker with these vectors.
    #[inline(always)]
    unsafe fn accumulate<const B: usize, const P: usize>(
        taps: &[Tap],
        from: [*const f32; 2],
        steps: [usize; 2],
        sums: &mut [[Self; P]; B],
    ) {
        // SAFETY: the trait's contract.
        unsafe { dense::accumulate(taps, from, steps, sums) }
    }
}

macro_rules! vector {
    ($vector:ty, $lanes:literal, $splat:ident, $load:ident, $store:ident, $add:ident, $fma:ident,
     $max:ident, $min:ident, $($more:item)*) => {
        impl Vector for $vector {
            const LANES: usize = $lanes;
            #[inline(always)]
            unsafe fn splat(value: f32) -> Self {
                // SAFETY: the trait's contract.
                unsafe { $splat(value) }
            }
            #[inline(always)]
            unsafe fn load(from: *const f32) -> Self {
                // SAFETY: the trait's contract.
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut f32) {
                // SAFETY: the trait's contract.
                unsafe { $store(to, self) }
            }
            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                // SAFETY: the trait's contract.
                unsafe { $add(self, other) }
            }
            #[inline(always)]
            unsafe fn fma(self, factor: Self, addend: Self) -> Self {
                // SAFETY: the trait's contract.
                unsafe { $fma(self, factor, addend) }
            }
            #[inline(always)]
            unsafe fn max(self, other: Self) -> Self {
                // SAFETY: the trait's contract.
                unsafe { $max(self, other) }
            }
            #[inline(always)]
            unsafe fn min(self, other: Self) -> Self {
                // SAFETY: the trait's contract.
                unsafe { $min(self, other) }
            }
            $($more)*
        }
    };
}

vector!(
    __m512,
    16,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_add_ps,
    _mm512_fmadd_ps,
    _mm512_max_ps,
    _mm512_min_ps,
);
vector!(
    __m256,
    8,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_add_ps,
    _mm256_fmadd_ps,
    _mm256_max_ps,
    _mm256_min_ps,
    #[inline(always)]
    unsafe fn accumulate<const B: usize, const P: usize>(
        taps: &[Tap],
        [weights, inputs]: [*const f32; 2],
        [block_stride, step]: [usize; 2],
        sums: &mut [[Self; P]; B],
    ) {
        // SAFETY: the trait's contract.
        unsafe {
            let pixels = from_fn(|p| inputs.add(p * step));
            run::accumulate([taps, &[]], weights, &pixels, block_stride, sums);
        }
    }
);

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
