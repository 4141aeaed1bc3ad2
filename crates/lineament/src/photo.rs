//! One photo, decoded as finely as it is needed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use lineament_core::{Landmarks, Point, Rect, RgbImage};
use lineament_decode::{Limits, Reduction, Resolution, decode_bytes, read_photo};

use crate::error::Error;

/// A photo, upright. A large JPEG is first decoded at the scale that detection needs; its full
/// resolution is decoded when a face deserves it, once.
#[derive(Debug)]
pub struct Photo {
    decoded: Arc<RgbImage>,
    size: (u32, u32),
    /// Photo pixels per decoded pixel, and where the decoded image's first pixel lies.
    factor: f32,
    first: Point,
    source: Source,
    full: Mutex<Option<Arc<RgbImage>>>,
}

/// Where the full resolution of a reduced photo is to be had.
#[derive(Debug)]
enum Source {
    /// It was decoded so from the start.
    Decoded,
    File(PathBuf, Limits),
    Bytes(Vec<u8>, Limits),
}

impl Photo {
    /// The photo in the file at `path`.
    ///
    /// # Errors
    /// [`Error::Photo`], naming the path.
    pub fn read(path: &Path, want: Resolution, limits: &Limits) -> Result<Self, Error> {
        let photo = read_photo(path, want, limits)?;
        Ok(Self::new(photo, || Source::File(path.to_owned(), *limits)))
    }

    /// The photo in `bytes`, a whole image file.
    ///
    /// # Errors
    /// [`Error::Bytes`].
    pub fn from_bytes(bytes: Vec<u8>, want: Resolution, limits: &Limits) -> Result<Self, Error> {
        let photo = decode_bytes(&bytes, want, limits)?;
        Ok(Self::new(photo, || Source::Bytes(bytes, *limits)))
    }

    /// The photo that `image` is, upright and at full resolution.
    #[must_use]
    pub fn from_image(image: RgbImage) -> Self {
        Self {
            size: (image.width(), image.height()),
            decoded: Arc::new(image),
            factor: 1.0,
            first: Point::new(0.0, 0.0),
            source: Source::Decoded,
            full: Mutex::new(None),
        }
    }

    fn new(photo: lineament_decode::Photo, again: impl FnOnce() -> Source) -> Self {
        Self {
            size: (photo.original_width, photo.original_height),
            factor: photo.reduction.factor() as f32,
            first: photo.to_original(Point::new(0.0, 0.0)),
            source: match photo.reduction {
                Reduction::None => Source::Decoded,
                _ => again(),
            },
            decoded: Arc::new(photo.image),
            full: Mutex::new(None),
        }
    }

    /// Width and height at full resolution, upright, in pixels.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// The image as it was decoded first, maybe reduced.
    #[must_use]
    pub fn decoded(&self) -> &RgbImage {
        &self.decoded
    }

    /// True when [`full`](Self::full) holds more than [`decoded`](Self::decoded).
    #[must_use]
    pub fn is_reduced(&self) -> bool {
        !matches!(self.source, Source::Decoded)
    }

    /// The image at full resolution. Decoded again at the first call if it was reduced.
    ///
    /// # Errors
    /// [`Error::Photo`] or [`Error::Bytes`] when the file breaks only at full resolution, or is
    /// gone since.
    pub fn full(&self) -> Result<Arc<RgbImage>, Error> {
        let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(image) = full.as_ref() {
            return Ok(Arc::clone(image));
        }
        let image = match &self.source {
            Source::Decoded => Arc::clone(&self.decoded),
            Source::File(path, limits) => {
                Arc::new(read_photo(path, Resolution::Full, limits)?.image)
            }
            Source::Bytes(bytes, limits) => {
                Arc::new(decode_bytes(bytes, Resolution::Full, limits)?.image)
            }
        };
        *full = Some(Arc::clone(&image));
        Ok(image)
    }

    fn point_to_full(&self, p: Point) -> Point {
        Point::new(
            p.x * self.factor + self.first.x,
            p.y * self.factor + self.first.y,
        )
    }

    fn point_to_decoded(&self, p: Point) -> Point {
        Point::new(
            (p.x - self.first.x) / self.factor,
            (p.y - self.first.y) / self.factor,
        )
    }

    pub(crate) fn rect_to_full(&self, rect: &Rect) -> Rect {
        let near = self.point_to_full(Point::new(rect.x, rect.y));
        let far = self.point_to_full(Point::new(rect.right(), rect.bottom()));
        Rect::from_corners(near.x, near.y, far.x, far.y)
    }

    pub(crate) fn landmarks_to_full(&self, landmarks: &Landmarks) -> Landmarks {
        landmarks.map(|p| self.point_to_full(p))
    }

    pub(crate) fn landmarks_to_decoded(&self, landmarks: &Landmarks) -> Landmarks {
        landmarks.map(|p| self.point_to_decoded(p))
    }
}
