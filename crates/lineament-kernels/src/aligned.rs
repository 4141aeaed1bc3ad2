//! Memory that begins at a cache line, so that no vector straddles two.

use std::ops::{Deref, DerefMut};

/// Bytes of a cache line, and of the widest vector.
const LINE: usize = 64;

/// Numbers from a cache line's start on.
#[derive(Debug, Default)]
pub(crate) struct Aligned {
    values: Vec<f32>,
    start: usize,
    length: usize,
}

impl Aligned {
    pub(crate) fn zeroed(length: usize) -> Self {
        let values = vec![0.0; length + LINE / size_of::<f32>()];
        let start = values.as_ptr().align_offset(LINE);
        // `align_offset` may decline by a huge value; then the start is merely not aligned.
        let start = start.min(LINE / size_of::<f32>());
        Self {
            values,
            start,
            length,
        }
    }

    /// Makes room for `length` numbers; what it held is lost when it has to grow.
    pub(crate) fn grow(&mut self, length: usize) {
        if self.length < length {
            *self = Self::zeroed(length);
        }
    }
}

impl Deref for Aligned {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values[self.start..self.start + self.length]
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[self.start..self.start + self.length]
    }
}
