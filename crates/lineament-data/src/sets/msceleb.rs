//! MS-Celeb-1M: one image a line, as base64.
//!
//! The sets of cropped and of aligned faces have seven columns: Freebase MID, rank in the search, URL of
//! the image, URL of its page, id of the face, box of the face (four `f32` relative to the original
//! image, as base64), image. Files with other columns are read as person, whatever, image.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Columns, Container, Samples, failed, names};
use crate::error::DataError;
use crate::limits::DataLimits;
use crate::lines::{Line, Lines, MAX_LINE_BYTES};
use crate::people::Interner;
use crate::sample::Sample;
use crate::source::{Coding, ImageSource};

/// The columns between person and image, in the seven-column form.
pub(crate) const MIDDLE_COLUMNS: [&str; 5] =
    ["rank", "image_url", "page_url", "face_id", "face_rectangle"];

pub(super) struct MsCeleb {
    path: PathBuf,
    max_line_bytes: u64,
}

impl MsCeleb {
    pub(super) fn open(path: &Path, limits: &DataLimits) -> Result<Self, DataError> {
        // Base64 takes four bytes for three; the other columns are ordinary.
        let max_line_bytes = limits.max_image_bytes.saturating_mul(4) / 3 + MAX_LINE_BYTES;
        Lines::open(path, max_line_bytes)?;
        Ok(Self {
            path: path.to_owned(),
            max_line_bytes,
        })
    }

    fn try_samples(&self) -> Result<Samples, DataError> {
        let mut lines = Lines::open(&self.path, self.max_line_bytes)?;
        let path = lines.path().clone();
        let mut interner = Interner::default();
        let columns: Vec<Arc<str>> = names(&MIDDLE_COLUMNS);
        Ok(Box::new(std::iter::from_fn(move || {
            let line = match lines.next_line()? {
                Ok(line) => line,
                Err(error) => return Some(Err(error)),
            };
            Some(sample(&path, &line, &columns, &mut interner))
        })))
    }
}

impl Container for MsCeleb {
    fn columns(&self) -> Columns {
        Columns {
            attributes: names(&MIDDLE_COLUMNS),
            ..Columns::default()
        }
    }

    fn samples(&self) -> Samples {
        self.try_samples().unwrap_or_else(failed)
    }

    fn len_hint(&self) -> Option<u64> {
        None
    }
}

fn sample(
    path: &Arc<Path>,
    line: &Line<'_>,
    columns: &[Arc<str>],
    interner: &mut Interner,
) -> Result<Sample, DataError> {
    let bad = |expected: &str, got: String| DataError::line(path, line.number, expected, got);
    let fields: Vec<&str> = line.text.split('\t').collect();
    let [person, middle @ .., image] = fields.as_slice() else {
        return Err(bad(
            "a person and an image with a tab between them",
            "no tab".to_owned(),
        ));
    };
    if person.is_empty() || image.is_empty() {
        return Err(bad(
            "a person first and an image last",
            "an empty column".to_owned(),
        ));
    }
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    if let Some(byte) = image.bytes().find(|byte| !is_base64(*byte)) {
        return Err(bad(
            "base64 in the last column",
            format!("{:?} in it", byte as char),
        ));
    }
    let source = ImageSource::Coded {
        path: path.clone(),
        offset: line.offset + (line.text.len() - image.len()) as u64,
        length: image.len() as u64,
        coding: Coding::Base64,
    };
    let name = match middle {
        [rank, _, _, face_id, _] => format!("{person}/{rank}-{face_id}"),
        _ => format!("{person}/{}", line.number),
    };
    let mut sample = Sample::new(name, source);
    sample.person = Some(interner.get(person));
    if middle.len() == columns.len() {
        let given = columns
            .iter()
            .zip(middle)
            .filter(|(_, value)| !value.is_empty());
        let attributes = given.map(|(column, value)| (column.clone(), (*value).to_owned()));
        sample.attributes.extend(attributes);
    }
    Ok(sample)
}
