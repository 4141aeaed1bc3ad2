//! Where the pixels of an image are.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineament_core::RgbImage;

use crate::error::DataError;
use crate::limits::DataLimits;

/// Where the pixels of an image are; cheap to copy, nothing is read before [`Self::read`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ImageSource {
    /// An image file.
    File(PathBuf),
    /// An encoded image inside a container.
    Slice {
        /// The container.
        path: Arc<Path>,
        /// First byte of the image.
        offset: u64,
        /// Bytes of the image.
        length: u64,
    },
    /// An encoded image in memory, for containers that store it in another form.
    Memory(Arc<[u8]>),
}

/// An image as its database holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picture {
    /// A file in some image format.
    Encoded(Vec<u8>),
    /// Pixels.
    Rgb(RgbImage),
}

impl ImageSource {
    /// The image.
    ///
    /// # Errors
    /// [`DataError::Io`], and [`DataError::Limit`] for an image of too many bytes.
    pub fn read(&self, limits: &DataLimits) -> Result<Picture, DataError> {
        match self {
            Self::File(path) => read_slice(path, 0, None, limits),
            Self::Slice {
                path,
                offset,
                length,
            } => read_slice(path, *offset, Some(*length), limits),
            Self::Memory(bytes) => Ok(bytes.to_vec()),
        }
        .map(Picture::Encoded)
    }
}

fn read_slice(
    path: &Path,
    offset: u64,
    length: Option<u64>,
    limits: &DataLimits,
) -> Result<Vec<u8>, DataError> {
    let io = |source| DataError::io(path, source);
    let mut file = File::open(path).map_err(io)?;
    let rest = file.metadata().map_err(io)?.len().saturating_sub(offset);
    let length = length.unwrap_or(rest);
    if length > limits.max_image_bytes {
        return Err(DataError::Limit {
            path: path.to_owned(),
            what: "bytes of an image",
            limit: limits.max_image_bytes,
            got: length,
        });
    }
    if length > rest {
        let (expected, got) = (format!("{length} bytes of an image"), format!("{rest}"));
        return Err(DataError::bytes(path, offset, expected, got));
    }
    file.seek(SeekFrom::Start(offset)).map_err(io)?;
    let mut bytes = Vec::with_capacity(length as usize);
    file.take(length).read_to_end(&mut bytes).map_err(io)?;
    Ok(bytes)
}
