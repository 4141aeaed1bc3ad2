//! Convolutions in safe Rust: what runs where there are no vector instructions, and what the
//! others are tested against.

#![allow(
    unsafe_code,
    reason = "only to take this task's own rows of the output"
)]

use std::array::from_fn;

use super::dense::{Dense, Packed, Strip, Tap};
use super::depthwise::Depthwise;
use super::finish::Finish;
use crate::isa::Isa;
use crate::numbers::{Numbers, bytes_of, halves, narrow};
use crate::picture::{Picture, RowAt};
use crate::share::Shared;

/// Lanes of the portable layout.
pub(super) const LANES: usize = 8;

/// Pixels whose sums are kept at once.
const PIXELS: usize = 4;

pub(super) type Lanes = [f32; LANES];

/// Adds the products of what two words of `numbers` hold to a sum.
#[inline(always)]
pub(super) fn add_products(numbers: Numbers, sum: f32, input: f32, weight: f32) -> f32 {
    match numbers {
        Numbers::F32 => add_product(sum, input, weight),
        Numbers::Bf16 => add_products_of_halves(sum, input, weight),
        Numbers::U8 { .. } => add_products_of_bytes(sum, input, weight),
    }
}

#[inline(always)]
fn add_product(sum: f32, input: f32, weight: f32) -> f32 {
    sum + input * weight
}

/// In the order of the processor's instruction.
#[inline(always)]
fn add_products_of_halves(sum: f32, inputs: f32, weights: f32) -> f32 {
    let (inputs, weights) = (halves(inputs), halves(weights));
    sum + inputs[1] * weights[1] + inputs[0] * weights[0]
}

/// Both words hold four steps, unsigned and signed; the sum is an integer.
#[inline(always)]
fn add_products_of_bytes(sum: f32, inputs: f32, weights: f32) -> f32 {
    let product = |(x, w): (u8, u8)| i32::from(x) * i32::from(w.cast_signed());
    let products = bytes_of(inputs).into_iter().zip(bytes_of(weights));
    integer_as_word(integer_of(sum).wrapping_add(products.map(product).sum()))
}

fn integer_of(word: f32) -> i32 {
    word.to_bits().cast_signed()
}

fn integer_as_word(integer: i32) -> f32 {
    f32::from_bits(integer.cast_unsigned())
}

/// Sums of products of steps to numbers.
fn scale(packed: &Packed, block: usize, input_scale: f32, sums: &Lanes) -> Lanes {
    from_fn(|lane| {
        let channel = block * LANES + lane;
        let start = integer_of(packed.starts[channel]);
        let sum = integer_of(sums[lane]).wrapping_add(start);
        sum as f32 * (packed.scales[channel] * input_scale)
    })
}

/// The rows of `strip`.
pub(super) fn dense(
    dense: &Dense,
    strip: &Strip,
    source: &[f32],
    residual: Option<&[f32]>,
    shared: &Shared<'_>,
) {
    let first = strip.source;
    for y in strip.rows.clone() {
        let row_taps = &source[first + (y - strip.rows.start) * dense.steps[0]..];
        for block in 0..strip.n_blocks {
            let at = strip.row(block, y);
            let start = dense.target.row_start(at);
            // SAFETY: a row of a block belongs to one strip, and strips do not overlap.
            let row = unsafe { shared.part(start..start + dense.target.row_len()) };
            let addends = residual_row(dense.residual.as_ref(), residual, at);
            let scale = dense.input_scale(source, strip.image);
            dense_row(dense, (row_taps, scale), at.block, addends, row);
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
    (source, input_scale): (&[f32], f32),
    block: usize,
    addends: Option<&[f32]>,
    row: &mut [f32],
) {
    let (weights, _) = dense.weights(block).as_chunks::<LANES>();
    let out = Out {
        finish: &dense.finish,
        target: &dense.target,
        residual: dense.residual.as_ref(),
    };
    match dense.source.numbers {
        Numbers::F32 => tiles(dense, weights, source, add_product, |sums, x| {
            out.store(sums, block, x, addends, row);
        }),
        Numbers::Bf16 => tiles(dense, weights, source, add_products_of_halves, |sums, x| {
            out.store(sums, block, x, addends, row);
        }),
        Numbers::U8 { .. } => tiles(dense, weights, source, add_products_of_bytes, |sums, x| {
            let mut scaled = [[0.0; LANES]; PIXELS];
            for (scaled, sums) in scaled.iter_mut().zip(sums) {
                *scaled = scale(&dense.packed, block, input_scale, sums);
            }
            out.store(&scaled[..sums.len()], block, x, addends, row);
        }),
    }
}

/// Calls `store` with the sums of a few pixels after another, and the place of the first.
#[inline(always)]
fn tiles(
    dense: &Dense,
    weights: &[Lanes],
    source: &[f32],
    add: impl Fn(f32, f32, f32) -> f32 + Copy,
    mut store: impl FnMut(&[Lanes], usize),
) {
    let (step, width) = (dense.steps[1], dense.target.width);
    for x in (0..width).step_by(PIXELS) {
        let from = &source[x * step..];
        match width - x {
            1 => store(&sums::<1>(&dense.taps, weights, from, step, add), x),
            2 => store(&sums::<2>(&dense.taps, weights, from, step, add), x),
            3 => store(&sums::<3>(&dense.taps, weights, from, step, add), x),
            _ => store(&sums::<PIXELS>(&dense.taps, weights, from, step, add), x),
        }
    }
}

/// The sums of `P` pixels, over every tap and channel, of its weights times what the pixel has
/// there.
#[inline(always)]
pub(super) fn sums<const P: usize>(
    taps: &[Tap],
    weights: &[Lanes],
    source: &[f32],
    step: usize,
    add: impl Fn(f32, f32, f32) -> f32,
) -> [Lanes; P] {
    let mut sums = [[0.0; LANES]; P];
    let mut weights = weights.iter();
    for &Tap { offset, count } in taps {
        let pixels: [&[f32]; P] = from_fn(|p| &source[offset + p * step..][..count]);
        for (i, weights) in (&mut weights).take(count).enumerate() {
            for (pixel, sums) in pixels.iter().zip(&mut sums) {
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum = add(*sum, pixel[i], *weight);
                }
            }
        }
    }
    sums
}

/// Where finished pixels go.
pub(super) struct Out<'a> {
    pub(super) finish: &'a Finish,
    pub(super) target: &'a Picture,
    pub(super) residual: Option<&'a Picture>,
}

