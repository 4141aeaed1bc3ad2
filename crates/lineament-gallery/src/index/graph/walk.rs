//! Steps from neighbour to neighbour.

use pulp::Arch;

use super::rows::{Rows, Vectors, Work, with_vectors};
use super::{Graph, Layer};

/// What is walked towards.
#[derive(Clone, Copy)]
pub(super) struct Goal<'a> {
    /// Filled up as rows are.
    pub(super) codes: &'a [i16],
    pub(super) scale: f32,
}

impl Goal<'_> {
    /// About the score of a row with the goal.
    #[inline(always)]
    fn score<V: Vectors>(&self, vectors: V, rows: &Rows, row: u32) -> f32 {
        vectors.product(rows.row(row), self.codes) as f32 * (self.scale * rows.scale(row))
    }
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
    pub(super) arch: Arch,
    /// The best rows so far, best first.
    pool: Vec<Reached>,
    seen: Seen,
    wanted: Vec<u32>,
}

impl Default for Walker {
    fn default() -> Self {
        Self {
            arch: Arch::new(),
            pool: Vec::new(),
            seen: Seen::default(),
            wanted: Vec::new(),
        }
    }
}

impl Walker {
    /// Stands on the first row, which is in every layer.
    pub(super) fn start(&mut self, graph: &Graph) {
        self.seen.words.resize(graph.len().div_ceil(64), 0);
        self.pool.clear();
        self.pool.push(Reached {
            score: f32::NEG_INFINITY,
            row: 0,
            is_behind: false,
        });
    }

    /// Goes on from the rows that were reached to about the `breadth` rows of a layer that are nearest to
    /// the goal (algorithm 2).
    pub(super) fn walk(&mut self, graph: &Graph, layer: &Layer, goal: Goal<'_>, breadth: usize) {
        with_vectors(
            self.arch,
            Walk {
                walker: self,
                graph,
                layer,
                goal,
                breadth,
            },
        );
    }

    /// The rows that were reached, best first.
    pub(super) fn reached(&self) -> &[Reached] {
        &self.pool
    }
}

struct Walk<'a> {
    walker: &'a mut Walker,
    graph: &'a Graph,
    layer: &'a Layer,
    goal: Goal<'a>,
    breadth: usize,
}

impl Work for Walk<'_> {
    #[inline(always)]
    fn run<V: Vectors>(self, vectors: V) {
        let Self {
            walker,
            graph,
            layer,
            goal,
            breadth,
        } = self;
        let Walker {
            pool, seen, wanted, ..
        } = walker;
        let rows = &graph.rows;
        seen.forget();
        for reached in pool.iter_mut() {
            reached.is_behind = false;
            reached.score = goal.score(vectors, rows, reached.row);
            seen.is_new(reached.row);
        }
        let mut next = 0;
        while let Some(reached) = pool.get_mut(next) {
            next += 1;
            if std::mem::replace(&mut reached.is_behind, true) {
                continue;
            }
            wanted.clear();
            for link in layer.of(reached.row) {
                if seen.is_new(link) {
                    vectors.fetch(rows.row(link));
                    vectors.fetch(std::slice::from_ref(&rows.scales[link as usize]));
                    wanted.push(link);
                }
            }
            // Most likely the next to be left.
            if let Some(after) = pool[next..].iter().find(|reached| !reached.is_behind) {
                vectors.fetch(layer.lines(after.row));
            }
            for row in wanted.iter() {
                next = next.min(keep(pool, breadth, goal.score(vectors, rows, *row), *row));
            }
        }
    }
}

/// Rows that were looked at.
#[derive(Debug, Default)]
struct Seen {
    /// A bit a row.
    words: Vec<u64>,
    /// The words with such bits.
    touched: Vec<u32>,
}

impl Seen {
    /// Marks a row; false when it was marked.
    #[inline(always)]
    fn is_new(&mut self, row: u32) -> bool {
        let (word, bit) = (row / 64, 1u64 << (row % 64));
        let bits = &mut self.words[word as usize];
        if *bits == 0 {
            self.touched.push(word);
        }
        let is_new = *bits & bit == 0;
        *bits |= bit;
        is_new
    }

    fn forget(&mut self) {
        for word in self.touched.drain(..) {
            self.words[word as usize] = 0;
        }
    }
}

/// Puts a row among the best `breadth`, if it is one of them. Where it stands.
#[inline(always)]
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
