//! Tiles of 3x3 convolutions: to 36 numbers, products, and back.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256, __m512};
use std::array::{self, from_fn};

#[cfg(target_arch = "aarch64")]
use super::neon::Neon;
use super::vector::{Vector, activate, with_width};
#[cfg(target_arch = "x86_64")]
use super::words::Halves;
use super::words::{self, Numeric, Whole};
#[cfg(target_arch = "x86_64")]
use super::x86::WithBf16;
use crate::isa::Isa;
use crate::kernels::dense::PAIR;
use crate::kernels::winograd::{AREA, Chunk, IN, OUT, Winograd};
#[cfg(target_arch = "x86_64")]
use crate::numbers::Numbers;
use crate::picture::RowAt;
use crate::share::Shared;

/// The tiles of `chunk`; `memory` is room for V and for M.
pub(in crate::kernels) fn winograd(
    isa: Isa,
    winograd: &Winograd,
    chunk: &Chunk,
    memory: [&mut [f32]; 2],
    source: &[f32],
    residual: Option<&[f32]>,
    shared: &Shared<'_>,
) {
    let [inputs, sums] = memory;
    let Winograd { source: from, .. } = winograd;
    assert!(inputs.len() >= AREA * from.blocks() * winograd.input_row());
    assert!(sums.len() >= AREA * PAIR * winograd.sum_row());
    assert!(chunk.tiles.len() * from.pixel() <= winograd.input_row());
    assert!(chunk.tiles.len() * winograd.target.lanes <= winograd.sum_row());
    let work = Work {
        winograd,
        chunk,
        source,
        residual,
        shared,
        inputs: inputs.as_mut_ptr(),
        sums: sums.as_mut_ptr(),
    };
    // SAFETY: `Winograd::check` has found all tiles, weights and biases inside their slices, and
    // the room is large enough; the instruction set is present.
    unsafe {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 if from.numbers == Numbers::Bf16 => work_bf16(&work),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => work_avx512(&work),
            #[cfg(target_arch = "x86_64")]
            _ => work_avx2(&work),
            #[cfg(target_arch = "aarch64")]
            _ => work_neon(&work),
        }
    }
}

