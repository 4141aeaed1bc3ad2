//! Pictures as bytes: each image by a scale of its own, so that what lies beside it in a batch changes
//! nothing.

#![allow(unsafe_code, reason = "only to take a task's own rows of the output")]

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use super::scratch::Scratch;
#[cfg(target_arch = "x86_64")]
use super::simd;
use super::{Machine, rows};
use crate::isa::Isa;
#[cfg(target_arch = "x86_64")]
use crate::numbers::Numbers;
use crate::numbers::bytes;
use crate::picture::{Picture, RowAt};
use crate::share::{GRAIN, Shared};

/// Bytes for the same picture in more exact numbers.
#[derive(Debug)]
pub(crate) struct Quantizing {
    source: Picture,
    target: Picture,
    /// The byte that stands for zero.
    zero: u8,
}

impl Quantizing {
    /// Of `source` to `target`, in which `zero` stands for zero.
    pub(crate) fn new(source: Picture, target: Picture, zero: u8) -> Self {
        let rows = match source.halo.is_none() && target.halo.is_none() {
            true => source.height,
            false => 1,
        };
        let merged = |picture: Picture| match rows {
            1 => picture,
            rows => picture.merged(rows),
        };
        Self {
            source: merged(source),
            target: merged(target),
            zero,
        }
    }

    /// A row to be read.
    pub(crate) fn scratch(&self) -> Scratch {
        Scratch::rows([&self.source])
    }

    /// Writes the target, halo apart, and behind it the scale of each image: a number is the scale
    /// times the difference of its byte from the one for zero.
    pub(crate) fn run(&self, machine: Machine<'_>, source: &[f32], target: &mut [f32]) {
        let (words, scales) = target.split_at_mut(self.target.len());
        let shared = Shared::new(words);
        for (image, scale) in scales.iter_mut().enumerate().take(self.target.batch) {
            *scale = self.scale(machine, source, image);
            let per_number = 1.0 / *scale;
            self.each_task(machine, |rows| {
                for row in rows {
                    let at = self.at(image, row);
                    let start = self.target.row_start(at);
                    // SAFETY: rows of a picture do not overlap, and each is in one task.
                    let words = unsafe { shared.part(start..start + self.target.row_len()) };
                    self.row(machine.isa, source, at, per_number, words);
                }
            });
        }
    }

    /// What a step of `image` is worth: its greatest amount takes all of them. Numbers that are not
    /// finite make a scale that is not.
    fn scale(&self, machine: Machine<'_>, source: &[f32], image: usize) -> f32 {
        let greatest = AtomicU32::new(0);
        self.each_task(machine, |rows| {
            let of_rows = rows.map(|row| self.greatest(machine.isa, source, self.at(image, row)));
            greatest.fetch_max(of_rows.max().unwrap_or(0), Ordering::Relaxed);
        });
        match greatest.into_inner() {
            0 => 1.0,
            bits => f32::from_bits(bits) / f32::from(u8::MAX - self.zero),
        }
    }

    /// Calls `work` with the rows of one image, some at a time.
    fn each_task(&self, machine: Machine<'_>, work: impl Fn(Range<usize>) + Sync) {
        let n_rows = self.source.blocks() * self.source.height;
        let per_task = GRAIN.div_ceil(self.source.row_len().max(1)).max(1);
        machine.pool.for_each(n_rows.div_ceil(per_task), &|task| {
            work(task * per_task..((task + 1) * per_task).min(n_rows));
        });
    }

    fn at(&self, image: usize, row: usize) -> RowAt {
        RowAt {
            image,
            block: row / self.source.height,
            y: row % self.source.height,
        }
    }

    /// The bits of the greatest amount in a row, of the lanes that are channels: amounts are in the
    /// order of their bits.
    fn greatest(&self, isa: Isa, source: &[f32], at: RowAt) -> u32 {
        let lanes = self.source.lanes;
        let used = lanes.min(self.source.channels - at.block * lanes);
        match (isa, self.source.numbers) {
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512, Numbers::Bf16) => simd::greatest(self.source.row(source, at), used),
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512, _) => simd::greatest_f32(self.source.row(source, at), used),
            _ => rows::read(isa, &self.source, source, at, |row| {
                let pixels = row.chunks_exact(lanes).flat_map(|pixel| &pixel[..used]);
                pixels.map(|x| x.abs().to_bits()).max().unwrap_or(0)
            }),
        }
    }

    /// The bytes of a row.
    fn row(&self, isa: Isa, source: &[f32], at: RowAt, per_number: f32, words: &mut [f32]) {
        match (isa, self.source.numbers) {
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512, Numbers::Bf16) => {
                simd::quantize(self.source.row(source, at), (per_number, self.zero), words);
            }
            #[cfg(target_arch = "x86_64")]
            (Isa::Avx512, _) => {
                simd::quantize_f32(self.source.row(source, at), (per_number, self.zero), words);
            }
            _ => rows::read(isa, &self.source, source, at, |row| {
                isa.vectorize(|| quantize(row, (per_number, self.zero), words));
            }),
        }
    }
}

/// Numbers to bytes, `per_number` steps for each 1. No finite one is further from zero than there
/// are steps, by the scale; lanes without a channel have no weights.
#[inline(always)]
fn quantize(row: &[f32], (per_number, zero): (f32, u8), words: &mut [f32]) {
    let (numbers, _) = row.as_chunks::<4>();
    let step = |x: f32| x.mul_add(per_number, f32::from(zero)).round_ties_even() as u8;
    for (word, numbers) in words.iter_mut().zip(numbers) {
        *word = bytes(numbers.map(step));
    }
}
