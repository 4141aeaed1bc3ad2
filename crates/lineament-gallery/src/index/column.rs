//! Numbers of an index: those of a file, then those that came since.

use std::ops::{Index, IndexMut, Range};

use lineament_kernels::mapped::{Word, Words};

/// The words of a file, which are mapped, and further ones in memory. A range of them lies in one of the two.
#[derive(Debug, Clone)]
pub(super) struct Column<T: Word> {
    of_file: Words<T>,
    since: Vec<T>,
}

impl<T: Word> Default for Column<T> {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl<T: Word> From<Vec<T>> for Column<T> {
    fn from(since: Vec<T>) -> Self {
        Self {
            of_file: Words::default(),
            since,
        }
    }
}

impl<T: Word> Column<T> {
    /// The first `n` of the words are left where they are, the others are taken into memory.
    pub(super) fn of_file(words: Words<T>, n: usize) -> Self {
        let since = words.get(n..).unwrap_or_default().to_vec();
        Self {
            of_file: words.first(n),
            since,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.of_file.len() + self.since.len()
    }

    pub(super) fn last(&self) -> Option<&T> {
        self.since.last().or_else(|| self.of_file.last())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.parts().into_iter().flatten()
    }

    pub(super) fn parts(&self) -> [&[T]; 2] {
        [&self.of_file, &self.since]
    }

    pub(super) fn push(&mut self, word: T) {
        self.since.push(word);
    }

    /// Adds `n` times `word`.
    pub(super) fn fill(&mut self, word: T, n: usize) {
        self.since.resize(self.since.len() + n, word);
    }
}

impl<T: Word> Index<usize> for Column<T> {
    type Output = T;

    #[inline(always)]
    fn index(&self, i: usize) -> &T {
        let n = self.of_file.len();
        match i < n {
            true => &self.of_file[i],
            false => &self.since[i - n],
        }
    }
}

impl<T: Word> Index<Range<usize>> for Column<T> {
    type Output = [T];

    #[inline(always)]
    fn index(&self, range: Range<usize>) -> &[T] {
        let n = self.of_file.len();
        match range.end <= n {
            true => &self.of_file[range],
            false => &self.since[range.start - n..range.end - n],
        }
    }
}

/// Only what came since can be changed.
impl<T: Word> IndexMut<usize> for Column<T> {
    fn index_mut(&mut self, i: usize) -> &mut T {
        &mut self.since[i - self.of_file.len()]
    }
}

impl<T: Word> IndexMut<Range<usize>> for Column<T> {
    fn index_mut(&mut self, range: Range<usize>) -> &mut [T] {
        let n = self.of_file.len();
        &mut self.since[range.start - n..range.end - n]
    }
}

impl<T: Word + PartialEq> PartialEq for Column<T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}
