//! Tiles of pixels × two blocks of output channels, with all sums in registers.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256, __m512};
#[cfg(target_arch = "x86_64")]
use std::array::from_fn;

#[cfg(target_arch = "x86_64")]
use super::amx;
#[cfg(target_arch = "aarch64")]
use super::neon::Neon;
#[cfg(target_arch = "x86_64")]
use super::span::span;
use super::vector::{Vector, activate, call_for, with_width};
use super::words::{self, Whole, Words};
#[cfg(target_arch = "x86_64")]
use super::words::{Bytes, Halves};
#[cfg(target_arch = "x86_64")]
use super::x86::{WithBf16, WithVnni};
use crate::isa::Isa;
use crate::kernels::dense::{Dense, PAIR, Strip, Tap};
#[cfg(target_arch = "x86_64")]
use crate::numbers::Numbers;
use crate::share::Shared;

/// The step of a convolution of stride 2 over a picture as the caller gave it: most networks
/// begin with one.
const PLAIN_STEP: usize = 2;

/// Vectors between the weights in use and those that are called for: between two runs of a network
/// other things fill the caches, and each weight is used for a few pixels only.
pub(super) const AHEAD: usize = 64;

/// The rows of `strip`.
pub(in crate::kernels) fn dense(
    isa: Isa,
    dense: &Dense,
    strip: &Strip,
    source: &[f32],
    residual: Option<&[f32]>,
    shared: &Shared<'_>,
) {
    #[cfg(target_arch = "x86_64")]
    if isa == Isa::Amx && amx::suits(dense) {
        amx::dense(dense, strip, source, residual, shared);
        for y in strip.rows.clone() {
            finish_row(isa.vectors(), dense, strip, y, shared);
        }
        return;
    }
    let isa = isa.vectors();
    #[cfg(target_arch = "x86_64")]
    if isa == Isa::Avx2 && strip.n_blocks == PAIR {
        return span(dense, strip, source, residual, shared);
    }
    for y in strip.rows.clone() {
        let row = row_of(dense, strip, y, source, residual, shared);
        // SAFETY: `Dense::check` has found every tap of every pixel, all weights and all biases
        // inside their slices; the instruction set is present.
        unsafe {
            match isa {
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 if dense.source.numbers.per_word() == 4 && dense.has_bf16() => {
                    row_bytes_bf16(&row, strip.n_blocks);
                }
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 if dense.source.numbers.per_word() == 4 => {
                    row_bytes(&row, strip.n_blocks);
                }
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 if dense.has_bf16() => row_bf16(&row, strip.n_blocks),
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 => row_avx512(&row, strip.n_blocks),
                #[cfg(target_arch = "x86_64")]
                _ => row_avx2(&row),
                #[cfg(target_arch = "aarch64")]
                _ => row_neon(&row, strip.n_blocks),
            }
        }
        finish_row(isa, dense, strip, y, shared);
    }
}

/// Row `y` of `strip`.
pub(super) fn row_of<'a>(
    dense: &'a Dense,
    strip: &Strip,
    y: usize,
    source: &[f32],
    residual: Option<&[f32]>,
    shared: &Shared<'_>,
) -> Row<'a> {
    let taps = &source[strip.source + (y - strip.rows.start) * dense.steps[0]..];
    let mut targets = [std::ptr::null_mut(); PAIR];
    let mut addends = [None; PAIR];
    for block in 0..strip.n_blocks {
        let at = strip.row(block, y);
        let start = dense.target.row_start(at);
        // SAFETY: a row of a block belongs to one strip, and strips do not overlap.
        let row = unsafe { shared.part(start..start + dense.target.row_len()) };
        targets[block] = row.as_mut_ptr();
        let row = dense.residual.as_ref().zip(residual);
        addends[block] = row.map(|(picture, values)| picture.row(values, at).as_ptr());
    }
    Row {
        dense,
        block: strip.block,
        taps: taps.as_ptr(),
        input_scale: dense.input_scale(source, strip.image),
        targets,
        addends,
    }
}

/// Applies to row `y` of `strip` what is applied to whole rows.
fn finish_row(isa: Isa, dense: &Dense, strip: &Strip, y: usize, shared: &Shared<'_>) {
    if dense.finish.last.is_none() {
        return;
    }
    for block in 0..strip.n_blocks {
        let at = strip.row(block, y);
        let start = dense.target.row_start(at);
        // SAFETY: a row of a block belongs to one strip; the pointers to this row are no longer used.
        let row = unsafe { shared.part(start..start + dense.target.row_len()) };
        dense.finish.finish_row(isa, row, at.block);
    }
}

