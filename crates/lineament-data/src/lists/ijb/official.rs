//! The official lists of templates.
//!
//! Their header is `TEMPLATE_ID,SUBJECT_ID,FILENAME,…`, with any of `SIGHTING_ID` (the medium;
//! `MEDIA_ID` in IJB-A, where `FILE` is the image) and `FACE_X,FACE_Y,FACE_WIDTH,FACE_HEIGHT`.

use std::collections::HashSet;
use std::path::Path;

use lineament_core::Rect;

use super::template::{Face, Row, Template, TemplateList};
use crate::error::DataError;
use crate::images::ImageFinder;
use crate::limits::DataLimits;
use crate::lines::{Lines, shown};
use crate::lists::{cells_of, find_image};
use crate::sets::Place;
use crate::table::read_header;

/// What the first line is to be.
const HEADER: &str = "a header with TEMPLATE_ID, SUBJECT_ID and FILENAME";

const FILE_COLUMNS: [&str; 2] = ["FILENAME", "FILE"];
const MEDIA_COLUMNS: [&str; 2] = ["MEDIA_ID", "SIGHTING_ID"];
const FACE_COLUMNS: [&str; 4] = ["FACE_X", "FACE_Y", "FACE_WIDTH", "FACE_HEIGHT"];

/// The templates of the list at `path`, in its order, whose images lie below the folder `images` or in
/// its zip archives.
///
/// Where the list does not say which faces are of one medium, frames named `frames/<video>_<frame>`
/// are grouped by video, and every other image is a medium of its own.
///
/// # Errors
/// [`DataError::Line`] for a header without the first three columns, for numbers that are none, for
/// an image that is not there, and for a template of two subjects; [`DataError::Limit`];
/// [`DataError::Io`].
pub fn read_templates(
    path: &Path,
    images: &Path,
    limits: &DataLimits,
) -> Result<Vec<Template>, DataError> {
    read_all(&[path], images, limits)
}

/// The templates of several lists, which share none.
pub(super) fn read_all(
    paths: &[impl AsRef<Path>],
    images: &Path,
    limits: &DataLimits,
) -> Result<Vec<Template>, DataError> {
    let mut templates = TemplateList::new(limits.max_entries);
    let mut finder = ImageFinder::new(images, limits);
    for path in paths {
        for_each_row(path.as_ref(), limits, |at, columns, cells| {
            let row = columns.row(at, cells, &mut finder)?;
            templates.add(at, row)
        })?;
        templates.next_list();
    }
    Ok(templates.finish())
}

/// The numbers of templates in the list at `path`, each once, with their subjects and lines.
pub(super) fn read_subjects(
    path: &Path,
    limits: &DataLimits,
) -> Result<Vec<(u64, Option<u64>, u64)>, DataError> {
    let mut known = HashSet::new();
    let mut subjects = Vec::new();
    for_each_row(path, limits, |at, columns, cells| {
        let number = columns.template(at, cells)?;
        let subject = columns.subject(at, cells)?;
        if known.insert(number) {
            subjects.push((number, subject, at.line));
        }
        Ok(())
    })?;
    Ok(subjects)
}

fn for_each_row(
    path: &Path,
    limits: &DataLimits,
    mut take: impl FnMut(Place<'_>, &Columns, &[String]) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let mut lines = Lines::of_list(path, limits.max_list_bytes)?;
    let columns = read_header(&mut lines, HEADER, Columns::of)?;
    while let Some(line) = lines.next_line() {
        let line = line?;
        let at = Place {
            path,
            line: line.number,
        };
        let cells = cells_of(at, line.text, columns.n_columns)?;
        take(at, &columns, &cells)?;
    }
    Ok(())
}

/// Which column holds what.
struct Columns {
    n_columns: usize,
    template: usize,
    subject: usize,
    file: usize,
    media: Option<usize>,
    face: Option<[usize; 4]>,
}

impl Columns {
    fn of(header: &[String]) -> Option<Self> {
        let find = |name: &str| header.iter().position(|cell| cell.trim() == name);
        let first = |names: [&str; 2]| names.into_iter().find_map(find);
        let face = match FACE_COLUMNS.map(find) {
            [Some(x), Some(y), Some(width), Some(height)] => Some([x, y, width, height]),
            _ => None,
        };
        Some(Self {
            n_columns: header.len(),
            template: find("TEMPLATE_ID")?,
            subject: find("SUBJECT_ID")?,
            file: first(FILE_COLUMNS)?,
            media: first(MEDIA_COLUMNS),
            face,
        })
    }

    fn template(&self, at: Place<'_>, cells: &[String]) -> Result<u64, DataError> {
        let cell = &cells[self.template];
        cell.trim()
            .parse()
            .map_err(|_| at.error("the number of a template", shown(cell)))
    }

    fn subject(&self, at: Place<'_>, cells: &[String]) -> Result<Option<u64>, DataError> {
        let cell = &cells[self.subject];
        if is_absent(cell) {
            return Ok(None);
        }
        let number = cell.trim().parse();
        number
            .map(Some)
            .map_err(|_| at.error("the number of a subject", shown(cell)))
    }

    fn row<'a>(
        &self,
        at: Place<'_>,
        cells: &'a [String],
        finder: &mut ImageFinder,
    ) -> Result<Row<'a>, DataError> {
        let file = cells[self.file].trim();
        Ok(Row {
            template: self.template(at, cells)?,
            subject: self.subject(at, cells)?,
            media: match self.media {
                Some(column) => cells[column].trim(),
                None => media_of(file),
            },
            face: Face {
                name: file.to_owned(),
                image: find_image(at, file, finder)?,
                face: self.face(at, cells)?,
                landmarks: None,
                detection_score: None,
            },
        })
    }

    fn face(&self, at: Place<'_>, cells: &[String]) -> Result<Option<Rect>, DataError> {
        let cells = self.face.map(|columns| columns.map(|c| cells[c].as_str()));
        let given = cells.filter(|cells| cells.iter().any(|cell| !is_absent(cell)));
        given.map(|cells| at.face(cells)).transpose()
    }
}

/// The lists have `NaN` where they know nothing.
fn is_absent(cell: &str) -> bool {
    let cell = cell.trim();
    cell.is_empty() || cell.eq_ignore_ascii_case("nan")
}

/// The medium of an image by its name alone.
fn media_of(file: &str) -> &str {
    match file.rsplit_once('_') {
        Some((video, _)) if video.starts_with("frames/") => video,
        _ => file,
    }
}
