//! Rows of `bf16` to `f32` and back.

use super::vector::Vector;
use super::x86::WithBf16;

/// Numbers of a vector.
const LANES: usize = <WithBf16 as Vector>::LANES;

/// Words of two numbers each to numbers, as far as whole vectors go; how many numbers that are.
pub(in crate::kernels) fn widen(words: &[f32], row: &mut [f32]) -> usize {
    // SAFETY: plans hold words of two numbers only where the instruction sets are present.
    unsafe { widen_avx512(words, row) }
}

/// Numbers to words of two, as far as whole vectors go; how many numbers that are.
pub(in crate::kernels) fn narrow(row: &[f32], words: &mut [f32]) -> usize {
    // SAFETY: plans hold words of two numbers only where the instruction sets are present.
    unsafe { narrow_avx512(row, words) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn widen_avx512(words: &[f32], row: &mut [f32]) -> usize {
    let (pixels, _) = row.as_chunks_mut::<LANES>();
    let (words, _) = words.as_chunks::<{ LANES / 2 }>();
    for (pixel, words) in pixels.iter_mut().zip(words) {
        // SAFETY: both are as long as what is loaded and stored.
        unsafe { WithBf16::load_bf16(words.as_ptr()).store(pixel.as_mut_ptr()) }
    }
    pixels.len().min(words.len()) * LANES
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn narrow_avx512(row: &[f32], words: &mut [f32]) -> usize {
    let (pixels, _) = row.as_chunks::<LANES>();
    let (words, _) = words.as_chunks_mut::<{ LANES / 2 }>();
    for (pixel, words) in pixels.iter().zip(&mut *words) {
        // SAFETY: both are as long as what is loaded and stored.
        unsafe { WithBf16::load(pixel.as_ptr()).store_bf16(words.as_mut_ptr()) }
    }
    pixels.len().min(words.len()) * LANES
}
