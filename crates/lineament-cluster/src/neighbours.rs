//! The graph of nearest neighbours.

use crate::best::Best;
use crate::error::ClusterError;
use crate::pairs::fold_pairs;
use crate::rows::UnitRows;
use crate::scan::{ScanPlan, map_scores};

/// Scores looked at together: most of them hold nothing that is near enough.
const LANES: usize = 16;

/// Which rows are neighbours of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nearest {
    /// How many at most.
    pub k: usize,
    /// None of a smaller score. Whoever will only follow edges of some score saves the time and the
    /// memory for the others.
    pub min_score: f64,
}

impl Nearest {
    /// The `k` nearest, however far.
    #[must_use]
    pub fn of_any_score(k: usize) -> Self {
        Self {
            k,
            min_score: f64::NEG_INFINITY,
        }
    }

    /// The least single-precision number that is `min_score` or more.
    pub(crate) fn least(&self) -> f32 {
        let near = self.min_score as f32;
        match f64::from(near) < self.min_score {
            true => near.next_up(),
            false => near,
        }
    }
}

/// An edge from one row to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// The other row.
    pub to: u32,
    /// Its score.
    pub score: f32,
}

/// The nearest other rows of every row, the nearest first.
#[derive(Debug, Clone, PartialEq)]
pub struct KnnGraph {
    edges: Vec<Vec<Edge>>,
}

impl KnnGraph {
    /// The rows of greatest score for every row, exactly: all pairs are scored, each once. Of equal
    /// scores the smaller index comes first. Fewer than `k` where there are no more rows.
    ///
    /// # Errors
    /// [`ClusterError::TooMany`] for more than 2³² rows.
    pub fn exact(rows: &UnitRows, wanted: Nearest, plan: &ScanPlan) -> Result<Self, ClusterError> {
        let best = all_best(rows, wanted)?;
        fold_pairs(rows, plan, Leasts::default, |leasts, i, first, scores| {
            leasts.follow(&best, first, scores.len());
            offer_both(&best, leasts, i, first, scores, wanted);
        });
        Ok(Self::of_best(best, wanted))
    }

    /// As [`exact`](Self::exact), of some of the rows only: their nearest among all rows.
    ///
    /// # Errors
    /// As for [`exact`](Self::exact).
    ///
    /// # Panics
    /// Where there is no such row.
    pub fn exact_of(
        rows: &UnitRows,
        chosen: &[usize],
        wanted: Nearest,
        plan: &ScanPlan,
    ) -> Result<Vec<Vec<Edge>>, ClusterError> {
        check_count(rows)?;
        map_scores(&rows.select(chosen), rows, plan, |i, scores| {
            let best = Best::new(wanted);
            let others = scores.iter().enumerate().filter(|(j, _)| *j != chosen[i]);
            for (j, score) in others {
                best.offer(edge(j, *score), wanted);
            }
            best.into_edges(wanted)
        })
    }

    pub(crate) fn of_best(best: Vec<Best>, wanted: Nearest) -> Self {
        let edges = best.into_iter().map(|best| best.into_edges(wanted));
        Self {
            edges: edges.collect(),
        }
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
        let mut both: Vec<Vec<Edge>> = vec![Vec::new(); self.edges.len()];
        for (from, edges) in self.edges.iter().enumerate() {
            for near in edges.iter().filter(|e| f64::from(e.score) >= min_score) {
                both[from].push(*near);
                both[near.to as usize].push(edge(from, near.score));
            }
        }
        for edges in &mut both {
            edges.sort_unstable_by_key(|edge| edge.to);
            edges.dedup_by_key(|edge| edge.to);
        }
        both
    }
}

/// Nothing found yet, for every row.
pub(crate) fn all_best(rows: &UnitRows, wanted: Nearest) -> Result<Vec<Best>, ClusterError> {
    check_count(rows)?;
    Ok((0..rows.n_rows()).map(|_| Best::new(wanted)).collect())
}

fn check_count(rows: &UnitRows) -> Result<(), ClusterError> {
    match u32::try_from(rows.n_rows()) {
        Ok(_) => Ok(()),
        Err(_) => Err(ClusterError::TooMany {
            what: "a graph of neighbours",
            limit: u32::MAX as usize,
            got: rows.n_rows(),
            help: "cluster parts of them",
        }),
    }
}

/// An edge to a row whose number was checked.
pub(crate) fn edge(to: usize, score: f32) -> Edge {
    Edge {
        to: to as u32,
        score,
    }
}

/// The least scores of rows one after the other, as they were when their tile came up.
#[derive(Default)]
struct Leasts {
    first: usize,
    scores: Vec<f32>,
}

impl Leasts {
    fn follow(&mut self, best: &[Best], first: usize, n: usize) {
        if self.first == first && self.scores.len() == n {
            return;
        }
        self.first = first;
        self.scores.clear();
        let rows = &best[first..first + n];
        self.scores.extend(rows.iter().map(Best::least));
    }
}

/// Offers to row `i` the rows from `first` on, and it to them.
fn offer_both(
    best: &[Best],
    leasts: &Leasts,
    i: usize,
    first: usize,
    scores: &[f32],
    wanted: Nearest,
) {
    let least = best[i].least();
    let offer = |offset: usize, score: f32, least_there: f32| {
        let j = first + offset;
        if score >= least {
            best[i].offer(edge(j, score), wanted);
        }
        if score >= least_there {
            best[j].offer(edge(i, score), wanted);
        }
    };
    let mut offset = 0;
    let (lanes, rest) = scores.as_chunks::<LANES>();
    let (leasts_there, leasts_rest) = leasts.scores.as_chunks::<LANES>();
    for (scores, there) in lanes.iter().zip(leasts_there) {
        let is_near = |lane: usize| scores[lane] >= there[lane].min(least);
        if (0..LANES).fold(false, |any, lane| any | is_near(lane)) {
            for lane in 0..LANES {
                offer(offset + lane, scores[lane], there[lane]);
            }
        }
        offset += LANES;
    }
    for (lane, (score, there)) in rest.iter().zip(leasts_rest).enumerate() {
        offer(offset + lane, *score, *there);
    }
}
