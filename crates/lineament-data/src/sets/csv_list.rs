//! Lists of images as comma-separated text.

use std::path::{Path, PathBuf};

use super::row::{ListColumns, Place};
use super::{Columns, Container, Samples, failed};
use crate::error::DataError;
use crate::images::ImageFinder;
use crate::limits::DataLimits;
use crate::lines::{Lines, count_line_ends};
use crate::people::Interner;
use crate::sample::Sample;
use crate::table::{read_header, split_fields};

/// What the first line is to be.
const HEADER: &str = "a header with a column `file` or `path`";

pub(super) struct CsvList {
    path: PathBuf,
    limits: DataLimits,
    columns: ListColumns,
}

impl CsvList {
    /// The list at `path`; files are below its folder.
    pub(super) fn open(path: &Path, limits: &DataLimits) -> Result<Self, DataError> {
        let mut lines = Lines::of_list(path, limits.max_list_bytes)?;
        let columns = read_header(&mut lines, HEADER, ListColumns::of)?;
        Ok(Self {
            path: path.to_owned(),
            limits: *limits,
            columns,
        })
    }

    fn try_samples(&self) -> Result<Samples, DataError> {
        let mut lines = Lines::of_list(&self.path, self.limits.max_list_bytes)?;
        let columns = read_header(&mut lines, HEADER, ListColumns::of)?;
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let mut finder = ImageFinder::new(folder, &self.limits);
        let mut interner = Interner::default();
        let next = move || read_sample(&mut lines, &columns, &mut finder, &mut interner);
        Ok(Box::new(std::iter::from_fn(next)))
    }
}

impl Container for CsvList {
    fn columns(&self) -> Columns {
        self.columns.columns()
    }

    fn samples(&self) -> Samples {
        self.try_samples().unwrap_or_else(failed)
    }

    fn len_hint(&self) -> Option<u64> {
        Some(count_line_ends(&self.path)?.saturating_sub(1))
    }
}

/// True when the first line of the file at `path` is the header of a list.
pub(super) fn is_list(path: &Path) -> bool {
    Lines::open(path, crate::lines::MAX_LINE_BYTES)
        .is_ok_and(|mut lines| read_header(&mut lines, HEADER, ListColumns::of).is_ok())
}

fn read_sample(
    lines: &mut Lines,
    columns: &ListColumns,
    finder: &mut ImageFinder,
    interner: &mut Interner,
) -> Option<Result<Sample, DataError>> {
    let path = lines.path().clone();
    let line = match lines.next_line()? {
        Ok(line) => line,
        Err(error) => return Some(Err(error)),
    };
    let at = Place {
        path: &path,
        line: line.number,
    };
    let fields = split_fields(line.text)
        .ok_or_else(|| at.error("quotes that close on the same line", "one left open"));
    Some(fields.and_then(|fields| columns.sample(&fields, at, finder, interner)))
}
