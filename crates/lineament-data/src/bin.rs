//! `.bin` files of image pairs, as InsightFace packs LFW, CFP, AgeDB-30, CALFW and CPLFW.
//!
//! Such a file is a pickle of `(images, labels)`: a list of 2N encoded images and one of N booleans;
//! pair i compares images 2i and 2i + 1. Images are bytes, `bytearray`s or numpy arrays of bytes, of
//! any protocol and of Python 2 as well; they stay in the file. Ten folds are ten blocks of pairs in
//! order, of equal size but for the first N mod 10, which have one more
//! (`KFold(n_splits=10, shuffle=False)`).

use std::path::Path;
use std::sync::Arc;

use crate::error::DataError;
use crate::limits::DataLimits;
use crate::pairs::{Item, Pair, PairProtocol};
use crate::pickle::{Data, ElementKind, Pickle, Value, load};
use crate::source::ImageSource;

pub use crate::bin_writer::write_pairs;

pub(crate) const N_FOLDS: usize = 10;

/// The pairs of the file at `path`, named after the file; image `i` is item `i`.
///
/// # Errors
/// [`DataError::Unsafe`] for a pickle that would import or call anything; [`DataError::Bytes`] and
/// [`DataError::Entry`] for one that is broken or holds something else; [`DataError::Unsupported`]
/// for arrays of other than bytes and booleans; [`DataError::Limit`]; [`DataError::Io`].
pub fn read_pairs(path: &Path, limits: &DataLimits) -> Result<PairProtocol, DataError> {
    let io = |error| DataError::io(path, error);
    let got = std::fs::metadata(path).map_err(io)?.len();
    if got > limits.max_container_bytes {
        return Err(DataError::Limit {
            path: path.to_owned(),
            what: "bytes of a pickle",
            limit: limits.max_container_bytes,
            got,
        });
    }
    parse_pairs(path, &std::fs::read(path).map_err(io)?, limits)
}

/// The pairs in `bytes`, the content of the file at `path`.
///
/// # Errors
/// As [`read_pairs`].
pub fn parse_pairs(
    path: &Path,
    bytes: &[u8],
    limits: &DataLimits,
) -> Result<PairProtocol, DataError> {
    let contents = Contents {
        path: path.into(),
        bytes,
        pickle: load(path, bytes, limits.max_entries)?,
    };
    let [images, labels] = contents.lists()?;
    let labels = contents.labels(labels)?;
    let items = contents.items(images, labels.len())?;
    let pairs = labels.iter().enumerate().map(|(idx, &mated)| Pair {
        first: 2 * idx,
        second: 2 * idx + 1,
        mated,
        fold: fold_of(idx, labels.len()),
        line: idx as u64 + 1,
    });
    Ok(PairProtocol {
        name: stem(path),
        pairs: pairs.collect(),
        items,
        n_folds: labels.len().min(N_FOLDS),
    })
}

/// The fold of pair `idx` of `n`.
pub(crate) fn fold_of(idx: usize, n: usize) -> usize {
    let (size, n_larger) = (n / N_FOLDS, n % N_FOLDS);
    let n_in_larger = n_larger * (size + 1);
    match idx.checked_sub(n_in_larger) {
        None => idx / (size + 1),
        // Where there is a rest, no fold is empty.
        Some(rest) => n_larger + rest / size.max(1),
    }
}

pub(crate) fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// A pickle, and the file that it came from.
struct Contents<'a> {
    path: Arc<Path>,
    bytes: &'a [u8],
    pickle: Pickle,
}

