//! Embeddings that any program made, as a `.npz` file.
//!
//! Three arrays: `names` `[n]` (text), `plain` `[n, d]` (f32 or f64, one row for each name), and
//! perhaps `mirrored` `[n, d]` of the mirror images. A row that is not finite says that no face was
//! found. As numpy's `savez` and `savez_compressed` write them.

use std::collections::HashMap;
use std::path::Path;

use crate::error::DataError;
use crate::limits::DataLimits;
use crate::npz::{ArrayReader, open_array, read_whole};
use crate::zip::ZipArchive;

/// Embeddings by name.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingFile {
    rows: HashMap<String, usize>,
    n_columns: usize,
    plain: Vec<f32>,
    mirrored: Option<Vec<f32>>,
}

/// What a program made of an image and, where it looked at that, of its mirror image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EmbeddingRow<'a> {
    /// Of the image, `[d]`.
    pub plain: &'a [f32],
    /// Of the mirror image, `[d]`.
    pub mirrored: Option<&'a [f32]>,
}

impl EmbeddingFile {
    /// The file at `path`.
    ///
    /// # Errors
    /// [`DataError::Missing`] without `names` or `plain`; [`DataError::Bytes`] for arrays of other
    /// shapes or elements, and for a name that occurs twice; [`DataError::Limit`]; [`DataError::Io`].
    pub fn read(path: &Path, limits: &DataLimits) -> Result<Self, DataError> {
        let mut file = File {
            path,
            archive: ZipArchive::open(path, limits)?,
            limits,
        };
        let rows = file.names()?;
        let (n_columns, plain) = file
            .table("plain", rows.len())?
            .ok_or(missing(path, "plain"))?;
        let mirrored = file.table("mirrored", rows.len())?;
        if let Some((got, _)) = mirrored.as_ref().filter(|(n, _)| *n != n_columns) {
            let expected = format!("mirrored of {n_columns} columns, as plain");
            return Err(DataError::bytes(path, 0, expected, got.to_string()));
        }
        Ok(Self {
            rows,
            n_columns,
            plain,
            mirrored: mirrored.map(|(_, values)| values),
        })
    }

    /// Number of names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True without any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// True where the program looked at mirror images.
    #[must_use]
    pub fn has_mirrored(&self) -> bool {
        self.mirrored.is_some()
    }

    /// The embedding of that name; `None` where there is none or no face was found.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<EmbeddingRow<'_>> {
        let start = self.rows.get(name)? * self.n_columns;
        let columns = start..start + self.n_columns;
        let mirrored = self.mirrored.as_deref();
        let row = EmbeddingRow {
            plain: self.plain.get(columns.clone())?,
            mirrored: mirrored.and_then(|values| values.get(columns)),
        };
        let values = row.plain.iter().chain(row.mirrored.unwrap_or_default());
        values.into_iter().all(|v| v.is_finite()).then_some(row)
    }
}

/// A file being read.
struct File<'a> {
    path: &'a Path,
    archive: ZipArchive,
    limits: &'a DataLimits,
}

impl File<'_> {
    /// The row of every name.
    fn names(&mut self) -> Result<HashMap<String, usize>, DataError> {
        let array = self.open("names")?.ok_or(missing(self.path, "names"))?;
        let element = array.header.element;
        let [n] = array.header.shape[..] else {
            return Err(self.unfit("names", "a list", &array));
        };
        if !element.is_text() {
            return Err(self.unfit("names", "text", &array));
        }
        if n > self.limits.max_entries {
            return Err(self.limit("names", self.limits.max_entries, n));
        }
        let bytes = self.bytes("names", array)?;
        let mut rows = HashMap::new();
        for (row, bytes) in bytes.chunks_exact(element.n_bytes()).enumerate() {
            let bad = |expected: &str, got: String| {
                DataError::bytes(
                    self.path,
                    0,
                    format!("{expected} in row {row} of names"),
                    got,
                )
            };
            let name = element.text(bytes);
            let name = name.ok_or_else(|| bad("text", format!("{bytes:?}")))?;
            if rows.insert(name.clone(), row).is_some() {
                return Err(bad("a name that is not there yet", format!("{name:?}")));
            }
        }
        Ok(rows)
    }

    /// Columns and values of a table of `n_rows`.
    fn table(&mut self, name: &str, n_rows: usize) -> Result<Option<(usize, Vec<f32>)>, DataError> {
        let Some(array) = self.open(name)? else {
            return Ok(None);
        };
        let element = array.header.element;
        let n_columns = match array.header.shape[..] {
            [n, d] if n == n_rows as u64 && (1..=u64::from(u32::MAX)).contains(&d) => d as usize,
            _ => return Err(self.unfit(name, &format!("[{n_rows}, d] numbers"), &array)),
        };
        if element.is_text() || array.header.is_fortran {
            return Err(self.unfit(name, "numbers in C order", &array));
        }
        let bytes = self.bytes(name, array)?;
        let values = bytes.chunks_exact(element.n_bytes());
        Ok(Some((
            n_columns,
            values.map(|b| element.value(b) as f32).collect(),
        )))
    }

    fn open(&mut self, name: &str) -> Result<Option<ArrayReader>, DataError> {
        open_array(self.path, &mut self.archive, name)
    }

    /// All elements of an array, as many as its header says.
    fn bytes(&self, name: &str, array: ArrayReader) -> Result<Vec<u8>, DataError> {
        let ArrayReader {
            header,
            mut reader,
            max_bytes,
        } = array;
        let n_bytes = header.n_elements().unwrap_or(u64::MAX);
        let n_bytes = n_bytes.saturating_mul(header.element.n_bytes() as u64);
        if n_bytes > self.limits.max_container_bytes {
            return Err(self.limit(
                "bytes of an array",
                self.limits.max_container_bytes,
                n_bytes,
            ));
        }
        let bad =
            |got: String| DataError::bytes(self.path, 0, format!("{n_bytes} bytes of {name}"), got);
        if n_bytes > max_bytes {
            return Err(bad(format!("{max_bytes} at most")));
        }
        let mut bytes = Vec::new();
        let read = read_whole(&mut reader, n_bytes, &mut bytes);
        read.map_err(|error| bad(error.to_string()))?;
        Ok(bytes)
    }

    fn unfit(&self, name: &str, expected: &str, array: &ArrayReader) -> DataError {
        let expected = format!("{name} as {expected}");
        DataError::bytes(self.path, 0, expected, format!("{:?}", array.header))
    }

    fn limit(&self, what: &'static str, limit: u64, got: u64) -> DataError {
        DataError::Limit {
            path: self.path.to_owned(),
            what,
            limit,
            got,
        }
    }
}

fn missing(path: &Path, name: &str) -> DataError {
    DataError::Missing {
        path: path.to_owned(),
        missing: format!("the array {name}"),
        help: "a file of embeddings has names [n] and plain [n, d]".to_owned(),
    }
}
