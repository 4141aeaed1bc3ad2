//! Disjoint sets of rows, joined pair by pair.

/// Disjoint sets of the numbers below n; a set is known by its smallest member.
pub(crate) struct DisjointSets {
    parents: Vec<usize>,
}

impl DisjointSets {
    pub(crate) fn new(n: usize) -> Self {
        Self {
            parents: (0..n).collect(),
        }
    }

    /// The smallest member of the set of `i`; paths are halved on the way (Tarjan and van Leeuwen
    /// 1984).
    pub(crate) fn find(&mut self, mut i: usize) -> usize {
        while self.parents[i] != i {
            self.parents[i] = self.parents[self.parents[i]];
            i = self.parents[i];
        }
        i
    }

    pub(crate) fn join(&mut self, i: usize, j: usize) {
        let (i, j) = (self.find(i), self.find(j));
        self.parents[i.max(j)] = i.min(j);
    }

    /// Joins what `other`, of as many numbers, has joined.
    pub(crate) fn join_all(&mut self, mut other: Self) {
        for i in 0..self.parents.len() {
            let root = other.find(i);
            self.join(i, root);
        }
    }

    /// The sets joined in any of the parts.
    pub(crate) fn union(n: usize, parts: Vec<Self>) -> Self {
        let mut all = Self::new(n);
        parts.into_iter().for_each(|part| all.join_all(part));
        all
    }
}
