//! What another network says of images: of every one and of its mirror image, computed once, or of what the
//! student sees, when it sees it ([`TeacherModel`]).
//!
//! The file of what is computed once, which the computation appends to:
//!
//! ```text
//! offset  bytes            what
//! 0       8                "LNM-TEAC"
//! 8       4                version of this format, 1; all numbers little-endian
//! 12      32               fingerprint of the images (SHA-256)
//! 44      32               SHA-256 of the teacher's file
//! 76      4                d: dimension
//! 80      8                n: images
//! 88      n · 2 · d · 4    f32 of each image, then of its mirror image, as the network gave them; NaN
//!                          where the image cannot be decoded
//! ```

mod compute;
mod model;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::images::Images;
use crate::error::TrainError;

pub use compute::compute;
pub use model::TeacherModel;
pub(crate) use model::find;

const MAGIC: &[u8; 8] = b"LNM-TEAC";
const VERSION: u32 = 1;
const HEAD_BYTES: usize = 88;

/// More than any network's embedding has.
const MAX_DIMENSION: u32 = 65_536;

/// Which view of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// As it is.
    Plain,
    /// Left and right exchanged.
    Mirrored,
}

/// What a student is to say of the image it sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetViews {
    /// What the teacher says of that image.
    #[default]
    Seen,
    /// The sum of what it says of that image and of its mirror image: the student learns to give in one
    /// pass what the teacher takes two for.
    Both,
}

/// A teacher, as a set of images has it.
#[derive(Debug, Clone)]
pub enum Teacher {
    /// What it says of every image and its mirror image.
    Features(Arc<TeacherFeatures>),
    /// The network itself.
    Model(Arc<TeacherModel>),
}

impl Teacher {
    /// Values of an embedding.
    #[must_use]
    pub fn dimension(&self) -> usize {
        match self {
            Self::Features(features) => features.dimension(),
            Self::Model(model) => model.dimension(),
        }
    }

    /// The SHA-256 of the network's file, in hexadecimal digits.
    #[must_use]
    pub fn model_sha256(&self) -> String {
        match self {
            Self::Features(features) => features.model_sha256(),
            Self::Model(model) => model.model_sha256().to_owned(),
        }
    }
}

/// A teacher's embeddings of all images of some sources, in a file.
#[derive(Debug)]
pub struct TeacherFeatures {
    path: PathBuf,
    file: Mutex<File>,
    head: Head,
}

impl TeacherFeatures {
    /// The file at `path`, if it holds the features of all of `images`.
    ///
    /// # Errors
    /// [`TrainError::Io`]; [`TrainError::Format`] when it is another file, of other images, or not
    /// computed to its end.
    pub fn open(path: &Path, images: &Images) -> Result<Self, TrainError> {
        let io = |source| TrainError::io(path, source);
        let mut file = File::open(path).map_err(io)?;
        let head = Head::read(path, &mut file)?;
        head.check_images(path, images)?;
        let n_there = head.n_rows_in(file.metadata().map_err(io)?.len());
        if n_there < head.n_images {
            return Err(TrainError::Format {
                path: path.to_owned(),
                expected: format!(
                    "features of {} images; let the computation go on",
                    head.n_images
                ),
                got: format!("those of the first {n_there}"),
            });
        }
        Ok(Self {
            path: path.to_owned(),
            file: Mutex::new(file),
            head,
        })
    }

