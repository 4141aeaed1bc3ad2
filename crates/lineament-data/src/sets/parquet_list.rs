//! Lists of images as Parquet files.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};

use super::row::{ListColumns, Place};
use super::{Columns, Container, Samples, failed};
use crate::error::DataError;
use crate::images::ImageFinder;
use crate::limits::DataLimits;
use crate::people::Interner;

pub(super) struct ParquetList {
    path: PathBuf,
    limits: DataLimits,
    columns: ListColumns,
    n_rows: u64,
}

impl ParquetList {
    /// The list at `path`; files are below its folder. Columns of lists and structures are empty.
    pub(super) fn open(path: &Path, limits: &DataLimits) -> Result<Self, DataError> {
        crate::lines::check_size(path, limits.max_list_bytes)?;
        let reader = open_reader(path)?;
        let metadata = reader.metadata().file_metadata();
        let fields = metadata.schema().get_fields();
        let header: Vec<&str> = fields.iter().map(|field| field.name()).collect();
        let columns = ListColumns::of(&header).ok_or_else(|| {
            let expected = "a column `file` or `path`";
            DataError::bytes(path, 0, expected, header.join(", "))
        })?;
        let n_rows = u64::try_from(metadata.num_rows()).unwrap_or(u64::MAX);
        let groups = reader.metadata().row_groups().iter();
        let in_groups = groups.map(|group| u64::try_from(group.num_rows()).unwrap_or(u64::MAX));
        let in_groups = in_groups.fold(0u64, u64::saturating_add);
        if in_groups != n_rows {
            let expected = format!("{n_rows} rows in its row groups");
            return Err(DataError::bytes(path, 0, expected, in_groups.to_string()));
        }
        if n_rows > limits.max_entries {
            return Err(DataError::Limit {
                path: path.to_owned(),
                what: "rows of a list",
                limit: limits.max_entries,
                got: n_rows,
            });
        }
        Ok(Self {
            path: path.to_owned(),
            limits: *limits,
            columns,
            n_rows,
        })
    }

    fn try_samples(&self) -> Result<Samples, DataError> {
        let reader = open_reader(&self.path)?;
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let mut finder = ImageFinder::new(folder, &self.limits);
        let mut interner = Interner::default();
        let (path, columns) = (self.path.clone(), self.columns.clone());
        let rows = Rows {
            rest: Some(RowIter::from_file_into(Box::new(reader))),
        };
        Ok(Box::new(rows.zip(1..).map(move |(row, line)| {
            let at = Place { path: &path, line };
            let row = row.map_err(|got| at.error("a row of a Parquet file", got))?;
            columns.sample(&cells(row), at, &mut finder, &mut interner)
        })))
    }
}

/// The rows of a table, to the first that cannot be read: no row after it could be.
struct Rows {
    rest: Option<RowIter<'static>>,
}

impl Iterator for Rows {
    type Item = Result<Row, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.as_mut()?;
        let next = guarded(|| rest.next().transpose());
        if next.is_err() {
            self.rest = None;
        }
        next.transpose()
    }
}

impl Container for ParquetList {
    fn columns(&self) -> Columns {
        self.columns.columns()
    }

    fn samples(&self) -> Samples {
        self.try_samples().unwrap_or_else(failed)
    }

    fn len_hint(&self) -> Option<u64> {
        Some(self.n_rows)
    }
}

fn open_reader(path: &Path) -> Result<SerializedFileReader<File>, DataError> {
    let file = File::open(path).map_err(|error| DataError::io(path, error))?;
    guarded(|| SerializedFileReader::new(file))
        .map_err(|got| DataError::bytes(path, 0, "a Parquet file", got))
}

/// The result of `read`, or what it stumbled over: the crate panics at some broken pages.
fn guarded<T>(read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("a broken page".to_owned()),
    }
}

fn cells(row: Row) -> Vec<String> {
    row.into_columns()
        .into_iter()
        .map(|(_, field)| cell(field))
        .collect()
}

fn cell(field: Field) -> String {
    match field {
        Field::Null | Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) => {
            String::new()
        }
        Field::Str(text) => text,
        Field::Bytes(bytes) => String::from_utf8_lossy(bytes.data()).into_owned(),
        // The crate's own words for these add quotes or exponents.
        Field::Float(number) => number.to_string(),
        Field::Double(number) => number.to_string(),
        other => other.to_string(),
    }
}
