//! Sums with AVX2, in assembly: with 16 registers, 12 of them sums, the compiler keeps some of the
//! sums in memory as soon as a loop over channels is written out.

use std::arch::asm;
use std::arch::x86_64::__m256;
use std::mem::offset_of;
use std::ops::Range;

use super::dense::AHEAD;
use crate::kernels::dense::Tap;

/// Channels of a tap whose instructions are written out.
pub(super) const RUN: usize = 8;

/// Places of a tap of a picture of one plane a channel, as convolutions of 3 columns have them, whose
/// instructions are written out as well. Their weights are few, and stay in the nearest cache.
const THREE: usize = 3;

/// One channel of one block: its weights, then for each pixel its input and the product.
macro_rules! near_channel_of_one {
    ($i:literal, $($p:ident $a:ident $b:ident)*) => {
        concat!(
            "vmovups {w}, [{weights} + 32*", $i, "]\n",
            $(
                "vbroadcastss {x}, [{", stringify!($p), "} + 4*{offset} + 4*", $i, "]\n",
                "vfmadd231ps {", stringify!($a), "}, {x}, {w}\n",
            )*
        )
    };
}

/// One channel of two blocks.
macro_rules! near_channel_of_two {
    ($i:literal, $($p:ident $a:ident $b:ident)*) => {
        concat!(
            "vmovups {w}, [{weights} + 32*", $i, "]\n",
            "vmovups {v}, [{weights} + {stride} + 32*", $i, "]\n",
            $(
                "vbroadcastss {x}, [{", stringify!($p), "} + 4*{offset} + 4*", $i, "]\n",
                "vfmadd231ps {", stringify!($a), "}, {x}, {w}\n",
                "vfmadd231ps {", stringify!($b), "}, {x}, {v}\n",
            )*
        )
    };
}

/// One channel of one block, with weights called for that come later.
macro_rules! channel_of_one {
    ($i:literal, $($pixels:tt)*) => {
        concat!(
            "prefetcht0 [{weights} + 32*", $i, " + {ahead}]\n",
            near_channel_of_one!($i, $($pixels)*),
        )
    };
}

/// The same of two blocks.
macro_rules! channel_of_two {
    ($i:literal, $($pixels:tt)*) => {
        concat!(
            "prefetcht0 [{weights} + 32*", $i, " + {ahead}]\n",
            "prefetcht0 [{weights} + {stride} + 32*", $i, " + {ahead}]\n",
            near_channel_of_two!($i, $($pixels)*),
        )
    };
}

/// All taps, of [`THREE`] places each.
macro_rules! taps_of_threes {
    ($channel:ident, $($pixels:tt)*) => {
        concat!(
            "2:\n",
            "mov {offset}, [{tap} + {offset_at}]\n",
            $channel!(0, $($pixels)*), $channel!(1, $($pixels)*), $channel!(2, $($pixels)*),
            "add {weights}, 32*3\n",
            "add {tap}, {tap_size}\n",
            "cmp {tap}, {end}\n",
            "jne 2b\n",
            // Operands that only other taps use.
            "/* {count} {count_at} {ahead} */",
        )
    };
}

/// All taps, of [`RUN`] channels each.
macro_rules! taps_of_runs {
    ($channel:ident, $($pixels:tt)*) => {
        concat!(
            "2:\n",
            "mov {offset}, [{tap} + {offset_at}]\n",
            $channel!(0, $($pixels)*), $channel!(1, $($pixels)*), $channel!(2, $($pixels)*),
            $channel!(3, $($pixels)*), $channel!(4, $($pixels)*), $channel!(5, $($pixels)*),
            $channel!(6, $($pixels)*), $channel!(7, $($pixels)*),
            "add {weights}, 32*8\n",
            "add {tap}, {tap_size}\n",
            "cmp {tap}, {end}\n",
            "jne 2b\n",
            // Operands that only the taps of other counts use.
            "/* {count} {count_at} */",
        )
    };
}

/// All taps, of any number of channels but none.
macro_rules! taps_of_any {
    ($channel:ident, $($pixels:tt)*) => {
        concat!(
            "2:\n",
            "mov {offset}, [{tap} + {offset_at}]\n",
            "mov {count}, [{tap} + {count_at}]\n",
            "3:\n",
            $channel!(0, $($pixels)*),
            "add {weights}, 32\n",
            "inc {offset}\n",
            "dec {count}\n",
            "jnz 3b\n",
            "add {tap}, {tap_size}\n",
            "cmp {tap}, {end}\n",
            "jne 2b\n",
        )
    };
}

/// [`add`] for the pixels that are listed, as `[index register sum sum]`.
macro_rules! sums_of_one {
    ($taps:ident $one:ident $two:ident, $from:expr, $stride:expr, $sums:ident,
     $([$i:literal $p:ident $a:ident $b:ident])*) => {{
        let (taps, weights, pixels) = $from;
        asm!(
            $taps!($one, $($p $a $b)*),
            tap = inout(reg) taps.start => _,
            end = in(reg) taps.end,
            weights = inout(reg) weights => _,
            offset = out(reg) _,
            count = out(reg) _,
            ahead = const 32 * AHEAD,
            offset_at = const offset_of!(Tap, offset),
            count_at = const offset_of!(Tap, count),
            tap_size = const size_of::<Tap>(),
            w = out(ymm_reg) _,
            x = out(ymm_reg) _,
            $($p = in(reg) pixels[$i], $a = inout(ymm_reg) $sums[0][$i],)*
            options(readonly, nostack),
        )
    }};
}