    /// Values of an embedding.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.head.dimension as usize
    }

    /// The SHA-256 of the teacher's file, in hexadecimal digits.
    #[must_use]
    pub fn model_sha256(&self) -> String {
        let digits = self.head.model.iter().map(|byte| format!("{byte:02x}"));
        digits.collect()
    }

    /// What the teacher says of the image of a row ([`Images`]), not normalised; NaN where the image
    /// cannot be decoded.
    ///
    /// # Errors
    /// [`TrainError::Io`], also for a row that is not there.
    pub fn read(&self, row: usize, view: View) -> Result<Vec<f32>, TrainError> {
        let io = |source| TrainError::io(&self.path, source);
        let mut bytes = vec![0; self.dimension() * 4];
        let within = match view {
            View::Plain => 0,
            View::Mirrored => bytes.len() as u64,
        };
        let offset = HEAD_BYTES as u64 + row as u64 * self.head.row_bytes() + within;
        {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(offset)).map_err(io)?;
            file.read_exact(&mut bytes).map_err(io)?;
        }
        let (values, _) = bytes.as_chunks();
        Ok(values
            .iter()
            .map(|&value| f32::from_le_bytes(value))
            .collect())
    }

    /// What a student that sees one view of the image of a row is to say of it; as [`read`](Self::read).
    pub(crate) fn target(
        &self,
        row: usize,
        seen: View,
        views: TargetViews,
    ) -> Result<Vec<f32>, TrainError> {
        match views {
            TargetViews::Seen => self.read(row, seen),
            TargetViews::Both => {
                let mut sum = self.read(row, View::Plain)?;
                add(&mut sum, &self.read(row, View::Mirrored)?);
                Ok(sum)
            }
        }
    }

    /// Refuses images that these are not the features of.
    pub(crate) fn check_images(&self, images: &Images) -> Result<(), TrainError> {
        self.head.check_images(&self.path, images)
    }
}

/// Adds the numbers of one view to those of another.
fn add(sum: &mut [f32], other: &[f32]) {
    sum.iter_mut().zip(other).for_each(|(a, b)| *a += b);
}

/// What a file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    images: [u8; 32],
    model: [u8; 32],
    dimension: u32,
    n_images: u64,
}

impl Head {
    fn to_bytes(self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(self.images);
        bytes.extend(self.model);
        bytes.extend(self.dimension.to_le_bytes());
        bytes.extend(self.n_images.to_le_bytes());
        bytes
    }

    fn read(path: &Path, file: &mut File) -> Result<Self, TrainError> {
        let mut bytes = Vec::new();
        let read = file.take(HEAD_BYTES as u64).read_to_end(&mut bytes);
        read.map_err(|source| TrainError::io(path, source))?;
        Self::parse(&bytes).ok_or_else(|| TrainError::Format {
            path: path.to_owned(),
            expected: format!("a teacher's features, version {VERSION}"),
            got: "another file".to_owned(),
        })
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (version, rest) = rest.split_first_chunk()?;
        let (images, rest) = rest.split_first_chunk()?;
        let (model, rest) = rest.split_first_chunk()?;
        let (dimension, rest) = rest.split_first_chunk()?;
        let (n_images, _) = rest.split_first_chunk()?;
        let head = Self {
            images: *images,
            model: *model,
            dimension: u32::from_le_bytes(*dimension),
            n_images: u64::from_le_bytes(*n_images),
        };
        let is_known = u32::from_le_bytes(*version) == VERSION;
        (is_known && (1..=MAX_DIMENSION).contains(&head.dimension)).then_some(head)
    }

    fn check_images(&self, path: &Path, images: &Images) -> Result<(), TrainError> {
        if self.images == *images.fingerprint().bytes() && self.n_images == images.len() as u64 {
            return Ok(());
        }
        Err(TrainError::Format {
            path: path.to_owned(),
            expected: format!("features of the {} images of these sources", images.len()),
            got: format!(
                "those of {} others; compute them into another file",
                self.n_images
            ),
        })
    }

    /// Bytes of an image's features and its mirror image's.
    fn row_bytes(&self) -> u64 {
        u64::from(self.dimension) * 8
    }

    /// Whole rows in a file of so many bytes.
    fn n_rows_in(&self, n_bytes: u64) -> u64 {
        n_bytes.saturating_sub(HEAD_BYTES as u64) / self.row_bytes()
    }
}
