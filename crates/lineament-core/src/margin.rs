//! The crop of systems that do not align by landmarks: the box and a margin.

use crate::error::CoreError;
use crate::geometry::Rect;
use crate::image::{RgbImage, RgbView};
use crate::resample::resize;

/// Side of the crop that [`margin_crop`] returns, in pixels.
pub const MARGIN_CROP_SIDE: u32 = 160;
const GROWN_SIDE: u32 = 182;
const MARGIN_PX: f32 = 44.0;

/// The 160×160 crop that FaceNet's public implementations feed: the detector's box grown by 44 px
/// in all (22 on each side, in pixels of the photo), cut to the frame, resized to 182×182 without
/// regard to its shape, and the middle 160×160 of that.
///
/// Source: Schroff et al., CVPR 2015, §4 ("tight crop"); box, margin and sizes as in the training
/// of the widely used Inception-ResNet-v1 models.
///
/// # Errors
/// [`CoreError::ImageShape`] when nothing of the grown box lies inside the photo.
pub fn margin_crop(photo: RgbView<'_>, face: &Rect) -> Result<RgbImage, CoreError> {
    let (width, height) = (photo.width() as f32, photo.height() as f32);
    let left = (face.x - MARGIN_PX / 2.0).clamp(0.0, width) as u32;
    let top = (face.y - MARGIN_PX / 2.0).clamp(0.0, height) as u32;
    let right = (face.right() + MARGIN_PX / 2.0).clamp(0.0, width) as u32;
    let bottom = (face.bottom() + MARGIN_PX / 2.0).clamp(0.0, height) as u32;
    let part = photo.cropped(
        left,
        top,
        right.saturating_sub(left),
        bottom.saturating_sub(top),
    )?;
    let grown = resize(part.view(), GROWN_SIDE, GROWN_SIDE)?;
    let start = (GROWN_SIDE - MARGIN_CROP_SIDE) / 2;
    grown
        .view()
        .cropped(start, start, MARGIN_CROP_SIDE, MARGIN_CROP_SIDE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_the_box_is_the_middle_of_the_crop() {
        let mut photo = RgbImage::filled(300, 300, [0; 3]);
        for y in 140..160 {
            for x in 140..160usize {
                photo.pixels_mut()[(y * 300 + x) * 3] = 255;
            }
        }
        let face = Rect::from_corners(100.0, 100.0, 200.0, 200.0);
        let crop = margin_crop(photo.view(), &face).unwrap();
        assert_eq!((crop.width(), crop.height()), (160, 160));
        assert_eq!(crop.view().row(80)[80 * 3], 255);
        assert_eq!(crop.view().row(10)[10 * 3], 0);
    }

    #[test]
    fn a_box_outside_the_photo_is_refused() {
        let photo = RgbImage::filled(20, 20, [0; 3]);
        let face = Rect::from_corners(100.0, 100.0, 200.0, 200.0);
        assert!(margin_crop(photo.view(), &face).is_err());
        let broken = Rect {
            x: f32::NAN,
            y: 0.0,
            width: 1.0,
            height: 1.0,
        };
        let _ = margin_crop(photo.view(), &broken);
    }
}
