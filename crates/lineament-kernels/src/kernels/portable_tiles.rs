//! Winograd's tiles in safe Rust: what those of numbers less exact than `f32` are tested against. They
//! round in the same places.

#![allow(
    unsafe_code,
    reason = "only to take this task's own tiles of the output"
)]

use std::array::from_fn;

use super::portable::{LANES, Lanes, Out, add_products, lanes_at, put, sums};
use super::winograd::{AREA, Chunk, IN, OUT, Winograd};
use crate::picture::RowAt;
use crate::share::Shared;

/// The tiles of `chunk`; `inputs` is room for V.
pub(super) fn winograd(
    winograd: &Winograd,
    chunk: &Chunk,
    inputs: &mut [f32],
    source: &[f32],
    residual: Option<&[f32]>,
    shared: &Shared<'_>,
) {
    for (place, index) in chunk.tiles.clone().enumerate() {
        transform_inputs(winograd, [place, index], source, inputs);
    }
    for block in chunk.blocks.clone() {
        for (place, index) in chunk.tiles.clone().enumerate() {
            let sums = multiply(winograd, block, place, inputs);
            let tile = transform_sums(&sums);
            store(winograd, [block, index], &tile, residual, shared);
        }
    }
}

/// V of tile `index`, at `place` of the chunk.
fn transform_inputs(
    winograd: &Winograd,
    [place, index]: [usize; 2],
    source: &[f32],
    inputs: &mut [f32],
) {
    let (from, at) = (&winograd.source, winograd.tile(index));
    let (pixel, row) = (from.pixel(), winograd.input_row());
    for block in 0..from.blocks() {
        let plane = (at.image * from.blocks() + block) * from.plane();
        let first = plane + winograd.origin + at.y * from.row_stride() + at.x * pixel;
        let d: [[Lanes; IN]; IN] = from_fn(|y| {
            from_fn(|x| {
                lanes_at(
                    from.numbers,
                    &source[first + y * from.row_stride() + x * pixel..],
                )
            })
        });
        let mut v = [[0.0; LANES]; AREA];
        for lane in 0..LANES {
            let columns: [_; IN] = from_fn(|x| inputs_of(from_fn(|y| d[y][x][lane])));
            for y in 0..IN {
                let line = inputs_of(from_fn(|x| columns[x][y]));
                line.iter()
                    .enumerate()
                    .for_each(|(x, value)| v[y * IN + x][lane] = *value);
            }
        }
        for (number, values) in v.iter().enumerate() {
            let to = (number * from.blocks() + block) * row + place * pixel;
            put(from.numbers, values, &mut inputs[to..to + pixel]);
        }
    }
}

/// M of the tile at `place`, of one block of output channels.
fn multiply(winograd: &Winograd, block: usize, place: usize, inputs: &[f32]) -> [Lanes; AREA] {
    let (from, packed) = (&winograd.source, &winograd.packed);
    let (weights, _) = packed.weights[block * packed.block_stride..].as_chunks::<LANES>();
    let n_words = from.blocks() * from.pixel();
    from_fn(|number| {
        let first = number * from.blocks() * winograd.input_row() + place * from.pixel();
        let [sum] = sums::<1>(
            &winograd.taps,
            &weights[number * n_words..],
            &inputs[first..],
            0,
            |sum, input, weight| add_products(from.numbers, sum, input, weight),
        );
        sum
    })
}

/// The outputs of a tile, without the bias.
fn transform_sums(sums: &[Lanes; AREA]) -> [[Lanes; OUT]; OUT] {
    let mut outputs = [[[0.0; LANES]; OUT]; OUT];
    for lane in 0..LANES {
        let columns: [_; IN] = from_fn(|x| outputs_of(from_fn(|y| sums[y * IN + x][lane])));
        for (y, line) in outputs.iter_mut().enumerate() {
            let values = outputs_of(from_fn(|x| columns[x][y]));
            line.iter_mut()
                .zip(values)
                .for_each(|(pixel, value)| pixel[lane] = value);
        }
    }
    outputs
}

/// Finishes the outputs of tile `index` that lie in the picture.
fn store(
    winograd: &Winograd,
    [block, index]: [usize; 2],
    tile: &[[Lanes; OUT]; OUT],
    residual: Option<&[f32]>,
    shared: &Shared<'_>,
) {
    let (target, place) = (&winograd.target, winograd.tile(index));
    let out = Out {
        finish: &winograd.finish,
        target,
        residual: winograd.residual.as_ref(),
    };
    let rows = tile.iter().take(target.height - place.y);
    for (y, line) in rows.enumerate() {
        let at = RowAt {
            image: place.image,
            block,
            y: place.y + y,
        };
        for (x, sums) in (place.x..target.width).zip(line) {
            let start = target.row_start(at) + x * target.pixel();
            // SAFETY: a tile's outputs belong to one task.
            let words = unsafe { shared.part(start..start + target.pixel()) };
            let picture = winograd.residual.as_ref().zip(residual);
            let addends = picture.map(|(picture, values)| picture.row(values, at));
            out.store_pixel(sums, block, x, addends, words);
        }
    }
}

/// Bᵀ d.
fn inputs_of([d0, d1, d2, d3, d4, d5]: [f32; IN]) -> [f32; IN] {
    let (even, odd) = (d2.mul_add(-4.0, d4), d1.mul_add(-4.0, d3));
    let (near, far) = (d4 - d2, d3 - d1);
    [
        d0.mul_add(4.0, d2.mul_add(-5.0, d4)),
        even + odd,
        even - odd,
        far.mul_add(2.0, near),
        far.mul_add(-2.0, near),
        d1.mul_add(4.0, d3.mul_add(-5.0, d5)),
    ]
}

/// Aᵀ m.
fn outputs_of([m0, m1, m2, m3, m4, m5]: [f32; IN]) -> [f32; OUT] {
    let (near, near_odd) = (m1 + m2, m1 - m2);
    let (far, far_odd) = (m3 + m4, m3 - m4);
    [
        m0 + near + far,
        far_odd.mul_add(2.0, near_odd),
        far.mul_add(4.0, near),
        far_odd.mul_add(8.0, near_odd) + m5,
    ]
}
