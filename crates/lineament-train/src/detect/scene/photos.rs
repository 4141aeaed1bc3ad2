//! Photos with the faces in them, decoded once.

use super::paint::Pyramid;
use super::{Face, Marks};
use crate::data::Progress;
use crate::error::TrainError;
use lineament::stream::map_in_order;
use lineament_core::RgbImage;
use lineament_data::boxes::{BoxedImage, Duty, of_set};
use lineament_data::{DataLimits, LabelledSet, Picture};
use lineament_decode::{Limits, Resolution, decode_bytes};
use lineament_runtime::Sha256;
use std::num::NonZeroUsize;
use std::path::Path;

/// Photos are painted at this scale or more.
const LEAST_SCALE: f64 = 0.05;

/// A photo and what is known of its faces.
#[derive(Debug, Clone)]
pub struct LabelledPhoto {
    /// Its name in the list.
    pub name: String,
    /// What is known of its faces.
    pub marks: Marks,
    pub(super) pyramid: Pyramid,
}

/// The photos of a list, in memory.
#[derive(Debug, Clone)]
pub struct Photos {
    photos: Vec<LabelledPhoto>,
    unreadable: Vec<String>,
    fingerprint: Sha256,
}

impl Photos {
    /// The photos of the list at `path`, with a row for every face as [`super::super::label`] writes
    /// it. Photos that cannot be read are left out and named.
    ///
    /// # Errors
    /// [`TrainError::Data`] for a list that makes no sense; [`TrainError::NoImages`] where no photo of
    /// it can be read; [`TrainError::Stopped`].
    pub fn open(
        path: &Path,
        threads: NonZeroUsize,
        progress: &mut Progress<'_>,
    ) -> Result<Self, TrainError> {
        let listed = of_set(&LabelledSet::open(path, None, &DataLimits::default())?)?.images;
        let (n, mut done) = (listed.len(), 0);
        let mut photos = Self {
            photos: Vec::with_capacity(n),
            unreadable: Vec::new(),
            fingerprint: Sha256::of(format!("{listed:?}").as_bytes()),
        };
        map_in_order(listed.into_iter(), threads, read, |(name, photo)| {
            match photo {
                Some(photo) => photos.photos.push(photo),
                None => photos.unreadable.push(name),
            }
            done += 1;
            progress(done, n)
        });
        match (done == n, photos.photos.is_empty()) {
            (false, _) => Err(TrainError::Stopped),
            (true, true) => Err(TrainError::NoImages {
                what: path.display().to_string(),
                why: "none of its photos can be read".to_owned(),
            }),
            (true, false) => Ok(photos),
        }
    }

    /// The photos.
    #[must_use]
    pub fn photos(&self) -> &[LabelledPhoto] {
        &self.photos
    }

    /// The names of those that cannot be read.
    #[must_use]
    pub fn unreadable(&self) -> &[String] {
        &self.unreadable
    }

    /// A digest of the list: names, places and faces.
    #[must_use]
    pub const fn fingerprint(&self) -> Sha256 {
        self.fingerprint
    }
}

impl LabelledPhoto {
    /// A photo whose marks are known.
    ///
    /// # Errors
    /// [`TrainError::Core`] for one without pixels.
    pub fn new(name: String, image: RgbImage, marks: Marks) -> Result<Self, TrainError> {
        Ok(Self {
            name,
            marks,
            pyramid: Pyramid::new(image, LEAST_SCALE)?,
        })
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        self.pyramid.size()
    }

    /// The photo itself.
    #[must_use]
    pub fn image(&self) -> &RgbImage {
        self.pyramid.whole()
    }
}

fn read(listed: BoxedImage) -> (String, Option<LabelledPhoto>) {
    let mut marks = Marks::default();
    for face in &listed.faces {
        match face.duty {
            Duty::MustFind => marks.faces.push(Face {
                rect: face.rect,
                landmarks: face.landmarks,
            }),
            Duty::MayFind => marks.ignored.push(face.rect),
        }
    }
    let image = match listed.image.read(&DataLimits::default()) {
        Ok(Picture::Rgb(image)) => Some(image),
        Ok(Picture::Encoded(bytes)) => {
            let photo = decode_bytes(&bytes, Resolution::Full, &Limits::default());
            photo.ok().map(|photo| photo.image)
        }
        Err(_) => None,
    };
    let photo = image.and_then(|image| LabelledPhoto::new(listed.name.clone(), image, marks).ok());
    (listed.name, photo)
}
