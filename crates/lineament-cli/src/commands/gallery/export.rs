//! `lineament gallery export`: people and faces for other programs.

use std::io::{self, BufWriter};
use std::path::Path;

use lineament_gallery::{GalleryError, write_json_lines};
use serde_json::json;

use super::parquet::ParquetFile;
use super::{Target, refuse_existing, tell};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Pending;
use crate::progress::plural;

/// The format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Jsonl,
    Parquet,
}

impl Format {
    /// The format that the extension of `path` stands for.
    pub(super) fn of(path: &Path) -> Result<Self, Failure> {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("jsonl") => Ok(Self::Jsonl),
            Some("parquet") => Ok(Self::Parquet),
            _ => Err(Failure::usage(format!(
                "the file of an export must end in .jsonl or .parquet, not {}",
                path.display()
            ))),
        }
    }
}

pub(super) fn run(target: &Target, to: &Path) -> Result<Exit, Failure> {
    let format = Format::of(to)?;
    refuse_existing(to)?;
    let gallery = target.open()?;
    let failed = |error: io::Error| Failure::write(to, &error);
    let pending = Pending::create(to).map_err(failed)?;
    match format {
        Format::Jsonl => write_json_lines(&gallery, to, BufWriter::new(&pending.file))?,
        Format::Parquet => {
            let mut file = ParquetFile::create(&pending.file, gallery.options()).map_err(failed)?;
            gallery.export(|row| {
                file.add(row).map_err(|source| GalleryError::Io {
                    path: to.to_owned(),
                    source,
                })
            })?;
            file.finish().map_err(failed)?;
        }
    }
    pending.commit().map_err(failed)?;
    let stats = gallery.stats()?;
    let people = plural(stats.n_people + stats.n_merged, "person", "people");
    let faces = plural(stats.n_faces, "face", "faces");
    let words = format!("{} holds {people} and {faces}", to.display());
    let json =
        json!({"path": to, "n_people": stats.n_people + stats.n_merged, "n_faces": stats.n_faces});
    tell(target.style, json, &words)
}
