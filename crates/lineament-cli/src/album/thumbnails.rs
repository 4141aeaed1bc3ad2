//! Small pictures of photos and faces, made while a photo is in memory anyway.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use lineament::{Photo, Rect, RgbImage};
use lineament_core::resize;

use crate::album::seen::{FaceKey, PhotoId, Seen};
use crate::draw::encode::encode_jpeg;
use crate::failure::Failure;
use crate::trouble::WorkError;

/// The folders, below that of the thumbnails, and their addresses in a page.
pub(crate) const PHOTOS: &str = "photos";
pub(crate) const FACES: &str = "faces";

/// Longest side of a small photo, in pixels: sharp at 240 px on a screen of double density.
const PHOTO_PX: u32 = 480;
/// Side of the picture of a face, in pixels.
const FACE_PX: u32 = 160;
/// What the picture of a face shows, as a multiple of the face's longer side.
const FACE_MARGIN: f32 = 1.6;
const JPEG_QUALITY: u8 = 80;

/// Which small pictures are made, and where.
pub(crate) struct Thumbnails {
    folder: PathBuf,
    of: Wanted,
    n_written: AtomicUsize,
}

/// What is to have small pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Faces,
    FacesAndPhotos,
}

impl Thumbnails {
    /// Small pictures in `folder`.
    pub(crate) fn new(folder: &Path, of: Wanted) -> Result<Self, Failure> {
        for own in [PHOTOS, FACES].map(|name| folder.join(name)) {
            if of == Wanted::FacesAndPhotos || own.ends_with(FACES) {
                fs::create_dir_all(&own).map_err(|error| Failure::write(&own, &error))?;
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            of,
            n_written: AtomicUsize::new(0),
        })
    }

    pub(crate) fn of_face(&self, face: FaceKey) -> PathBuf {
        self.folder.join(FACES).join(format!("{face}.jpg"))
    }

    fn of_photo(&self, photo: PhotoId) -> PathBuf {
        self.folder
            .join(PHOTOS)
            .join(format!("{}.jpg", photo.short()))
    }

    fn all(&self, photo: PhotoId, n_faces: usize) -> impl Iterator<Item = PathBuf> {
        let of_photo = (self.of == Wanted::FacesAndPhotos).then(|| self.of_photo(photo));
        let faces = (0..n_faces).map(move |face_idx| FaceKey { photo, face_idx });
        of_photo
            .into_iter()
            .chain(faces.map(|face| self.of_face(face)))
    }

    /// True when no picture of the photo and its faces is missing.
    pub(crate) fn has(&self, photo: PhotoId, n_faces: usize) -> bool {
        self.all(photo, n_faces).all(|path| path.is_file())
    }

    /// Makes the pictures of a photo and its faces.
    pub(crate) fn make(&self, id: PhotoId, photo: &Photo, seen: &Seen) -> Result<(), WorkError> {
        if self.of == Wanted::FacesAndPhotos {
            self.write(&self.of_photo(id), &shrunk(photo.decoded(), PHOTO_PX)?)?;
        }
        for (face_idx, face) in seen.faces.iter().enumerate() {
            let picture = portrait(photo, &face.rect)?;
            self.write(
                &self.of_face(FaceKey {
                    photo: id,
                    face_idx,
                }),
                &picture,
            )?;
        }
        Ok(())
    }

    /// Writes a picture in one piece, for those of a run that was killed are trusted by the next. Two
    /// threads may be at copies of one photo, so each has a file of its own until then.
    fn write(&self, path: &Path, image: &RgbImage) -> Result<(), Failure> {
        let number = self.n_written.fetch_add(1, Ordering::Relaxed);
        let temporary = path.with_extension(format!("{number}.tmp"));
        encode_jpeg(image, JPEG_QUALITY)
            .and_then(|bytes| fs::write(&temporary, bytes))
            .and_then(|()| fs::rename(&temporary, path))
            .map_err(|error| Failure::write(path, &error))
    }

