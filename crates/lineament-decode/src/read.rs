//! From bytes or a path to a photo.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::error::{DecodeError, PhotoError};
use crate::format::ImageFormat;
use crate::limits::{Limits, Resolution};
use crate::photo::Photo;
use crate::{guard, jpeg, raster};

/// The photo in `bytes`, upright, at the resolution that is wanted.
///
/// # Errors
/// [`DecodeError`]: `TooManyBytes` and `TooManyPixels` above the limits, `UnknownFormat` when the
/// bytes are no picture, `Unsupported` when they are one that cannot be decoded here, `Corrupt` when
/// they are damaged or cut short.
pub fn decode_bytes(bytes: &[u8], want: Resolution, limits: &Limits) -> Result<Photo, DecodeError> {
    limits.check_bytes(bytes.len() as u64)?;
    let Some(format) = ImageFormat::of(bytes) else {
        return Err(DecodeError::UnknownFormat {
            first_bytes: bytes[..bytes.len().min(16)].to_vec(),
        });
    };
    guard::guarded(format, || match format {
        ImageFormat::Jpeg => jpeg::decode(bytes, want, limits),
        ImageFormat::Png
        | ImageFormat::WebP
        | ImageFormat::Gif
        | ImageFormat::Bmp
        | ImageFormat::Tiff => raster::decode(bytes, format, limits),
        ImageFormat::Heif | ImageFormat::Avif | ImageFormat::JpegXl => {
            Err(DecodeError::Unsupported {
                format,
                what: "pictures are not decoded".to_owned(),
            })
        }
    })
}

/// The photo in the file at `path`, upright, at the resolution that is wanted.
///
/// The size of the file is checked before it is read.
///
/// # Errors
/// As [`decode_bytes`], or `Io` when the file cannot be read; with the path.
pub fn read_photo(path: &Path, want: Resolution, limits: &Limits) -> Result<Photo, PhotoError> {
    read_bytes(path, limits)
        .and_then(|bytes| decode_bytes(&bytes, want, limits))
        .map_err(|source| PhotoError {
            path: path.to_owned(),
            source,
        })
}

fn read_bytes(path: &Path, limits: &Limits) -> Result<Vec<u8>, DecodeError> {
    let io = |source| DecodeError::Io { source };
    let file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if metadata.is_dir() {
        return Err(io(io::ErrorKind::IsADirectory.into()));
    }
    limits.check_bytes(metadata.len())?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    // A pipe has no size, and a file may grow while it is read.
    file.take(limits.max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(io)?;
    limits.check_bytes(bytes.len() as u64)?;
    Ok(bytes)
}
