//! Changing the size of a photo.

use fast_image_resize as fir;

use crate::error::CoreError;
use crate::image::{RgbImage, RgbView};

/// `image` at `width` × `height`, by the triangle ("bilinear") filter stretched over all source
/// pixels when shrinking, as Pillow's `BILINEAR` does.
///
/// # Errors
/// [`CoreError::ImageShape`] when a side is 0.
pub fn resize(image: RgbView<'_>, width: u32, height: u32) -> Result<RgbImage, CoreError> {
    if (width, height) == (image.width(), image.height()) {
        return Ok(image.to_image());
    }
    let refused = CoreError::ImageShape {
        width,
        height,
        len: image.pixels().len(),
    };
    let (source_width, source_height) = (image.width(), image.height());
    let source = fir::images::ImageRef::new(
        source_width,
        source_height,
        image.pixels(),
        fir::PixelType::U8x3,
    )
    .map_err(|_| refused.clone())?;
    let mut target = fir::images::Image::new(width, height, fir::PixelType::U8x3);
    let options = fir::ResizeOptions::new()
        .resize_alg(fir::ResizeAlg::Convolution(fir::FilterType::Bilinear));
    fir::Resizer::new()
        .resize(&source, &mut target, &options)
        .map_err(|_| refused)?;
    RgbImage::new(width, height, target.into_vec())
}
