//! Tiles of six pixels × two blocks of output channels with AVX2, which go on from one row to the
//! next: few pictures have rows of whole tiles, and a tile of fewer pixels leaves units idle.

use std::arch::x86_64::__m256;
use std::array::from_fn;

use super::run::{accumulate, in_runs};
use super::vector::{Vector, activate, with_width};
use crate::isa::Isa;
use crate::kernels::dense::{Dense, PAIR, Strip, Tap};
use crate::kernels::finish::Finish;
use crate::share::Shared;

/// Most pixels of a tile.
const MOST: usize = 6;

/// Numbers of a vector.
const LANES: usize = <__m256 as Vector>::LANES;

/// The rows of `strip`, which has two blocks.
pub(super) fn span(
    dense: &Dense,
    strip: &Strip,
    source: &[f32],
    residual: Option<&[f32]>,
    shared: &Shared<'_>,
) {
    let (first, last) = (strip.rows.start, strip.rows.end - 1);
    let mut targets = [std::ptr::null_mut(); PAIR];
    let mut addends = [None; PAIR];
    for block in 0..PAIR {
        let [start, end] = [first, last].map(|y| dense.target.row_start(strip.row(block, y)));
        // SAFETY: these rows of a block belong to one strip, and nothing is written between them.
        let rows = unsafe { shared.part(start..end + dense.target.row_len()) };
        targets[block] = rows.as_mut_ptr();
        let picture = dense.residual.as_ref().zip(residual);
        addends[block] = picture.map(|(picture, values)| {
            let [start, end] = [first, last].map(|y| picture.row_start(strip.row(block, y)));
            values[start..end + picture.row_len()].as_ptr()
        });
    }
    let gap = |row_stride: usize| row_stride - (dense.target.width - 1) * LANES;
    let (block, packed) = (strip.block, &dense.packed);
    let span = Span {
        finish: &dense.finish,
        taps: in_runs(&dense.taps),
        channel: block * LANES,
        bias: dense.finish.bias[block * LANES..].as_ptr(),
        weights: packed.weights[block * packed.block_stride..].as_ptr(),
        block_stride: packed.block_stride,
        source: source[strip.source..].as_ptr(),
        targets,
        addends,
        width: dense.target.width,
        n_pixels: strip.rows.len() * dense.target.width,
        across: dense.steps[1],
        down: Place {
            x: 0,
            source: dense.steps[0].wrapping_sub((dense.target.width - 1) * dense.steps[1]),
            target: gap(dense.target.row_stride()),
            addend: dense
                .residual
                .map_or(0, |picture| gap(picture.row_stride())),
        },
    };
    // SAFETY: `Dense::check` has found every tap of every pixel, all weights and all biases inside
    // their slices; the rows were taken above; the instruction set is present.
    unsafe { tiles(&span) }
    if dense.finish.last.is_none() {
        return;
    }
    for (block, y) in (0..PAIR).flat_map(|block| strip.rows.clone().map(move |y| (block, y))) {
        let at = strip.row(block, y);
        let start = dense.target.row_start(at);
        // SAFETY: as above; the pointers to these rows are no longer used.
        let row = unsafe { shared.part(start..start + dense.target.row_len()) };
        dense.finish.finish_row(Isa::Avx2, row, at.block);
    }
}

/// Some rows of outputs of two blocks.
struct Span<'a> {
    finish: &'a Finish,
    taps: [&'a [Tap]; 3],
    /// The first channel of the first block, and what belongs to it.
    channel: usize,
    bias: *const f32,
    weights: *const f32,
    block_stride: usize,
    /// The first tap of the first pixel.
    source: *const f32,
    targets: [*mut f32; PAIR],
    addends: [Option<*const f32>; PAIR],
    width: usize,
    n_pixels: usize,
    /// Numbers of the source from a pixel to the next of its row.
    across: usize,
    /// From a row's last pixel to the next row's first.
    down: Place,
}

/// A pixel's column, and where it lies, in numbers from the first pixel.
#[derive(Clone, Copy)]
struct Place {
    x: usize,
    source: usize,
    target: usize,
    addend: usize,
}

impl Place {
    /// The place `n` pixels to the right.
    #[inline(always)]
    fn right(self, n: usize, span: &Span<'_>) -> Self {
        Self {
            x: self.x + n,
            source: self.source + n * span.across,
            target: self.target + n * LANES,
            addend: self.addend + n * LANES,
        }
    }

    /// The place of the next pixel, be it in the next row.
    #[inline(always)]
    fn next(self, span: &Span<'_>) -> Self {
        let Span { width, down, .. } = span;
        if self.x + 1 < *width {
            return self.right(1, span);
        }
        Self {
            x: 0,
            source: self.source.wrapping_add(down.source),
            target: self.target + down.target,
            addend: self.addend + down.addend,
        }
    }
}

/// # Safety
/// The processor has AVX2 and FMA; all addresses of `span` are good for all its pixels.
#[target_feature(enable = "avx2,fma")]
unsafe fn tiles(span: &Span<'_>) {
    let mut place = Place {
        x: 0,
        source: 0,
        target: 0,
        addend: 0,
    };
    let mut left = span.n_pixels;
    // SAFETY: the caller's.
    unsafe {
        while left >= 2 * MOST || left == MOST {
            place = if place.x + MOST <= span.width {
                tile::<MOST, true>(span, place)
            } else {
                tile::<MOST, false>(span, place)
            };
            left -= MOST;
        }
        while left > 0 {
            let n = left.div_ceil(left.div_ceil(MOST));
            with_width!(n, MOST, P => place = tile::<P, false>(span, place));
            left -= n;
        }
    }
}

/// `P` pixels from `place` on, which are of one row if `IN_ROW`; returns the place of the next.
///
/// # Safety
/// [`tiles`]'.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn tile<const P: usize, const IN_ROW: bool>(span: &Span<'_>, place: Place) -> Place {
    let mut places: [Place; P] = from_fn(|p| place.right(p, span));
    if !IN_ROW {
        for p in 1..P {
            places[p] = places[p - 1].next(span);
        }
    }
    // SAFETY: the caller's; `Dense::check` has seen the pixels and the weights.
    unsafe {
        let pixels = places.map(|at| span.source.add(at.source));
        let bias = [0, LANES].map(|lane| __m256::load(span.bias.add(lane)));
        let mut sums = bias.map(|bias| [bias; P]);
        accumulate(
            span.taps,
            span.weights,
            &pixels,
            span.block_stride,
            &mut sums,
        );
        let [first, second] = sums;
        store(span, 0, &places, first);
        store(span, 1, &places, second);
    }
    places[P - 1].next(span)
}

/// # Safety
/// [`tiles`]'.
#[inline(always)]
unsafe fn store<const P: usize>(
    span: &Span<'_>,
    block: usize,
    places: &[Place; P],
    mut sums: [__m256; P],
) {
    let (finish, channel) = (span.finish, span.channel + block * LANES);
    // SAFETY: the caller's.
    unsafe {
        activate(&finish.before, channel, &mut sums);
        if let Some(addends) = span.addends[block] {
            for (at, sum) in places.iter().zip(sums.iter_mut()) {
                *sum = sum.add(__m256::load(addends.add(at.addend)));
            }
            activate(&finish.after, channel, &mut sums);
        }
        for (at, sum) in places.iter().zip(sums) {
            sum.store(span.targets[block].add(at.target));
        }
    }
}