struct Work<'a> {
    winograd: &'a Winograd,
    chunk: &'a Chunk,
    source: &'a [f32],
    residual: Option<&'a [f32]>,
    shared: &'a Shared<'a>,
    /// V, as `[number][input block][tile][lanes]`.
    inputs: *mut f32,
    /// M of a pair of output blocks, as `[number][block][tile][lanes]`.
    sums: *mut f32,
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn work_avx512(work: &Work<'_>) {
    // SAFETY: the caller's.
    unsafe { work_with::<__m512, Whole, 14>(work) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn work_bf16(work: &Work<'_>) {
    // SAFETY: the caller's.
    unsafe { work_with::<WithBf16, Halves, 14>(work) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn work_avx2(work: &Work<'_>) {
    // SAFETY: the caller's.
    unsafe { work_with::<__m256, Whole, 6>(work) }
}

#[cfg(target_arch = "aarch64")]
#[target_feature(enable = "neon")]
unsafe fn work_neon(work: &Work<'_>) {
    // SAFETY: the caller's.
    unsafe { work_with::<Neon, Whole, 6>(work) }
}

/// # Safety
/// [`Numeric`]'s contract; all addresses of `work` are good.
#[inline(always)]
unsafe fn work_with<V: Vector, W: Numeric, const MOST: usize>(work: &Work<'_>) {
    // SAFETY: the caller's.
    unsafe {
        transform_inputs::<V, W>(work);
        let blocks = &work.chunk.blocks;
        for block in blocks.clone().step_by(PAIR) {
            let n_blocks = PAIR.min(blocks.end - block);
            match n_blocks {
                1 => multiply::<V, W, 1, MOST>(work, block),
                _ => multiply::<V, W, 2, MOST>(work, block),
            }
            for b in 0..n_blocks {
                transform_sums::<V>(work, b, block + b);
            }
        }
    }
}

/// V of all input channels.
///
/// # Safety
/// [`work_with`]'s.
#[inline(always)]
unsafe fn transform_inputs<V: Vector, W: Numeric>(work: &Work<'_>) {
    let Winograd { source, origin, .. } = work.winograd;
    let (stride, row) = (source.row_stride(), work.winograd.input_row());
    let pixel = V::LANES / W::PER_WORD;
    for block in 0..source.blocks() {
        for (place, index) in work.chunk.tiles.clone().enumerate() {
            let at = work.winograd.tile(index);
            let plane = (at.image * source.blocks() + block) * source.plane();
            let first = plane + origin + at.y * stride + at.x * pixel;
            // SAFETY: the caller's.
            unsafe {
                let from = work.source.as_ptr().add(first);
                let to = work.inputs.add(block * row + place * pixel);
                let mut columns = [[V::splat(0.0); IN]; IN];
                for (x, column) in columns.iter_mut().enumerate() {
                    let mut values = [V::splat(0.0); IN];
                    for (y, value) in values.iter_mut().enumerate() {
                        *value = W::load(from.add(y * stride + x * pixel));
                    }
                    *column = inputs_of(values);
                }
                for y in 0..IN {
                    let line = inputs_of(across(&columns, y));
                    for (x, value) in line.into_iter().enumerate() {
                        W::store(value, to.add((y * IN + x) * source.blocks() * row));
                    }
                }
            }
        }
    }
}

/// M of `B` output blocks from `block` on.
///
/// # Safety
/// [`work_with`]'s.
#[inline(always)]
unsafe fn multiply<V: Vector, W: Numeric, const B: usize, const MOST: usize>(
    work: &Work<'_>,
    block: usize,
) {
    let n = work.chunk.tiles.len();
    let n_parts = n.div_ceil(MOST);
    for number in 0..AREA {
        let mut place = 0;
        for part in 0..n_parts {
            let width = (n - place) / (n_parts - part);
            // SAFETY: the caller's.
            with_width!(width, MOST, P => unsafe { sum::<V, W, B, P>(work, block, number, place) });
            place += width;
        }
    }
}

/// Number `number` of `P` tiles from `place` on.
///
/// # Safety
/// [`work_with`]'s.
#[inline(always)]
unsafe fn sum<V: Vector, W: Numeric, const B: usize, const P: usize>(
    work: &Work<'_>,
    block: usize,
    number: usize,
    place: usize,
) {
    let Winograd {
        source,
        packed,
        taps,
        ..
    } = work.winograd;
    let (row, sum_row) = (work.winograd.input_row(), work.winograd.sum_row());
    let (pixel, stride) = (V::LANES / W::PER_WORD, packed.block_stride);
    // SAFETY: the caller's.
    unsafe {
        let inputs = work
            .inputs
            .add(number * source.blocks() * row + place * pixel);
        let offset = block * stride + number * source.blocks() * pixel * V::LANES;
        let weights = packed.weights.as_ptr().add(offset);
        let mut sums = [[V::splat(0.0); P]; B];
        V::accumulate::<W, B, P>(taps, [weights, inputs], [stride, pixel], &mut sums);
        for (b, sums) in sums.iter().enumerate() {
            let to = work
                .sums
                .add((number * PAIR + b) * sum_row + place * V::LANES);
            for (p, sum) in sums.iter().enumerate() {
                sum.store(to.add(p * V::LANES));
            }
        }
    }
}

/// The outputs of block `block`, number `b` of its pair.
///
/// # Safety
/// [`work_with`]'s.
#[inline(always)]
unsafe fn transform_sums<V: Vector>(work: &Work<'_>, b: usize, block: usize) {
    let row = work.winograd.sum_row();
    let bias = work.winograd.finish.bias.as_ptr();
    for (place, index) in work.chunk.tiles.clone().enumerate() {
        // SAFETY: the caller's.
        unsafe {
            let from = work.sums.add(b * row + place * V::LANES);
            let mut columns = [[V::splat(0.0); OUT]; IN];
            for (x, column) in columns.iter_mut().enumerate() {
                let mut values = [V::splat(0.0); IN];
                for (y, value) in values.iter_mut().enumerate() {
                    *value = V::load(from.add((y * IN + x) * PAIR * row));
                }
                *column = outputs_of(values);
            }
            let bias = V::load(bias.add(block * V::LANES));
            for y in 0..OUT {
                let line = outputs_of(across(&columns, y));
                store(work, block, (index, y), line.map(|value| value.add(bias)));
            }
        }
    }
}

/// Writes row `y` of the outputs of tile `index` as far as it lies in the picture.
///
/// # Safety
/// [`work_with`]'s.
#[inline(always)]
unsafe fn store<V: Vector>(
    work: &Work<'_>,
    block: usize,
    (index, y): (usize, usize),
    mut line: [V; OUT],
) {
    let Winograd {
        target,
        finish,
        residual,
        ..
    } = work.winograd;
    let tile = work.winograd.tile(index);
    if tile.y + y >= target.height {
        return;
    }
    let n = OUT.min(target.width - tile.x);
    let at = RowAt {
        image: tile.image,
        block,
        y: tile.y + y,
    };
    let pixel = target.pixel();
    let start = target.row_start(at) + tile.x * pixel;
    // SAFETY: the caller's; a tile's outputs belong to one task.
    unsafe {
        let to = work.shared.part(start..start + n * pixel).as_mut_ptr();
        activate(&finish.before, block * V::LANES, &mut line);
        if let (Some(picture), Some(values)) = (residual, work.residual) {
            let addends = picture.row(values, at)[tile.x * picture.pixel()..].as_ptr();
            for (x, value) in line.iter_mut().enumerate().take(n) {
                let from = addends.add(x * picture.pixel());
                words::add(picture.numbers, array::from_mut(value), from, 0);
            }
            activate(&finish.after, block * V::LANES, &mut line);
        }
        for (x, value) in line.iter().enumerate().take(n) {
            words::store(target.numbers, array::from_ref(value), to.add(x * pixel), 0);
        }
    }
}

/// Row `y` of what lies column by column. To `map` the columns would copy all of their numbers.
#[inline(always)]
fn across<V: Vector, const N: usize>(columns: &[[V; N]; IN], y: usize) -> [V; IN] {
    from_fn(|x| columns[x][y])
}

/// Bᵀ d.
///
/// # Safety
/// [`Vector`]'s contract.
#[inline(always)]
unsafe fn inputs_of<V: Vector>([d0, d1, d2, d3, d4, d5]: [V; IN]) -> [V; IN] {
    // SAFETY: the caller's.
    unsafe {
        let (minus, two, four) = (V::splat(-1.0), V::splat(2.0), V::splat(4.0));
        let (minus_four, minus_five) = (V::splat(-4.0), V::splat(-5.0));
        let (even, odd) = (d2.fma(minus_four, d4), d1.fma(minus_four, d3));
        let (near, far) = (d2.fma(minus, d4), d1.fma(minus, d3));
        [
            d0.fma(four, d2.fma(minus_five, d4)),
            even.add(odd),
            odd.fma(minus, even),
            far.fma(two, near),
            far.fma(V::splat(-2.0), near),
            d1.fma(four, d3.fma(minus_five, d5)),
        ]
    }
}

/// Aᵀ m.
///
/// # Safety
/// [`Vector`]'s contract.
#[inline(always)]
unsafe fn outputs_of<V: Vector>([m0, m1, m2, m3, m4, m5]: [V; IN]) -> [V; OUT] {
    // SAFETY: the caller's.
    unsafe {
        let minus = V::splat(-1.0);
        let (near, near_odd) = (m1.add(m2), m2.fma(minus, m1));
        let (far, far_odd) = (m3.add(m4), m4.fma(minus, m3));
        [
            m0.add(near).add(far),
            far_odd.fma(V::splat(2.0), near_odd),
            far.fma(V::splat(4.0), near),
            far_odd.fma(V::splat(8.0), near_odd).add(m5),
        ]
    }
}
