//! How pictures of many channels lie in memory.

use std::ops::Range;

use crate::numbers::Numbers;

/// A batch of pictures `[batch][channel blocks][rows][columns][lanes]`, with room around each
/// picture that convolutions read as zeros. With one lane it is ONNX's own layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) batch: usize,
    pub(crate) channels: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// Channels that lie beside each other. The last block may be partly unused.
    pub(crate) lanes: usize,
    pub(crate) numbers: Numbers,
    pub(crate) halo: Halo,
}

/// Rows and columns of zeros around a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Halo {
    pub(crate) top: usize,
    pub(crate) left: usize,
    pub(crate) bottom: usize,
    pub(crate) right: usize,
}

impl Halo {
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// What serves both.
    pub(crate) fn union(self, other: Self) -> Self {
        Self {
            top: self.top.max(other.top),
            left: self.left.max(other.left),
            bottom: self.bottom.max(other.bottom),
            right: self.right.max(other.right),
        }
    }
}

/// A row of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowAt {
    pub(crate) image: usize,
    pub(crate) block: usize,
    pub(crate) y: usize,
}

/// Rows of a picture, without an end.
#[derive(Debug)]
pub(crate) struct Rows {
    next: RowAt,
    band: Range<usize>,
    /// Rows of a band, but for a picture's last.
    band_rows: usize,
    blocks: usize,
    height: usize,
}

impl Iterator for Rows {
    type Item = RowAt;

    fn next(&mut self) -> Option<RowAt> {
        let now = self.next;
        self.next.y += 1;
        if self.next.y == self.band.end {
            self.next.block += 1;
            if self.next.block == self.blocks {
                self.next.block = 0;
                self.band.start = self.band.end % self.height;
                self.next.image += usize::from(self.band.start == 0);
                self.band.end = (self.band.start + self.band_rows).min(self.height);
            }
            self.next.y = self.band.start;
        }
        Some(now)
    }
}

impl Picture {
    pub(crate) fn new([batch, channels, height, width]: [usize; 4], lanes: usize) -> Self {
        Self {
            batch,
            channels,
            height,
            width,
            lanes,
            numbers: Numbers::F32,
            halo: Halo::default(),
        }
    }

    /// The same with its numbers as `numbers`.
    pub(crate) fn of(self, numbers: Numbers) -> Self {
        Self { numbers, ..self }
    }

    pub(crate) fn blocks(&self) -> usize {
        self.channels.div_ceil(self.lanes)
    }

    /// Words of a pixel of a block.
    pub(crate) fn pixel(&self) -> usize {
        self.lanes.div_ceil(self.numbers.per_word())
    }

    /// Words from one row to the next.
    pub(crate) fn row_stride(&self) -> usize {
        (self.halo.left + self.width + self.halo.right) * self.pixel()
    }

    /// Words from one block to the next.
    pub(crate) fn plane(&self) -> usize {
        (self.halo.top + self.height + self.halo.bottom) * self.row_stride()
    }

    /// Words in all.
    pub(crate) fn len(&self) -> usize {
        self.batch * self.blocks() * self.plane()
    }

    /// Words of the memory that holds it: behind the pictures, those of bytes have the scale of each.
    pub(crate) fn room(&self) -> usize {
        match self.numbers {
            Numbers::U8 { .. } => self.len() + self.batch,
            _ => self.len(),
        }
    }

    pub(crate) fn n_rows(&self) -> usize {
        self.batch * self.blocks() * self.height
    }

    /// Words of a row, without its halo.
    pub(crate) fn row_len(&self) -> usize {
        self.width * self.pixel()
    }

    /// The rows from number `index` on, when each picture is cut into bands of `band` rows, and all
    /// blocks of a band come before the next.
    pub(crate) fn rows_from(&self, index: usize, band: usize) -> Rows {
        let (blocks, height) = (self.blocks(), self.height);
        let (image, index) = (index / (blocks * height), index % (blocks * height));
        let start = index / (blocks * band) * band;
        let end = (start + band).min(height);
        let index = index - start * blocks;
        Rows {
            next: RowAt {
                image,
                block: index / (end - start),
                y: start + index % (end - start),
            },
            band: start..end,
            band_rows: band,
            blocks,
            height,
        }
    }

    /// Where a row begins, after its halo.
    pub(crate) fn row_start(&self, at: RowAt) -> usize {
        let plane = at.image * self.blocks() + at.block;
        plane * self.plane()
            + (self.halo.top + at.y) * self.row_stride()
            + self.halo.left * self.pixel()
    }

    pub(crate) fn row<'a>(&self, values: &'a [f32], at: RowAt) -> &'a [f32] {
        let start = self.row_start(at);
        &values[start..start + self.row_len()]
    }

    /// Whether the other lies alike, but for the halo and what its words hold.
    pub(crate) fn same_inside(&self, other: &Self) -> bool {
        let other = Self {
            numbers: self.numbers,
            halo: self.halo,
            ..*other
        };
        *self == other
    }

    /// The same numbers with `rows` rows as one; only for pictures without a halo.
    pub(crate) fn merged(&self, rows: usize) -> Self {
        debug_assert!(self.halo.is_none() && self.height.is_multiple_of(rows));
        Self {
            height: self.height / rows,
            width: self.width * rows,
            ..*self
        }
    }

    /// Writes the zeros around the pictures.
    pub(crate) fn clear_halo(&self, values: &mut [f32]) {
        if self.halo.is_none() || self.plane() == 0 {
            return;
        }
        let stride = self.row_stride();
        let (left, inside) = (self.halo.left * self.pixel(), self.row_len());
        let zeros = self.numbers.zeros();
        for plane in values[..self.len()].chunks_exact_mut(self.plane()) {
            let (top, rest) = plane.split_at_mut(self.halo.top * stride);
            let (rows, bottom) = rest.split_at_mut(self.height * stride);
            top.fill(zeros);
            bottom.fill(zeros);
            for row in rows.chunks_exact_mut(stride) {
                row[..left].fill(zeros);
                row[left + inside..].fill(zeros);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halos_are_cleared_and_nothing_else() {
        let mut picture = Picture::new([2, 3, 2, 2], 2);
        picture.halo = Halo {
            top: 1,
            left: 2,
            bottom: 0,
            right: 1,
        };
        assert_eq!(picture.len(), 2 * 2 * 3 * 5 * 2);
        let mut values = vec![1.0; picture.len()];
        picture.clear_halo(&mut values);
        let ones: f32 = values.iter().sum();
        assert_eq!(ones, (2 * 2 * 2 * 2 * 2) as f32);
        for at in picture.rows_from(0, 2).take(picture.n_rows()) {
            assert!(picture.row(&values, at).iter().all(|&v| v == 1.0));
        }
    }

    #[test]
    fn bands_hold_every_row_once() {
        let picture = Picture::new([2, 5, 7, 3], 2);
        for band in [1, 3, 4, 7] {
            let rows: Vec<RowAt> = picture.rows_from(0, band).take(picture.n_rows()).collect();
            for (index, &at) in rows.iter().enumerate() {
                assert_eq!(picture.rows_from(index, band).next(), Some(at));
            }
            let place = |at: &RowAt| (at.image, at.y / band, at.block, at.y);
            assert!(
                rows.windows(2)
                    .all(|pair| place(&pair[0]) < place(&pair[1]))
            );
        }
    }
}
