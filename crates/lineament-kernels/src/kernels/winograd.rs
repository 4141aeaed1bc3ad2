//! 3x3 convolutions of stride 1 by Winograd's minimal filtering: F(4x4, 3x3), a quarter of the
//! multiplications (Lavin, Gray: Fast Algorithms for Convolutional Neural Networks, 2016).
//!
//! The output is cut into tiles of 4 x 4. A tile's 6 x 6 inputs d become V = Bᵀ d B, each of the 36
//! numbers is multiplied with those of the filter, U = G g Gᵀ, and summed over the channels, and
//! the sums M become the outputs Aᵀ M A. What this costs in precision is about 1e-6 of the largest
//! output. Where the source's numbers are less exact than `f32`, so are V and U.

use std::ops::Range;
use std::sync::Arc;

use super::Machine;
use super::dense::{PAIR, Packed, Tap};
use super::finish::Finish;
use super::portable_tiles;
use super::scratch::{Scratch, with_room};
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use super::simd;
use crate::isa::Isa;
use crate::picture::Picture;
use crate::share::Shared;

/// Rows and columns of outputs of a tile.
pub(crate) const OUT: usize = 4;

/// Rows and columns of inputs of a tile.
pub(crate) const IN: usize = 6;

/// Numbers of a tile and channel that are multiplied.
pub(crate) const AREA: usize = IN * IN;

/// Most tiles that are worked on at once: their numbers stay in the second-level cache, and two
/// rounds of registers hold their sums.
const CHUNK: usize = 28;

/// Tiles from one row of V or M to the next: odd, or the 36 numbers of a tile would share a few
/// lines of the nearest cache.
const ROW: usize = CHUNK + 1;

/// A convolution by tiles, ready to run.
#[derive(Debug)]
pub(crate) struct Winograd {
    /// U, as `[output block][number][word of input channels][lanes]`.
    pub(crate) packed: Arc<Packed>,
    pub(crate) finish: Finish,
    pub(crate) source: Picture,
    pub(crate) target: Picture,
    pub(crate) residual: Option<Picture>,
    /// Where a plane's first tile begins in the source.
    pub(crate) origin: usize,
    /// The blocks of input channels in V of one number.
    pub(crate) taps: Vec<Tap>,
    /// Tiles of a picture, down and across.
    tiles: [usize; 2],
}

/// What one task computes: some tiles of some pairs of output blocks.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    pub(crate) tiles: Range<usize>,
    pub(crate) blocks: Range<usize>,
}

/// A tile's picture, and its first output row and column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TileAt {
    pub(crate) image: usize,
    pub(crate) y: usize,
    pub(crate) x: usize,
}

impl Winograd {
    /// `before` is the padding above and on the left.
    pub(crate) fn new(
        [source, target]: [Picture; 2],
        residual: Option<Picture>,
        before: [usize; 2],
        packed: Arc<Packed>,
        finish: Finish,
    ) -> Self {
        let pixel = source.pixel();
        let tap = |block| Tap {
            offset: block * ROW * pixel,
            count: pixel,
        };
        Self {
            origin: (source.halo.top - before[0]) * source.row_stride()
                + (source.halo.left - before[1]) * pixel,
            taps: (0..source.blocks()).map(tap).collect(),
            tiles: tiles(&target),
            packed,
            finish,
            source,
            target,
            residual,
        }
    }

    /// V and M of a chunk.
    pub(crate) fn scratch(&self) -> Scratch {
        Scratch::room(self.chunk_words())
    }

    /// Writes the output, halo apart, for `source` and the residual.
    pub(crate) fn run(
        &self,
        machine: Machine<'_>,
        source: &[f32],
        residual: Option<&[f32]>,
        target: &mut [f32],
    ) {
        self.check(source, residual, target);
        let n_tiles = self.target.batch * self.tiles[0] * self.tiles[1];
        let n_chunks = n_tiles.div_ceil(CHUNK);
        // Few tiles leave threads idle unless each does some output channels only.
        let pairs = self.target.blocks().div_ceil(PAIR);
        let n_parts = machine.pool.threads().div_ceil(n_chunks).min(pairs);
        let shared = Shared::new(target);
        machine.pool.for_each(n_chunks * n_parts, &|task| {
            let (chunk, part) = (task / n_parts, task % n_parts);
            let chunk = Chunk {
                tiles: share(n_tiles, n_chunks, chunk),
                blocks: in_pairs(share(pairs, n_parts, part), self.target.blocks()),
            };
            with_room(self.chunk_words(), |scratch| {
                self.chunk(machine.isa, &chunk, source, residual, &shared, scratch);
            });
        });
    }

