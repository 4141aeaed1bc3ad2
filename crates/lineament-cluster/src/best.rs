//! The nearest rows found so far, of one row or of all, by any number of threads.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicU32, Ordering as Memory};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::neighbours::{Edge, Nearest};

/// Nearer first; of equal scores the smaller row. A total order, so that the nearest are the same in
/// whichever order they are found.
fn nearer(a: &Edge, b: &Edge) -> Ordering {
    b.score.total_cmp(&a.score).then(a.to.cmp(&b.to))
}

/// The nearest rows of one row.
pub(crate) struct Best {
    /// Bits of a score: what is below is not among the nearest.
    least: AtomicU32,
    edges: Mutex<Vec<Edge>>,
}

impl Best {
    pub(crate) fn new(wanted: Nearest) -> Self {
        let least = match wanted.k {
            0 => f32::INFINITY,
            _ => wanted.least(),
        };
        Self {
            least: AtomicU32::new(least.to_bits()),
            edges: Mutex::default(),
        }
    }

    /// No row below this score is among the nearest; it only rises.
    pub(crate) fn least(&self) -> f32 {
        f32::from_bits(self.least.load(Memory::Relaxed))
    }

    /// Takes a row that was not offered before into account.
    pub(crate) fn offer(&self, edge: Edge, wanted: Nearest) {
        if edge.score < self.least() {
            return;
        }
        let mut edges = self.lock();
        edges.push(edge);
        // Some more than are wanted are kept, since to find the last of them costs a pass over all.
        if edges.len() >= wanted.k + wanted.k / 2 + 8 {
            keep_nearest(&mut edges, wanted.k);
            let least = edges[wanted.k - 1].score;
            self.least.store(least.to_bits(), Memory::Relaxed);
        }
    }

    /// The nearest rows, the nearest first.
    pub(crate) fn into_edges(self, wanted: Nearest) -> Vec<Edge> {
        let mut edges = self
            .edges
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        keep_nearest(&mut edges, wanted.k);
        edges.sort_unstable_by(nearer);
        edges.shrink_to_fit();
        edges
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Edge>> {
        self.edges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keep_nearest(edges: &mut Vec<Edge>, k: usize) {
    if k > 0 && k < edges.len() {
        edges.select_nth_unstable_by(k - 1, nearer);
    }
    edges.truncate(k);
}
