//! Lists of the images of a set that are kept, which stay where they are.

use std::path::{Path, PathBuf};

use lineament_data::{Columns, DataError, LabelledSet, ListFormat, ListWriter, Sample, Start};

use super::run::Run;
use crate::failure::Failure;

/// The format that the extension of a list stands for.
pub(super) fn list_format(path: &Path) -> Result<ListFormat, Failure> {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    match extension.as_deref() {
        Some("csv") => Ok(ListFormat::Csv),
        Some("parquet") => Ok(ListFormat::Parquet),
        _ => Err(Failure::usage(format!(
            "a list must end in .csv or .parquet, not {}",
            path.display()
        ))),
    }
}

/// A list that is refused before the work begins if it cannot be written.
pub(super) struct KeptList {
    path: PathBuf,
    format: ListFormat,
}

impl KeptList {
    pub(super) fn new(path: &Path, set: &LabelledSet) -> Result<Self, Failure> {
        super::refuse_unnamed(set)?;
        let format = list_format(path)?;
        if path.exists() {
            return Err(super::unwritable(&DataError::Exists {
                path: path.to_owned(),
                help: "remove it, or name another",
            }));
        }
        Ok(Self {
            path: path.to_owned(),
            format,
        })
    }

    /// Writes the images of `set` that `keep` returns, by their numbers; returns how many.
    ///
    /// # Errors
    /// As [`Run::read`]; when the list cannot be written.
    pub(super) fn write(
        &self,
        set: &LabelledSet,
        run: &Run<'_>,
        mut keep: impl FnMut(u64, Sample) -> Option<Sample>,
    ) -> Result<u64, Failure> {
        let columns = set.columns();
        let mut list = create(&self.path, self.format, &columns)?;
        run.read_again(set, |seen| match keep(seen.idx, seen.sample) {
            Some(sample) => list
                .append_in_place(&sample)
                .map_err(|error| super::unwritable(&error)),
            None => Ok(()),
        })?;
        let n_written = list.n_written();
        list.finish().map_err(|error| super::unwritable(&error))?;
        Ok(n_written)
    }
}

/// A list that is begun.
pub(super) fn create(
    path: &Path,
    format: ListFormat,
    columns: &Columns,
) -> Result<ListWriter, Failure> {
    ListWriter::create(path, format, columns, Start::Afresh)
        .map_err(|error| super::unwritable(&error))
}
