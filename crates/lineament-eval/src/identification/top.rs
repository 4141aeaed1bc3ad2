//! The best few of many candidates.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Someone of the gallery, and how well they fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Index in the gallery.
    pub entry: usize,
    /// The score.
    pub score: f64,
}

/// The `n` candidates of greatest score of any number, in memory for `n`. Of equal scores the
/// smaller index is the better.
#[derive(Debug, Clone)]
pub struct TopCandidates {
    n: usize,
    /// The worst of those kept is on top.
    kept: BinaryHeap<Reverse<ByScore>>,
}

#[derive(Debug, Clone, Copy)]
struct ByScore(Candidate);

impl TopCandidates {
    /// Room for `n` candidates, none there yet.
    #[must_use]
    pub fn new(n: usize) -> Self {
        let kept = BinaryHeap::new();
        Self { n, kept }
    }

    /// Looks at one more candidate, in any order.
    pub fn add(&mut self, candidate: Candidate) {
        let candidate = ByScore(candidate);
        if self.kept.len() < self.n {
            self.kept.push(Reverse(candidate));
        } else if let Some(mut worst) = self.kept.peek_mut()
            && candidate > worst.0
        {
            *worst = Reverse(candidate);
        }
    }

    /// Those kept, the best first.
    #[must_use]
    pub fn into_sorted(self) -> Vec<Candidate> {
        let kept = self.kept.into_sorted_vec();
        kept.into_iter().map(|Reverse(ByScore(c))| c).collect()
    }
}

impl Ord for ByScore {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = self.0.score.total_cmp(&other.0.score);
        by_score.then(other.0.entry.cmp(&self.0.entry))
    }
}

impl PartialOrd for ByScore {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByScore {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for ByScore {}