    /// Removes the pictures of a photo, as far as they are there.
    pub(crate) fn remove(&self, photo: PhotoId) {
        // A picture that stays behind is in nobody's way.
        let _ = fs::remove_file(self.of_photo(photo));
        for face_idx in 0.. {
            if fs::remove_file(self.of_face(FaceKey { photo, face_idx })).is_err() {
                break;
            }
        }
    }
}

/// The face and some of what is around it, square but where it ends at the photo's edge.
fn portrait(photo: &Photo, face: &Rect) -> Result<RgbImage, lineament::Error> {
    let scale = photo.decoded().width() as f32 / photo.size().0.max(1) as f32;
    let side = FACE_MARGIN * face.width.max(face.height);
    // A photo that was decoded for detection alone may be too coarse for a small face.
    if photo.is_reduced() && scale * side < FACE_PX as f32 {
        return cut(&*photo.full()?, face, side, 1.0);
    }
    cut(photo.decoded(), face, side, scale)
}

fn cut(image: &RgbImage, face: &Rect, side: f32, scale: f32) -> Result<RgbImage, lineament::Error> {
    let center = face.center();
    let span = |center: f32, length: u32| {
        let wanted = (scale * side).round().clamp(1.0, length as f32);
        let first = (scale * center - 0.5 * wanted).clamp(0.0, length as f32 - wanted);
        (first as u32, wanted as u32)
    };
    let (x, width) = span(center.x, image.width());
    let (y, height) = span(center.y, image.height());
    shrunk(&image.view().cropped(x, y, width, height)?, FACE_PX)
}

/// The image with its longer side brought down to `longest_px`, if it is longer.
fn shrunk(image: &RgbImage, longest_px: u32) -> Result<RgbImage, lineament::Error> {
    let (width, height) = (image.width(), image.height());
    let shrink = f64::from(longest_px) / f64::from(width.max(height));
    let side = |length: u32| (f64::from(length) * shrink.min(1.0)).round().max(1.0) as u32;
    Ok(resize(image.view(), side(width), side(height))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo() -> Photo {
        Photo::from_image(RgbImage::filled(900, 600, [120, 90, 60]))
    }

    #[test]
    fn portraits_stay_inside_the_photo() {
        for (rect, size) in [
            (Rect::from_corners(300.0, 200.0, 500.0, 450.0), (160, 160)),
            (Rect::from_corners(-20.0, -10.0, 30.0, 30.0), (80, 80)),
            (
                Rect::from_corners(-500.0, -500.0, 1500.0, 1500.0),
                (160, 107),
            ),
            (Rect::from_corners(899.0, 599.0, 999.0, 699.0), (160, 160)),
            (Rect::from_corners(5.0, 5.0, 5.0, 5.0), (1, 1)),
        ] {
            let picture = portrait(&photo(), &rect).unwrap();
            assert_eq!((picture.width(), picture.height()), size, "{rect:?}");
        }
    }

    #[test]
    fn pictures_are_made_once_and_removed_together() {
        let folder = tempfile::tempdir().unwrap();
        let seen = crate::album::seen::tests::seen(&[&[1.0], &[1.0]]);
        let id = PhotoId::of(b"photo");
        for (wanted, n_photos) in [(Wanted::Faces, 0), (Wanted::FacesAndPhotos, 1)] {
            let thumbnails = Thumbnails::new(folder.path(), wanted).unwrap();
            assert!(!thumbnails.has(id, 2));
            thumbnails.make(id, &photo(), &seen).unwrap();
            assert!(thumbnails.has(id, 2));
            let n_files = |name| {
                let folder = fs::read_dir(folder.path().join(name));
                folder.map_or(0, Iterator::count)
            };
            assert_eq!((n_files(PHOTOS), n_files(FACES)), (n_photos, 2));
            thumbnails.remove(id);
            assert_eq!((n_files(PHOTOS), n_files(FACES)), (0, 0));
        }
    }
}
