//! The index: embeddings as small integers, derived from the file, never the truth.

mod bound;
mod column;
pub(crate) mod graph;
mod load;
mod products;
mod scan;
mod select;
mod snapshot;
mod whole;

pub(crate) use bound::Probe;
pub(crate) use load::{graph_rows, pooled, templates};
pub(crate) use select::{Best, Query, Row, search};
pub(crate) use snapshot::{
    path_of as snapshot_path, read as read_snapshot, write as write_snapshot,
};
pub(crate) use whole::unfinished;

use crate::gallery::Stamp;
use crate::ids::{FaceId, PersonId};
use column::Column;

/// Rows of a bundle, and columns of a group: half of each code of a group of a bundle fill one vector of 512 bits.
const ROWS: usize = 16;
const COLUMNS: usize = 8;
/// Columns whose products are summed in 32 bits at once.
const FOUR: usize = COLUMNS / 2;
const GROUP_BYTES: usize = ROWS * FOUR;
/// Rows that are scanned in one go: what is mapped of a file ends with whole ones.
const BLOCK: usize = scan::BUNDLES * ROWS;

/// Four bits of each code of sixteen rows and eight columns, `[ROWS, FOUR]`: the first four columns below, the
/// others above.
type Group = [u8; GROUP_BYTES];

/// Unit vectors as 8-bit integers with a scale each, and how far each is from what it stands for. The upper four bits
/// of all codes lie apart from the lower ones: most rows are seen not to be among the best without these.
/// Rows lie in bundles; the last is filled up with rows of zeros.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Index {
    dimension: usize,
    /// Upper halves of the codes plus 128, `[bundles, groups]`; the last group is filled up with zeros.
    upper: Column<Group>,
    /// Lower halves.
    lower: Column<Group>,
    /// Row i stands for `scales[i] · codes[i]`; `[bundles, ROWS]`.
    scales: Column<[f32; ROWS]>,
    /// At least the norm of the difference between row i and its vector; `[bundles, ROWS]`.
    residuals: Column<[f32; ROWS]>,
    /// The same of what a row stands for by the upper halves alone.
    upper_residuals: Column<[f32; ROWS]>,
    /// The face of each row; 0 where a row is a person's template.
    faces: Column<i64>,
    /// Whose each row is, in their own right.
    people: Column<i64>,
}

impl Index {
    pub(crate) fn new(dimension: usize) -> Self {
        Self {
            dimension,
            ..Self::default()
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.faces.len()
    }

    pub(crate) fn person(&self, row: usize) -> PersonId {
        PersonId(self.people[row])
    }

    pub(crate) fn face(&self, row: usize) -> Option<FaceId> {
        (self.faces[row] != 0).then_some(FaceId(self.faces[row]))
    }

    /// The greatest face number in it; 0 when it is empty.
    fn last_face(&self) -> i64 {
        self.faces.last().copied().unwrap_or(0)
    }

    /// Groups of columns in a bundle.
    fn n_groups(&self) -> usize {
        self.dimension.div_ceil(COLUMNS)
    }

    /// The groups of a bundle.
    fn groups(&self, bundle: usize) -> std::ops::Range<usize> {
        bundle * self.n_groups()..(bundle + 1) * self.n_groups()
    }

    /// The codes of a row plus 128, and what fills up the last group.
    fn codes(&self, row: usize) -> impl Iterator<Item = u8> {
        let (bundle, lane) = (row / ROWS, row % ROWS);
        let groups = self.groups(bundle);
        let groups = self.upper[groups.clone()].iter().zip(&self.lower[groups]);
        groups.flat_map(move |(upper, lower)| {
            let halves = upper[lane * FOUR..]
                .iter()
                .zip(&lower[lane * FOUR..])
                .take(FOUR);
            let first = halves.clone().map(|(u, l)| (u & 15) << 4 | (l & 15));
            first.chain(halves.map(|(u, l)| (u & 0xf0) | l >> 4))
        })
    }

    pub(crate) fn push(&mut self, face: Option<FaceId>, person: PersonId, values: &[f32]) {
        let (bundle, lane) = (self.len() / ROWS, self.len() % ROWS);
        let n_groups = self.n_groups();
        if lane == 0 {
            self.upper.fill([0; GROUP_BYTES], n_groups);
            self.lower.fill([0; GROUP_BYTES], n_groups);
            for column in [
                &mut self.scales,
                &mut self.residuals,
                &mut self.upper_residuals,
            ] {
                column.push([0.0; ROWS]);
            }
        }
        let mut row = bound::quantize(values);
        row.codes.resize(n_groups * COLUMNS, 0);
        let groups = self.groups(bundle);
        let groups = self.upper[groups.clone()]
            .iter_mut()
            .zip(&mut self.lower[groups]);
        let place = lane * FOUR..(lane + 1) * FOUR;
        for ((upper, lower), codes) in groups.zip(row.codes.as_chunks::<COLUMNS>().0) {
            let of_four = |half: fn(u8, u8) -> u8| -> [u8; FOUR] {
                std::array::from_fn(|i| half(codes[i], codes[FOUR + i]))
            };
            upper[place.clone()].copy_from_slice(&of_four(|a, b| a >> 4 | (b & 0xf0)));
            lower[place.clone()].copy_from_slice(&of_four(|a, b| (a & 15) | b << 4));
        }
        self.scales[bundle][lane] = row.scale;
        self.residuals[bundle][lane] = row.residual;
        self.upper_residuals[bundle][lane] = row.upper_residual;
        self.faces.push(face.map_or(0, |face| face.0));
        self.people.push(person.0);
    }
}

/// The indexes of a gallery that were needed so far, each with the state that it is of.
#[derive(Debug, Default)]
pub(crate) struct Indexes {
    /// A row a face.
    pub(crate) faces: Option<(Stamp, Index)>,
    /// A row a person.
    pub(crate) templates: Option<(Stamp, Index)>,
    /// The state that the snapshot beside the file is of, as far as we know.
    pub(crate) saved: Option<Stamp>,
    pub(crate) graph: GraphAtHand,
}

impl Indexes {
    /// Whether the snapshot beside the file is of the faces at hand.
    pub(crate) fn is_saved(&self) -> bool {
        let stamp = self.faces.as_ref().map(|(stamp, _)| *stamp);
        stamp.is_some() && stamp == self.saved
    }
}

/// The graph beside the gallery, as far as we know.
#[derive(Debug, Default)]
pub(crate) enum GraphAtHand {
    /// It was not looked for.
    #[default]
    Unknown,
    /// There is none that is of use.
    None(NoGraph),
    /// It is in memory.
    Here(Box<GraphWithTail>),
}

/// Why there is no graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoGraph {
    Unfit(graph::Unfit),
    /// It is of another gallery, or of a state that this one never had.
    OtherHistory,
    /// The gallery is encrypted.
    Encrypted,
}

/// A graph, and the faces that came after its last.
#[derive(Debug)]
pub(crate) struct GraphWithTail {
    pub(crate) graph: graph::Graph,
    pub(crate) walker: graph::Walker,
    pub(crate) tail: Index,
    /// The state that the tail is of.
    pub(crate) stamp: Stamp,
}
