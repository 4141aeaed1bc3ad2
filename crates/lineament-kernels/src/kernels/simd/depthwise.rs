//! Rows of depthwise convolutions.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256, __m512};

#[cfg(target_arch = "aarch64")]
use super::neon::Neon;
use super::vector::{Vector, activate, with_width};
#[cfg(target_arch = "x86_64")]
use super::words::Halves;
use super::words::{self, Numeric, Whole};
#[cfg(target_arch = "x86_64")]
use super::x86::WithBf16;
use crate::isa::Isa;
use crate::kernels::depthwise::Depthwise;
#[cfg(target_arch = "x86_64")]
use crate::numbers::Numbers;
use crate::picture::Picture;

/// `n` rows of one block; `source` begins at the first tap of the first pixel, `addends` and `target` with the first row.
pub(in crate::kernels) fn depthwise_rows(
    isa: Isa,
    depthwise: &Depthwise,
    (source, block): (&[f32], usize),
    addends: Option<&[f32]>,
    target: &mut [f32],
    n: usize,
) {
    let Depthwise {
        target: to,
        residual,
        ..
    } = depthwise;
    let (lanes, width) = (to.lanes, to.width);
    assert!(width > 0 && n > 0);
    let last = (n - 1) * depthwise.row_step + (width - 1) * depthwise.step;
    assert!(last + depthwise.reach <= source.len());
    let extent = |picture: &Picture| (n - 1) * picture.row_stride() + picture.row_len();
    assert!(target.len() == extent(to));
    assert!(addends.is_none_or(|a| residual.is_some_and(|r| a.len() >= extent(&r))));
    #[cfg(target_arch = "x86_64")]
    let has_bf16 = [Some(depthwise.source), Some(*to), *residual]
        .into_iter()
        .flatten()
        .any(|picture| picture.numbers == Numbers::Bf16);
    let rows = Rows {
        first: Row {
            depthwise,
            channel: block * lanes,
            weights: depthwise.weights(block).as_ptr(),
            taps: source.as_ptr(),
            target: target.as_mut_ptr(),
            addends: addends.map(<[f32]>::as_ptr),
            width,
        },
        n,
    };
    assert!(rows.first.channel + lanes <= depthwise.finish.bias.len());
    // SAFETY: every tap of every pixel lies in `source`, as seen above; the instruction set is
    // present.
    unsafe {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 if has_bf16 => rows_bf16(&rows),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => rows_avx512(&rows),
            #[cfg(target_arch = "x86_64")]
            _ => rows_avx2(&rows),
            #[cfg(target_arch = "aarch64")]
            _ => rows_neon(&rows),
        }
    }
}

/// Rows below each other.
struct Rows<'a> {
    first: Row<'a>,
    n: usize,
}

