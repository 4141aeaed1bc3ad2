//! Convolutions that join channels, and matrix products: sums over taps of broadcast inputs times
//! vectors of weights.
//!
//! An output vector holds the lanes of one block of output channels at one pixel. A tap is a
//! place of the input relative to the pixel, with a run of input channels; the weights lie in the
//! order in which taps use them. Offsets and counts are in words, so that all of this is the same for
//! words of two numbers: a vector of weights then holds two of each lane.

use std::ops::Range;
use std::sync::Arc;

use super::Machine;
use super::finish::Finish;
use super::portable;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use super::simd;
use crate::aligned::Aligned;
use crate::isa::Isa;
use crate::numbers::Numbers;
use crate::ops::Slide;
use crate::picture::{Picture, RowAt};
use crate::share::Shared;

/// Input bytes that a task should find in the second-level cache.
const TASK_BYTES: usize = 1 << 17;

/// Least multiplications of a task.
const TASK_MACS: usize = 1 << 16;

/// Blocks of output channels that a task computes at once, which share the broadcasts.
pub(crate) const PAIR: usize = 2;

/// Weights in the order of use: `[output block][tap][word of the tap][lanes]`, each word as the
/// source's holds one or several input channels.
#[derive(Debug, Default)]
pub(crate) struct Packed {
    pub(crate) weights: Aligned,
    /// Words from one output block to the next.
    pub(crate) block_stride: usize,
    /// What a step of the weights of each output channel is worth, where they are steps.
    pub(crate) scales: Aligned,
    /// Integers that the sums of such products begin with: they take away what the byte that stands for
    /// zero adds.
    pub(crate) starts: Aligned,
}

/// A run of input channels at one place, or of places with one channel each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tap {
    /// From the pixel's first tap, in words.
    pub(crate) offset: usize,
    /// Words that lie beside each other there.
    pub(crate) count: usize,
}

/// All words of the taps, in the same order, so many at a time as all runs of them have a multiple of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EvenTaps {
    /// At most [`MOST_WORDS`].
    pub(crate) words: usize,
    /// From the pixel's first tap, in words.
    pub(crate) offsets: Vec<usize>,
}

/// Most words that are taken at once: those of a row of a tile.
const MOST_WORDS: usize = 16;

impl EvenTaps {
    fn new(taps: &[Tap]) -> Self {
        let mut runs: Vec<Tap> = Vec::new();
        for &tap in taps {
            match runs.last_mut() {
                Some(run) if run.offset + run.count == tap.offset => run.count += tap.count,
                _ => runs.push(tap),
            }
        }
        let divides = |&words: &usize| runs.iter().all(|run| run.count.is_multiple_of(words));
        let words = (1..=MOST_WORDS).rev().find(divides).unwrap_or(1);
        let of_run = |run: &Tap| (run.offset..run.offset + run.count).step_by(words);
        Self {
            words,
            offsets: runs.iter().flat_map(of_run).collect(),
        }
    }
}

/// A convolution or matrix product, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct Dense {
    pub(crate) packed: Arc<Packed>,
    pub(crate) finish: Finish,
    pub(crate) taps: Vec<Tap>,
    pub(crate) even: EvenTaps,
    pub(crate) source: Picture,
    pub(crate) target: Picture,
    pub(crate) residual: Option<Picture>,
    /// Where the first tap of the first pixel of a group's first plane lies.
    pub(crate) origin: usize,
    /// Words of the source between neighbouring output pixels, down and across.
    pub(crate) steps: [usize; 2],
    /// Words of the source from one group to the next.
    pub(crate) group_step: usize,
    /// Output blocks of a group.
    pub(crate) group_blocks: usize,
    /// Rows of a task.
    pub(super) task_rows: usize,
}

/// The geometry that [`Dense::new`] puts together.
pub(crate) struct Geometry {
    pub(crate) source: Picture,
    pub(crate) target: Picture,
    pub(crate) residual: Option<Picture>,
    pub(crate) slides: [Slide; 2],
    pub(crate) n_groups: usize,
}

