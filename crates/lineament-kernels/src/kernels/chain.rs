//! A convolution together with the step that makes its source, band by band of rows: what flows between the two stays in
//! the second-level cache.

use super::Machine;
use super::dense::{Dense, PAIR, Reading, Strip};
use super::depthwise::Depthwise;
use super::scratch::{Scratch, with_room};
use crate::isa::Isa;
use crate::numbers::Numbers;
use crate::picture::{Picture, RowAt};
use crate::share::Shared;

/// Bytes between the two from which on they are worth a chain: less stays in the cache anyway.
const LEAST_BYTES: usize = 1 << 18;

/// Both steps, ready to run.
#[derive(Debug)]
pub(crate) struct Chain {
    first: First,
    /// Its source is a band.
    dense: Dense,
    /// What fills a band.
    band: Picture,
    /// What the convolution would read of all that the first step makes.
    reading: Reading,
    /// Rows of the band for each of those.
    merged: usize,
}

/// What fills the band.
#[derive(Debug)]
enum First {
    /// A depthwise convolution, whose target is the band.
    Depthwise(Box<Depthwise>),
    /// A copy with zeros around it.
    Padding {
        from: Picture,
        /// Rows of zeros above the picture.
        above: usize,
    },
}

impl Chain {
    /// Of a depthwise and a 1x1 convolution, which alone reads what the former writes; `None` where they are not worth a
    /// chain.
    pub(crate) fn of_depthwise(depthwise: &Depthwise, dense: &Dense) -> Option<Self> {
        let (between, from, to) = (depthwise.target, &dense.source, &dense.target);
        let by_pixel = dense.taps.len() == from.blocks()
            && dense.steps == [from.row_stride(), from.pixel()]
            && [from.height, from.width] == [to.height, to.width];
        let suits = by_pixel
            && dense.group_blocks == to.blocks()
            && depthwise.residual.is_none()
            && between.halo.is_none()
            && from.halo.is_none()
            && 4 * between.len() >= LEAST_BYTES;
        if !suits {
            return None;
        }
        let merged = between.height / from.height;
        let (reading, dense, mut depthwise) = (dense.reading(), dense.of_band(), depthwise.clone());
        depthwise.target.batch = 1;
        depthwise.target.height = dense.source.height * merged;
        Some(Self {
            band: depthwise.target,
            first: First::Depthwise(Box::new(depthwise)),
            dense,
            reading,
            merged,
        })
    }

    /// Of the copy of a picture into one with room around it and the convolution that alone reads that; `None` where they
    /// are not worth a chain.
    pub(crate) fn of_padding([from, between]: &[Picture; 2], dense: &Dense) -> Option<Self> {
        let suits = between == &dense.source
            && from.same_inside(between)
            && from.halo.is_none()
            && [from.numbers, between.numbers] == [Numbers::F32; 2]
            && dense.group_blocks == dense.target.blocks()
            && 4 * between.len() >= LEAST_BYTES;
        let (reading, dense) = suits.then(|| (dense.reading(), dense.of_band()))?;
        let from = *from;
        Some(Self {
            first: First::Padding {
                from,
                above: between.halo.top,
            },
            band: dense.source,
            dense,
            reading,
            merged: 1,
        })
    }

    /// A band.
    pub(crate) fn scratch(&self) -> Scratch {
        Scratch::room(self.band.len())
    }

    /// Writes the output of the convolution, halo apart, for the source of the first step and the residual of the other.
    pub(crate) fn run(
        &self,
        machine: Machine<'_>,
        source: &[f32],
        residual: Option<&[f32]>,
        target: &mut [f32],
    ) {
        let to = self.dense.target;
        if let First::Depthwise(depthwise) = &self.first {
            depthwise.check(source);
        }
        self.dense.check(
            [1, self.dense.task_rows],
            [self.band.len(), target.len()],
            residual,
        );
        let task_rows = self.dense.rows_for(machine.pool.threads());
        let n_chunks = to.height.div_ceil(task_rows);
        let shared = Shared::new(target);
        machine.pool.for_each(to.batch * n_chunks, &|task| {
            let (image, chunk) = (task / n_chunks, task % n_chunks);
            let rows = chunk * task_rows..((chunk + 1) * task_rows).min(to.height);
            with_room(self.band.len(), |band| {
                let read = self.reading.rows(&rows);
                let (first, n) = (read.start * self.merged, read.len() * self.merged);
                for block in 0..self.band.blocks() {
                    let at = RowAt {
                        image,
                        block,
                        y: first,
                    };
                    self.rows(machine.isa, source, at, n, band);
                }
                for block in (0..to.blocks()).step_by(PAIR) {
                    let strip = Strip {
                        source: self.dense.first_tap(0, 0, 0),
                        image,
                        block,
                        n_blocks: PAIR.min(to.blocks() - block),
                        rows: rows.clone(),
                    };
                    self.dense
                        .strip(machine.products, &strip, band, residual, &shared);
                }
            });
        });
    }

    /// Makes the first `n` rows of a block of the band, which are those from the one at `at` on of the picture.
    fn rows(&self, isa: Isa, source: &[f32], at: RowAt, n: usize, band: &mut [f32]) {
        let place = |y| RowAt { image: 0, y, ..at };
        let row_start = |y| self.band.row_start(place(y));
        match &self.first {
            First::Depthwise(depthwise) => {
                let words = &mut band[row_start(0)..row_start(n - 1) + self.band.row_len()];
                depthwise.rows(isa, (source, at), None, words, n);
            }
            First::Padding { from, above } => {
                let pixel = self.band.pixel();
                let [left, right] = [self.band.halo.left, self.band.halo.right].map(|n| n * pixel);
                for y in 0..n {
                    let start = row_start(y) - left;
                    let row = &mut band[start..start + self.band.row_stride()];
                    let own = (at.y + y).checked_sub(*above);
                    let Some(y) = own.filter(|y| *y < from.height) else {
                        row.fill(0.0);
                        continue;
                    };
                    let (before, rest) = row.split_at_mut(left);
                    let (inside, after) = rest.split_at_mut(rest.len() - right);
                    before.fill(0.0);
                    inside.copy_from_slice(from.row(source, RowAt { y, ..at }));
                    after.fill(0.0);
                }
            }
        }
    }
}
