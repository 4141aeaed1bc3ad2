//! Files of embeddings: NumPy, Parquet or JSON Lines, made from the journal of a finished run.

mod jsonl;
mod npy;
pub(crate) mod parquet;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use lineament::Rect;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::journal::{Header, records};

/// The format of a file of embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// A NumPy array `[faces, dimension]` of 32-bit floats, and a `.jsonl` that names its rows.
    Npy,
    /// Apache Parquet, one row a face.
    Parquet,
    /// JSON Lines, one object a face.
    Jsonl,
}

impl Format {
    /// The format that the extension of `path` stands for.
    pub(crate) fn of(path: &Path) -> Result<Self, Failure> {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("npy") => Ok(Self::Npy),
            Some("parquet") => Ok(Self::Parquet),
            Some("jsonl") => Ok(Self::Jsonl),
            _ => Err(Failure::usage(format!(
                "the file for embeddings must end in .npy, .parquet or .jsonl, not {}",
                path.display()
            ))),
        }
    }
}

/// A face as the journal holds it.
#[derive(Debug, Deserialize)]
struct Row {
    path: String,
    face_idx: u32,
    #[serde(rename = "box")]
    rect: Rect,
    detection_score: f32,
    space: String,
    embedding: Vec<f32>,
}

/// Takes the rows one by one; what it writes becomes visible when it is finished.
trait RowSink {
    /// Adds a face; `json` is its line of JSON.
    fn add(&mut self, row: Row, json: &str) -> io::Result<()>;
    /// Completes the files and puts them in place.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// The faces of one photo in the journal. A photo that failed has none.
#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow, default)]
    faces: Vec<&'a RawValue>,
}

/// Makes the file at `path` from the finished journal, in one piece or not at all.
pub(crate) fn convert(
    journal: &Path,
    header: &Header,
    path: &Path,
    format: Format,
) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::write(path, &error);
    let mut sink: Box<dyn RowSink> = match format {
        Format::Npy => Box::new(npy::NpyFile::create(path).map_err(failed)?),
        Format::Parquet => Box::new(parquet::ParquetFile::create(path, header).map_err(failed)?),
        Format::Jsonl => Box::new(jsonl::JsonlFile::create(path).map_err(failed)?),
    };
    let spoilt = |error: &dyn std::fmt::Display| {
        Failure::new(
            Exit::Output,
            format!("cannot read {}: {error}", journal.display()),
        )
    };
    for line in records(journal)? {
        let line = line.map_err(|error| spoilt(&error))?;
        let record: Record<'_> = serde_json::from_str(&line).map_err(|error| spoilt(&error))?;
        for face in record.faces {
            let row: Row = serde_json::from_str(face.get()).map_err(|error| spoilt(&error))?;
            sink.add(row, face.get()).map_err(failed)?;
        }
    }
    sink.finish().map_err(failed)
}

/// A file that takes its name only when it is complete.
pub(crate) struct Pending {
    pub(crate) file: File,
    temporary: PathBuf,
    path: PathBuf,
}

impl Pending {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let temporary = with_suffix(path, ".tmp");
        Ok(Self {
            file: File::create(&temporary)?,
            temporary,
            path: path.to_owned(),
        })
    }

    pub(crate) fn commit(self) -> io::Result<()> {
        self.file.sync_all()?;
        drop(self.file);
        fs::rename(self.temporary, self.path)
    }
}

/// `path` with `suffix` after its whole name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_says_the_format() {
        assert_eq!(Format::of(Path::new("a/b.NPY")).unwrap(), Format::Npy);
        assert_eq!(Format::of(Path::new("b.parquet")).unwrap(), Format::Parquet);
        let failure = Format::of(Path::new("b.csv")).unwrap_err();
        assert_eq!(failure.exit(), Exit::Usage);
        assert!(Format::of(Path::new("npy")).is_err());
    }
}