/// The same for two blocks.
macro_rules! sums_of_two {
    ($taps:ident $one:ident $two:ident, $from:expr, $stride:expr, $sums:ident,
     $([$i:literal $p:ident $a:ident $b:ident])*) => {{
        let (taps, weights, pixels) = $from;
        asm!(
            $taps!($two, $($p $a $b)*),
            tap = inout(reg) taps.start => _,
            end = in(reg) taps.end,
            weights = inout(reg) weights => _,
            offset = out(reg) _,
            count = out(reg) _,
            stride = in(reg) 4 * $stride,
            ahead = const 32 * AHEAD,
            offset_at = const offset_of!(Tap, offset),
            count_at = const offset_of!(Tap, count),
            tap_size = const size_of::<Tap>(),
            w = out(ymm_reg) _,
            v = out(ymm_reg) _,
            x = out(ymm_reg) _,
            $(
                $p = in(reg) pixels[$i],
                $a = inout(ymm_reg) $sums[0][$i],
                $b = inout(ymm_reg) $sums[1][$i],
            )*
            options(readonly, nostack),
        )
    }};
}

/// Adds the products of weights and inputs to the sums of `P` pixels, of which each has its place,
/// and `B` blocks, whose weights lie `stride` numbers apart: over the taps of `runs`, which have
/// [`RUN`] channels each, then over `threes`, of [`THREE`] places, and over `others`.
///
/// # Safety
/// The processor has AVX2 and FMA; all addresses that the taps lead to are good; no tap is without
/// channels; there are one or two blocks and one to six pixels.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn accumulate<const B: usize, const P: usize>(
    [runs, threes, others]: [&[Tap]; 3],
    weights: *const f32,
    pixels: &[*const f32; P],
    stride: usize,
    sums: &mut [[__m256; P]; B],
) {
    // SAFETY: the caller's.
    unsafe {
        if !runs.is_empty() {
            add::<B, P, RUN>((runs.as_ptr_range(), weights, pixels), stride, sums);
        }
        let weights = weights.add(runs.len() * RUN * 8);
        if !threes.is_empty() {
            add::<B, P, THREE>((threes.as_ptr_range(), weights, pixels), stride, sums);
        }
        let weights = weights.add(threes.len() * THREE * 8);
        if !others.is_empty() {
            add::<B, P, 0>((others.as_ptr_range(), weights, pixels), stride, sums);
        }
    }
}

/// Adds the products of a range of taps, at least one, which are all of `COUNT` channels or, where that is 0,
/// of any number.
///
/// # Safety
/// [`accumulate`]'s.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn add<const B: usize, const P: usize, const COUNT: usize>(
    from: (Range<*const Tap>, *const f32, &[*const f32; P]),
    stride: usize,
    sums: &mut [[__m256; P]; B],
) {
    macro_rules! pixels {
        ($sums_of:ident, $($how:ident)*) => {
            match P {
                1 => $sums_of!($($how)*, from, stride, sums, [0 p0 a0 b0]),
                2 => $sums_of!($($how)*, from, stride, sums, [0 p0 a0 b0] [1 p1 a1 b1]),
                3 => $sums_of!($($how)*, from, stride, sums,
                    [0 p0 a0 b0] [1 p1 a1 b1] [2 p2 a2 b2]),
                4 => $sums_of!($($how)*, from, stride, sums,
                    [0 p0 a0 b0] [1 p1 a1 b1] [2 p2 a2 b2] [3 p3 a3 b3]),
                5 => $sums_of!($($how)*, from, stride, sums,
                    [0 p0 a0 b0] [1 p1 a1 b1] [2 p2 a2 b2] [3 p3 a3 b3] [4 p4 a4 b4]),
                6 => $sums_of!($($how)*, from, stride, sums,
                    [0 p0 a0 b0] [1 p1 a1 b1] [2 p2 a2 b2] [3 p3 a3 b3] [4 p4 a4 b4] [5 p5 a5 b5]),
                _ => {}
            }
        };
    }
    // SAFETY: reads of the caller's good addresses; to fetch ahead from others does nothing.
    unsafe {
        match (B, COUNT) {
            (1, RUN) => pixels!(sums_of_one, taps_of_runs channel_of_one channel_of_two),
            (1, THREE) => {
                pixels!(sums_of_one, taps_of_threes near_channel_of_one near_channel_of_two)
            }
            (1, _) => pixels!(sums_of_one, taps_of_any channel_of_one channel_of_two),
            (2, RUN) => pixels!(sums_of_two, taps_of_runs channel_of_one channel_of_two),
            (2, THREE) => {
                pixels!(sums_of_two, taps_of_threes near_channel_of_one near_channel_of_two)
            }
            (2, _) => pixels!(sums_of_two, taps_of_any channel_of_one channel_of_two),
            _ => {}
        }
    }
}

/// The taps before the first that is no run, those after it of three places, and the rest.
pub(super) fn in_runs(taps: &[Tap]) -> [&[Tap]; 3] {
    let n = |taps: &[Tap], count| taps.iter().take_while(|tap| tap.count == count).count();
    let (runs, rest) = taps.split_at(n(taps, RUN));
    let (threes, others) = rest.split_at(n(rest, THREE));
    [runs, threes, others]
}
