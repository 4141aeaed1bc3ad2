//! Small pictures of faces, kept in a gallery for when their photos are gone.

use std::io;

use lineament::{CropStyle, Face, Landmarks, Photo, Pipeline, Point, RgbImage, Template};
use lineament_core::{Border, Similarity, resize, warp};

use crate::draw::encode::{Format, encode};
use crate::failure::Failure;
use crate::trouble::WorkError;

/// What a picture is laid out by, at its own size.
const TEMPLATE: Template = Template::ArcFace112;

/// A PNG file of a face, `side_px` wide and high, upright, eyes and mouth where the ArcFace template has
/// them. At that template's own size it is the crop that embedders of the template take, pixel by pixel.
pub(super) fn make(
    pipeline: &Pipeline,
    photo: &Photo,
    face: &Face,
    side_px: u32,
) -> Result<Vec<u8>, WorkError> {
    let image = draw(pipeline, photo, face, side_px)?;
    let failed = |error: io::Error| Failure::new(crate::exit::Exit::Internal, error.to_string());
    Ok(encode(&image, Format::Png).map_err(failed)?)
}

fn draw(
    pipeline: &Pipeline,
    photo: &Photo,
    face: &Face,
    side_px: u32,
) -> Result<RgbImage, lineament::Error> {
    let crop = pipeline.embedder()?.crop();
    let own = side_px == TEMPLATE.size().0;
    match (&face.landmarks, crop) {
        (_, CropStyle::Aligned(template, _)) if own && template == TEMPLATE => {
            pipeline.align(photo, face)
        }
        (Some(landmarks), _) => {
            let fitted = TEMPLATE.fit(landmarks)?;
            let grown = grow(&fitted, side_px);
            let full = photo.full()?;
            Ok(warp(
                full.view(),
                &grown,
                (side_px, side_px),
                Border::Black,
            )?)
        }
        (None, _) => {
            let crop = pipeline.align(photo, face)?;
            Ok(resize(crop.view(), side_px, side_px)?)
        }
    }
}

/// The crop that the embedder takes, out of a picture that [`make`] made of a face with landmarks; `None`
/// where it is smaller than the template, or the embedder cuts by boxes.
pub(super) fn crop(pipeline: &Pipeline, png: Vec<u8>) -> Result<Option<RgbImage>, WorkError> {
    let photo = pipeline.read_bytes(png)?;
    let (width, height) = photo.size();
    let is_usable = width == height && width >= TEMPLATE.size().0;
    if !is_usable || pipeline.embedder()?.crop() == CropStyle::Margin {
        return Ok(None);
    }
    Ok(Some(pipeline.align_landmarks(&photo, &landmarks(width))?))
}

/// Where the landmarks are in a picture.
fn landmarks(side_px: u32) -> Landmarks {
    let to_picture = grow(&Similarity::IDENTITY, side_px);
    let points = TEMPLATE.landmarks().to_array();
    Landmarks::from_array(points.map(|point: Point| to_picture.apply(point)))
}

/// The similarity onto the template, led on to a picture of that size. Centres of pixels are whole numbers.
fn grow(onto_template: &Similarity, side_px: u32) -> Similarity {
    let by = f64::from(side_px) / f64::from(TEMPLATE.size().0);
    let shift = 0.5 * by - 0.5;
    Similarity {
        a: by * onto_template.a,
        b: by * onto_template.b,
        tx: by * onto_template.tx + shift,
        ty: by * onto_template.ty + shift,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_its_own_size_a_picture_is_the_crop() {
        let side = TEMPLATE.size().0;
        assert_eq!(landmarks(side), TEMPLATE.landmarks());
        let noise = |i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as u8;
        let pixels: Vec<u8> = (0..side * side * 3).map(noise).collect();
        let image = RgbImage::new(side, side, pixels).unwrap();
        let onto = TEMPLATE.fit(&landmarks(side)).unwrap();
        let crop = warp(image.view(), &onto, (side, side), Border::Black).unwrap();
        assert_eq!(crop, image);
    }

    #[test]
    fn a_pixel_of_the_template_covers_its_share_of_a_picture() {
        let twice = landmarks(224).to_array();
        for (point, own) in twice.iter().zip(TEMPLATE.landmarks().to_array()) {
            assert!((point.x - (2.0 * own.x + 0.5)).abs() < 1e-4);
            assert!((point.y - (2.0 * own.y + 0.5)).abs() < 1e-4);
        }
    }
}
