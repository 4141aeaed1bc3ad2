//! The index: embeddings as small integers, derived from the file, never the truth.

mod bound;
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

/// Rows of a bundle, and columns of a group: a group of a bundle fills one vector of 512 bits.
const ROWS: usize = 16;
const COLUMNS: usize = 4;
const GROUP_BYTES: usize = ROWS * COLUMNS;

/// Unit vectors as 8-bit integers with a scale each, and how far each is from what it stands for.
/// Rows lie in bundles; the last is filled up with rows of zeros.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Index {
    dimension: usize,
    /// `[bundles, groups, ROWS, COLUMNS]`, each code plus 128; the last group is filled up with zeros.
    codes: Vec<[u8; GROUP_BYTES]>,
    /// Row i stands for `scales[i] · codes[i]`; `[bundles, ROWS]`.
    scales: Vec<[f32; ROWS]>,
    /// At least the norm of the difference between row i and its vector; `[bundles, ROWS]`.
    residuals: Vec<[f32; ROWS]>,
    /// The face of each row; 0 where a row is a person's template.
    faces: Vec<i64>,
    /// Whose each row is, in their own right.
    people: Vec<i64>,
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

    fn bundle(&self, bundle: usize) -> &[[u8; GROUP_BYTES]] {
        &self.codes[bundle * self.n_groups()..(bundle + 1) * self.n_groups()]
    }

    pub(crate) fn push(&mut self, face: Option<FaceId>, person: PersonId, values: &[f32]) {
        let (bundle, lane) = (self.len() / ROWS, self.len() % ROWS);
        let n_groups = self.n_groups();
        if lane == 0 {
            let n_codes = self.codes.len() + n_groups;
            self.codes.resize(n_codes, [bound::ZERO; GROUP_BYTES]);
            self.scales.push([0.0; ROWS]);
            self.residuals.push([0.0; ROWS]);
        }
        let (codes, scale, residual) = bound::quantize(values);
        let groups = &mut self.codes[bundle * n_groups..];
        for (group, codes) in groups.iter_mut().zip(codes.chunks(COLUMNS)) {
            group[lane * COLUMNS..][..codes.len()].copy_from_slice(codes);
        }
        self.scales[bundle][lane] = scale;
        self.residuals[bundle][lane] = residual;
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
