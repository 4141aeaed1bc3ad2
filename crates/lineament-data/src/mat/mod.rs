//! Variables of MATLAB's level 5 MAT-files, as MATLAB 5 to 7 and scipy write them.
//!
//! After a header of 128 bytes come elements: a type and a number of bytes (`u32` each; both in four
//! bytes with four of data, where these are enough), then the data, padded to 8 bytes. A matrix is an
//! element of elements: flags, dimensions, name, content. Level 7 wraps each in an element of zlib's
//! format (MathWorks, *MAT-File Format*, 2023). Numbers, text and cells are read, nothing else.

mod element;
mod matrix;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use flate2::read::ZlibDecoder;

use crate::error::DataError;
use element::{COMPRESSED, Element, Elements, MATRIX, Origin};
use matrix::{Budget, read_matrix};

const HEADER_BYTES: usize = 128;

/// The most bytes that the compressed elements of a file may hold together.
const MAX_INFLATED_BYTES: u64 = 64 << 20;

/// A variable, or an element of a cell array. Arrays are in MATLAB's order, the first index fastest.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum MatValue {
    /// Real numbers of any numeric class.
    Numbers(Vec<f64>),
    /// One row of text.
    Text(String),
    /// A cell array.
    Cells(Vec<MatValue>),
    /// Anything else, by the number of its class.
    Other(u8),
}

/// The variables in `bytes`, the content of the file at `path`, by name.
///
/// # Errors
/// [`DataError::Bytes`] for what is not a MAT-file of level 5; [`DataError::Unsupported`] for other
/// levels and for big-endian files; [`DataError::Limit`] for more than `max_entries` numbers, characters
/// and cells, or too much in compressed elements.
pub(crate) fn read_variables(
    path: &Path,
    bytes: &[u8],
    max_entries: u64,
) -> Result<BTreeMap<String, MatValue>, DataError> {
    check_header(path, bytes)?;
    let mut variables = Variables {
        path,
        budget: Budget::new(path, max_entries),
        n_inflated_bytes: 0,
        by_name: BTreeMap::new(),
    };
    let (_, body) = bytes.split_at(HEADER_BYTES);
    let mut elements = Elements::new(path, body, Origin::File(HEADER_BYTES as u64));
    while let Some(element) = elements.next_element()? {
        match element.kind {
            COMPRESSED => variables.add_compressed(&element)?,
            _ => variables.add(&element)?,
        }
    }
    Ok(variables.by_name)
}

/// The variables of a file while it is read.
struct Variables<'a> {
    path: &'a Path,
    budget: Budget<'a>,
    n_inflated_bytes: u64,
    by_name: BTreeMap<String, MatValue>,
}

impl Variables<'_> {
    /// Adds the variable that the element is, if it is one.
    fn add(&mut self, element: &Element<'_>) -> Result<(), DataError> {
        if element.kind == MATRIX {
            let (name, value) = read_matrix(self.path, element, &mut self.budget, 0)?;
            self.by_name.insert(name, value);
        }
        Ok(())
    }

    fn add_compressed(&mut self, element: &Element<'_>) -> Result<(), DataError> {
        let offset = element.origin.offset();
        let max_bytes = MAX_INFLATED_BYTES - self.n_inflated_bytes;
        let mut bytes = Vec::new();
        ZlibDecoder::new(element.data)
            .take(max_bytes + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| {
                DataError::bytes(self.path, offset, "zlib's format", error.to_string())
            })?;
        self.n_inflated_bytes += bytes.len() as u64;
        if self.n_inflated_bytes > MAX_INFLATED_BYTES {
            return Err(DataError::Limit {
                path: self.path.to_owned(),
                what: "bytes in compressed variables",
                limit: MAX_INFLATED_BYTES,
                got: self.n_inflated_bytes,
            });
        }
        let mut elements = Elements::new(self.path, &bytes, Origin::Compressed(offset));
        while let Some(element) = elements.next_element()? {
            self.add(&element)?;
        }
        Ok(())
    }
}

fn check_header(path: &Path, bytes: &[u8]) -> Result<(), DataError> {
    let unsupported = |what: &str| DataError::Unsupported {
        path: path.to_owned(),
        what: what.to_owned(),
        help: "save it with `save -v7` on an ordinary computer".to_owned(),
    };
    if bytes.starts_with(b"MATLAB 7.3") || bytes.starts_with(b"\x89HDF") {
        return Err(unsupported("a MAT-file of level 7.3 (HDF5)"));
    }
    match bytes.get(HEADER_BYTES - 4..HEADER_BYTES) {
        Some([0, 1, b'I', b'M']) => Ok(()),
        Some([1, 0, b'M', b'I']) => Err(unsupported("a big-endian MAT-file")),
        _ => Err(DataError::bytes(
            path,
            HEADER_BYTES as u64 - 4,
            "the header of a MAT-file of level 5",
            match bytes.len() < HEADER_BYTES {
                true => format!("the end of the file after {} bytes", bytes.len()),
                false => "other bytes".to_owned(),
            },
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use std::io::Write;

    /// A compressed element of doubles, which is no variable.
    fn compressed_zeros(n_bytes: usize) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&9u32.to_le_bytes()).unwrap();
        encoder.write_all(&(n_bytes as u32).to_le_bytes()).unwrap();
        encoder.write_all(&vec![0; n_bytes]).unwrap();
        let data = encoder.finish().unwrap();
        let head = [COMPRESSED, data.len() as u32].map(u32::to_le_bytes);
        [head.concat(), data].concat()
    }

    #[test]
    fn what_inflates_too_far_is_refused() {
        let mut header = vec![b' '; HEADER_BYTES - 4];
        header.extend([0, 1, b'I', b'M']);
        let element = compressed_zeros(MAX_INFLATED_BYTES as usize - 8);
        let path = Path::new("a.mat");
        let once = [&header[..], &element].concat();
        assert!(read_variables(path, &once, 10).unwrap().is_empty());
        let twice = [&once[..], &element].concat();
        let error = read_variables(path, &twice, 10).unwrap_err();
        assert!(matches!(error, DataError::Limit { .. }), "{error}");
    }
}
