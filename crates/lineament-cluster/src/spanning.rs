//! The spanning tree of mutual reachability: which rows hang together, down to which score.

use crate::disjoint::DisjointSets;
use crate::pairs::fold_pairs;
use crate::rows::UnitRows;
use crate::scan::ScanPlan;

/// Scores looked at together: most of them are of no link that is better than those found.
const LANES: usize = 16;

/// Two rows, and the score at which they reach each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Link {
    pub(crate) first: u32,
    pub(crate) second: u32,
    pub(crate) score: f32,
}

const NONE: Link = Link {
    first: u32::MAX,
    second: u32::MAX,
    score: f32::NEG_INFINITY,
};

/// The links of a tree of all rows whose scores have the greatest sum; two rows reach each other at
/// their score, or at the `cores` of one of them where that is less.
///
/// Borůvka's rounds (1926): each set of rows is linked to the one that it reaches best. A round
/// scores every pair once and leaves half as many sets at most; O(n) memory. Where links are equally
/// good, which of them are in the tree may differ from run to run; which rows are connected by links
/// of any score or more does not.
pub(crate) fn spanning_tree(rows: &UnitRows, cores: &[f32], plan: &ScanPlan) -> Vec<Link> {
    let n = rows.n_rows();
    let mut sets = DisjointSets::new(n);
    let mut tree = Vec::with_capacity(n.saturating_sub(1));
    while tree.len() + 1 < n {
        let forest = Forest::new(&mut sets, n, cores);
        for link in forest.links_outward(rows, plan) {
            let (first, second) = (link.first as usize, link.second as usize);
            // Sets that reach one another equally well may have chosen links in a circle.
            if sets.find(first) != sets.find(second) {
                sets.join(first, second);
                tree.push(link);
            }
        }
    }
    tree
}

/// The sets of rows that are linked already.
struct Forest<'a> {
    cores: &'a [f32],
    /// The set of each row, numbered from 0.
    sets: Vec<u32>,
    n_sets: usize,
}

impl<'a> Forest<'a> {
    fn new(sets: &mut DisjointSets, n: usize, cores: &'a [f32]) -> Self {
        let mut numbers = vec![0; n];
        let mut n_sets = 0;
        for row in 0..n {
            // A set's root is its smallest row, which has its number by now.
            match sets.find(row) {
                root if root == row => {
                    numbers[row] = n_sets;
                    n_sets += 1;
                }
                root => numbers[row] = numbers[root],
            }
        }
        Self {
            cores,
            sets: numbers,
            n_sets: n_sets as usize,
        }
    }

    /// Of each set, the best link to another.
    fn links_outward(&self, rows: &UnitRows, plan: &ScanPlan) -> Vec<Link> {
        let start = || Outward {
            links: vec![NONE; self.n_sets],
            first: 0,
            bounds: Vec::new(),
        };
        let parts = fold_pairs(rows, plan, start, |outward, i, first, scores| {
            outward.follow(self, first, scores.len());
            outward.look(self, i, first, scores);
        });
        let mut best = vec![NONE; self.n_sets];
        for part in parts {
            for (best, link) in best.iter_mut().zip(part.links) {
                best.improve(link);
            }
        }
        best
    }
}

impl Link {
    fn improve(&mut self, other: Self) {
        if other.score > self.score {
            *self = other;
        }
    }
}

/// The best links found so far.
struct Outward {
    /// Of each set.
    links: Vec<Link>,
    first: usize,
    /// The scores of the links of rows one after the other, as they were when their tile came up: a
    /// worse one is of no use to them.
    bounds: Vec<f32>,
}

impl Outward {
    fn follow(&mut self, forest: &Forest<'_>, first: usize, n: usize) {
        if self.first == first && self.bounds.len() == n {
            return;
        }
        self.first = first;
        self.bounds.clear();
        let sets = &forest.sets[first..first + n];
        let bounds = sets.iter().map(|set| self.links[*set as usize].score);
        self.bounds.extend(bounds);
    }

    /// Looks at the links of row `i` with the rows from `first` on.
    fn look(&mut self, forest: &Forest<'_>, i: usize, first: usize, scores: &[f32]) {
        let (set, core) = (forest.sets[i], forest.cores[i]);
        let bound = self.links[set as usize].score;
        let n = scores.len();
        let others = &forest.sets[first..first + n];
        let cores = &forest.cores[first..first + n];
        let reach = |j: usize| scores[j].min(core).min(cores[j]);
        let mut start = 0;
        while start < n {
            let lanes = start..(start + LANES).min(n);
            let is_better = |j: usize| (others[j] != set) & (reach(j) > self.bounds[j].min(bound));
            if lanes.clone().fold(false, |any, j| any | is_better(j)) {
                for j in lanes.filter(|j| others[*j] != set) {
                    let link = Link {
                        first: i as u32,
                        second: (first + j) as u32,
                        score: reach(j),
                    };
                    self.links[set as usize].improve(link);
                    self.links[others[j] as usize].improve(link);
                }
            }
            start += LANES;
        }
    }
}
