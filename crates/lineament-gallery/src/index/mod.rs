//! The index: embeddings as small integers, derived from the file, never the truth.

mod bound;
mod load;
mod scan;
mod select;
mod snapshot;

pub(crate) use bound::Probe;
pub(crate) use load::{pooled, templates};
pub(crate) use select::{Query, Row, search};
pub(crate) use snapshot::{
    path_of as snapshot_path, read as read_snapshot, write as write_snapshot,
};

use crate::gallery::Stamp;
use crate::ids::{FaceId, PersonId};

/// Unit vectors as 8-bit integers with a scale each, and how far each is from what it stands for.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Index {
    dimension: usize,
    /// `[n, dimension]`, row by row.
    codes: Vec<i8>,
    /// Row i stands for `scales[i] · codes[i]`.
    scales: Vec<f32>,
    /// At least the norm of the difference between row i and its vector.
    residuals: Vec<f32>,
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
        self.scales.len()
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

    pub(crate) fn push(&mut self, face: Option<FaceId>, person: PersonId, values: &[f32]) {
        let (scale, residual) = bound::quantize(values, &mut self.codes);
        self.scales.push(scale);
        self.residuals.push(residual);
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
}
