//! Vectors of AVX2 and AVX-512.

use std::arch::x86_64::{
    __m256, __m512, _mm256_add_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_max_ps, _mm256_min_ps,
    _mm256_set1_ps, _mm256_storeu_ps, _mm512_add_ps, _mm512_fmadd_ps, _mm512_loadu_ps,
    _mm512_max_ps, _mm512_min_ps, _mm512_set1_ps, _mm512_storeu_ps,
};
use std::array::from_fn;

use super::run;
use super::vector::Vector;
use crate::kernels::dense::Tap;

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
