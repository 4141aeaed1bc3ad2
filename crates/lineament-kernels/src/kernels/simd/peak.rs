//! Products and sums in registers alone.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256, __m512};

#[cfg(target_arch = "x86_64")]
use super::amx;
#[cfg(target_arch = "aarch64")]
use super::neon::Neon;
use super::vector::Vector;
#[cfg(target_arch = "x86_64")]
use super::words::{Bytes, Halves};
use super::words::{Whole, Words};
#[cfg(target_arch = "x86_64")]
use super::x86::{WithBf16, WithVnni};
use crate::isa::Isa;
#[cfg(target_arch = "x86_64")]
use crate::numbers::Numbers;
use crate::precision::Precision;

/// Sums at a time: enough to keep two units of four cycles' latency busy, few enough for the 16
/// registers of AVX2.
const SUMS: usize = 12;

/// Does multiplications, `rounds` times as many as it returns.
pub(in crate::kernels) fn multiply(isa: Isa, precision: Precision, rounds: usize) -> u64 {
    // SAFETY: the instruction set is present.
    unsafe {
        match (isa, precision) {
            #[cfg(target_arch = "x86_64")]
            (Isa::Amx, Precision::Bf16) => amx::multiply(Numbers::Bf16, rounds),
            #[cfg(target_arch = "x86_64")]
            (Isa::Amx, Precision::Int8) => amx::multiply(Numbers::U8 { zero: 0 }, rounds),
            #[cfg(target_arch = "x86_64")]
            (Isa::Amx | Isa::Avx512, Precision::F32) => multiply_avx512(rounds),
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512, Precision::Bf16) => multiply_bf16(rounds),
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512, Precision::Int8) => multiply_bytes(rounds),
            #[cfg(target_arch = "x86_64")]
            _ => multiply_avx2(rounds),
            #[cfg(target_arch = "aarch64")]
            _ => multiply_neon(rounds),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn multiply_avx512(rounds: usize) -> u64 {
    // SAFETY: the caller's.
    unsafe { multiply_with::<__m512, Whole>(rounds) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn multiply_bf16(rounds: usize) -> u64 {
    // SAFETY: the caller's.
    unsafe { multiply_with::<WithBf16, Halves>(rounds) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn multiply_bytes(rounds: usize) -> u64 {
    // SAFETY: the caller's.
    unsafe { multiply_with::<WithVnni, Bytes>(rounds) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn multiply_avx2(rounds: usize) -> u64 {
    // SAFETY: the caller's.
    unsafe { multiply_with::<__m256, Whole>(rounds) }
}

#[cfg(target_arch = "aarch64")]
#[target_feature(enable = "neon")]
unsafe fn multiply_neon(rounds: usize) -> u64 {
    // SAFETY: the caller's.
    unsafe { multiply_with::<Neon, Whole>(rounds) }
}

/// # Safety
/// [`Words`]' contract.
#[inline(always)]
unsafe fn multiply_with<V: Vector, W: Words>(rounds: usize) -> u64 {
    // SAFETY: the caller's.
    unsafe {
        let mut sums = [V::splat(1.0); SUMS];
        let (left, right) = (V::splat(std::hint::black_box(0.5)), V::splat(0.25));
        for _ in 0..rounds {
            for sum in &mut sums {
                *sum = W::add_products(left, right, *sum);
            }
        }
        std::hint::black_box(&sums);
    }
    (SUMS * V::LANES * W::PER_WORD) as u64
}