/// The taps of one group: block by block, row by row, column by column. Where a pixel is one number, those beside
/// each other are one.
pub(crate) fn taps(source: &Picture, slides: &[Slide; 2], group_channels: usize) -> Vec<Tap> {
    let mut taps: Vec<Tap> = Vec::new();
    for block in 0..group_channels.div_ceil(source.lanes) {
        let channels = (group_channels - block * source.lanes).min(source.lanes);
        let count = channels.div_ceil(source.numbers.per_word());
        for ky in 0..slides[0].kernel {
            for kx in 0..slides[1].kernel {
                let offset = block * source.plane()
                    + ky * slides[0].dilation * source.row_stride()
                    + kx * slides[1].dilation * source.pixel();
                match taps.last_mut() {
                    Some(last) if source.lanes == 1 && last.offset + last.count == offset => {
                        last.count += count;
                    }
                    _ => taps.push(Tap { offset, count }),
                }
            }
        }
    }
    taps
}

impl Dense {
    pub(crate) fn new(geometry: Geometry, packed: Arc<Packed>, finish: Finish) -> Self {
        let geometry = geometry.merged();
        let Geometry {
            source,
            target,
            residual,
            slides,
            n_groups,
        } = geometry;
        let group_channels = source.channels / n_groups;
        let [down, across] = &slides;
        let row_bytes = 4 * source.row_stride() * source.blocks() * down.stride;
        let row_macs = target.width * packed.block_stride * PAIR;
        let task_rows = (TASK_BYTES / row_bytes.max(1))
            .max(TASK_MACS / row_macs.max(1))
            .max(1);
        let taps = taps(&source, &slides, group_channels);
        Self {
            even: EvenTaps::new(&taps),
            taps,
            origin: (source.halo.top - down.before) * source.row_stride()
                + (source.halo.left - across.before) * source.pixel(),
            steps: [
                down.stride * source.row_stride(),
                across.stride * source.pixel(),
            ],
            group_step: group_channels / source.lanes * source.plane(),
            group_blocks: target.blocks() / n_groups,
            task_rows: task_rows.min(target.height),
            packed,
            finish,
            source,
            target,
            residual,
        }
    }

    /// The same with a source that holds what the rows of one task read, of one picture, instead of all. Only of
    /// convolutions in one group.
    pub(super) fn of_band(&self) -> Self {
        let (plane, row) = (self.source.plane(), self.source.row_stride());
        let mut dense = self.clone();
        dense.source.batch = 1;
        (dense.source.halo.top, dense.source.halo.bottom) = (0, 0);
        dense.source.height = self.reading().rows(&(0..self.task_rows)).len();
        dense.origin = self.origin % row;
        for tap in &mut dense.taps {
            tap.offset = tap.offset / plane * dense.source.plane() + tap.offset % plane;
        }
        dense.even = EvenTaps::new(&dense.taps);
        dense
    }

    pub(super) fn reading(&self) -> Reading {
        let (plane, row) = (self.source.plane(), self.source.row_stride());
        let reach = self.taps.iter().map(|tap| tap.offset % plane / row + 1);
        Reading {
            first: self.origin / row,
            step: self.steps[0] / row,
            reach: reach.max().unwrap_or(1),
        }
    }

    /// Writes the output, halo apart, for `source` and the residual.
    pub(crate) fn run(
        &self,
        machine: Machine<'_>,
        source: &[f32],
        residual: Option<&[f32]>,
        target: &mut [f32],
    ) {
        let to = &self.target;
        let lengths = [source.len(), target.len()];
        self.check([to.batch, to.height], lengths, residual);
        let pairs_of_group = self.group_blocks.div_ceil(PAIR);
        let n_pairs = self.target.blocks() / self.group_blocks * pairs_of_group;
        let task_rows = self.rows_for(machine.pool.threads());
        let n_chunks = self.target.height.div_ceil(task_rows);
        let shared = Shared::new(target);
        machine
            .pool
            .for_each(self.target.batch * n_chunks * n_pairs, &|task| {
                let (rest, pair) = (task / n_pairs, task % n_pairs);
                let (image, chunk) = (rest / n_chunks, rest % n_chunks);
                let (group, pair) = (pair / pairs_of_group, pair % pairs_of_group);
                let first = pair * PAIR;
                let rows = chunk * task_rows..((chunk + 1) * task_rows).min(self.target.height);
                let strip = Strip {
                    source: self.first_tap(image, group, rows.start),
                    image,
                    block: group * self.group_blocks + first,
                    n_blocks: PAIR.min(self.group_blocks - first),
                    rows,
                };
                self.strip(machine.products, &strip, source, residual, &shared);
            });
    }

