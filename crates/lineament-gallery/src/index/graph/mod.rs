//! The approximate index: layers of graphs among the faces of one state of the file. A search steps from
//! neighbour to neighbour towards the probe and looks at a few thousand faces, however many there are.
//!
//! Source: Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using
//! hierarchical navigable small world graphs", IEEE TPAMI 42(4), 2020: algorithms 1, 2, 4 and 5.
//! Deviations: the height of a row comes from a hash of its face's number, so that an index is the same
//! whenever it is built; rows are inserted from the highest down, so that a layer is the first rows of the
//! one below it; rows are inserted in batches, and those of a batch do not see each other.

mod build;
mod file;
mod rows;
mod walk;

pub(crate) use build::{build, order};
pub(crate) use file::{Unfit, path_of, read, write};
pub(crate) use rows::Rows;
pub(crate) use walk::Walker;

use super::Probe;
use walk::Goal;

/// Neighbours that a new row is linked to in each layer, and links of a row in the layers above the
/// lowest. A layer has this many times fewer rows than the one below it.
const LINKS: usize = 16;
/// Links of a row in the lowest layer.
const LOWEST_LINKS: usize = 2 * LINKS;
/// Rows that are kept on the way while the neighbours of a new row are looked for.
const BUILD_BREADTH: usize = 128;
/// Fills up the links of a row.
const NONE: u32 = u32::MAX;

/// Vectors and the links between them.
#[derive(Debug, PartialEq)]
pub(crate) struct Graph {
    /// The face of each row.
    faces: Vec<i64>,
    rows: Rows,
    /// The lowest, of all rows, first.
    layers: Vec<Layer>,
}

/// Links among the first rows.
#[derive(Debug, PartialEq)]
struct Layer {
    /// Most links of a row.
    room: usize,
    /// `[rows of the layer, room]`, each filled up with [`NONE`].
    links: Vec<u32>,
}

impl Layer {
    fn n_rows(&self) -> usize {
        self.links.len() / self.room
    }

    fn of(&self, row: u32) -> &[u32] {
        let links = &self.links[row as usize * self.room..][..self.room];
        let n_links = links.iter().position(|link| *link == NONE);
        &links[..n_links.unwrap_or(self.room)]
    }

    fn set(&mut self, row: u32, to: &[u32]) {
        let links = &mut self.links[row as usize * self.room..][..self.room];
        links[..to.len()].copy_from_slice(to);
        links[to.len()..].fill(NONE);
    }
}

impl Graph {
    pub(crate) fn len(&self) -> usize {
        self.faces.len()
    }

    /// The greatest number of a face in it; 0 when it is empty.
    pub(crate) fn last_face(&self) -> i64 {
        self.faces.iter().copied().max().unwrap_or(0)
    }

    /// About the `breadth` faces most like the probe, each with an upper bound of its exact score, greatest
    /// first.
    pub(crate) fn nearest(
        &self,
        walker: &mut Walker,
        probe: &Probe,
        breadth: usize,
    ) -> Vec<(f32, i64)> {
        if self.len() == 0 {
            return Vec::new();
        }
        let mut codes = probe.fine.codes.clone();
        codes.resize(self.rows.stride(), 0);
        let goal = Goal {
            codes: &codes,
            scale: probe.fine.scale,
        };
        walker.start(self, &goal);
        for layer in self.layers[1..].iter().rev() {
            walker.walk(self, layer, &goal, 1);
        }
        walker.walk(self, &self.layers[0], &goal, breadth);
        let bound = |row: u32| {
            let product = self.rows.product(&codes, row);
            let (scale, residual) = self.rows.scale_and_residual(row);
            probe.fine.bound(product, scale, residual)
        };
        let rows = walker.reached().iter().map(|reached| reached.row);
        let mut found: Vec<(f32, i64)> = rows
            .map(|row| (bound(row), self.faces[row as usize]))
            .collect();
        found.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        found
    }
}

/// Rows of each layer, the lowest first.
fn layer_sizes(n_rows: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(n_rows), |n| Some(n / LINKS).filter(|n| *n > 0))
}

/// Most links of a row in a layer.
const fn room_of(layer: usize) -> usize {
    match layer {
        0 => LOWEST_LINKS,
        _ => LINKS,
    }
}
