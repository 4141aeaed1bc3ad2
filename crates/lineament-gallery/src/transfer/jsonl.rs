//! An export as JSON Lines: a header, then a row a line.

use std::io::{BufRead, Read, Write};
use std::path::Path;

use super::{ExportHeader, ExportRow, ImportSource, ImportUnit};
use crate::error::GalleryError;
use crate::gallery::Gallery;

/// Longest line. The longest that an export writes, of 16,384 numbers, is a quarter of it.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// Writes the gallery to `out`, which is the file at `path` in messages.
///
/// # Errors
/// [`GalleryError::Io`], and as [`Gallery::export`].
pub fn write_json_lines(
    gallery: &Gallery,
    path: &Path,
    mut out: impl Write,
) -> Result<(), GalleryError> {
    let io = |error| GalleryError::io(path, error);
    let mut line = |value: serde_json::Result<String>| {
        let text = value.map_err(|error| io(error.into()))?;
        writeln!(out, "{text}").map_err(io)
    };
    line(serde_json::to_string(&ExportHeader::new(gallery.options())))?;
    gallery.export(|row| line(serde_json::to_string(&row)))?;
    out.flush().map_err(io)
}

/// Reads an export: the header at once, rows as an iterator, one line in memory at a time.
#[derive(Debug)]
pub struct JsonLines<R> {
    header: ExportHeader,
    source: ImportSource,
    lines: R,
    row_idx: u64,
}

impl<R: BufRead> JsonLines<R> {
    /// The export in `lines`, which is the file at `path` in messages.
    ///
    /// # Errors
    /// [`GalleryError::Import`] for a header that is none, [`GalleryError::Io`].
    pub fn open(path: &Path, mut lines: R) -> Result<Self, GalleryError> {
        let source = ImportSource {
            path: path.to_owned(),
            unit: ImportUnit::Line,
        };
        let text = next_line(&mut lines, path)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        Ok(Self {
            header: ExportHeader::parse(path, &text)?,
            source,
            lines,
            row_idx: 0,
        })
    }

    /// What the first line says.
    #[must_use]
    pub fn header(&self) -> &ExportHeader {
        &self.header
    }

    /// The file, for messages.
    #[must_use]
    pub fn source(&self) -> &ImportSource {
        &self.source
    }
}

impl<R: BufRead> Iterator for JsonLines<R> {
    type Item = Result<ExportRow, GalleryError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row_idx = self.row_idx;
        self.row_idx += 1;
        match next_line(&mut self.lines, &self.source.path) {
            Ok(None) => None,
            Ok(Some(line)) => Some(serde_json::from_slice(&line).map_err(|error| {
                let what = format!("expected a person or a face: {error}");
                self.source.error(row_idx, what)
            })),
            Err(error) => Some(Err(error)),
        }
    }
}

/// The next line with its end, if any; one that is too long is cut and so makes no sense to who reads it.
fn next_line(lines: &mut impl BufRead, path: &Path) -> Result<Option<Vec<u8>>, GalleryError> {
    let mut line = Vec::new();
    let read = lines.take(MAX_LINE_BYTES).read_until(b'\n', &mut line);
    read.map_err(|error| GalleryError::io(path, error))?;
    Ok((!line.is_empty()).then_some(line))
}
