//! Steps from neighbour to neighbour.

use pulp::Arch;

use super::{Graph, Layer};

/// What is walked towards.
pub(super) struct Goal<'a> {
    /// Filled up as rows are.
    pub(super) codes: &'a [i16],
    pub(super) scale: f32,
}

/// A row on the way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reached {
    /// About the score with the goal.
    pub(super) score: f32,
    pub(super) row: u32,
    /// Whether its neighbours were looked at.
    is_behind: bool,
}

/// Room for a walk, used again for the next.
#[derive(Debug)]
pub(crate) struct Walker {
    arch: Arch,
    /// The best rows so far, best first.
    pool: Vec<Reached>,
    /// A bit a row that was looked at, and the words with such bits.
    seen: Vec<u64>,
    touched: Vec<u32>,
    wanted: Vec<u32>,
    products: Vec<i32>,
}

impl Default for Walker {
    fn default() -> Self {
        Self {
            arch: Arch::new(),
            pool: Vec::new(),
            seen: Vec::new(),
            touched: Vec::new(),
            wanted: Vec::new(),
            products: Vec::new(),
        }
    }
}

impl Walker {
    /// Stands on the first row, which is in every layer.
    pub(super) fn start(&mut self, graph: &Graph, goal: &Goal<'_>) {
        self.seen.resize(graph.len().div_ceil(64), 0);
        self.pool.clear();
        self.pool.push(Reached {
            score: graph.rows.product(goal.codes, 0) as f32 * (goal.scale * graph.rows.scale(0)),
            row: 0,
            is_behind: false,
        });
    }

    /// Goes on from the rows that were reached to about the `breadth` rows of a layer that are nearest to
    /// the goal (algorithm 2).
    pub(super) fn walk(&mut self, graph: &Graph, layer: &Layer, goal: &Goal<'_>, breadth: usize) {
        self.forget_seen();
        for i in 0..self.pool.len() {
            self.pool[i].is_behind = false;
            self.is_new(self.pool[i].row);
        }
        let mut next = 0;
        while let Some(reached) = self.pool.get_mut(next) {
            if reached.is_behind {
                next += 1;
                continue;
            }
            reached.is_behind = true;
            let row = reached.row;
            self.wanted.clear();
            for link in layer.of(row) {
                if self.is_new(*link) {
                    self.wanted.push(*link);
                }
            }
            let rows = &graph.rows;
            rows.products(self.arch, goal.codes, &self.wanted, &mut self.products);
            for (row, product) in self.wanted.iter().zip(&self.products) {
                let score = *product as f32 * (goal.scale * rows.scale(*row));
                next = next.min(keep(&mut self.pool, breadth, score, *row));
            }
        }
    }

    /// The rows that were reached, best first.
    pub(super) fn reached(&self) -> &[Reached] {
        &self.pool
    }

    /// Marks a row as seen; false when it was.
    fn is_new(&mut self, row: u32) -> bool {
        let (word, bit) = (row / 64, 1u64 << (row % 64));
        let bits = &mut self.seen[word as usize];
        if *bits == 0 {
            self.touched.push(word);
        }
        let is_new = *bits & bit == 0;
        *bits |= bit;
        is_new
    }

    fn forget_seen(&mut self) {
        for word in self.touched.drain(..) {
            self.seen[word as usize] = 0;
        }
    }
}

/// Puts a row among the best `breadth`, if it is one of them. Where it stands.
fn keep(pool: &mut Vec<Reached>, breadth: usize, score: f32, row: u32) -> usize {
    let is_full = pool.len() >= breadth;
    if is_full && pool.last().is_none_or(|last| score <= last.score) {
        return usize::MAX;
    }
    let place = pool.partition_point(|reached| reached.score >= score);
    if is_full {
        pool.truncate(breadth - 1);
    }
    let reached = Reached {
        score,
        row,
        is_behind: false,
    };
    pool.insert(place.min(pool.len()), reached);
    place
}
