//! Arrays in numpy's `.npz` files: zip archives of `.npy` members.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::DeflateDecoder;

use crate::error::DataError;
use crate::npy::NpyHeader;
use crate::source::{Coding, ImageSource};
use crate::zip::ZipArchive;

/// The largest factor by which deflate shrinks.
const MOST_DEFLATED: u64 = 1032;

/// An array of the archive, at its first element.
pub(crate) struct ArrayReader {
    pub(crate) header: NpyHeader,
    pub(crate) reader: Box<dyn Read>,
    /// No more bytes than these can come.
    pub(crate) max_bytes: u64,
}

/// The member `<name>.npy`, at its first element; `None` when there is none.
pub(crate) fn open_array(
    path: &Path,
    archive: &mut ZipArchive,
    name: &str,
) -> Result<Option<ArrayReader>, DataError> {
    let Some(member) = archive.member(&format!("{name}.npy")) else {
        return Ok(None);
    };
    let (offset, length, is_deflated) = match member? {
        ImageSource::Slice { offset, length, .. } => (offset, length, false),
        ImageSource::Coded {
            offset,
            length,
            coding: Coding::Deflate { .. },
            ..
        } => (offset, length, true),
        _ => return Ok(None),
    };
    let io = |error| DataError::io(path, error);
    let mut file = File::open(path).map_err(io)?;
    file.seek(SeekFrom::Start(offset)).map_err(io)?;
    let stored = BufReader::new(file).take(length);
    let (mut reader, max_bytes): (Box<dyn Read>, _) = if is_deflated {
        let inflated = BufReader::new(DeflateDecoder::new(stored));
        (Box::new(inflated), length.saturating_mul(MOST_DEFLATED))
    } else {
        (Box::new(stored), length)
    };
    let header = NpyHeader::read(&mut reader)
        .map_err(|got| DataError::bytes(path, offset, format!("the array {name}"), got))?;
    Ok(Some(ArrayReader {
        header,
        reader,
        max_bytes,
    }))
}

/// Appends exactly `n_bytes`. Memory grows with what comes, not with what is announced.
pub(crate) fn read_whole(
    reader: &mut impl Read,
    n_bytes: u64,
    to: &mut Vec<u8>,
) -> std::io::Result<()> {
    let n_read = reader.take(n_bytes).read_to_end(to)?;
    if (n_read as u64) < n_bytes {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}
