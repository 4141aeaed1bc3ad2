//! Rows of `bf16` to bytes.

use std::arch::x86_64::{
    __m512i, _mm_storeu_si128, _mm256_storeu_si256, _mm512_and_si512, _mm512_castsi512_ps,
    _mm512_cvtepi32_epi8, _mm512_cvtepi32_epi16, _mm512_cvtps_epi32, _mm512_fmadd_ps,
    _mm512_loadu_ps, _mm512_loadu_si512, _mm512_mask_cvtepi32_storeu_epi16,
    _mm512_maskz_loadu_epi32, _mm512_maskz_set1_epi32, _mm512_max_epu16, _mm512_max_epu32,
    _mm512_or_si512, _mm512_reduce_max_epu32, _mm512_set1_epi32, _mm512_set1_ps,
    _mm512_setzero_si512, _mm512_slli_epi32, _mm512_storeu_si512,
};

use std::array::from_fn;

/// Words of a vector.
const WORDS: usize = 16;

/// Vectors whose greatest numbers are kept apart, so that none waits for another.
const PARTS: usize = 4;

/// The bits of the greatest amount of a row, whose pixels have 16 lanes, of the first `used` of them.
pub(in crate::kernels) fn greatest(row: &[f32], used: usize) -> u32 {
    // SAFETY: plans hold bytes only where the instruction sets are present.
    unsafe { greatest_avx512(row, used) }
}

/// The bytes of a row: `per_number` steps for each 1, from `zero` on.
pub(in crate::kernels) fn quantize(row: &[f32], to_bytes: (f32, u8), to: &mut [f32]) {
    assert!(row.len() <= 2 * to.len());
    // SAFETY: plans hold bytes only where the instruction sets are present; there is room for all
    // bytes.
    unsafe { quantize_avx512(row, to_bytes, to) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn greatest_avx512(row: &[f32], used: usize) -> u32 {
    // A vector holds two pixels of 8 words each, a word the lanes 2w and 2w + 1.
    let amounts: [u32; WORDS] = from_fn(|word| match used.saturating_sub(word % 8 * 2) {
        0 => 0,
        1 => 0x7fff,
        _ => 0x7fff_7fff,
    });
    // SAFETY: as many words as the vector has.
    let amounts = unsafe { _mm512_loadu_si512(amounts.as_ptr().cast()) };
    let mut greatest = [_mm512_setzero_si512(); PARTS];
    let (parts, rest) = row.as_chunks::<{ WORDS * PARTS }>();
    for part in parts {
        for (i, greatest) in greatest.iter_mut().enumerate() {
            // SAFETY: the part holds as many vectors.
            let values = unsafe { _mm512_loadu_si512(part.as_ptr().add(i * WORDS).cast()) };
            *greatest = _mm512_max_epu16(_mm512_and_si512(values, amounts), *greatest);
        }
    }
    for words in rest.chunks(WORDS) {
        // SAFETY: only these words are loaded.
        let values = unsafe { load(words) };
        greatest[0] = _mm512_max_epu16(_mm512_and_si512(values, amounts), greatest[0]);
    }
    let [a, b, c, d] = greatest;
    let both = _mm512_max_epu16(_mm512_max_epu16(a, b), _mm512_max_epu16(c, d));
    let mut words = [0u32; WORDS];
    // SAFETY: as many words as the vector has.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), both) };
    let halves = words
        .iter()
        .flat_map(|word| [word << 16, word & 0xffff_0000]);
    halves.max().unwrap_or(0)
}

/// Up to a vector's words, then zeros.
///
/// # Safety
/// The processor has AVX-512.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn load(words: &[f32]) -> __m512i {
    // SAFETY: the words that there are, at most a vector's.
    unsafe { _mm512_maskz_loadu_epi32(mask(words.len()), words.as_ptr().cast()) }
}

/// The first `n` of a vector's words.
fn mask(n: usize) -> u16 {
    u16::MAX >> (WORDS - n.clamp(1, WORDS))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn quantize_avx512(row: &[f32], (per_number, zero): (f32, u8), to: &mut [f32]) {
    let (per_number, zero) = (_mm512_set1_ps(per_number), _mm512_set1_ps(zero.into()));
    let upper = _mm512_set1_epi32(0xffff_0000_u32.cast_signed());
    let bytes = |values: __m512i| {
        let first = _mm512_castsi512_ps(_mm512_slli_epi32::<16>(values));
        let second = _mm512_castsi512_ps(_mm512_and_si512(values, upper));
        let [first, second] = [first, second]
            .map(|numbers| _mm512_cvtps_epi32(_mm512_fmadd_ps(numbers, per_number, zero)));
        _mm512_or_si512(first, _mm512_slli_epi32::<8>(second))
    };
    let (whole, rest) = row.as_chunks::<WORDS>();
    let mut to: *mut i8 = to.as_mut_ptr().cast();
    // SAFETY: each word becomes two bytes, for which there is room.
    unsafe {
        for words in whole {
            let values = _mm512_loadu_si512(words.as_ptr().cast());
            _mm256_storeu_si256(to.cast(), _mm512_cvtepi32_epi16(bytes(values)));
            to = to.add(2 * WORDS);
        }
        if !rest.is_empty() {
            let bytes = bytes(load(rest));
            _mm512_mask_cvtepi32_storeu_epi16(to.cast(), mask(rest.len()), bytes);
        }
    }
}

/// As [`greatest`], of a row of `f32`.
pub(in crate::kernels) fn greatest_f32(row: &[f32], used: usize) -> u32 {
    // SAFETY: plans hold bytes only where the instruction sets are present.
    unsafe { greatest_f32_avx512(row, used) }
}

/// As [`quantize`], of a row of `f32`, whose pixels have 16 lanes.
pub(in crate::kernels) fn quantize_f32(row: &[f32], to_bytes: (f32, u8), to: &mut [f32]) {
    // SAFETY: plans hold bytes only where the instruction sets are present.
    unsafe { quantize_f32_avx512(row, to_bytes, to) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn greatest_f32_avx512(row: &[f32], used: usize) -> u32 {
    let amounts = _mm512_maskz_set1_epi32(mask(used), 0x7fff_ffff);
    let mut greatest = _mm512_setzero_si512();
    let (pixels, _) = row.as_chunks::<WORDS>();
    for pixel in pixels {
        // SAFETY: the pixel is a vector.
        let values = unsafe { _mm512_loadu_si512(pixel.as_ptr().cast()) };
        greatest = _mm512_max_epu32(_mm512_and_si512(values, amounts), greatest);
    }
    _mm512_reduce_max_epu32(greatest)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn quantize_f32_avx512(row: &[f32], (per_number, zero): (f32, u8), to: &mut [f32]) {
    let (per_number, zero) = (_mm512_set1_ps(per_number), _mm512_set1_ps(zero.into()));
    let (pixels, _) = row.as_chunks::<WORDS>();
    let (to, _) = to.as_chunks_mut::<{ WORDS / 4 }>();
    for (pixel, words) in pixels.iter().zip(to) {
        // SAFETY: the pixel is a vector, and the words have room for as many bytes.
        unsafe {
            let numbers = _mm512_loadu_ps(pixel.as_ptr());
            let steps = _mm512_cvtps_epi32(_mm512_fmadd_ps(numbers, per_number, zero));
            _mm_storeu_si128(words.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(steps));
        }
    }
}
