//! The approximate index: layers of graphs among the faces of one state of the file. A search steps from
//! neighbour to neighbour towards the probe and looks at a few thousand faces, however many there are.
//!
//! Source: Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using
//! hierarchical navigable small world graphs", IEEE TPAMI 42(4), 2020: algorithms 1, 2, 4 and 5.
//! Deviations: the height of a row comes from a hash of its face's number, so that an index is the same
//! whenever it is built; rows are inserted from the highest down, so that a layer is the first rows of the
//! one below it; rows are inserted in batches: those of a batch do not see each other, and a row that
//! several of them lead to chooses among its links once.

mod build;
mod file;
mod rows;
mod walk;

pub(crate) use build::{build, order};
pub(crate) use file::{Unfit, path_of, read, write};
pub(crate) use rows::Rows;
pub(crate) use walk::Walker;

use lineament_kernels::mapped::CacheLine;

use super::Probe;
use super::column::Column;
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
    faces: Column<i64>,
    rows: Rows,
    /// The lowest, of all rows, first.
    layers: Vec<Layer>,
}

/// Links that the processor reads at once.
type Links = CacheLine<u32, LINKS_PER_LINE>;

const LINKS_PER_LINE: usize = 16;

/// Links among the first rows.
#[derive(Debug, PartialEq)]
struct Layer {
    /// Lines of links of a row.
    n_lines: usize,
    /// `[rows of the layer, n_lines]`; the links of a row come before its [`NONE`]s.
    links: Column<Links>,
}

impl Layer {
    /// `n_rows` rows without links.
    fn new(n_rows: usize, room: usize) -> Self {
        let n_lines = room.div_ceil(LINKS_PER_LINE);
        Self {
            n_lines,
            links: vec![CacheLine([NONE; LINKS_PER_LINE]); n_rows * n_lines].into(),
        }
    }

    fn n_rows(&self) -> usize {
        self.links.len() / self.n_lines
    }

    /// The lines of a row.
    #[inline(always)]
    fn lines(&self, row: u32) -> &[Links] {
        let first = row as usize * self.n_lines;
        &self.links[first..first + self.n_lines]
    }

    /// Those that a row leads to.
    #[inline(always)]
    fn of(&self, row: u32) -> impl Iterator<Item = u32> {
        let links = self.lines(row).iter().flat_map(|line| line.0);
        links.take_while(|link| *link != NONE)
    }

    fn set(&mut self, row: u32, to: &[u32]) {
        let first = row as usize * self.n_lines;
        let lines = &mut self.links[first..first + self.n_lines];
        let places = lines.iter_mut().flat_map(|line| &mut line.0);
        let filled_up = to.iter().copied().chain(std::iter::repeat(NONE));
        places
            .zip(filled_up)
            .for_each(|(place, link)| *place = link);
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
        walker.start(self);
        for layer in self.layers[1..].iter().rev() {
            walker.walk(self, layer, goal, 1);
        }
        walker.walk(self, &self.layers[0], goal, breadth);
        let rows: Vec<u32> = walker.reached().iter().map(|reached| reached.row).collect();
        let mut products = Vec::new();
        self.rows
            .products(walker.arch, &codes, &rows, &mut products);
        let bounds = rows.iter().zip(products).map(|(row, product)| {
            let (scale, residual) = self.rows.scale_and_residual(*row);
            probe.fine.bound(product, scale, residual)
        });
        let faces = rows.iter().map(|row| self.faces[*row as usize]);
        let mut found: Vec<(f32, i64)> = bounds.zip(faces).collect();
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
