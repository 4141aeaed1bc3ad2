//! Average linkage: the two clusters of the greatest mean score are joined, again and again.

use crate::clusters::Clusters;
use crate::constraints::Constraints;
use crate::disjoint::DisjointSets;
use crate::error::{ClusterError, check_groups, check_score};
use crate::rows::UnitRows;
use crate::scan::{ScanPlan, map_scores};

/// The score of two rows that must not be together. A mean of scores with one such among them is
/// still far below any score, so that clusters that hold the two are joined last, below every cut; and
/// as it is a number, the order of joins needs no special case.
const APART: f32 = -1e30;
/// The score of two rows that must be together, which no mean with other rows comes near: they are joined
/// first, among themselves, so that none of their means is of these and of scores.
const TOGETHER: f32 = 1e30;

/// Two clusters joined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Merge {
    /// A row of the one.
    pub first: usize,
    /// A row of the other.
    pub second: usize,
    /// Mean score between the rows of the one and those of the other; below −1 where they must not
    /// be together, above 1 where they must be.
    pub score: f64,
}

/// The whole order of joins; cut at a score it gives clusters.
///
/// FaceNet (Schroff et al. 2015, §5.7) clusters so on squared Euclidean distances, which are
/// 2 − 2 · score: the order of joins is the same, and a cut at a distance δ is one at 1 − δ/2.
#[derive(Debug, Clone, PartialEq)]
pub struct Dendrogram {
    n_rows: usize,
    merges: Vec<Merge>,
}

impl Dendrogram {
    /// Rows that need 800 MB of scores.
    pub const DEFAULT_MAX_ROWS: usize = 20_000;

    /// The joins of all rows, by the chain of nearest neighbours (Murtagh 1983): O(n²) time and
    /// 2 n² bytes, therefore `max_rows`. Mean scores are kept in `f32`.
    ///
    /// # Errors
    /// [`ClusterError::TooMany`].
    pub fn average_linkage(
        rows: &UnitRows,
        max_rows: usize,
        plan: &ScanPlan,
    ) -> Result<Self, ClusterError> {
        Self::of_scores(rows, |_, _| (), max_rows, plan)
    }

    /// As [`average_linkage`](Self::average_linkage), with what is known of pairs: rows that must be
    /// together are joined first, and then, among the clusters that may be joined, those of the greatest
    /// mean score are next. No cut parts the former, and none puts together rows that must not be.
    ///
    /// # Errors
    /// [`ClusterError::TooMany`]; [`ClusterError::Groups`] for constraints of another number of rows.
    pub fn average_linkage_constrained(
        rows: &UnitRows,
        constraints: &Constraints,
        max_rows: usize,
        plan: &ScanPlan,
    ) -> Result<Self, ClusterError> {
        check_groups(rows.n_rows(), constraints.n_rows())?;
        let constrain = |i: usize, scores: &mut [f32]| {
            for (j, score) in scores.iter_mut().enumerate() {
                if constraints.are_linked(i, j) {
                    *score = TOGETHER;
                } else if constraints.are_grouped(i, j) {
                    *score = APART;
                }
            }
            for j in constraints.apart_from(i) {
                scores[*j] = APART;
            }
        };
        Self::of_scores(rows, constrain, max_rows, plan)
    }

    /// The joins by the scores, as `constrain` leaves those of a row with the rows before it.
    fn of_scores(
        rows: &UnitRows,
        constrain: impl Fn(usize, &mut [f32]) + Sync,
        max_rows: usize,
        plan: &ScanPlan,
    ) -> Result<Self, ClusterError> {
        let n_rows = rows.n_rows();
        if n_rows > max_rows {
            return Err(ClusterError::TooMany {
                what: "average linkage",
                limit: max_rows,
                got: n_rows,
                help: "allow more (each pair of rows needs 4 bytes), or use Chinese Whispers, DBSCAN or connected components",
            });
        }
        let triangle = map_scores(rows, rows, plan, |i, scores| {
            let mut earlier = scores[..i].to_vec();
            constrain(i, &mut earlier);
            earlier
        })?;
        let mut merges = Chain::new(triangle).run();
        // The chain finds the joins out of order; average linkage has no inversions, so sorting
        // them gives the order in which the greatest mean score is always next.
        merges.sort_by(|a, b| b.score.total_cmp(&a.score));
        Ok(Self { n_rows, merges })
    }

