//! Why a file gave no photo.

use std::io;
use std::path::PathBuf;

use crate::format::ImageFormat;

/// Why some bytes gave no photo.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The file could not be opened or read.
    #[error("cannot be read: {source}")]
    Io {
        /// What the system said.
        source: io::Error,
    },
    /// The file is larger than [`Limits::max_bytes`](crate::Limits::max_bytes).
    #[error(
        "the file has {got} bytes, more than the limit of {limit}; raise Limits::max_bytes if it is to be trusted"
    )]
    TooManyBytes {
        /// The limit.
        limit: u64,
        /// The size of the file, or as much of it as was seen.
        got: u64,
    },
    /// The picture has more pixels than [`Limits::max_pixels`](crate::Limits::max_pixels).
    #[error(
        "a picture of {width}×{height} has more than {limit} pixels; shrink it, or raise Limits::max_pixels if it is to be trusted"
    )]
    TooManyPixels {
        /// Width in pixels, as stored.
        width: u32,
        /// Height in pixels, as stored.
        height: u32,
        /// The limit.
        limit: u64,
    },
    /// The first bytes belong to no picture format known here.
    #[error(
        "{}; expected a JPEG, PNG, WebP, GIF, BMP or TIFF file",
        starts_with(first_bytes)
    )]
    UnknownFormat {
        /// The first bytes, at most 16.
        first_bytes: Vec<u8>,
    },
    /// A sound file, of a kind that cannot be decoded here.
    #[error("{format} {what}; convert it to an ordinary JPEG or PNG")]
    Unsupported {
        /// The format of the file.
        format: ImageFormat,
        /// What about it is not supported.
        what: String,
    },
    /// A file that breaks the rules of its format, or is cut short.
    #[error("the {format} file is damaged: {reason}; get it again from its source")]
    Corrupt {
        /// The format of the file.
        format: ImageFormat,
        /// What is wrong with it.
        reason: String,
    },
}

/// Why a file gave no photo, and which file.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
#[non_exhaustive]
pub struct PhotoError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub source: DecodeError,
}

fn starts_with(first_bytes: &[u8]) -> String {
    if first_bytes.is_empty() {
        "the file is empty".to_owned()
    } else {
        format!(
            "not a picture, for it starts with \"{}\"",
            first_bytes.escape_ascii()
        )
    }
}
