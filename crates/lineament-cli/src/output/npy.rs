//! NumPy's format, version 1.0 (numpy.lib.format): a header of fixed length, then rows of `<f4`.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;

use lineament::Rect;
use serde::Serialize;

use super::{Pending, Row, RowSink, with_suffix};

/// Bytes before the data; a multiple of 64, with room for any shape.
const HEADER_LEN: usize = 128;

/// The array and the file that names its rows.
pub(super) struct NpyFile {
    array: Pending,
    names: Pending,
    data: BufWriter<File>,
    lines: BufWriter<File>,
    n_rows: usize,
    dimension: usize,
}

/// What a row of the array is.
#[derive(Serialize)]
struct RowName<'a> {
    path: &'a str,
    face_idx: u32,
    #[serde(rename = "box")]
    rect: Rect,
    detection_score: f32,
}

impl NpyFile {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let array = Pending::create(path)?;
        let names = Pending::create(&with_suffix(path, ".jsonl"))?;
        let mut data = BufWriter::new(array.file.try_clone()?);
        data.write_all(&[0; HEADER_LEN])?;
        Ok(Self {
            lines: BufWriter::new(names.file.try_clone()?),
            data,
            array,
            names,
            n_rows: 0,
            dimension: 0,
        })
    }
}

impl RowSink for NpyFile {
    fn add(&mut self, row: Row, _json: &str) -> io::Result<()> {
        if self.n_rows > 0 && self.dimension != row.embedding.len() {
            return Err(io::Error::other("the embeddings differ in length"));
        }
        self.dimension = row.embedding.len();
        self.n_rows += 1;
        for value in &row.embedding {
            self.data.write_all(&value.to_le_bytes())?;
        }
        let name = RowName {
            path: &row.path,
            face_idx: row.face_idx,
            rect: row.rect,
            detection_score: row.detection_score,
        };
        serde_json::to_writer(&mut self.lines, &name)?;
        self.lines.write_all(b"\n")
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.data.rewind()?;
        self.data.write_all(&header(self.n_rows, self.dimension))?;
        self.data.flush()?;
        self.lines.flush()?;
        self.names.commit()?;
        self.array.commit()
    }
}

fn header(n_rows: usize, dimension: usize) -> Vec<u8> {
    let description =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({n_rows}, {dimension}), }}");
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend_from_slice(&(HEADER_LEN as u16 - 10).to_le_bytes());
    header.extend_from_slice(description.as_bytes());
    header.resize(HEADER_LEN - 1, b' ');
    header.push(b'\n');
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_has_its_length_whatever_the_shape() {
        for shape in [(0, 0), (3, 128), (usize::MAX, 4096)] {
            let header = header(shape.0, shape.1);
            assert_eq!(header.len(), HEADER_LEN);
            assert_eq!(usize::from(header[8]), HEADER_LEN - 10);
            assert_eq!(header[HEADER_LEN - 1], b'\n');
        }
    }
}
