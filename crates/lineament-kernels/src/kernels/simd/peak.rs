//! Products and sums in registers alone.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256, __m512};

#[cfg(target_arch = "aarch64")]
use super::neon::Neon;
use super::vector::Vector;
use crate::isa::Isa;

/// Sums at a time: enough to keep two units of four cycles' latency busy, few enough for the 16
/// registers of AVX2.
const SUMS: usize = 12;

/// Does multiplications, `rounds` times as many as it returns.
pub(in crate::kernels) fn multiply(isa: Isa, rounds: usize) -> u64 {
    // SAFETY: the instruction set is present.
    unsafe {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => multiply_avx512(rounds),
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
    unsafe { multiply_with::<__m512>(rounds) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn multiply_avx2(rounds: usize) -> u64 {
    // SAFETY: the caller's.
    unsafe { multiply_with::<__m256>(rounds) }
}

#[cfg(target_arch = "aarch64")]
#[target_feature(enable = "neon")]
unsafe fn multiply_neon(rounds: usize) -> u64 {
    // SAFETY: the caller's.
    unsafe { multiply_with::<Neon>(rounds) }
}

/// # Safety
/// [`Vector`]'s contract.
#[inline(always)]
unsafe fn multiply_with<V: Vector>(rounds: usize) -> u64 {
    // SAFETY: the caller's.
    unsafe {
        let mut sums = [V::splat(1.0); SUMS];
        let (factor, addend) = (V::splat(std::hint::black_box(0.5)), V::splat(0.25));
        for _ in 0..rounds {
            for sum in &mut sums {
                *sum = sum.fma(factor, addend);
            }
        }
        std::hint::black_box(&sums);
    }
    (SUMS * V::LANES) as u64
}
