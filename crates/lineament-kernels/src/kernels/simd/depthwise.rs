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
use crate::picture::RowAt;

/// One row of one block; `source` begins at the first tap of its first pixel.
pub(in crate::kernels) fn depthwise_row(
    isa: Isa,
    depthwise: &Depthwise,
    source: &[f32],
    at: RowAt,
    addends: Option<&[f32]>,
    target: &mut [f32],
) {
    let Depthwise {
        target: to,
        residual,
        ..
    } = depthwise;
    let (lanes, width) = (to.lanes, to.width);
    assert!(width > 0 && (width - 1) * depthwise.step + depthwise.reach <= source.len());
    assert!(target.len() == to.row_len());
    assert!(addends.is_none_or(|a| residual.is_some_and(|r| a.len() >= r.row_len())));
    #[cfg(target_arch = "x86_64")]
    let has_bf16 = [Some(depthwise.source), Some(*to), *residual]
        .into_iter()
        .flatten()
        .any(|picture| picture.numbers == Numbers::Bf16);
    let row = Row {
        depthwise,
        channel: at.block * lanes,
        weights: depthwise.weights(at.block).as_ptr(),
        taps: source.as_ptr(),
        target: target.as_mut_ptr(),
        addends: addends.map(<[f32]>::as_ptr),
        width,
    };
    assert!(row.channel + lanes <= depthwise.finish.bias.len());
    // SAFETY: every tap of every pixel lies in `source`, as seen above; the instruction set is
    // present.
    unsafe {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 if has_bf16 => row_bf16(&row),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => row_avx512(&row),
            #[cfg(target_arch = "x86_64")]
            _ => row_avx2(&row),
            #[cfg(target_arch = "aarch64")]
            _ => row_neon(&row),
        }
    }
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
unsafe fn row_avx512(row: &Row<'_>) {
    // SAFETY: the caller's.
    unsafe {
        match row.depthwise.in_threes {
            // With more pixels the compiler keeps their sums in memory.
            true => tiles::<__m512, Whole, 12>(row),
            false => tiles::<__m512, Whole, 14>(row),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn row_bf16(row: &Row<'_>) {
    // SAFETY: the caller's.
    unsafe {
        match (row.depthwise.source.numbers, row.depthwise.in_threes) {
            // As above.
            (Numbers::F32, true) => tiles::<WithBf16, Whole, 12>(row),
            (Numbers::F32, false) => tiles::<WithBf16, Whole, 14>(row),
            (Numbers::Bf16, true) => tiles::<WithBf16, Halves, 12>(row),
            (Numbers::Bf16, false) => tiles::<WithBf16, Halves, 14>(row),
            (Numbers::U8 { .. }, _) => {}
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn row_avx2(row: &Row<'_>) {
    // SAFETY: the caller's.
    unsafe {
        match row.depthwise.in_threes {
            // As above.
            true => tiles::<__m256, Whole, 10>(row),
            false => tiles::<__m256, Whole, 12>(row),
        }
    }
}

#[cfg(target_arch = "aarch64")]
#[target_feature(enable = "neon")]
unsafe fn row_neon(row: &Row<'_>) {
    // SAFETY: the caller's.
    unsafe {
        match row.depthwise.in_threes {
            true => tiles::<Neon, Whole, 10>(row),
            false => tiles::<Neon, Whole, 12>(row),
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
