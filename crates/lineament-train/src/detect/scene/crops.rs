//! Aligned crops as faces to be pasted.

use super::Face;
use super::place::moved_rect;
use crate::data::Images;
use crate::error::TrainError;
use lineament_core::{Landmarks, Point, Rect, RgbImage, Similarity, Template};
use std::sync::Arc;

/// The box that a detector gives, in pixels of the ArcFace template.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaceBox {
    /// Its centre.
    pub centre: Point,
    /// Width and height.
    pub size: (f32, f32),
}

impl FaceBox {
    /// Where YuNet's boxes lie: medians over the upright faces of 724 photos, as `lineament-train label`
    /// prints them.
    pub const YUNET: Self = Self {
        centre: Point::new(56.6, 63.9),
        size: (79.8, 109.8),
    };

    /// Where the box of a face lies in its template, of which the landmarks are known.
    ///
    /// # Errors
    /// [`TrainError::Core`] for landmarks in one place.
    pub fn of(rect: &Rect, landmarks: &Landmarks) -> Result<Self, TrainError> {
        let to_template = Template::ArcFace112.fit(landmarks)?;
        let scale = to_template.scale() as f32;
        Ok(Self {
            centre: to_template.apply(rect.center()),
            size: (rect.width * scale, rect.height * scale),
        })
    }

    /// The box of a face with these landmarks, turned with it.
    ///
    /// # Errors
    /// [`TrainError::Core`] for landmarks in one place.
    pub fn around(&self, landmarks: &Landmarks) -> Result<Rect, TrainError> {
        let (width, height) = self.size;
        let rect = Rect {
            x: self.centre.x - width / 2.0,
            y: self.centre.y - height / 2.0,
            width,
            height,
        };
        let from_template = Template::ArcFace112.fit(landmarks)?.inverse();
        Ok(moved_rect(&rect, &from_template))
    }
}

/// Aligned crops whose landmarks are known.
#[derive(Debug, Clone)]
pub struct FaceCrops {
    images: Arc<Images>,
    /// Rows of `images` with landmarks.
    rows: Vec<(usize, Face)>,
}

impl FaceCrops {
    /// Those of `images` that have landmarks, with boxes as `face_box` has them.
    ///
    /// # Errors
    /// [`TrainError::NoImages`] where none has.
    pub fn new(images: Arc<Images>, face_box: &FaceBox) -> Result<Self, TrainError> {
        let face = |row: usize| {
            let landmarks = images.landmarks(row)?;
            let rect = face_box.around(&landmarks).ok()?;
            let landmarks = Some(landmarks);
            Some((row, Face { rect, landmarks }))
        };
        let rows: Vec<(usize, Face)> = (0..images.len()).filter_map(face).collect();
        match rows.is_empty() {
            true => Err(TrainError::NoImages {
                what: "pasted faces".to_owned(),
                why: "no crop has landmarks".to_owned(),
            }),
            false => Ok(Self { images, rows }),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A crop and the face in it; `None` where it cannot be decoded.
    ///
    /// # Errors
    /// [`TrainError::Io`] where the cache cannot be read.
    pub(super) fn read(&self, idx: usize) -> Result<Option<(RgbImage, Face)>, TrainError> {
        let (row, face) = self.rows[idx];
        Ok(self.images.read(row)?.map(|image| (image, face)))
    }
}

/// The similarity that brings the box of `face` to `centre`, of this size and turned.
pub(super) fn bringing(face: &Face, centre: Point, size_px: f64, angle_rad: f64) -> Similarity {
    let scale = size_px / face.size().max(1.0);
    super::place::about(face.rect.center(), centre, scale, angle_rad)
}
