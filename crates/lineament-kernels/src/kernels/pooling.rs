//! Windows without weights: maxima and means.

use std::array::from_fn;

use super::{Machine, rows};
use crate::isa::Isa;
use crate::ops::Slide;
use crate::picture::{Picture, RowAt};
use crate::share::each_row;

/// A pool, ready to run. Padding is never read.
#[derive(Debug)]
pub(crate) struct Pooling {
    pub(crate) kind: PoolKind,
    pub(crate) slides: [Slide; 2],
    pub(crate) source: Picture,
    pub(crate) target: Picture,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PoolKind {
    Max,
    /// Over the pixels inside the picture.
    Mean,
    /// Over the window, which counts padding as zeros.
    MeanWithPadding,
}

impl Pooling {
    /// Writes the target, halo apart.
    pub(crate) fn run(&self, machine: Machine<'_>, source: &[f32], target: &mut [f32]) {
        let isa = machine.isa;
        each_row(machine.pool, &self.target, target, |at, words| {
            rows::write(isa, &self.target, words, |row| {
                isa.vectorize(|| match self.target.lanes {
                    16 => self.row::<16>(isa, source, at, row),
                    8 => self.row::<8>(isa, source, at, row),
                    _ => self.row::<1>(isa, source, at, row),
                });
            });
        });
    }

    #[inline(always)]
    fn row<const L: usize>(&self, isa: Isa, source: &[f32], at: RowAt, row: &mut [f32]) {
        let down = &self.slides[0];
        let ys = inside(down, at.y, self.source.height);
        let (pixels, _) = row.as_chunks_mut::<L>();
        let lines = || ys.clone().step_by(down.dilation);
        match self.kind {
            PoolKind::Max => {
                pixels.fill([f32::NEG_INFINITY; L]);
                for y in lines() {
                    rows::read(isa, &self.source, source, RowAt { y, ..at }, |line| {
                        // One instruction, unlike `f32::max`.
                        self.gather(line, pixels, |m, v| if v > m { v } else { m });
                    });
                }
            }
            PoolKind::Mean | PoolKind::MeanWithPadding => {
                pixels.fill([0.0; L]);
                for y in lines() {
                    rows::read(isa, &self.source, source, RowAt { y, ..at }, |line| {
                        self.gather(line, pixels, |sum, v| sum + v);
                    });
                }
                self.divide(at.y, ys.len().div_ceil(down.dilation), pixels);
            }
        }
    }

    /// Takes the pixels of a line that are in windows of a row together, place by place of the window,
    /// so that each place is one loop over the row.
    #[inline(always)]
    fn gather<const L: usize>(
        &self,
        line: &[f32],
        pixels: &mut [[f32; L]],
        both: impl Fn(f32, f32) -> f32,
    ) {
        let across = &self.slides[1];
        let (line, _) = line.as_chunks::<L>();
        for k in 0..across.kernel {
            let reach = k * across.dilation;
            // The first window whose place k lies inside the picture.
            let first = across.before.saturating_sub(reach).div_ceil(across.stride);
            let column = first * across.stride + reach - across.before;
            let values = line.get(column..).unwrap_or_default();
            let pixels = pixels.get_mut(first..).unwrap_or_default();
            for (pixel, value) in pixels.iter_mut().zip(values.iter().step_by(across.stride)) {
                // Copies, which the compiler knows not to overlap, become one instruction.
                let (so_far, value) = (*pixel, *value);
                *pixel = from_fn(|lane| both(so_far[lane], value[lane]));
            }
        }
    }

    /// Sums to means; `n_lines` rows of the picture are in the window.
    #[inline(always)]
    fn divide<const L: usize>(&self, y: usize, n_lines: usize, pixels: &mut [[f32; L]]) {
        let [down, across] = &self.slides;
        let (height, width) = (self.source.height, self.source.width);
        for (x, pixel) in pixels.iter_mut().enumerate() {
            let count = match self.kind {
                PoolKind::MeanWithPadding => padded(down, y, height) * padded(across, x, width),
                _ => n_lines * inside(across, x, width).len().div_ceil(across.dilation),
            };
            *pixel = pixel.map(|sum| sum / count as f32);
        }
    }
}

/// The places of window `index` that lie inside a picture of `length`, from the first on, a
/// dilation apart.
fn inside(slide: &Slide, index: usize, length: usize) -> std::ops::Range<usize> {
    let start = index * slide.stride;
    let skipped = slide.before.saturating_sub(start).div_ceil(slide.dilation);
    let first = start + skipped * slide.dilation - slide.before;
    let end = (start + (slide.kernel - 1) * slide.dilation + 1).saturating_sub(slide.before);
    first.min(length)..end.clamp(first.min(length), length)
}

/// The places of window `index` that lie inside the picture and its stated padding.
fn padded(slide: &Slide, index: usize, length: usize) -> usize {
    let start = index * slide.stride;
    let room = (slide.before + length + slide.after).saturating_sub(start);
    slide.kernel.min(room.div_ceil(slide.dilation))
}

/// The mean of each channel of `source`, one pixel each.
pub(crate) fn global_mean(
    machine: Machine<'_>,
    [from, to]: &[Picture; 2],
    source: &[f32],
    target: &mut [f32],
) {
    let n = (from.height * from.width) as f32;
    each_row(machine.pool, to, target, |at, pixel| {
        machine.isa.vectorize(|| {
            pixel.fill(0.0);
            for y in 0..from.height {
                let row = from.row(source, RowAt { y, ..at });
                for values in row.chunks_exact(pixel.len()) {
                    for (sum, value) in pixel.iter_mut().zip(values) {
                        *sum += value;
                    }
                }
            }
            for sum in pixel.iter_mut() {
                *sum /= n;
            }
        });
    });
}