impl Out<'_> {
    /// Finishes the pixels of `block` from `x` on.
    fn store(
        &self,
        sums: &[Lanes],
        block: usize,
        x: usize,
        addends: Option<&[f32]>,
        row: &mut [f32],
    ) {
        let words = row
            .chunks_exact_mut(self.target.pixel())
            .enumerate()
            .skip(x);
        for ((x, words), sums) in words.zip(sums) {
            self.store_pixel(sums, block, x, addends, words);
        }
    }

    /// Finishes pixel `x` of a row, whose words are `words`.
    pub(super) fn store_pixel(
        &self,
        sums: &Lanes,
        block: usize,
        x: usize,
        addends: Option<&[f32]>,
        words: &mut [f32],
    ) {
        let addends = self.residual.zip(addends);
        let addends = addends.map_or([0.0; LANES], |(picture, row)| pixel(picture, row, x));
        let bias = &self.finish.bias[block * LANES..];
        let values: Lanes = from_fn(|lane| {
            let sum = sums[lane] + bias[lane];
            self.finish.apply(sum, block * LANES + lane, addends[lane])
        });
        put(self.target.numbers, &values, words);
    }
}

/// Writes the lanes of a pixel of `numbers`.
pub(super) fn put(numbers: Numbers, values: &Lanes, words: &mut [f32]) {
    match numbers {
        Numbers::F32 => words.copy_from_slice(values),
        Numbers::Bf16 => narrow(values, words, LANES),
        // Nothing but a step of its own writes bytes.
        Numbers::U8 { .. } => {}
    }
}

/// Pixel `x` of a row of `picture`.
fn pixel(picture: &Picture, row: &[f32], x: usize) -> Lanes {
    lanes_at(picture.numbers, &row[x * picture.pixel()..])
}

pub(super) fn lanes_at(numbers: Numbers, words: &[f32]) -> Lanes {
    match numbers {
        Numbers::F32 | Numbers::U8 { .. } => from_fn(|lane| words[lane]),
        Numbers::Bf16 => from_fn(|lane| halves(words[lane / 2])[lane % 2]),
    }
}

/// Some rows of one block of a depthwise convolution; `source` begins at the first tap of the first.
pub(super) fn depthwise_rows(
    depthwise: &Depthwise,
    (source, block): (&[f32], usize),
    addends: Option<&[f32]>,
    words: &mut [f32],
) {
    let to = &depthwise.target;
    let (weights, _) = depthwise.weights(block).as_chunks::<LANES>();
    let out = Out {
        finish: &depthwise.finish,
        target: to,
        residual: depthwise.residual.as_ref(),
    };
    for (y, row) in words.chunks_mut(to.row_stride()).enumerate() {
        let source = &source[y * depthwise.row_step..];
        let addends = depthwise.residual.as_ref().zip(addends);
        let addends = addends.map(|(picture, values)| &values[y * picture.row_stride()..]);
        for x in 0..to.width {
            let mut sum = [0.0; LANES];
            for (offset, weights) in depthwise.taps.iter().zip(weights) {
                let numbers = depthwise.source.numbers;
                let values = lanes_at(numbers, &source[offset + x * depthwise.step..]);
                for ((sum, value), weight) in sum.iter_mut().zip(values).zip(weights) {
                    *sum += value * weight;
                }
            }
            out.store(&[sum], block, x, addends, row);
        }
    }
}
