//! The graph of nearest neighbours.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::error::ClusterError;
use crate::rows::UnitRows;
use crate::scan::{ScanPlan, map_scores};

/// An edge from one row to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// The other row.
    pub to: usize,
    /// Its score.
    pub score: f32,
}

/// The `k` nearest other rows of every row, the nearest first.
#[derive(Debug, Clone, PartialEq)]
pub struct KnnGraph {
    edges: Vec<Vec<Edge>>,
}

impl KnnGraph {
    /// The `k` rows of greatest score for every row, exactly: all pairs are scored. Of equal scores
    /// the smaller index comes first. Fewer than `k` where there are no more rows.
    ///
    /// # Errors
    /// None today; scans of rows against themselves always fit.
    pub fn exact(rows: &UnitRows, k: usize, plan: &ScanPlan) -> Result<Self, ClusterError> {
        let edges = map_scores(rows, rows, plan, |i, scores| nearest(i, scores, k))?;
        Ok(Self { edges })
    }

    /// The edges of a row.
    ///
    /// # Panics
    /// Where there is no such row.
    #[must_use]
    pub fn of(&self, row: usize) -> &[Edge] {
        &self.edges[row]
    }

    /// Number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.edges.len()
    }

    /// The edges of `min_score` or more in both directions: a row's own, and those that lead to it,
    /// each once, by the other row.
    pub(crate) fn undirected(&self, min_score: f64) -> Vec<Vec<Edge>> {
        let mut both = vec![BTreeMap::new(); self.edges.len()];
        for (from, edges) in self.edges.iter().enumerate() {
            for edge in edges.iter().filter(|e| f64::from(e.score) >= min_score) {
                both[from].insert(edge.to, edge.score);
                both[edge.to].insert(from, edge.score);
            }
        }
        let list = |of: BTreeMap<usize, f32>| {
            let edges = of.into_iter().map(|(to, score)| Edge { to, score });
            edges.collect()
        };
        both.into_iter().map(list).collect()
    }
}

fn nearest(i: usize, scores: &[f32], k: usize) -> Vec<Edge> {
    let others = scores.iter().enumerate().filter(|(j, _)| *j != i);
    let mut edges: Vec<Edge> = others
        .map(|(to, score)| Edge { to, score: *score })
        .collect();
    let nearer =
        |a: &Edge, b: &Edge| -> Ordering { b.score.total_cmp(&a.score).then(a.to.cmp(&b.to)) };
    if k > 0 && k < edges.len() {
        edges.select_nth_unstable_by(k - 1, nearer);
    }
    edges.truncate(k);
    edges.sort_unstable_by(nearer);
    edges
}
