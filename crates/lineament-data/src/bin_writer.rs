//! The writer of `.bin` files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::bin::{N_FOLDS, fold_of};
use crate::error::DataError;
use crate::limits::DataLimits;
use crate::pairs::{Item, Pair, PairProtocol};
use crate::source::Picture;

/// Protocol 2, and the start of the list of images: `PROTO 2 EMPTY_LIST MARK`.
const START: &[u8] = b"\x80\x02](";
/// The end of the images and the start of the list of labels: `APPENDS EMPTY_LIST MARK`.
const BETWEEN: &[u8] = b"e](";
/// The end of the labels, and the pair of both lists: `APPENDS TUPLE2 STOP`.
const END: &[u8] = b"e\x86.";

/// Writes `protocol` to a `.bin` file at `path`, which appears whole or not at all.
///
/// The form is that of the official files, a pickle of protocol 2 with the byte strings of Python 2:
/// what reads those reads this, Python 3 with `encoding="bytes"`. The images of a file that is read
/// back are ranges of it.
///
/// # Errors
/// [`DataError::Unsupported`] for what the form cannot hold: items of more than one image, raw
/// pixels, images of 2 GiB, and folds other than ten blocks of pairs in order;
/// [`DataError::Missing`] for an item without an image; those of reading the images;
/// [`DataError::Io`].
pub fn write_pairs(
    path: &Path,
    protocol: &PairProtocol,
    limits: &DataLimits,
) -> Result<(), DataError> {
    let n_pairs = protocol.pairs.len();
    let is_in_blocks = |(idx, pair): (usize, &Pair)| pair.fold == fold_of(idx, n_pairs);
    if protocol.n_folds != n_pairs.min(N_FOLDS)
        || !protocol.pairs.iter().enumerate().all(is_in_blocks)
    {
        let what = "a .bin file of folds other than ten blocks of pairs in order";
        let help = "order the pairs by fold, in folds of equal size";
        return Err(unsupported(path, what.to_owned(), help));
    }
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".part");
    let unfinished = PathBuf::from(unfinished);
    let written = write_to(path, &unfinished, protocol, limits);
    let io = |error| DataError::io(path, error);
    match written {
        Ok(()) => std::fs::rename(&unfinished, path).map_err(io),
        Err(error) => {
            // The first error is the one to tell.
            let _ = std::fs::remove_file(&unfinished);
            Err(error)
        }
    }
}

fn write_to(
    path: &Path,
    unfinished: &Path,
    protocol: &PairProtocol,
    limits: &DataLimits,
) -> Result<(), DataError> {
    let io = |error| DataError::io(path, error);
    let mut file = BufWriter::new(File::create(unfinished).map_err(io)?);
    file.write_all(START).map_err(io)?;
    for pair in &protocol.pairs {
        for idx in [pair.first, pair.second] {
            let image = encoded_image(path, protocol.items.get(idx), limits)?;
            write_string(&mut file, &image).map_err(io)?;
        }
    }
    file.write_all(BETWEEN).map_err(io)?;
    let label = |pair: &Pair| if pair.mated { 0x88 } else { 0x89 };
    let labels: Vec<u8> = protocol.pairs.iter().map(label).collect();
    file.write_all(&labels).map_err(io)?;
    file.write_all(END).map_err(io)?;
    file.into_inner().map_err(|error| io(error.into_error()))?;
    Ok(())
}

fn encoded_image(
    path: &Path,
    item: Option<&Item>,
    limits: &DataLimits,
) -> Result<Vec<u8>, DataError> {
    let missing = |of: &str| DataError::Missing {
        path: path.to_owned(),
        missing: format!("the image of {of}"),
        help: "every side of a pair in a .bin file needs one".to_owned(),
    };
    let item = item.ok_or_else(|| missing("a pair"))?;
    let source = match item.images.as_slice() {
        [source] => source,
        [] => return Err(missing(&item.name)),
        _ => {
            let what = format!("a .bin file with the video {}", item.name);
            return Err(unsupported(path, what, "write pairs of single images"));
        }
    };
    match source.read(limits)? {
        Picture::Encoded(bytes) if i32::try_from(bytes.len()).is_ok() => Ok(bytes),
        Picture::Encoded(bytes) => {
            let what = format!(
                "an image of {} bytes ({}) in a .bin file",
                bytes.len(),
                item.name
            );
            Err(unsupported(path, what, "encode it in less than 2 GiB"))
        }
        _ => {
            let what = format!("a .bin file with the raw pixels of {}", item.name);
            Err(unsupported(path, what, "encode the images first"))
        }
    }
}

/// `SHORT_BINSTRING` or `BINSTRING`.
fn write_string(file: &mut impl Write, bytes: &[u8]) -> std::io::Result<()> {
    match u8::try_from(bytes.len()) {
        Ok(length) => file.write_all(&[b'U', length])?,
        Err(_) => {
            file.write_all(b"T")?;
            file.write_all(&(bytes.len() as u32).to_le_bytes())?;
        }
    }
    file.write_all(bytes)
}

fn unsupported(path: &Path, what: String, help: &str) -> DataError {
    DataError::Unsupported {
        path: path.to_owned(),
        what,
        help: help.to_owned(),
    }
}
