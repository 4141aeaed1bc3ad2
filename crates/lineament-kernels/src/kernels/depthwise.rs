//! Convolutions of each channel by itself.

use std::sync::Arc;

use super::Machine;
use super::finish::Finish;
use super::portable;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use super::simd;
use crate::aligned::Aligned;
use crate::isa::Isa;
use crate::ops::Slide;
use crate::picture::{Picture, RowAt};
use crate::share::each_run;

/// A depthwise convolution, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct Depthwise {
    /// `[block][tap][lanes]`, taps row by row.
    pub(crate) packed: Arc<Aligned>,
    pub(crate) finish: Finish,
    /// Places of the input from the pixel's first, in words.
    pub(crate) taps: Vec<usize>,
    /// Whether the taps come in threes beside each other, of pixels beside each other.
    pub(crate) in_threes: bool,
    /// Words of the source from a pixel's first tap to the end of its last.
    pub(crate) reach: usize,
    pub(crate) source: Picture,
    pub(crate) target: Picture,
    pub(crate) residual: Option<Picture>,
    origin: usize,
    /// Words of the source between output rows.
    pub(crate) row_step: usize,
    /// Words of the source between output pixels.
    pub(crate) step: usize,
}

impl Depthwise {
    pub(crate) fn new(
        [source, target]: [Picture; 2],
        residual: Option<Picture>,
        [down, across]: &[Slide; 2],
        packed: Arc<Aligned>,
        finish: Finish,
    ) -> Self {
        let rows = (0..down.kernel).map(|ky| ky * down.dilation * source.row_stride());
        let columns = |row| (0..across.kernel).map(move |kx| (row, kx));
        let taps = rows.flat_map(columns);
        let taps = taps.map(|(row, kx)| row + kx * across.dilation * source.pixel());
        let taps: Vec<usize> = taps.collect();
        Self {
            reach: taps.iter().max().map_or(0, |last| last + source.pixel()),
            taps,
            in_threes: (across.kernel, across.stride, across.dilation) == (3, 1, 1),
            origin: (source.halo.top - down.before) * source.row_stride()
                + (source.halo.left - across.before) * source.pixel(),
            row_step: down.stride * source.row_stride(),
            step: across.stride * source.pixel(),
            packed,
            finish,
            source,
            target,
            residual,
        }
    }

    /// Writes the output, halo apart.
    pub(crate) fn run(
        &self,
        machine: Machine<'_>,
        source: &[f32],
        residual: Option<&[f32]>,
        target: &mut [f32],
    ) {
        self.check(source);
        assert_eq!(residual.is_some(), self.finish.adds);
        assert!(self.residual.is_none_or(|r| r.same_inside(&self.target)));
        each_run(machine.pool, &self.target, target, |at, n, words| {
            let addends = self.residual.as_ref().zip(residual);
            let addends = addends.map(|(picture, values)| &values[picture.row_start(at)..]);
            self.rows(machine.isa, (source, at), addends, words, n);
        });
    }

    /// What the kernels rely on, but for what they see of the rows.
    pub(super) fn check(&self, source: &[f32]) {
        assert!(source.len() >= self.source.len());
        assert!(self.source.blocks() == self.target.blocks());
    }

    /// Writes `n` rows of a block of the output, from the start of the first in `words` on; `addends` starts with the first
    /// row's. They are made of what the row at `at`, and those below it, would be made of.
    pub(super) fn rows(
        &self,
        isa: Isa,
        (source, at): (&[f32], RowAt),
        addends: Option<&[f32]>,
        words: &mut [f32],
        n: usize,
    ) {
        let (block, source) = (at.block, &source[self.first_tap(at)..]);
        match isa {
            #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
            Isa::Avx512 | Isa::Avx2 | Isa::Neon => {
                simd::depthwise_rows(isa, self, (source, block), addends, words, n);
            }
            _ => portable::depthwise_rows(self, (source, block), addends, words),
        }
        if self.finish.last.is_some() {
            for row in words.chunks_mut(self.target.row_stride()) {
                let row = &mut row[..self.target.row_len()];
                self.finish.finish_row(isa, row, block);
            }
        }
    }

    fn first_tap(&self, at: RowAt) -> usize {
        (at.image * self.source.blocks() + at.block) * self.source.plane()
            + self.origin
            + at.y * self.row_step
    }

    pub(crate) fn weights(&self, block: usize) -> &[f32] {
        let n = self.taps.len() * self.target.lanes;
        &self.packed[block * n..(block + 1) * n]
    }
}
