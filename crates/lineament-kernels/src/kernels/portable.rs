//! Convolutions in safe Rust: what runs where there are no vector instructions, and what the
//! others are tested against.

#![allow(
    unsafe_code,
    reason = "only to take this task's own rows of the output"
)]

use std::array::from_fn;

use super::dense::{Dense, Strip, Tap};
use super::depthwise::Depthwise;
use super::finish::Finish;
use crate::isa::Isa;
use crate::picture::{Picture, RowAt};
use crate::share::Shared;

/// Lanes of the portable layout.
const LANES: usize = 8;

/// Pixels whose sums are kept at once.
const PIXELS: usize = 4;

type Lanes = [f32; LANES];

/// The rows of `strip`.
pub(super) fn dense(
    dense: &Dense,
    strip: &Strip,
    source: &[f32],
    residual: Option<&[f32]>,
    shared: &Shared<'_>,
) {
    let first = dense.first_tap(strip);
    for y in strip.rows.clone() {
        let row_taps = &source[first + (y - strip.rows.start) * dense.steps[0]..];
        for block in 0..strip.n_blocks {
            let at = strip.row(block, y);
            let start = dense.target.row_start(at);
            // SAFETY: a row of a block belongs to one strip, and strips do not overlap.
            let row = unsafe { shared.part(start..start + dense.target.row_len()) };
            let addends = residual_row(dense.residual.as_ref(), residual, at);
            dense_row(dense, row_taps, at.block, addends, row);
            dense.finish.finish_row(Isa::Portable, row, at.block);
        }
    }
}

fn residual_row<'a>(
    picture: Option<&Picture>,
    values: Option<&'a [f32]>,
    at: RowAt,
) -> Option<&'a [f32]> {
    Some(picture?.row(values?, at))
}

fn dense_row(
    dense: &Dense,
    source: &[f32],
    block: usize,
    addends: Option<&[f32]>,
    row: &mut [f32],
) {
    let (weights, _) = dense.weights(block).as_chunks::<LANES>();
    let (step, row_width) = (dense.steps[1], row.len() / LANES);
    for (tile, out) in row.chunks_mut(PIXELS * LANES).enumerate() {
        let x = tile * PIXELS;
        let (source, addends) = (&source[x * step..], addends.map(|a| &a[x * LANES..]));
        let mut store = |sums: &[Lanes]| store(&dense.finish, sums, block, addends, out);
        match row_width - x {
            1 => store(&sums::<1>(&dense.taps, weights, source, step)),
            2 => store(&sums::<2>(&dense.taps, weights, source, step)),
            3 => store(&sums::<3>(&dense.taps, weights, source, step)),
            _ => store(&sums::<PIXELS>(&dense.taps, weights, source, step)),
        }
    }
}

/// The sums of `P` pixels, over every tap and channel, of its weights times what the pixel has
/// there.
fn sums<const P: usize>(
    taps: &[Tap],
    weights: &[Lanes],
    source: &[f32],
    step: usize,
) -> [Lanes; P] {
    let mut sums = [[0.0; LANES]; P];
    let mut weights = weights.iter();
    for &Tap { offset, count } in taps {
        let pixels: [&[f32]; P] = from_fn(|p| &source[offset + p * step..][..count]);
        for (i, weights) in (&mut weights).take(count).enumerate() {
            for (pixel, sums) in pixels.iter().zip(&mut sums) {
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum += pixel[i] * weight;
                }
            }
        }
    }
    sums
}

fn store(finish: &Finish, sums: &[Lanes], block: usize, addends: Option<&[f32]>, out: &mut [f32]) {
    let bias = &finish.bias[block * LANES..(block + 1) * LANES];
    let (pixels, _) = out.as_chunks_mut::<LANES>();
    for (i, (pixel, sums)) in pixels.iter_mut().zip(sums).enumerate() {
        for lane in 0..LANES {
            let addend = addends.map_or(0.0, |a| a[i * LANES + lane]);
            pixel[lane] = finish.apply(sums[lane] + bias[lane], block * LANES + lane, addend);
        }
    }
}

/// One row of one block of a depthwise convolution.
pub(super) fn depthwise_row(
    depthwise: &Depthwise,
    source: &[f32],
    at: RowAt,
    addends: Option<&[f32]>,
    row: &mut [f32],
) {
    let (weights, _) = depthwise.weights(at.block).as_chunks::<LANES>();
    let (pixels, _) = row.as_chunks_mut::<LANES>();
    for (x, pixel) in pixels.iter_mut().enumerate() {
        let mut sum = [0.0; LANES];
        for (offset, weights) in depthwise.taps.iter().zip(weights) {
            let values = &source[offset + x * depthwise.step..][..LANES];
            for ((sum, value), weight) in sum.iter_mut().zip(values).zip(weights) {
                *sum += value * weight;
            }
        }
        let addends = addends.map(|a| &a[x * LANES..]);
        store(&depthwise.finish, &[sum], at.block, addends, pixel);
    }
}
