//! `lineament gallery import`: people and faces from an exported file.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use lineament_gallery::{
    ExportRow, Gallery, GalleryError, GalleryOptions, ImportSource, Imported, JsonLines,
};
use serde_json::json;

use super::export::Format;
use super::{Target, now, parquet, tell};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::plural;

pub(super) fn run(target: &Target, from: &Path) -> Result<Exit, Failure> {
    let unreadable = |source| GalleryError::Io {
        path: from.to_owned(),
        source,
    };
    let done = match Format::of(from)? {
        Format::Jsonl => {
            let file = File::open(from).map_err(unreadable)?;
            let lines = JsonLines::open(from, BufReader::new(file))?;
            let (source, options) = (lines.source().clone(), lines.header().options.clone());
            import(target, &source, &options, lines)?
        }
        Format::Parquet => {
            let rows = parquet::Rows::open(from)?;
            let (source, options) = (rows.source().clone(), rows.options().clone());
            import(target, &source, &options, rows)?
        }
    };
    let words = format!(
        "{} and {} are new; {} and {} were there before",
        plural(done.n_people, "person", "people"),
        plural(done.n_faces, "face", "faces"),
        plural(done.n_people_known, "person", "people"),
        plural(done.n_faces_known, "face", "faces"),
    );
    tell(target.style, json!(done), &words)
}

/// Imports into the gallery, which is made where there is none.
fn import(
    target: &Target,
    source: &ImportSource,
    options: &GalleryOptions,
    rows: impl Iterator<Item = Result<ExportRow, GalleryError>>,
) -> Result<Imported, Failure> {
    let mut gallery = match target.path.exists() {
        false => Gallery::create(&target.path, options.clone(), now())?,
        true => target.open()?,
    };
    let done = gallery.import(source, options, rows, now())?;
    gallery.save_index()?;
    Ok(done)
}
