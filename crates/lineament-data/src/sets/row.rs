//! A row of a list, whatever holds the list, as a sample.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use lineament_core::{Landmarks, Point, Rect};

use super::Columns;
use crate::error::DataError;
use crate::images::ImageFinder;
use crate::people::Interner;
use crate::sample::Sample;

/// The columns of a face's box, in pixels of the image.
pub(crate) const FACE_COLUMNS: [&str; 4] = ["x", "y", "width", "height"];

/// The columns of the five landmarks, in pixels of the image.
pub(crate) const LANDMARK_COLUMNS: [&str; 10] = [
    "left_eye_x",
    "left_eye_y",
    "right_eye_x",
    "right_eye_y",
    "nose_x",
    "nose_y",
    "mouth_left_x",
    "mouth_left_y",
    "mouth_right_x",
    "mouth_right_y",
];

const FILE_COLUMNS: [&str; 2] = ["file", "path"];
pub(crate) const PERSON_COLUMNS: [&str; 2] = ["person", "identity"];

/// Which column of a list holds what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListColumns {
    n_columns: usize,
    file: usize,
    person: Option<usize>,
    split: Option<usize>,
    face: Option<[usize; 4]>,
    landmarks: Option<[usize; 10]>,
    attributes: Vec<(usize, Arc<str>)>,
}

/// Where a row is, for its errors.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) path: &'a Path,
    /// Line of a text, row of a table; counted from 1.
    pub(crate) line: u64,
}

impl Place<'_> {
    pub(crate) fn error(self, expected: impl Into<String>, got: impl Into<String>) -> DataError {
        DataError::line(self.path, self.line, expected, got)
    }

    /// The number in `cell`.
    pub(crate) fn number(self, what: &str, cell: &str) -> Result<f32, DataError> {
        match cell.trim().parse::<f32>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(self.error(format!("a number as {what}"), format!("{cell:?}"))),
        }
    }

    /// The box in `cells`: left, top, width, height.
    pub(crate) fn face(self, cells: [&str; 4]) -> Result<Rect, DataError> {
        let mut numbers = [0.0; 4];
        for ((number, cell), what) in numbers.iter_mut().zip(cells).zip(FACE_COLUMNS) {
            *number = self.number(what, cell)?;
        }
        let [x, y, width, height] = numbers;
        if width < 0.0 || height < 0.0 {
            return Err(self.error("a box of no negative side", format!("{width}×{height}")));
        }
        Ok(Rect {
            x,
            y,
            width,
            height,
        })
    }

    /// The landmarks in `cells`: x and y of the eyes, the nose and the corners of the mouth.
    pub(crate) fn landmarks(self, cells: [&str; 10]) -> Result<Landmarks, DataError> {
        let mut points = [Point::default(); 5];
        for (idx, (cell, what)) in cells.into_iter().zip(LANDMARK_COLUMNS).enumerate() {
            let number = self.number(what, cell)?;
            let point = &mut points[idx / 2];
            *(if idx % 2 == 0 {
                &mut point.x
            } else {
                &mut point.y
            }) = number;
        }
        Ok(Landmarks::from_array(points))
    }
}

impl ListColumns {
    /// The columns of a list with this header; `None` without a column for files.
    pub(crate) fn of<S: AsRef<str>>(header: &[S]) -> Option<Self> {
        let find = |name: &str| header.iter().position(|cell| cell.as_ref().trim() == name);
        let first = |names: &[&str]| names.iter().find_map(|name| find(name));
        let file = first(&FILE_COLUMNS)?;
        let person = first(&PERSON_COLUMNS);
        let split = find("split");
        let face = all(FACE_COLUMNS.map(find));
        let landmarks = all(LANDMARK_COLUMNS.map(find));
        let taken = |idx: usize| {
            idx == file
                || [person, split].contains(&Some(idx))
                || face.is_some_and(|columns| columns.contains(&idx))
                || landmarks.is_some_and(|columns| columns.contains(&idx))
        };
        let others = header.iter().enumerate().filter(|(idx, _)| !taken(*idx));
        Some(Self {
            n_columns: header.len(),
            file,
            person,
            split,
            face,
            landmarks,
            attributes: others
                .map(|(idx, name)| (idx, name.as_ref().trim().into()))
                .collect(),
        })
    }

    pub(crate) fn columns(&self) -> Columns {
        Columns {
            split: self.split.is_some(),
            face: self.face.is_some(),
            landmarks: self.landmarks.is_some(),
            attributes: self
                .attributes
                .iter()
                .map(|(_, name)| name.clone())
                .collect(),
        }
    }

    /// The sample that `cells` describe.
    ///
    /// # Errors
    /// [`DataError::Line`] when they are not as many as the header has, when a number is none, when a
    /// box or landmarks are given in part, and when there is no such image.
    pub(crate) fn sample<S: AsRef<str>>(
        &self,
        cells: &[S],
        at: Place<'_>,
        finder: &mut ImageFinder,
        interner: &mut Interner,
    ) -> Result<Sample, DataError> {
        if cells.len() != self.n_columns {
            let expected = format!("{} columns, as in the header", self.n_columns);
            return Err(at.error(expected, cells.len().to_string()));
        }
        let cell = |idx: usize| cells[idx].as_ref();
        let name = cell(self.file);
        if name.is_empty() {
            return Err(at.error("the name of an image", "none"));
        }
        let image = finder.find(name)?;
        let image = image.ok_or_else(|| {
            at.error(
                "the name of an image",
                format!("{name:?}, which is not there"),
            )
        })?;
        let text = |column: Option<usize>| column.map_or("", cell);
        let mut attributes = BTreeMap::new();
        for (idx, name) in &self.attributes {
            if !cell(*idx).is_empty() {
                attributes.insert(name.clone(), cell(*idx).to_owned());
            }
        }
        let face = self.face.map(|columns| columns.map(cell));
        let landmarks = self.landmarks.map(|columns| columns.map(cell));
        Ok(Sample {
            name: name.to_owned(),
            person: interner.get_some(text(self.person)),
            image,
            face: given(face).map(|cells| at.face(cells)).transpose()?,
            landmarks: given(landmarks)
                .map(|cells| at.landmarks(cells))
                .transpose()?,
            split: interner.get_some(text(self.split)),
            attributes,
        })
    }
}

/// The cells, unless all are empty.
fn given<const N: usize>(cells: Option<[&str; N]>) -> Option<[&str; N]> {
    cells.filter(|cells| cells.iter().any(|cell| !cell.is_empty()))
}

fn all<const N: usize>(columns: [Option<usize>; N]) -> Option<[usize; N]> {
    let found: Vec<usize> = columns.into_iter().flatten().collect();
    found.try_into().ok()
}