    /// Rows of a task. Several threads share the rows evenly where the picture is what takes memory,
    /// so that each goes on with what it wrote; else they share the weights.
    pub(super) fn rows_for(&self, threads: usize) -> usize {
        let height = self.target.height;
        let n_chunks = height.div_ceil(self.task_rows);
        let shares_rows = n_chunks > 1 || self.source.len() > self.packed.weights.len();
        if threads == 1 || !shares_rows {
            return self.task_rows;
        }
        height.div_ceil(n_chunks.next_multiple_of(threads).min(height))
    }

    pub(super) fn strip(
        &self,
        isa: Isa,
        strip: &Strip,
        source: &[f32],
        residual: Option<&[f32]>,
        shared: &Shared<'_>,
    ) {
        match isa {
            #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
            Isa::Amx | Isa::Avx512 | Isa::Avx2 | Isa::Neon => {
                simd::dense(isa, self, strip, source, residual, shared)
            }
            _ => portable::dense(self, strip, source, residual, shared),
        }
    }

    /// All that the kernels rely on when they compute addresses: the source holds so many `images`, of each what so many
    /// `rows` of the output read.
    pub(super) fn check(
        &self,
        [images, rows]: [usize; 2],
        [source, target]: [usize; 2],
        residual: Option<&[f32]>,
    ) {
        let blocks = self.target.blocks();
        let n_groups = blocks / self.group_blocks;
        let reach = self
            .taps
            .iter()
            .map(|t| t.offset + t.count)
            .max()
            .unwrap_or(0);
        let last = self.first_tap(images - 1, n_groups - 1, rows - 1)
            + (self.target.width - 1) * self.steps[1];
        let n_weights: usize = self.taps.iter().map(|t| t.count).sum();
        let lanes = self.target.lanes;
        assert!(last + reach <= source, "a tap lies outside the source");
        assert!(target >= self.target.len(), "the target is too small");
        assert!(n_weights * lanes <= self.packed.block_stride);
        assert!(blocks * self.packed.block_stride <= self.packed.weights.len());
        assert!(blocks * lanes <= self.finish.bias.len());
        assert!(source >= self.source.room());
        if let Numbers::U8 { .. } = self.source.numbers {
            let (scales, starts) = (&self.packed.scales, &self.packed.starts);
            assert!(blocks * lanes <= scales.len().min(starts.len()));
        }
        assert_eq!(residual.is_some(), self.finish.adds);
        if let (Some(values), Some(picture)) = (residual, &self.residual) {
            assert!(picture.same_inside(&self.target) && values.len() >= picture.len());
        }
    }

    /// Whether any of its pictures is of `bf16`.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn has_bf16(&self) -> bool {
        let pictures = [Some(self.source), Some(self.target), self.residual];
        let mut numbers = pictures.into_iter().flatten().map(|p| p.numbers);
        numbers.any(|numbers| numbers == Numbers::Bf16)
    }

    /// What a step of the inputs of `image` is worth, where they are steps: it lies behind the pictures.
    pub(crate) fn input_scale(&self, source: &[f32], image: usize) -> f32 {
        match self.source.numbers {
            Numbers::U8 { .. } => source[self.source.len() + image],
            _ => 1.0,
        }
    }

    /// Where the first tap of a row's first pixel lies.
    pub(super) fn first_tap(&self, image: usize, group: usize, row: usize) -> usize {
        image * self.source.blocks() * self.source.plane()
            + group * self.group_step
            + self.origin
            + row * self.steps[0]
    }

    pub(crate) fn weights(&self, block: usize) -> &[f32] {
        let stride = self.packed.block_stride;
        &self.packed.weights[block * stride..(block + 1) * stride]
    }
}