impl Contents<'_> {
    fn lists(&self) -> Result<[Value; 2], DataError> {
        match self.pickle.sequence(self.pickle.root) {
            Some(&[images, labels]) => Ok([images, labels]),
            Some(other) => Err(self.wrong(format!("{} of {}", self.root(), other.len()))),
            None => Err(self.wrong(self.root().to_owned())),
        }
    }

    fn root(&self) -> &'static str {
        self.pickle.root.name()
    }

    fn wrong(&self, got: String) -> DataError {
        DataError::bytes(&self.path, 0, "a pickle of (images, labels)", got)
    }

    /// One boolean a pair: a list of them, or an array.
    fn labels(&self, labels: Value) -> Result<Vec<bool>, DataError> {
        let read: Vec<_> = if let Some(array) = self.pickle.array(labels) {
            self.content(array.data)
                .iter()
                .map(|byte| is_mated(i64::from(*byte)))
                .collect()
        } else if let Some(values) = self.pickle.sequence(labels) {
            let of_value = |value: &Value| match value {
                Value::Bool(mated) => Some(*mated),
                Value::Int(number) => is_mated(*number),
                _ => None,
            };
            values.iter().map(of_value).collect()
        } else {
            return Err(self.wrong(format!("{} for the labels", labels.name())));
        };
        if read.is_empty() {
            return Err(self.wrong("no labels".to_owned()));
        }
        let checked = read.iter().enumerate().map(|(idx, label)| {
            let expected = "True or False for the pair";
            label.ok_or_else(|| self.entry(idx, expected, "another label".to_owned()))
        });
        checked.collect()
    }

    fn items(&self, images: Value, n_pairs: usize) -> Result<Vec<Item>, DataError> {
        let Some(images) = self.pickle.sequence(images) else {
            return Err(self.wrong(format!("{} for the images", images.name())));
        };
        if images.len() != 2 * n_pairs {
            let got = format!("{} images for {n_pairs} labels", images.len());
            return Err(self.wrong(format!("{got}, which need {}", 2 * n_pairs)));
        }
        let stem = stem(&self.path);
        let item = |(idx, image)| {
            let data = self
                .image(image)
                .filter(|data| !self.content(*data).is_empty());
            let expected = "the bytes of an encoded image";
            let data = data.ok_or_else(|| self.entry(idx, expected, self.describe(image)))?;
            Ok(Item {
                name: format!("{stem}/{idx}"),
                person: None,
                images: vec![self.source(data)],
            })
        };
        images.iter().copied().enumerate().map(item).collect()
    }

    fn image(&self, image: Value) -> Option<Data> {
        match image {
            Value::Bytes(data) => Some(data),
            _ => {
                let array = self.pickle.array(image)?;
                (array.kind == ElementKind::U8).then_some(array.data)
            }
        }
    }

    fn describe(&self, image: Value) -> String {
        match self.image(image) {
            Some(_) => "none".to_owned(),
            None => image.name().to_owned(),
        }
    }

    fn content(&self, data: Data) -> &[u8] {
        match data {
            Data::Range { start, length } => {
                let rest = self.bytes.get(start..).unwrap_or_default();
                &rest[..length.min(rest.len())]
            }
            Data::Memory(idx) => self.pickle.heap.memory.get(idx).map_or(&[], |bytes| bytes),
        }
    }

    fn source(&self, data: Data) -> ImageSource {
        match data {
            Data::Range { start, length } => ImageSource::Slice {
                path: self.path.clone(),
                offset: start as u64,
                length: length as u64,
            },
            Data::Memory(_) => ImageSource::Memory(self.content(data).into()),
        }
    }

    fn entry(&self, idx: usize, expected: &str, got: String) -> DataError {
        DataError::entry(&self.path, idx as u64, expected, got)
    }
}

fn is_mated(label: i64) -> Option<bool> {
    match label {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_those_of_an_unshuffled_k_fold() {
        let sizes = |n| {
            let mut sizes = [0; N_FOLDS];
            (0..n).for_each(|idx| sizes[fold_of(idx, n)] += 1);
            sizes
        };
        assert_eq!(sizes(6000), [600; 10]);
        assert_eq!(sizes(23), [3, 3, 3, 2, 2, 2, 2, 2, 2, 2]);
        assert_eq!(sizes(3), [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]);
        assert!((0..23).map(|idx| fold_of(idx, 23)).is_sorted());
    }
}
