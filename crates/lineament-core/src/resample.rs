//! Changing the size of a photo.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

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
    let source = TypedImageRef::<U8x3>::from_buffer(image.width(), image.height(), image.pixels())
        .map_err(|_| refused.clone())?;
    let mut pixels = vec![0; width as usize * height as usize * 3];
    let mut target =
        TypedImage::<U8x3>::from_buffer(width, height, &mut pixels).map_err(|_| refused.clone())?;
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    // The typed call compiles the one pixel format that there is here, not all fifteen.
    Resizer::new()
        .resize_typed(&source, &mut target, &options)
        .map_err(|_| refused)?;
    RgbImage::new(width, height, pixels)
}
