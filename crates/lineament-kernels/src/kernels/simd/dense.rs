//! Tiles of pixels × two blocks of output channels, with all sums in registers.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256, __m512};

#[cfg(target_arch = "aarch64")]
use super::neon::Neon;
#[cfg(target_arch = "x86_64")]
use super::span::span;
use super::vector::{Vector, activate, call_for, with_width};
use crate::isa::Isa;
use crate::kernels::dense::{Dense, PAIR, Strip, Tap};
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
    if isa == Isa::Avx2 && strip.n_blocks == PAIR {
        return span(dense, strip, source, residual, shared);
    }
    let first = dense.first_tap(strip);
    for y in strip.rows.clone() {
        let taps = &source[first + (y - strip.rows.start) * dense.steps[0]..];
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
        let row = Row {
            dense,
            block: strip.block,
            taps: taps.as_ptr(),
            targets,
            addends,
        };
        // SAFETY: `Dense::check` has found every tap of every pixel, all weights and all biases
        // inside their slices; the instruction set is present.
        unsafe {
            match isa {
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 => row_avx512(&row, strip.n_blocks),
                #[cfg(target_arch = "x86_64")]
                _ => row_avx2(&row),
                #[cfg(target_arch = "aarch64")]
                _ => row_neon(&row, strip.n_blocks),
            }
        }
        if dense.finish.last.is_none() {
            continue;
        }
        for block in 0..strip.n_blocks {
            let at = strip.row(block, y);
            let start = dense.target.row_start(at);
            // SAFETY: as above; the pointers to this row are no longer used.
            let row = unsafe { shared.part(start..start + dense.target.row_len()) };
            dense.finish.finish_row(isa, row, at.block);
        }
    }
}

/// One row of outputs of one or two blocks.
struct Row<'a> {
    dense: &'a Dense,
    /// The first block.
    block: usize,
    /// The first tap of the first pixel.
    taps: *const f32,
    targets: [*mut f32; PAIR],
    addends: [Option<*const f32>; PAIR],
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn row_avx512(row: &Row<'_>, n_blocks: usize) {
    // SAFETY: the caller's.
    unsafe {
        match n_blocks {
            1 => tiles::<__m512, 1, 14>(row),
            _ => tiles::<__m512, 2, 14>(row),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn row_avx2(row: &Row<'_>) {
    // SAFETY: the caller's.
    unsafe {
        tiles::<__m256, 1, 12>(row);
    }
}

#[cfg(target_arch = "aarch64")]
#[target_feature(enable = "neon")]
unsafe fn row_neon(row: &Row<'_>, n_blocks: usize) {
    // SAFETY: the caller's.
    unsafe {
        match n_blocks {
            1 => tiles::<Neon, 1, 12>(row),
            _ => tiles::<Neon, 2, 6>(row),
        }
    }
}

/// The row in tiles of at most `MOST` pixels, as even as can be.
///
/// # Safety
/// [`Vector`]'s contract; all addresses of `row` are good for the whole row.
#[inline(always)]
unsafe fn tiles<V: Vector, const B: usize, const MOST: usize>(row: &Row<'_>) {
    let width = row.dense.target.width;
    let n_tiles = width.div_ceil(MOST);
    let mut x = 0;
    for done in 0..n_tiles {
        let n = (width - x) / (n_tiles - done);
        // SAFETY: the caller's.
        with_width!(n, MOST, P => unsafe { tile::<V, B, P>(row, x) });
        x += n;
    }
}

/// `P` pixels from `x` on, of `B` blocks.
///
/// # Safety
/// [`tiles`]'.
#[inline(always)]
unsafe fn tile<V: Vector, const B: usize, const P: usize>(row: &Row<'_>, x: usize) {
    let step = row.dense.steps[1];
    // SAFETY: the caller's; `Dense::check` has seen the pixels and the weights.
    unsafe {
        let mut sums = [[V::splat(0.0); P]; B];
        for (b, sums) in sums.iter_mut().enumerate() {
            let bias = row.dense.finish.bias.as_ptr();
            *sums = [V::load(bias.add((row.block + b) * V::LANES)); P];
        }
        let (taps, stride) = (&row.dense.taps, row.dense.packed.block_stride);
        let weights = row.dense.packed.weights.as_ptr().add(row.block * stride);
        let from = [weights, row.taps.add(x * step)];
        if step == V::LANES {
            // The usual step, known here, makes all addresses of a tile constants.
            accumulate(taps, from, [stride, V::LANES], &mut sums);
        } else if step == PLAIN_STEP {
            accumulate(taps, from, [stride, PLAIN_STEP], &mut sums);
        } else {
            accumulate(taps, from, [stride, step], &mut sums);
        }
        store(row, x, sums);
    }
}

/// Adds the products of weights and inputs over all `taps` to `sums`: from `block_stride` on come
/// the next block's weights, from `step` on the next pixel's inputs.
///
/// # Safety
/// [`Vector`]'s contract; all addresses that the taps lead to are good.
#[inline(always)]
pub(super) unsafe fn accumulate<V: Vector, const B: usize, const P: usize>(
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
                        sums[p] = value.fma(vector, sums[p]);
                    }
                }
                pixel = pixel.add(1);
                weights = weights.add(V::LANES);
            }
        }
    }
}

/// # Safety
/// [`tiles`]'.
#[inline(always)]
unsafe fn store<V: Vector, const B: usize, const P: usize>(
    row: &Row<'_>,
    x: usize,
    mut sums: [[V; P]; B],
) {
    let finish = &row.dense.finish;
    // SAFETY: the caller's.
    unsafe {
        for (b, sums) in sums.iter_mut().enumerate() {
            let channel = (row.block + b) * V::LANES;
            activate(&finish.before, channel, sums);
            if let Some(addends) = row.addends[b] {
                for (p, sum) in sums.iter_mut().enumerate() {
                    *sum = sum.add(V::load(addends.add((x + p) * V::LANES)));
                }
                activate(&finish.after, channel, sums);
            }
            for (p, sum) in sums.iter().enumerate() {
                sum.store(row.targets[b].add((x + p) * V::LANES));
            }
        }
    }
}
