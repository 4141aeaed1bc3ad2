//! One output, written by several threads at once, each its own rows.

#![allow(
    unsafe_code,
    reason = "disjoint parts of one slice for several threads"
)]

use std::marker::PhantomData;
use std::ops::Range;

use crate::picture::{Picture, RowAt};
use crate::pool::Pool;

/// Least numbers that are worth a task of their own.
pub(crate) const GRAIN: usize = 1 << 12;

/// A slice whose disjoint parts several threads write.
pub(crate) struct Shared<'a> {
    start: *mut f32,
    length: usize,
    lifetime: PhantomData<&'a mut [f32]>,
}

// SAFETY: it gives out disjoint parts only, by the contract of `part`.
unsafe impl Sync for Shared<'_> {}

impl<'a> Shared<'a> {
    pub(crate) fn new(values: &'a mut [f32]) -> Self {
        Self {
            start: values.as_mut_ptr(),
            length: values.len(),
            lifetime: PhantomData,
        }
    }

    /// The part at `range`.
    ///
    /// # Panics
    /// When the range reaches beyond the slice.
    ///
    /// # Safety
    /// No two parts that are alive at the same time overlap.
    #[allow(clippy::mut_from_ref, reason = "parts are disjoint, by the contract")]
    pub(crate) unsafe fn part(&self, range: Range<usize>) -> &mut [f32] {
        assert!(range.start <= range.end && range.end <= self.length);
        // SAFETY: the range lies inside the slice, and nothing else refers to it, by the contract.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}

/// Calls `work` with every row of the picture that `values` holds.
pub(crate) fn each_row(
    pool: &Pool,
    picture: &Picture,
    values: &mut [f32],
    work: impl Fn(RowAt, &mut [f32]) + Sync,
) {
    each_run(pool, picture, values, |at, _, words| {
        let rows = words.chunks_mut(picture.row_stride().max(1));
        for (i, row) in rows.enumerate() {
            let y = at.y + i;
            work(RowAt { y, ..at }, &mut row[..picture.row_len()]);
        }
    });
}

/// Calls `work` with runs of rows below each other, each row of the picture in one: with the first row, how many there
/// are, and the words from the start of the first to the end of the last.
pub(crate) fn each_run(
    pool: &Pool,
    picture: &Picture,
    values: &mut [f32],
    work: impl Fn(RowAt, usize, &mut [f32]) + Sync,
) {
    let n_rows = picture.n_rows();
    let per_task = GRAIN.div_ceil(picture.row_len().max(1)).max(1);
    // Each thread takes the part of a picture that it writes in other layers too.
    let band = picture.height.div_ceil(pool.threads()).max(1);
    let shared = Shared::new(values);
    pool.for_each(n_rows.div_ceil(per_task), &|task| {
        let first = task * per_task;
        let n = per_task.min(n_rows - first);
        let mut rows = picture.rows_from(first, band).take(n).peekable();
        while let Some(at) = rows.next() {
            let mut n = 1;
            let is_below = |next: &RowAt, n: usize| *next == RowAt { y: at.y + n, ..at };
            while rows.next_if(|next| is_below(next, n)).is_some() {
                n += 1;
            }
            let start = picture.row_start(at);
            let end = start + (n - 1) * picture.row_stride() + picture.row_len();
            // SAFETY: rows of a picture do not overlap, and each is in one task; nobody writes between them.
            let words = unsafe { shared.part(start..end) };
            work(at, n, words);
        }
    });
}