    /// The joins, from the greatest mean score to the smallest.
    #[must_use]
    pub fn merges(&self) -> &[Merge] {
        &self.merges
    }

    /// The clusters whose mean scores to one another are all `min_score` or less.
    ///
    /// # Errors
    /// A threshold that is no score.
    pub fn cut(&self, min_score: f64) -> Result<Clusters, ClusterError> {
        check_score("the score of a cut", min_score)?;
        let mut sets = DisjointSets::new(self.n_rows);
        for merge in self.merges.iter().filter(|m| m.score > min_score) {
            sets.join(merge.first, merge.second);
        }
        let labels = (0..self.n_rows).map(|i| Some(sets.find(i)));
        Ok(Clusters::of_labels(labels))
    }
}

/// Clusters, each named by one of its rows, and their mean scores.
struct Chain {
    /// `scores[i][j]` for j < i.
    scores: Vec<Vec<f32>>,
    /// Rows of the cluster; 0 where it has been joined to another.
    sizes: Vec<usize>,
}

impl Chain {
    fn new(scores: Vec<Vec<f32>>) -> Self {
        let sizes = vec![1; scores.len()];
        Self { scores, sizes }
    }

    fn run(mut self) -> Vec<Merge> {
        let n = self.sizes.len();
        let mut merges = Vec::with_capacity(n.saturating_sub(1));
        let mut chain: Vec<usize> = Vec::new();
        let mut first_left = 0;
        while merges.len() + 1 < n {
            let Some(&tip) = chain.last() else {
                first_left += self.sizes[first_left..]
                    .iter()
                    .take_while(|s| **s == 0)
                    .count();
                chain.push(first_left);
                continue;
            };
            let previous = chain.len().checked_sub(2).map(|i| chain[i]);
            let (next, score) = self.nearest(tip, previous);
            if Some(next) == previous {
                chain.truncate(chain.len() - 2);
                merges.push(self.join(tip, next, score));
            } else {
                chain.push(next);
            }
        }
        merges
    }

    fn score(&self, i: usize, j: usize) -> f32 {
        self.scores[i.max(j)][i.min(j)]
    }

    /// The nearest other cluster; `preferred` among equals, without which chains of equal scores
    /// would go round in circles, and then the first.
    fn nearest(&self, of: usize, preferred: Option<usize>) -> (usize, f32) {
        let mut best =
            preferred.map_or((usize::MAX, f32::NEG_INFINITY), |p| (p, self.score(of, p)));
        for other in (0..self.sizes.len()).filter(|i| self.sizes[*i] > 0 && *i != of) {
            let score = self.score(of, other);
            if score > best.1 {
                best = (other, score);
            }
        }
        best
    }

    /// Joins two clusters; the means follow Lance and Williams (1967).
    fn join(&mut self, i: usize, j: usize, score: f32) -> Merge {
        let (kept, gone) = (i.min(j), i.max(j));
        let (n_kept, n_gone) = (self.sizes[kept] as f64, self.sizes[gone] as f64);
        self.sizes[kept] += self.sizes[gone];
        self.sizes[gone] = 0;
        for other in 0..self.sizes.len() {
            if self.sizes[other] == 0 || other == kept {
                continue;
            }
            let (a, b) = (self.score(kept, other), self.score(gone, other));
            let sum = n_kept * f64::from(a) + n_gone * f64::from(b);
            self.scores[kept.max(other)][kept.min(other)] = (sum / (n_kept + n_gone)) as f32;
        }
        Merge {
            first: kept,
            second: gone,
            score: f64::from(score),
        }
    }
}
