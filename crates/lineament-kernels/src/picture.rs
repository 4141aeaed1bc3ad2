//! How pictures of many channels lie in memory.

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

impl Picture {
    pub(crate) fn new([batch, channels, height, width]: [usize; 4], lanes: usize) -> Self {
        Self {
            batch,
            channels,
            height,
            width,
            lanes,
            halo: Halo::default(),
        }
    }

    pub(crate) fn blocks(&self) -> usize {
        self.channels.div_ceil(self.lanes)
    }

    /// Numbers from one row to the next.
    pub(crate) fn row_stride(&self) -> usize {
        (self.halo.left + self.width + self.halo.right) * self.lanes
    }

    /// Numbers from one block to the next.
    pub(crate) fn plane(&self) -> usize {
        (self.halo.top + self.height + self.halo.bottom) * self.row_stride()
    }

    /// Numbers in all.
    pub(crate) fn len(&self) -> usize {
        self.batch * self.blocks() * self.plane()
    }

    pub(crate) fn n_rows(&self) -> usize {
        self.batch * self.blocks() * self.height
    }

    /// Numbers of a row, without its halo.
    pub(crate) fn row_len(&self) -> usize {
        self.width * self.lanes
    }

    pub(crate) fn row_at(&self, index: usize) -> RowAt {
        let (plane, y) = (index / self.height, index % self.height);
        RowAt {
            image: plane / self.blocks(),
            block: plane % self.blocks(),
            y,
        }
    }

    /// The row after `at`, without the divisions of [`row_at`](Self::row_at).
    pub(crate) fn row_after(&self, RowAt { image, block, y }: RowAt) -> RowAt {
        match (block + 1 < self.blocks(), y + 1 < self.height) {
            (_, true) => RowAt {
                image,
                block,
                y: y + 1,
            },
            (true, false) => RowAt {
                image,
                block: block + 1,
                y: 0,
            },
            (false, false) => RowAt {
                image: image + 1,
                block: 0,
                y: 0,
            },
        }
    }

    /// Where a row begins, after its halo.
    pub(crate) fn row_start(&self, at: RowAt) -> usize {
        let plane = at.image * self.blocks() + at.block;
        plane * self.plane()
            + (self.halo.top + at.y) * self.row_stride()
            + self.halo.left * self.lanes
    }

    pub(crate) fn row<'a>(&self, values: &'a [f32], at: RowAt) -> &'a [f32] {
        let start = self.row_start(at);
        &values[start..start + self.row_len()]
    }

    /// Whether the other lies alike, but for the halo.
    pub(crate) fn same_inside(&self, other: &Self) -> bool {
        let halo = Halo::default();
        Self { halo, ..*self } == Self { halo, ..*other }
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
        let (left, inside) = (self.halo.left * self.lanes, self.row_len());
        for plane in values.chunks_exact_mut(self.plane()) {
            let (top, rest) = plane.split_at_mut(self.halo.top * stride);
            let (rows, bottom) = rest.split_at_mut(self.height * stride);
            top.fill(0.0);
            bottom.fill(0.0);
            for row in rows.chunks_exact_mut(stride) {
                row[..left].fill(0.0);
                row[left + inside..].fill(0.0);
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
        let mut after = picture.row_at(0);
        for index in 0..picture.n_rows() {
            assert_eq!(picture.row_at(index), after);
            let row = picture.row(&values, after);
            assert!(row.iter().all(|&v| v == 1.0));
            after = picture.row_after(after);
        }
    }
}