/// Which rows of a plane of its source, halo and all, a convolution reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// The first that its first row of output reads.
    first: usize,
    /// Rows from one row of output to the next.
    step: usize,
    /// Rows that each reads.
    reach: usize,
}

impl Reading {
    /// Those that some rows of the output read.
    pub(super) fn rows(&self, rows: &Range<usize>) -> Range<usize> {
        let start = self.first + rows.start * self.step;
        start..start + (rows.len() - 1) * self.step + self.reach
    }
}

/// Some rows of one or two blocks of output channels: what one task computes.
#[derive(Debug, Clone)]
pub(crate) struct Strip {
    /// Where the first tap of its first row and column lies in the source.
    pub(crate) source: usize,
    pub(crate) image: usize,
    pub(crate) block: usize,
    pub(crate) n_blocks: usize,
    pub(crate) rows: Range<usize>,
}

impl Strip {
    /// Row `y` of its block number `block`.
    pub(crate) fn row(&self, block: usize, y: usize) -> RowAt {
        RowAt {
            image: self.image,
            block: self.block + block,
            y,
        }
    }
}

impl Geometry {
    /// The same convolution with several rows as one where rows follow each other without a gap,
    /// so that registers are filled to the end of the picture rather than of a row.
    fn merged(self) -> Self {
        let unit = |s: &Slide| s.kernel == 1 && s.stride == 1 && s.before == 0;
        let pictures = [Some(self.source), Some(self.target), self.residual];
        let no_halo = pictures.iter().flatten().all(|p| p.halo.is_none());
        if !self.slides.iter().all(unit) || !no_halo {
            return self;
        }
        let rows = merged_rows(self.target.height, self.target.width);
        Self {
            source: self.source.merged(rows),
            target: self.target.merged(rows),
            residual: self.residual.map(|r| r.merged(rows)),
            ..self
        }
    }
}

/// How many rows to take as one: the divisor of `height` that leaves the fewest tiles of pixels
/// partly empty, the smallest of those.
fn merged_rows(height: usize, width: usize) -> usize {
    let tiles = |rows: usize| (rows * width).div_ceil(14) * (height / rows);
    let divisors = (1..=height).filter(|rows| height.is_multiple_of(*rows) && rows * width <= 256);
    divisors
        .min_by_key(|&rows| (tiles(rows), rows))
        .unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_taps_hold_all_words_in_order() {
        let tap = |(offset, count)| Tap { offset, count };
        let even = |taps: &[(usize, usize)]| {
            let taps: Vec<Tap> = taps.iter().copied().map(tap).collect();
            let EvenTaps { words, offsets } = EvenTaps::new(&taps);
            (words, offsets)
        };
        // Three neighbours of eight words are two of twelve.
        let row = [(40, 8), (48, 8), (56, 8), (100, 8), (108, 8), (116, 8)];
        assert_eq!(even(&row), (12, vec![40, 52, 100, 112]));
        assert_eq!(even(&[(0, 8), (80, 8)]), (8, vec![0, 80]));
        // The last block has fewer channels.
        assert_eq!(even(&[(0, 8), (80, 4)]), (4, vec![0, 4, 80]));
        assert_eq!(even(&[(0, 100)]), (10, (0..100).step_by(10).collect()));
        assert_eq!(even(&[(3, 17)]), (1, (3..20).collect()));
        assert_eq!(even(&[]), (16, vec![]));
    }

    #[test]
    fn rows_are_merged_to_fill_tiles() {
        assert_eq!(merged_rows(7, 7), 7);
        assert_eq!(merged_rows(14, 14), 1);
        assert_eq!(merged_rows(28, 28), 1);
        assert_eq!(merged_rows(1, 1000), 1);
        assert_eq!(merged_rows(20, 20), 2);
    }
}
