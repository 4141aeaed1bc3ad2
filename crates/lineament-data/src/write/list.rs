//! Lists: CSV, and Parquet made of the CSV at the end.

use std::fs;
use std::path::{Path, PathBuf};

use super::files::ImageFiles;
use super::part::PartText;
use super::{Sink, Start, parquet};
use crate::error::DataError;
use crate::images::split_archive;
use crate::sample::Sample;
use crate::sets::{Columns, FACE_COLUMNS, LANDMARK_COLUMNS, ListColumns};
use crate::source::ImageSource;
use crate::table::join_fields;

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListFormat {
    /// Comma-separated text.
    Csv,
    /// Apache Parquet.
    Parquet,
}

/// A list that is being written, of images that lie where they are.
pub struct ListWriter {
    path: PathBuf,
    format: ListFormat,
    columns: Columns,
    text: PartText,
}

impl ListWriter {
    /// A list at `path` with the columns `file`, `person` and those of `columns`.
    ///
    /// # Errors
    /// [`DataError::Exists`] for a list that is there already, in whole or, unless it is to be resumed, in
    /// part; [`DataError::Unsupported`] for an attribute named like another column; [`DataError::Io`].
    pub fn create(
        path: &Path,
        format: ListFormat,
        columns: &Columns,
        start: Start,
    ) -> Result<Self, DataError> {
        if format == ListFormat::Parquet {
            super::part::prepare(path, start)?;
        }
        let text = match format {
            ListFormat::Csv => path.to_owned(),
            ListFormat::Parquet => path.with_extension("parquet.csv"),
        };
        let mut list = Self {
            text: PartText::create(&text, start)?,
            path: path.to_owned(),
            format,
            columns: columns.clone(),
        };
        if list.text.n_lines() == 0 {
            let header = list.header()?;
            list.text.line(&header)?;
        }
        Ok(list)
    }

    /// Rows so far, those of earlier runs among them.
    #[must_use]
    pub fn n_written(&self) -> u64 {
        self.text.n_lines() - 1
    }

    /// Adds a row: `sample`, whose image is the file `file` as seen from the list's folder.
    ///
    /// # Errors
    /// [`DataError::Unsupported`] for a line break in a text, and for something that the list has no
    /// column for; [`DataError::Io`].
    pub fn append(&mut self, sample: &Sample, file: &str) -> Result<(), DataError> {
        let row = self.row(sample, file)?;
        self.text.line(&row)
    }

    /// Adds a row: `sample`, whose image stays where it is. It is named as seen from the list's folder
    /// where it lies below that, else by its whole path; a member of a zip archive as `faces.zip/member`.
    ///
    /// # Errors
    /// As [`Self::append`]; [`DataError::Unsupported`] for an image in another container.
    pub fn append_in_place(&mut self, sample: &Sample) -> Result<(), DataError> {
        let file = self.place_of(sample)?;
        self.append(sample, &file)
    }

    fn place_of(&self, sample: &Sample) -> Result<String, DataError> {
        let absolute =
            |path: &Path| std::path::absolute(path).map_err(|error| DataError::io(path, error));
        let list = absolute(&self.path)?;
        let folder = list.parent().unwrap_or(&list);
        let seen_from = |path: &Path| -> Result<String, DataError> {
            let path = absolute(path)?;
            let seen = path.strip_prefix(folder).unwrap_or(&path);
            Ok(seen.to_string_lossy().replace('\\', "/"))
        };
        match &sample.image {
            ImageSource::File(path) => seen_from(path),
            ImageSource::Slice { path, .. } | ImageSource::Coded { path, .. } if is_zip(path) => {
                let name = sample.name.replace('\\', "/");
                let member = split_archive(&name).map_or(name.as_str(), |(_, member)| member);
                let member = member.trim_start_matches("./");
                Ok(format!("{}/{member}", seen_from(path)?))
            }
            _ => Err(DataError::Unsupported {
                path: self.path.clone(),
                what: format!("{}, which lies in a container,", sample.name),
                help: "convert the set to a list or a folder first".to_owned(),
            }),
        }
    }

