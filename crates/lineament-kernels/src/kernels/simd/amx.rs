//! Tiles of AMX: up to 16 pixels × 16 output channels of sums, to which one instruction adds the products of up to 16
//! words of each pixel (Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18).
//!
//! A tile of inputs has a row for each pixel, of weights one for each word, with two or four numbers of each output
//! channel: both as they lie. Rust has no stable intrinsics for them, so that whole sums are one piece of assembly.

use std::arch::asm;
use std::arch::x86_64::__cpuid_count;
use std::sync::OnceLock;

use super::dense::{Row, finish_pixels, row_of};
use super::vector::Vector;
use super::words::{Bytes, Halves, Words};
use super::x86::WithBf16;
use crate::kernels::dense::{Dense, PAIR, Strip};
use crate::numbers::Numbers;
use crate::share::Shared;

/// Most rows of a tile.
const ROWS: usize = 16;

/// Words of a row of sums or weights.
const LANES: usize = <WithBf16 as Vector>::LANES;

/// Words of a tile of sums.
const TILE: usize = ROWS * LANES;

/// Segments whose sums are in registers at once, of two blocks each.
const SEGMENTS: usize = 2;

/// Least words of a step that are worth tiles: an instruction takes as long for one word as for 16.
const LEAST_WORDS: usize = 4;

/// AMX-BF16, AMX-TILE and AMX-INT8 among the features of leaf 7, in EDX.
const FEATURES: u32 = 1 << 22 | 1 << 24 | 1 << 25;

/// The number of `arch_prctl` among Linux's calls, of its `ARCH_REQ_XCOMP_PERM`, and of tiles among the states of a
/// thread (linux/arch/x86/include/uapi/asm/prctl.h; Documentation/arch/x86/xstate.rst).
const ARCH_PRCTL: isize = 158;
const REQUEST: usize = 0x1023;
const TILE_DATA: usize = 18;

/// Whether the processor has tiles and the system lets this process use them, for which it is asked once.
pub(crate) fn is_permitted() -> bool {
    static PERMITTED: OnceLock<bool> = OnceLock::new();
    *PERMITTED.get_or_init(|| {
        // AVX-512 is there, and so is leaf 7.
        cfg!(target_os = "linux") && __cpuid_count(7, 0).edx & FEATURES == FEATURES && request()
    })
}

/// Asks Linux for the room that the tiles of each thread take.
fn request() -> bool {
    let mut result = ARCH_PRCTL;
    // SAFETY: Linux's convention for calls; this one reads and writes no memory of the process.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") result,
            in("rdi") REQUEST,
            in("rsi") TILE_DATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result == 0
}

/// What `ldtilecfg` reads.
#[repr(C, align(64))]
struct Shapes {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

impl Shapes {
    /// Tiles 0 to 3 hold sums of `pixels`, 4 and 5 `words` of each pixel, 6 and 7 the weights of those.
    fn new(pixels: usize, words: usize) -> Self {
        let mut shapes = Self {
            palette: 1,
            start_row: 0,
            reserved: [0; 14],
            row_bytes: [0; 16],
            rows: [0; 16],
        };
        for tile in 0..8 {
            let (rows, words) = match tile {
                0..4 => (pixels, LANES),
                4 | 5 => (pixels, words),
                _ => (words, LANES),
            };
            shapes.rows[tile] = rows as u8;
            shapes.row_bytes[tile] = 4 * words as u16;
        }
        shapes
    }

    /// # Safety
    /// Tiles are permitted.
    unsafe fn load(&self) {
        // SAFETY: the caller's; it is as the instruction wants it.
        unsafe {
            asm!(
                "ldtilecfg [{shapes}]",
                shapes = in(reg) self,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack, readonly, preserves_flags),
            );
        }
    }
}

/// Gives the tiles back, which the system then need not save.
///
/// # Safety
/// Tiles are permitted.
unsafe fn release() {
    // SAFETY: the caller's.
    unsafe { asm!("tilerelease", options(nostack, nomem, preserves_flags)) }
}

/// Sums of two segments × two blocks.
#[repr(C, align(64))]
struct Sums([[[f32; TILE]; PAIR]; SEGMENTS]);

