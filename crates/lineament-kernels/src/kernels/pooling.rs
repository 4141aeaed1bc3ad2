//! Windows without weights: maxima and means.

use super::Machine;
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
        each_row(machine.pool, &self.target, target, |at, row| {
            machine.isa.vectorize(|| match self.target.lanes {
                16 => self.row::<16>(source, at, row),
                8 => self.row::<8>(source, at, row),
                _ => self.row::<1>(source, at, row),
            });
        });
    }

    #[inline(always)]
    fn row<const L: usize>(&self, source: &[f32], at: RowAt, row: &mut [f32]) {
        let [down, across] = &self.slides;
        let ys = inside(down, at.y, self.source.height);
        let (pixels, _) = row.as_chunks_mut::<L>();
        for (x, pixel) in pixels.iter_mut().enumerate() {
            let xs = inside(across, x, self.source.width);
            let mut result = match self.kind {
                PoolKind::Max => [f32::NEG_INFINITY; L],
                PoolKind::Mean | PoolKind::MeanWithPadding => [0.0; L],
            };
            for y in ys.clone().step_by(down.dilation) {
                let (row, _) = self.source.row(source, RowAt { y, ..at }).as_chunks::<L>();
                for value in row[xs.clone()].iter().step_by(across.dilation) {
                    for (result, &value) in result.iter_mut().zip(value) {
                        *result = match self.kind {
                            // One instruction, unlike `f32::max`.
                            PoolKind::Max if value > *result => value,
                            PoolKind::Max => *result,
                            _ => *result + value,
                        };
                    }
                }
            }
            let count = match self.kind {
                PoolKind::Max => 1,
                PoolKind::Mean => {
                    ys.len().div_ceil(down.dilation) * xs.len().div_ceil(across.dilation)
                }
                PoolKind::MeanWithPadding => {
                    padded(down, at.y, self.source.height) * padded(across, x, self.source.width)
                }
            };
            *pixel = match self.kind {
                PoolKind::Max => result,
                _ => result.map(|value| value / count as f32),
            };
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