    fn chunk(
        &self,
        isa: Isa,
        chunk: &Chunk,
        source: &[f32],
        residual: Option<&[f32]>,
        shared: &Shared<'_>,
        scratch: &mut [f32],
    ) {
        let memory = scratch.split_at_mut(AREA * self.source.blocks() * self.input_row());
        match isa {
            #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
            Isa::Avx512 | Isa::Avx2 | Isa::Neon => {
                simd::winograd(isa, self, chunk, memory.into(), source, residual, shared);
            }
            _ => {
                let (inputs, _) = memory;
                portable_tiles::winograd(self, chunk, inputs, source, residual, shared);
            }
        }
    }

    /// Words of V of all tiles of a chunk, of one block of channels.
    pub(crate) fn input_row(&self) -> usize {
        ROW * self.source.pixel()
    }

    /// The same of M.
    pub(crate) fn sum_row(&self) -> usize {
        ROW * self.target.lanes
    }

    /// Words that a chunk needs for V and for M.
    fn chunk_words(&self) -> usize {
        AREA * (self.source.blocks() * self.input_row() + PAIR * self.sum_row())
    }

    /// The place of tile `index` of all pictures.
    pub(crate) fn tile(&self, index: usize) -> TileAt {
        let [down, across] = self.tiles;
        TileAt {
            image: index / (down * across),
            y: index / across % down * OUT,
            x: index % across * OUT,
        }
    }

    /// All that the kernels rely on when they compute addresses.
    fn check(&self, source: &[f32], residual: Option<&[f32]>, target: &[f32]) {
        let (from, to) = (&self.source, &self.target);
        let row = self.origin / from.row_stride();
        let column = self.origin % from.row_stride() / from.pixel();
        let rows = from.halo.top + from.height + from.halo.bottom;
        assert!(row + (self.tiles[0] - 1) * OUT + IN <= rows);
        assert!(column + (self.tiles[1] - 1) * OUT + IN <= from.row_stride() / from.pixel());
        assert!(from.batch == to.batch && source.len() >= from.len());
        assert!(target.len() >= to.len(), "the target is too small");
        assert!(AREA * from.blocks() * from.pixel() * to.lanes <= self.packed.block_stride);
        assert!(to.blocks() * self.packed.block_stride <= self.packed.weights.len());
        assert!(to.blocks() * to.lanes <= self.finish.bias.len());
        assert_eq!(residual.is_some(), self.finish.adds);
        if let (Some(values), Some(picture)) = (residual, &self.residual) {
            assert!(picture.same_inside(to) && values.len() >= picture.len());
        }
    }
}

/// Tiles of each of the pictures, down and across.
pub(crate) fn tiles(target: &Picture) -> [usize; 2] {
    [target.height.div_ceil(OUT), target.width.div_ceil(OUT)]
}

/// Part `index` of `0..n`, cut into `parts` as even as can be.
fn share(n: usize, parts: usize, index: usize) -> Range<usize> {
    n * index / parts..n * (index + 1) / parts
}

fn in_pairs(pairs: Range<usize>, n_blocks: usize) -> Range<usize> {
    pairs.start * PAIR..(pairs.end * PAIR).min(n_blocks)
}

/// U = G g Gᵀ of one 3 x 3 filter.
pub(crate) fn filter(g: &[f32; 9]) -> [f32; AREA] {
    let [a, b, c, d, e, f, g, h, i] = g.map(f64::from);
    let columns = [[a, d, g], [b, e, h], [c, f, i]].map(filter_line);
    let mut u = [0.0; AREA];
    for (y, row) in u.chunks_exact_mut(IN).enumerate() {
        let line = filter_line(columns.map(|column| column[y]));
        for (u, value) in row.iter_mut().zip(line) {
            *u = value as f32;
        }
    }
    u
}

/// G g.
fn filter_line([a, b, c]: [f64; 3]) -> [f64; IN] {
    let (near, far) = (a + c, a + 4.0 * c);
    [
        a / 4.0,
        (near + b) / -6.0,
        (near - b) / -6.0,
        (far + 2.0 * b) / 24.0,
        (far - 2.0 * b) / 24.0,
        c,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_as_in_the_paper() {
        const G: [[f64; 3]; IN] = [
            [1.0 / 4.0, 0.0, 0.0],
            [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
            [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
            [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
            [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
            [0.0, 0.0, 1.0],
        ];
        let g = [0.3, -1.2, 0.7, 2.5, -0.4, 0.9, -3.1, 0.05, 1.6];
        for (i, u) in filter(&g).into_iter().enumerate() {
            let terms = (0..9).map(|k| G[i / IN][k / 3] * G[i % IN][k % 3] * f64::from(g[k]));
            assert!((f64::from(u) - terms.sum::<f64>()).abs() < 1e-6);
        }
    }
}
