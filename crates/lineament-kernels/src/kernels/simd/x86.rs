//! Vectors of AVX2 and AVX-512.

use std::arch::x86_64::{
    __m256, __m256bh, __m256i, __m512, __m512bh, _mm256_add_ps, _mm256_fmadd_ps, _mm256_loadu_ps,
    _mm256_loadu_si256, _mm256_max_ps, _mm256_min_ps, _mm256_set1_ps, _mm256_storeu_ps,
    _mm256_storeu_si256, _mm512_add_ps, _mm512_castps_si512, _mm512_castsi512_ps,
    _mm512_cvtepi32_ps, _mm512_cvtepu16_epi32, _mm512_cvtneps_pbh, _mm512_dpbf16_ps,
    _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_max_ps, _mm512_min_ps,
    _mm512_set1_ps, _mm512_slli_epi32, _mm512_storeu_ps,
};
use std::array::from_fn;
use std::mem::transmute;

use super::run;
use super::vector::Vector;
use super::words::Words;
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
    unsafe fn accumulate<W: Words, const B: usize, const P: usize>(
        taps: &[Tap],
        [weights, inputs]: [*const f32; 2],
        [block_stride, step]: [usize; 2],
        sums: &mut [[Self; P]; B],
    ) {
        // SAFETY: the trait's contract.
        unsafe {
            let pixels = from_fn(|p| inputs.add(p * step));
            run::accumulate([taps, &[], &[]], weights, &pixels, block_stride, sums);
        }
    }
);

/// What vectors of `f32` that wrap others have of those, and products of bytes by AVX512-VNNI.
macro_rules! as_wrapped {
    () => {
        const LANES: usize = <__m512 as Vector>::LANES;
        #[inline(always)]
        unsafe fn splat(value: f32) -> Self {
            // SAFETY: the trait's contract.
            unsafe { Self(Vector::splat(value)) }
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: the trait's contract.
            unsafe { Self(Vector::load(from)) }
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: the trait's contract.
            unsafe { self.0.store(to) }
        }
        as_wrapped!(add(other) fma(factor, addend) max(other) min(other));
        #[inline(always)]
        unsafe fn fma_bytes(self, factors: Self, addend: Self) -> Self {
            // SAFETY: the trait's contract.
            unsafe {
                let [a, b, sum] = [self.0, factors.0, addend.0].map(|v| _mm512_castps_si512(v));
                Self(_mm512_castsi512_ps(_mm512_dpbusd_epi32(sum, a, b)))
            }
        }
        #[inline(always)]
        unsafe fn of_integers(self) -> Self {
            // SAFETY: the trait's contract.
            unsafe { Self(_mm512_cvtepi32_ps(_mm512_castps_si512(self.0))) }
        }
    };
    ($($name:ident($($argument:ident),*))*) => {
        $(
            #[inline(always)]
            unsafe fn $name(self, $($argument: Self),*) -> Self {
                // SAFETY: the trait's contract.
                unsafe { Self(Vector::$name(self.0, $($argument.0),*)) }
            }
        )*
    };
}

/// A vector of `f32` on a processor with AVX512-VNNI, but perhaps without AVX512-BF16.
#[derive(Clone, Copy)]
pub(super) struct WithVnni(__m512);

impl Vector for WithVnni {
    as_wrapped!();
}

/// A vector of `f32` on a processor with AVX512-BF16 and perhaps AVX512-VNNI.
#[derive(Clone, Copy)]
pub(super) struct WithBf16(__m512);

impl Vector for WithBf16 {
    as_wrapped!();
    const NARROW: bool = true;
    #[inline(always)]
    unsafe fn load_bf16(from: *const f32) -> Self {
        // SAFETY: the trait's contract; a number is the upper half of its `f32`.
        unsafe {
            let numbers = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.cast()));
            Self(_mm512_castsi512_ps(_mm512_slli_epi32::<16>(numbers)))
        }
    }
    #[inline(always)]
    unsafe fn store_bf16(self, to: *mut f32) {
        // SAFETY: the trait's contract; both types are 32 bytes of any content.
        unsafe {
            let numbers = transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(self.0));
            _mm256_storeu_si256(to.cast(), numbers);
        }
    }
    #[inline(always)]
    unsafe fn fma_bf16(self, factors: Self, addend: Self) -> Self {
        // SAFETY: the trait's contract; all types are 64 bytes of any content.
        unsafe {
            let [a, b] = [self.0, factors.0].map(|v| transmute::<__m512, __m512bh>(v));
            Self(_mm512_dpbf16_ps(addend.0, a, b))
        }
    }
}
