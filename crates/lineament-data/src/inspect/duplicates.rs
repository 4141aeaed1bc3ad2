//! Images that are the same, byte for byte.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use sha2::{Digest as _, Sha256};

/// What tells bytes apart: the first half of their SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 16]);

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(&Sha256::digest(bytes)[..16]);
        Self(half)
    }
}

/// Finds the images whose digests are equal. It remembers 24 bytes an image.
#[derive(Debug, Default)]
pub struct DuplicateFinder {
    first: HashMap<Digest, u64>,
    /// Image, and the first of its digest.
    repeats: Vec<(u64, u64)>,
}

impl DuplicateFinder {
    /// Adds the image `idx`; returns the first image of the same digest, where there was one.
    pub fn add(&mut self, idx: u64, digest: Digest) -> Option<u64> {
        match self.first.entry(digest) {
            Entry::Vacant(vacant) => {
                vacant.insert(idx);
                None
            }
            Entry::Occupied(occupied) => {
                let first = *occupied.get();
                self.repeats.push((idx, first));
                Some(first)
            }
        }
    }

    /// The groups of two equal images and more, in the order of their first.
    #[must_use]
    pub fn groups(mut self) -> Vec<Vec<u64>> {
        self.repeats.sort_by_key(|&(idx, first)| (first, idx));
        let of_one = self.repeats.chunk_by(|a, b| a.1 == b.1);
        of_one
            .map(|repeats| {
                let first = repeats.iter().map(|(_, first)| *first).take(1);
                first.chain(repeats.iter().map(|(idx, _)| *idx)).collect()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_images_are_grouped() {
        let mut finder = DuplicateFinder::default();
        let firsts: Vec<_> = [b"a", b"b", b"a", b"c", b"b", b"a"]
            .iter()
            .zip(0..)
            .map(|(bytes, idx)| finder.add(idx, Digest::of(*bytes)))
            .collect();
        assert_eq!(firsts, [None, None, Some(0), None, Some(1), Some(0)]);
        assert_eq!(finder.groups(), [vec![0, 2, 5], vec![1, 4]]);
    }
}