/// What one piece of assembly sums up, all distances in bytes.
struct Products<'a> {
    /// What the sums of each channel of both blocks begin with.
    starts: &'a [[f32; LANES]; PAIR],
    /// Where the steps lie, from a segment's first pixel, in words.
    steps: &'a [usize],
    /// The first pixel of one segment.
    pixels: *const f32,
    /// From there to the other segment's.
    beside: usize,
    /// From a pixel to the next.
    across: usize,
    /// The weights of both blocks.
    weights: [*const f32; PAIR],
    /// The weights of one step.
    step: usize,
}

macro_rules! sum_with {
    ($name:ident, $product:literal) => {
        /// # Safety
        /// Tiles are permitted and have their shapes; all addresses are good, and there is a step.
        unsafe fn $name(products: &Products<'_>, sums: &mut Sums) {
            let steps = products.steps.as_ptr_range();
            // SAFETY: the caller's.
            unsafe {
                asm!(
                    // Rows no distance apart: each begins with the same numbers.
                    "xor {at:e}, {at:e}",
                    "tileloadd tmm0, [{starts} + {at}*1]",
                    "tileloadd tmm1, [{starts} + {at}*1 + 64]",
                    "tileloadd tmm2, [{starts} + {at}*1]",
                    "tileloadd tmm3, [{starts} + {at}*1 + 64]",
                    "2:",
                    "mov {at}, qword ptr [{steps}]",
                    "lea {at}, [{pixels} + {at}*4]",
                    "tileloadd tmm4, [{at} + {across}*1]",
                    "tileloadd tmm6, [{first} + {row}*1]",
                    concat!($product, " tmm0, tmm4, tmm6"),
                    "tileloadd tmm7, [{second} + {row}*1]",
                    concat!($product, " tmm1, tmm4, tmm7"),
                    "add {at}, {beside}",
                    "tileloadd tmm5, [{at} + {across}*1]",
                    concat!($product, " tmm2, tmm5, tmm6"),
                    concat!($product, " tmm3, tmm5, tmm7"),
                    "add {first}, {step}",
                    "add {second}, {step}",
                    "add {steps}, 8",
                    "cmp {steps}, {end}",
                    "jb 2b",
                    "tilestored [{sums} + {row}*1], tmm0",
                    "tilestored [{sums} + {row}*1 + 1024], tmm1",
                    "tilestored [{sums} + {row}*1 + 2048], tmm2",
                    "tilestored [{sums} + {row}*1 + 3072], tmm3",
                    at = out(reg) _,
                    starts = in(reg) products.starts,
                    steps = inout(reg) steps.start => _,
                    end = in(reg) steps.end,
                    pixels = in(reg) products.pixels,
                    beside = in(reg) products.beside,
                    across = in(reg) products.across,
                    first = inout(reg) products.weights[0] => _,
                    second = inout(reg) products.weights[1] => _,
                    row = in(reg) 4 * LANES,
                    step = in(reg) products.step,
                    sums = in(reg) sums,
                    out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                    out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                    options(nostack),
                );
            }
        }
    };
}

sum_with!(sum_halves, "tdpbf16ps");
sum_with!(sum_bytes, "tdpbusd");

/// Whether tiles suit a convolution: its words hold several numbers, and its taps come in steps of a few words.
pub(super) fn suits(dense: &Dense) -> bool {
    let even = &dense.even;
    dense.source.numbers.per_word() > 1 && even.words >= LEAST_WORDS && !even.offsets.is_empty()
}

