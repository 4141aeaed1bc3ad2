//! Where the pixels of an image are.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::DeflateDecoder;
use lineament_core::RgbImage;

use crate::error::DataError;
use crate::limits::DataLimits;
use crate::records;
use crate::video::Video;

/// Standard base64, with or without the `=` at its end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

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
    /// An encoded image that a container holds in another form.
    Coded {
        /// The container.
        path: Arc<Path>,
        /// First byte of what holds the image.
        offset: u64,
        /// Bytes of what holds the image.
        length: u64,
        /// The form.
        coding: Coding,
    },
    /// An encoded image in memory, for containers that store it in another form.
    Memory(Arc<[u8]>),
    /// The frames of a video of YouTube Faces in a `.npz` file: see [`Video`].
    Video(Arc<Path>),
}

/// The form in which a container holds the bytes of an encoded image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Coding {
    /// Base64 (RFC 4648).
    Base64,
    /// Deflate (RFC 1951), as in zip archives.
    Deflate {
        /// Bytes of the image.
        n_bytes: u64,
    },
    /// A RecordIO record in parts, which its payload is put together from.
    SplitRecord,
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
    /// The image; of a video, the frame in the middle.
    ///
    /// # Errors
    /// [`DataError::Io`]; [`DataError::Limit`] for an image of too many bytes; [`DataError::Bytes`]
    /// when the container does not hold there what it should.
    pub fn read(&self, limits: &DataLimits) -> Result<Picture, DataError> {
        match self {
            Self::File(path) => read_slice(path, 0, None, limits.max_image_bytes),
            Self::Slice {
                path,
                offset,
                length,
            } => read_slice(path, *offset, Some(*length), limits.max_image_bytes),
            Self::Coded {
                path,
                offset,
                length,
                coding,
            } => read_coded(path, *offset, *length, *coding, limits),
            Self::Memory(bytes) => Ok(bytes.to_vec()),
            Self::Video(_) => return self.read_middle_frame(limits),
        }
        .map(Picture::Encoded)
    }

    /// All its images: one, or up to `max_frames` frames of a video, spaced evenly over it.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_all(
        &self,
        limits: &DataLimits,
        max_frames: NonZeroUsize,
    ) -> Result<Vec<Picture>, DataError> {
        let Self::Video(path) = self else {
            return Ok(vec![self.read(limits)?]);
        };
        let frames = Video::open(path, limits)?.frames(max_frames)?;
        Ok(frames
            .into_iter()
            .map(|frame| Picture::Rgb(frame.image))
            .collect())
    }

    /// The file that it lies in; `None` for one in memory.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Slice { path, .. } | Self::Coded { path, .. } | Self::Video(path) => Some(path),
            Self::Memory(_) => None,
        }
    }

    fn read_middle_frame(&self, limits: &DataLimits) -> Result<Picture, DataError> {
        let frame = self.read_all(limits, NonZeroUsize::MIN)?.pop();
        frame.ok_or_else(|| DataError::Missing {
            path: self.path().unwrap_or(Path::new("")).to_owned(),
            missing: "a frame".to_owned(),
            help: "the video is empty; leave it out".to_owned(),
        })
    }
}

fn read_coded(
    path: &Path,
    offset: u64,
    length: u64,
    coding: Coding,
    limits: &DataLimits,
) -> Result<Vec<u8>, DataError> {
    // Base64 takes four bytes for three. The other forms have heads that are small beside that.
    let most = limits.max_image_bytes.saturating_mul(2);
    match coding {
        Coding::Base64 => {
            let text = read_slice(path, offset, Some(length), most)?;
            let decoded = BASE64
                .decode(text.trim_ascii())
                .map_err(|error| DataError::bytes(path, offset, "base64", error.to_string()))?;
            check_size(path, decoded.len() as u64, limits)?;
            Ok(decoded)
        }
        Coding::Deflate { n_bytes } => {
            check_size(path, n_bytes, limits)?;
            let packed = read_slice(path, offset, Some(length), most)?;
            inflate(path, offset, &packed, n_bytes)
        }
        Coding::SplitRecord => {
            let record = read_slice(path, offset, Some(length), most)?;
            let image = records::content_of(path, offset, &record)?;
            check_size(path, image.len() as u64, limits)?;
            Ok(image)
        }
    }
}

fn inflate(path: &Path, offset: u64, packed: &[u8], n_bytes: u64) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    // One byte more than there should be tells a longer stream from one that is right.
    let read = DeflateDecoder::new(packed)
        .take(n_bytes.saturating_add(1))
        .read_to_end(&mut bytes);
    let bad =
        |got: String| DataError::bytes(path, offset, format!("{n_bytes} bytes, deflated"), got);
    match read {
        Err(error) => Err(bad(error.to_string())),
        Ok(_) if bytes.len() as u64 > n_bytes => Err(bad("more".to_owned())),
        Ok(n_read) if (n_read as u64) < n_bytes => Err(bad(n_read.to_string())),
        Ok(_) => Ok(bytes),
    }
}

fn check_size(path: &Path, got: u64, limits: &DataLimits) -> Result<(), DataError> {
    check_limit(path, got, limits.max_image_bytes)
}

fn check_limit(path: &Path, got: u64, limit: u64) -> Result<(), DataError> {
    if got > limit {
        return Err(DataError::Limit {
            path: path.to_owned(),
            what: "bytes of an image",
            limit,
            got,
        });
    }
    Ok(())
}

fn read_slice(
    path: &Path,
    offset: u64,
    length: Option<u64>,
    max_bytes: u64,
) -> Result<Vec<u8>, DataError> {
    let io = |source| DataError::io(path, source);
    let mut file = File::open(path).map_err(io)?;
    let rest = file.metadata().map_err(io)?.len().saturating_sub(offset);
    let length = length.unwrap_or(rest);
    check_limit(path, length, max_bytes)?;
    if length > rest {
        let (expected, got) = (format!("{length} bytes of an image"), format!("{rest}"));
        return Err(DataError::bytes(path, offset, expected, got));
    }
    file.seek(SeekFrom::Start(offset)).map_err(io)?;
    let mut bytes = Vec::with_capacity(length as usize);
    file.take(length).read_to_end(&mut bytes).map_err(io)?;
    Ok(bytes)
}