    /// Gives the list its name.
    ///
    /// # Errors
    /// [`DataError::Io`].
    pub fn finish(mut self) -> Result<(), DataError> {
        if self.format == ListFormat::Csv {
            return self.text.finish();
        }
        self.text.flush()?;
        let text = self.text.part().to_owned();
        parquet::convert(&text, &self.path, &self.columns)?;
        drop(self.text);
        fs::remove_file(&text).map_err(|error| DataError::io(&text, error))
    }

    fn header(&self) -> Result<String, DataError> {
        let names = column_names(&self.columns);
        let mut sorted: Vec<&str> = names.clone();
        sorted.sort_unstable();
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(self.unsupported(&format!("two columns named {}", twice[0])));
        }
        // What is read back must be what was meant.
        let is_read = ListColumns::of(&names).is_some_and(|read| read.columns() == self.columns);
        let header = join_fields(names).filter(|_| is_read);
        header.ok_or_else(|| self.unsupported("an attribute named like a column of its own"))
    }

    fn row(&self, sample: &Sample, file: &str) -> Result<String, DataError> {
        let columns = &self.columns;
        let is_known = |name| columns.attributes.contains(name);
        let has_place = (columns.split || sample.split.is_none())
            && (columns.face || sample.face.is_none())
            && (columns.landmarks || sample.landmarks.is_none())
            && sample.attributes.keys().all(is_known);
        if !has_place {
            return Err(self.unsupported(&format!(
                "{}, which has more than the columns hold",
                sample.name
            )));
        }
        let mut fields = vec![
            file.to_owned(),
            sample.person.as_deref().unwrap_or("").to_owned(),
        ];
        if columns.split {
            fields.push(sample.split.as_deref().unwrap_or("").to_owned());
        }
        if columns.face {
            let face = sample.face.map(|f| [f.x, f.y, f.width, f.height]);
            fields.extend(numbers(face));
        }
        if columns.landmarks {
            let points = sample.landmarks.map(|landmarks| {
                let [a, b, c, d, e] = landmarks.to_array();
                [a.x, a.y, b.x, b.y, c.x, c.y, d.x, d.y, e.x, e.y]
            });
            fields.extend(numbers(points));
        }
        let value = |name| sample.attributes.get(name).cloned().unwrap_or_default();
        fields.extend(columns.attributes.iter().map(value));
        join_fields(fields.iter().map(String::as_str))
            .ok_or_else(|| self.unsupported(&format!("a line break in the row of {}", sample.name)))
    }

    fn unsupported(&self, what: &str) -> DataError {
        DataError::Unsupported {
            path: self.path.clone(),
            what: what.to_owned(),
            help: "rename it, or leave it out".to_owned(),
        }
    }
}

/// The names of the columns, in order.
pub(super) fn column_names(columns: &Columns) -> Vec<&str> {
    let mut names = vec!["file", "person"];
    if columns.split {
        names.push("split");
    }
    if columns.face {
        names.extend(FACE_COLUMNS);
    }
    if columns.landmarks {
        names.extend(LANDMARK_COLUMNS);
    }
    names.extend(columns.attributes.iter().map(|name| &**name));
    names
}

fn is_zip(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("zip"))
}

fn numbers<const N: usize>(numbers: Option<[f32; N]>) -> [String; N] {
    match numbers {
        Some(numbers) => numbers.map(|number| number.to_string()),
        None => std::array::from_fn(|_| String::new()),
    }
}

/// A list with its images.
pub(super) struct SetList {
    list: ListWriter,
    files: ImageFiles,
}

/// The folder beside a list that its images go to.
const IMAGES: &str = "images";

impl SetList {
    pub(super) fn create(
        path: &Path,
        format: ListFormat,
        columns: &Columns,
        start: Start,
    ) -> Result<Self, DataError> {
        Ok(Self {
            list: ListWriter::create(path, format, columns, start)?,
            files: ImageFiles::new(&path.with_file_name(IMAGES)),
        })
    }

    pub(super) fn n_written(&self) -> u64 {
        self.list.n_written()
    }
}

impl Sink for SetList {
    fn append(&mut self, sample: &Sample, encoded: &[u8]) -> Result<(), DataError> {
        let file = self.files.write(sample, encoded)?;
        self.list.append(sample, &format!("{IMAGES}/{file}"))
    }

    fn finish(self: Box<Self>) -> Result<(), DataError> {
        self.list.finish()
    }
}