struct Row<'a> {
    depthwise: &'a Depthwise,
    /// The block's first channel.
    channel: usize,
    weights: *const f32,
    taps: *const f32,
    target: *mut f32,
    addends: Option<*const f32>,
    width: usize,
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn rows_avx512(rows: &Rows<'_>) {
    // SAFETY: the caller's.
    unsafe {
        match rows.first.depthwise.in_threes {
            // With more pixels the compiler keeps their sums in memory.
            true => each_row::<__m512, Whole, 12>(rows),
            false => each_row::<__m512, Whole, 14>(rows),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn rows_bf16(rows: &Rows<'_>) {
    // SAFETY: the caller's.
    unsafe {
        match (
            rows.first.depthwise.source.numbers,
            rows.first.depthwise.in_threes,
        ) {
            // As above.
            (Numbers::F32, true) => each_row::<WithBf16, Whole, 12>(rows),
            (Numbers::F32, false) => each_row::<WithBf16, Whole, 14>(rows),
            (Numbers::Bf16, true) => each_row::<WithBf16, Halves, 12>(rows),
            (Numbers::Bf16, false) => each_row::<WithBf16, Halves, 14>(rows),
            (Numbers::U8 { .. }, _) => {}
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn rows_avx2(rows: &Rows<'_>) {
    // SAFETY: the caller's.
    unsafe {
        match rows.first.depthwise.in_threes {
            // As above.
            true => each_row::<__m256, Whole, 10>(rows),
            false => each_row::<__m256, Whole, 12>(rows),
        }
    }
}

#[cfg(target_arch = "aarch64")]
#[target_feature(enable = "neon")]
unsafe fn rows_neon(rows: &Rows<'_>) {
    // SAFETY: the caller's.
    unsafe {
        match rows.first.depthwise.in_threes {
            true => each_row::<Neon, Whole, 10>(rows),
            false => each_row::<Neon, Whole, 12>(rows),
        }
    }
}

/// The rows, one after another.
///
/// # Safety
/// [`Numeric`]'s contract; all addresses of `rows` are good for whole rows, and for all of them.
#[inline(always)]
unsafe fn each_row<V: Vector, W: Numeric, const MOST: usize>(rows: &Rows<'_>) {
    let first = &rows.first;
    let to = &first.depthwise.target;
    let residual = first.depthwise.residual.as_ref().unwrap_or(to);
    for y in 0..rows.n {
        // SAFETY: the caller's.
        unsafe {
            let row = Row {
                taps: first.taps.add(y * first.depthwise.row_step),
                target: first.target.add(y * to.row_stride()),
                addends: first.addends.map(|a| a.add(y * residual.row_stride())),
                ..*first
            };
            tiles::<V, W, MOST>(&row);
        }
    }
}

/// The row in tiles of at most `MOST` pixels, as even as can be.
///
/// # Safety
/// [`Numeric`]'s contract; all addresses of `row` are good for the whole row.
#[inline(always)]
unsafe fn tiles<V: Vector, W: Numeric, const MOST: usize>(row: &Row<'_>) {
    let n_tiles = row.width.div_ceil(MOST);
    let mut x = 0;
    for done in 0..n_tiles {
        let n = (row.width - x) / (n_tiles - done);
        // SAFETY: the caller's.
        with_width!(n, MOST, P => unsafe { tile::<V, W, P>(row, x) });
        x += n;
    }
}

/// `P` pixels from `x` on.
///
/// # Safety
/// [`tiles`]'.
#[inline(always)]
unsafe fn tile<V: Vector, W: Numeric, const P: usize>(row: &Row<'_>, x: usize) {
    let step = row.depthwise.step;
    let Depthwise {
        finish,
        target,
        residual,
        ..
    } = row.depthwise;
    let (residual, pixel) = (residual.as_ref().unwrap_or(target), V::LANES / W::PER_WORD);
    // SAFETY: the caller's.
    unsafe {
        let mut sums = [V::load(finish.bias.as_ptr().add(row.channel)); P];
        let from = row.taps.add(x * step);
        if row.depthwise.in_threes {
            accumulate_threes::<V, W, P>(row, from, &mut sums);
        } else if step == pixel {
            accumulate::<V, W, P>(row, from, pixel, &mut sums);
        } else {
            accumulate::<V, W, P>(row, from, step, &mut sums);
        }
        activate(&finish.before, row.channel, &mut sums);
        if let Some(addends) = row.addends {
            let pixel = residual.pixel();
            words::add(residual.numbers, &mut sums, addends.add(x * pixel), pixel);
            activate(&finish.after, row.channel, &mut sums);
        }
        let pixel = target.pixel();
        words::store(target.numbers, &sums, row.target.add(x * pixel), pixel);
    }
}

/// # Safety
/// [`tiles`]'.
#[inline(always)]
unsafe fn accumulate<V: Vector, W: Numeric, const P: usize>(
    row: &Row<'_>,
    from: *const f32,
    step: usize,
    sums: &mut [V; P],
) {
    // SAFETY: the caller's.
    unsafe {
        for (k, &offset) in row.depthwise.taps.iter().enumerate() {
            let weights = V::load(row.weights.add(k * V::LANES));
            for (p, sum) in sums.iter_mut().enumerate() {
                let values: V = W::load(from.add(offset + p * step));
                *sum = values.fma(weights, *sum);
            }
        }
    }
}

/// As [`accumulate`] where the taps come in threes: each number of the source is loaded once for
/// the three pixels that it is a tap of.
///
/// # Safety
/// [`tiles`]'.
#[inline(always)]
unsafe fn accumulate_threes<V: Vector, W: Numeric, const P: usize>(
    row: &Row<'_>,
    from: *const f32,
    sums: &mut [V; P],
) {
    // SAFETY: the caller's; the last pixel's last tap is the last that is loaded.
    unsafe {
        for (k, &offset) in row.depthwise.taps.iter().step_by(3).enumerate() {
            let weight = |tap| V::load(row.weights.add((3 * k + tap) * V::LANES));
            let (left, middle, right) = (weight(0), weight(1), weight(2));
            for x in 0..P + 2 {
                let values: V = W::load(from.add(offset + x * V::LANES / W::PER_WORD));
                if x < P {
                    sums[x] = values.fma(left, sums[x]);
                }
                if (1..=P).contains(&x) {
                    sums[x - 1] = values.fma(middle, sums[x - 1]);
                }
                if x >= 2 {
                    sums[x - 2] = values.fma(right, sums[x - 2]);
                }
            }
        }
    }
}
