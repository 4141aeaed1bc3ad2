//! Feature files: a matrix of OpenCV in the devkit's form.
//!
//! Four `i32` (rows, columns, bytes from row to row, type) and the elements row by row; type 5 is
//! `f32`. All is little endian.

use std::path::Path;

use crate::error::DataError;
use crate::limits::DataLimits;
use crate::lines::check_size;
use crate::write::{part_of, rename};

const HEADER_BYTES: usize = 16;
const ELEMENT_BYTES: i32 = 4;
/// OpenCV's `CV_32F`.
const F32_TYPE: i32 = 5;

/// The feature in the file at `path`: a column (or a row) of finite numbers.
///
/// # Errors
/// [`DataError::Bytes`] for anything else; [`DataError::Limit`]; [`DataError::Io`].
pub fn read_features(path: &Path, limits: &DataLimits) -> Result<Vec<f32>, DataError> {
    check_size(path, limits.max_container_bytes)?;
    let bytes = std::fs::read(path).map_err(|error| DataError::io(path, error))?;
    parse_features(path, &bytes)
}

/// The feature in `bytes`, the content of the file at `path`.
///
/// # Errors
/// As [`read_features`].
pub fn parse_features(path: &Path, bytes: &[u8]) -> Result<Vec<f32>, DataError> {
    let bad = |offset: usize, expected: String, got: String| {
        DataError::bytes(path, offset as u64, expected, got)
    };
    let Some((header, body)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
        let expected = format!("a header of {HEADER_BYTES} bytes");
        return Err(bad(0, expected, bytes.len().to_string()));
    };
    let [rows, columns, row_bytes, element_type] = integers(header);
    if rows < 1 || columns < 1 || (rows > 1 && columns > 1) {
        let expected = "a column or a row".to_owned();
        return Err(bad(0, expected, format!("{rows} × {columns} elements")));
    }
    if Some(row_bytes) != columns.checked_mul(ELEMENT_BYTES) {
        let expected = format!("{ELEMENT_BYTES} × {columns} bytes from row to row");
        return Err(bad(8, expected, row_bytes.to_string()));
    }
    if element_type != F32_TYPE {
        let expected = format!("elements of type {F32_TYPE} (f32)");
        return Err(bad(12, expected, element_type.to_string()));
    }
    // One of the two is 1.
    let n_elements = rows.max(columns) as usize;
    if body.len() / ELEMENT_BYTES as usize != n_elements || body.len() % 4 != 0 {
        let expected = format!("4 × {n_elements} bytes of elements");
        return Err(bad(HEADER_BYTES, expected, body.len().to_string()));
    }
    let (elements, _) = body.as_chunks::<4>();
    let values = elements.iter().enumerate().map(|(idx, &element)| {
        let value = f32::from_le_bytes(element);
        let offset = HEADER_BYTES + 4 * idx;
        let not_finite = || bad(offset, "a finite number".to_owned(), value.to_string());
        value.is_finite().then_some(value).ok_or_else(not_finite)
    });
    values.collect()
}

/// Writes a feature as a column to the file at `path`, over one that is there.
///
/// # Errors
/// [`DataError::Argument`] for a feature without elements, of more than 2³¹ − 1, or with one that is
/// not finite; [`DataError::Io`].
pub fn write_features(path: &Path, feature: &[f32]) -> Result<(), DataError> {
    let rows = i32::try_from(feature.len()).ok().filter(|&rows| rows > 0);
    let is_finite = feature.iter().all(|value| value.is_finite());
    let Some(rows) = rows.filter(|_| is_finite) else {
        return Err(DataError::Argument {
            what: "a feature",
            expected: "1 to 2³¹ − 1 finite numbers".to_owned(),
            got: match is_finite {
                true => feature.len().to_string(),
                false => "one that is not finite".to_owned(),
            },
        });
    };
    let header = [rows, 1, ELEMENT_BYTES, F32_TYPE];
    let mut bytes = Vec::with_capacity(HEADER_BYTES + 4 * feature.len());
    bytes.extend(header.iter().flat_map(|number| number.to_le_bytes()));
    bytes.extend(feature.iter().flat_map(|value| value.to_le_bytes()));
    let part = part_of(path);
    std::fs::write(&part, bytes).map_err(|error| DataError::io(&part, error))?;
    rename(&part, path)
}

fn integers(header: &[u8; HEADER_BYTES]) -> [i32; 4] {
    let (words, _) = header.as_chunks::<4>();
    let mut integers = [0; 4];
    for (integer, &word) in integers.iter_mut().zip(words) {
        *integer = i32::from_le_bytes(word);
    }
    integers
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(feature in prop::collection::vec(-1e30f32..1e30, 1..20)) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("face.bin");
            write_features(&path, &feature).unwrap();
            write_features(&path, &feature).unwrap();
            let read = read_features(&path, &DataLimits::default()).unwrap();
            prop_assert_eq!(read, feature);
            prop_assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn no_feature_is_not_written() {
        let path = Path::new("/nowhere/face.bin");
        for feature in [&[][..], &[1.0, f32::NAN]] {
            let error = write_features(path, feature).unwrap_err();
            assert!(matches!(error, DataError::Argument { .. }), "{error}");
        }
    }
}