/// One row of outputs of one or two blocks.
pub(super) struct Row<'a> {
    dense: &'a Dense,
    /// The first block.
    block: usize,
    /// The first tap of the first pixel.
    taps: *const f32,
    /// What a step of the inputs is worth, where they are steps.
    input_scale: f32,
    targets: [*mut f32; PAIR],
    addends: [Option<*const f32>; PAIR],
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn row_avx512(row: &Row<'_>, n_blocks: usize) {
    // SAFETY: the caller's.
    unsafe {
        match n_blocks {
            1 => tiles::<__m512, Whole, 1, 14>(row),
            _ => tiles::<__m512, Whole, 2, 14>(row),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn row_bf16(row: &Row<'_>, n_blocks: usize) {
    // SAFETY: the caller's.
    unsafe {
        match (row.dense.source.numbers, n_blocks) {
            (Numbers::F32, 1) => tiles::<WithBf16, Whole, 1, 14>(row),
            (Numbers::F32, _) => tiles::<WithBf16, Whole, 2, 14>(row),
            (Numbers::Bf16, 1) => tiles::<WithBf16, Halves, 1, 14>(row),
            (Numbers::Bf16, _) => tiles::<WithBf16, Halves, 2, 14>(row),
            (Numbers::U8 { .. }, _) => {}
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn row_bytes(row: &Row<'_>, n_blocks: usize) {
    // SAFETY: the caller's.
    unsafe {
        match n_blocks {
            1 => tiles::<WithVnni, Bytes, 1, 14>(row),
            _ => tiles::<WithVnni, Bytes, 2, 14>(row),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16,avx512vnni")]
unsafe fn row_bytes_bf16(row: &Row<'_>, n_blocks: usize) {
    // SAFETY: the caller's.
    unsafe {
        match n_blocks {
            1 => tiles::<WithBf16, Bytes, 1, 14>(row),
            _ => tiles::<WithBf16, Bytes, 2, 14>(row),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn row_avx2(row: &Row<'_>) {
    // SAFETY: the caller's.
    unsafe {
        tiles::<__m256, Whole, 1, 12>(row);
    }
}

#[cfg(target_arch = "aarch64")]
#[target_feature(enable = "neon")]
unsafe fn row_neon(row: &Row<'_>, n_blocks: usize) {
    // SAFETY: the caller's.
    unsafe {
        match n_blocks {
            1 => tiles::<Neon, Whole, 1, 12>(row),
            _ => tiles::<Neon, Whole, 2, 6>(row),
        }
    }
}

/// The row in tiles of at most `MOST` pixels, as even as can be.
///
/// # Safety
/// [`Words`]' contract; all addresses of `row` are good for the whole row.
#[inline(always)]
unsafe fn tiles<V: Vector, W: Words, const B: usize, const MOST: usize>(row: &Row<'_>) {
    let width = row.dense.target.width;
    let n_tiles = width.div_ceil(MOST);
    let mut x = 0;
    for done in 0..n_tiles {
        let n = (width - x) / (n_tiles - done);
        // SAFETY: the caller's.
        with_width!(n, MOST, P => unsafe { tile::<V, W, B, P>(row, x) });
        x += n;
    }
}

/// `P` pixels from `x` on, of `B` blocks.
///
/// # Safety
/// [`tiles`]'.
#[inline(always)]
unsafe fn tile<V: Vector, W: Words, const B: usize, const P: usize>(row: &Row<'_>, x: usize) {
    let (step, pixel) = (row.dense.steps[1], V::LANES / W::PER_WORD);
    // SAFETY: the caller's; `Dense::check` has seen the pixels and the weights.
    unsafe {
        let mut sums = [[V::splat(0.0); P]; B];
        let start = match W::SUMS_INTEGERS {
            true => row.dense.packed.starts.as_ptr(),
            false => row.dense.finish.bias.as_ptr(),
        };
        for (b, sums) in sums.iter_mut().enumerate() {
            *sums = [V::load(start.add((row.block + b) * V::LANES)); P];
        }
        let (taps, stride) = (&row.dense.taps, row.dense.packed.block_stride);
        let weights = row.dense.packed.weights.as_ptr().add(row.block * stride);
        let from = [weights, row.taps.add(x * step)];
        if step == pixel {
            // The usual step, known here, makes all addresses of a tile constants.
            accumulate::<V, W, B, P>(taps, from, [stride, pixel], &mut sums);
        } else if step == PLAIN_STEP && W::PER_WORD == 1 {
            accumulate::<V, W, B, P>(taps, from, [stride, PLAIN_STEP], &mut sums);
        } else {
            accumulate::<V, W, B, P>(taps, from, [stride, step], &mut sums);
        }
        // Block by block: in a loop over them the compiler would keep the sums in memory.
        finish::<V, W, P>(row, x, 0, &mut sums[0]);
        if B == PAIR {
            finish::<V, W, P>(row, x, 1, &mut sums[B - 1]);
        }
    }
}

/// Adds the products of weights and inputs over all `taps` to `sums`: from `block_stride` on come
/// the next block's weights, from `step` on the next pixel's inputs.
///
/// # Safety
/// [`Words`]' contract; all addresses that the taps lead to are good.
#[inline(always)]
pub(super) unsafe fn accumulate<V: Vector, W: Words, const B: usize, const P: usize>(
    taps: &[Tap],
    [mut weights, inputs]: [*const f32; 2],
    [block_stride, step]: [usize; 2],
    sums: &mut [[V; P]; B],
) {
    // SAFETY: the caller's.
    unsafe {
        for tap in taps {
            let mut pixel = inputs.add(tap.offset);
            for _ in 0..tap.count {
                let mut vectors = [V::splat(0.0); B];
                for (b, vector) in vectors.iter_mut().enumerate() {
                    let weights = weights.add(b * block_stride);
                    *vector = V::load(weights);
                    // Beyond the last weights it does nothing.
                    call_for(weights.wrapping_add(AHEAD * V::LANES));
                }
                for p in 0..P {
                    let value = V::splat(*pixel.add(p * step));
                    for (sums, vector) in sums.iter_mut().zip(vectors) {
                        sums[p] = W::add_products(value, vector, sums[p]);
                    }
                }
                pixel = pixel.add(1);
                weights = weights.add(V::LANES);
            }
        }
    }
}

/// Writes the outputs of pixels from `x` on, of block `b`.
///
/// # Safety
/// [`tiles`]'.
#[inline(always)]
unsafe fn finish<V: Vector, W: Words, const P: usize>(
    row: &Row<'_>,
    x: usize,
    b: usize,
    sums: &mut [V; P],
) {
    let Dense {
        packed,
        finish,
        target,
        residual,
        ..
    } = row.dense;
    let residual = residual.as_ref().unwrap_or(target);
    let channel = (row.block + b) * V::LANES;
    // SAFETY: the caller's.
    unsafe {
        if W::SUMS_INTEGERS {
            let scale = V::load(packed.scales.as_ptr().add(channel));
            let scale = scale.fma(V::splat(row.input_scale), V::splat(0.0));
            let bias = V::load(finish.bias.as_ptr().add(channel));
            for sum in &mut *sums {
                *sum = sum.of_integers().fma(scale, bias);
            }
        }
        activate(&finish.before, channel, sums);
        if let Some(addends) = row.addends[b] {
            let pixel = residual.pixel();
            words::add(residual.numbers, sums, addends.add(x * pixel), pixel);
            activate(&finish.after, channel, sums);
        }
        let pixel = target.pixel();
        words::store(target.numbers, sums, row.targets[b].add(x * pixel), pixel);
    }
}

/// Writes the outputs of the pixels from `x` on, of block `b`, out of their sums in memory.
///
/// # Safety
/// [`Words`]' contract; all addresses of `row` are good for the whole row.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) unsafe fn finish_pixels<V: Vector, W: Words>(
    row: &Row<'_>,
    mut x: usize,
    b: usize,
    sums: &[[f32; 16]],
) {
    const MOST: usize = 4;
    for pixels in sums.chunks(MOST) {
        // SAFETY: the caller's.
        with_width!(pixels.len(), MOST, P => unsafe {
            let mut vectors: [V; P] = from_fn(|p| V::load(pixels[p].as_ptr()));
            finish::<V, W, P>(row, x, b, &mut vectors);
        });
        x += pixels.len();
    }
}