/// The rows of `strip`, of a convolution that [`suits`].
pub(super) fn dense(
    dense: &Dense,
    strip: &Strip,
    source: &[f32],
    residual: Option<&[f32]>,
    shared: &Shared<'_>,
) {
    let width = dense.target.width;
    let n_segments = width.div_ceil(ROWS);
    let pixels = width.div_ceil(n_segments);
    let words = dense.even.words;
    let starts = match dense.source.numbers {
        Numbers::U8 { .. } => &dense.packed.starts,
        _ => &dense.finish.bias,
    };
    let (blocks, _) = starts[strip.block * LANES..].as_chunks::<LANES>();
    let (stride, packed) = (dense.packed.block_stride, &dense.packed.weights);
    let (first, last) = (strip.block, strip.block + strip.n_blocks - 1);
    // What lies side by side of the last segments of a row is computed twice.
    let segment = |index: usize| Segment {
        y: strip.rows.start + index / n_segments,
        x: (index % n_segments * pixels).min(width - pixels),
        done: (index % n_segments * pixels).saturating_sub(width - pixels),
    };
    let n = strip.rows.len() * n_segments;
    let mut sums = Sums([[[0.0; TILE]; PAIR]; SEGMENTS]);
    // SAFETY: the instruction set is present, and so tiles are permitted. `Dense::check` has found every tap of every
    // pixel, all weights and all biases inside their slices; a segment is no wider than the picture.
    unsafe {
        Shapes::new(pixels, words).load();
        for index in (0..n).step_by(SEGMENTS) {
            // Without another segment, the last is summed up twice.
            let segments = [index, (index + 1).min(n - 1)].map(segment);
            let [one, other] = segments.map(|segment| {
                let down = (segment.y - strip.rows.start) * dense.steps[0];
                strip.source + down + segment.x * dense.steps[1]
            });
            let products = Products {
                starts: &[blocks[0], blocks[strip.n_blocks - 1]],
                steps: &dense.even.offsets,
                pixels: source[one..].as_ptr(),
                beside: 4 * (other - one),
                across: 4 * dense.steps[1],
                weights: [first, last].map(|block| packed[block * stride..].as_ptr()),
                step: 4 * words * LANES,
            };
            match dense.source.numbers {
                Numbers::U8 { .. } => sum_bytes(&products, &mut sums),
                _ => sum_halves(&products, &mut sums),
            }
            for (segment, sums) in segments.iter().zip(&sums.0).take(n - index) {
                let row = row_of(dense, strip, segment.y, source, residual, shared);
                match dense.source.numbers {
                    Numbers::U8 { .. } => finish_bytes(&row, strip, segment, pixels, sums),
                    _ => finish_halves(&row, strip, segment, pixels, sums),
                }
            }
        }
        release();
    }
}

/// Some pixels of a row.
#[derive(Clone, Copy)]
struct Segment {
    y: usize,
    x: usize,
    /// How many of them another segment has finished.
    done: usize,
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn finish_halves(
    row: &Row<'_>,
    strip: &Strip,
    segment: &Segment,
    pixels: usize,
    sums: &[[f32; TILE]; PAIR],
) {
    // SAFETY: the caller's.
    unsafe { finish::<Halves>(row, strip, segment, pixels, sums) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16,avx512vnni")]
unsafe fn finish_bytes(
    row: &Row<'_>,
    strip: &Strip,
    segment: &Segment,
    pixels: usize,
    sums: &[[f32; TILE]; PAIR],
) {
    // SAFETY: the caller's.
    unsafe { finish::<Bytes>(row, strip, segment, pixels, sums) }
}

/// Writes the outputs of a segment's pixels.
///
/// # Safety
/// [`Words`]' contract; all addresses of `row` are good for the whole row.
#[inline(always)]
unsafe fn finish<W: Words>(
    row: &Row<'_>,
    strip: &Strip,
    segment: &Segment,
    pixels: usize,
    sums: &[[f32; TILE]; PAIR],
) {
    for (b, sums) in sums.iter().enumerate().take(strip.n_blocks) {
        let (pixels, _) = sums[segment.done * LANES..pixels * LANES].as_chunks::<LANES>();
        let x = segment.x + segment.done;
        // SAFETY: the caller's.
        unsafe { finish_pixels::<WithBf16, W>(row, x, b, pixels) }
    }
}

/// Products of `rounds` in registers alone; how many there are in a round.
pub(super) fn multiply(numbers: Numbers, rounds: usize) -> u64 {
    // SAFETY: the instruction set is present, and so tiles are permitted.
    unsafe {
        Shapes::new(ROWS, ROWS).load();
        match numbers {
            Numbers::U8 { .. } => products_of_bytes(rounds),
            _ => products_of_halves(rounds),
        }
        release();
    }
    (PAIR * SEGMENTS * TILE * ROWS * numbers.per_word()) as u64
}

macro_rules! products_of {
    ($name:ident, $product:literal) => {
        /// # Safety
        /// Tiles are permitted and have their shapes.
        unsafe fn $name(rounds: usize) {
            // SAFETY: the caller's.
            unsafe {
                asm!(
                    "2:",
                    concat!($product, " tmm0, tmm4, tmm6"),
                    concat!($product, " tmm1, tmm4, tmm7"),
                    concat!($product, " tmm2, tmm5, tmm6"),
                    concat!($product, " tmm3, tmm5, tmm7"),
                    "dec {rounds}",
                    "jnz 2b",
                    rounds = inout(reg) rounds.max(1) => _,
                    out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                    out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                    options(nostack, nomem),
                );
            }
        }
    };
}

products_of!(products_of_halves, "tdpbf16ps");
products_of!(products_of_bytes, "tdpbusd");
