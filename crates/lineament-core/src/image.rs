//! Photos and crops in memory: interleaved 8-bit RGB, owned or viewed.

use crate::error::CoreError;

/// An owned image: interleaved RGB, 8 bits a channel, rows from the top, no padding.
#[derive(Clone, PartialEq, Eq)]
pub struct RgbImage {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

/// A borrowed image of the same layout as [`RgbImage`].
#[derive(Clone, Copy)]
pub struct RgbView<'a> {
    width: u32,
    height: u32,
    pixels: &'a [u8],
}

impl RgbImage {
    /// The image made of `pixels`, which hold `height` rows of `width` RGB triples.
    ///
    /// # Errors
    /// [`CoreError::ImageShape`] when a side is 0 or `pixels.len() != 3·width·height`.
    pub fn new(width: u32, height: u32, pixels: Vec<u8>) -> Result<Self, CoreError> {
        check_shape(width, height, pixels.len())?;
        Ok(Self {
            width,
            height,
            pixels,
        })
    }

    /// An image of one colour. A side of 0 is taken as 1.
    #[must_use]
    pub fn filled(width: u32, height: u32, rgb: [u8; 3]) -> Self {
        let (width, height) = (width.max(1), height.max(1));
        let n_pixels = width as usize * height as usize;
        Self {
            width,
            height,
            pixels: rgb.repeat(n_pixels),
        }
    }

    /// Width in pixels, at least 1.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels, at least 1.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The samples: `[height, width, 3]`.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The samples, to be written: `[height, width, 3]`.
    #[must_use]
    pub fn pixels_mut(&mut self) -> &mut [u8] {
        &mut self.pixels
    }

    /// The samples, given away: `[height, width, 3]`.
    #[must_use]
    pub fn into_pixels(self) -> Vec<u8> {
        self.pixels
    }

    /// A view of the whole image.
    #[must_use]
    pub fn view(&self) -> RgbView<'_> {
        RgbView {
            width: self.width,
            height: self.height,
            pixels: &self.pixels,
        }
    }
}

impl std::fmt::Debug for RgbImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RgbImage({}×{})", self.width, self.height)
    }
}

impl std::fmt::Debug for RgbView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RgbView({}×{})", self.width, self.height)
    }
}

impl<'a> RgbView<'a> {
    /// A view of `pixels`, which hold `height` rows of `width` RGB triples.
    ///
    /// # Errors
    /// [`CoreError::ImageShape`] when a side is 0 or `pixels.len() != 3·width·height`.
    pub fn new(width: u32, height: u32, pixels: &'a [u8]) -> Result<Self, CoreError> {
        check_shape(width, height, pixels.len())?;
        Ok(Self {
            width,
            height,
            pixels,
        })
    }

    /// Width in pixels, at least 1.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels, at least 1.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The samples: `[height, width, 3]`.
    #[must_use]
    pub fn pixels(&self) -> &'a [u8] {
        self.pixels
    }

    /// One row: `[width, 3]`.
    ///
    /// # Panics
    /// When `y` is not below the height.
    #[must_use]
    pub fn row(&self, y: u32) -> &'a [u8] {
        let stride = self.width as usize * 3;
        &self.pixels[y as usize * stride..][..stride]
    }

    /// A copy that owns its pixels.
    #[must_use]
    pub fn to_image(&self) -> RgbImage {
        RgbImage {
            width: self.width,
            height: self.height,
            pixels: self.pixels.to_vec(),
        }
    }

    /// The image seen in a mirror: left and right exchanged.
    #[must_use]
    pub fn mirrored(&self) -> RgbImage {
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for y in 0..self.height {
            for pixel in self.row(y).rchunks_exact(3) {
                pixels.extend_from_slice(pixel);
            }
        }
        RgbImage {
            width: self.width,
            height: self.height,
            pixels,
        }
    }

    /// A copy of the part that starts at (`x`, `y`), at most `width` × `height`, cut to the frame.
    ///
    /// # Errors
    /// [`CoreError::ImageShape`] when nothing of the part lies inside the frame.
    pub fn cropped(&self, x: u32, y: u32, width: u32, height: u32) -> Result<RgbImage, CoreError> {
        let right = x.saturating_add(width).min(self.width);
        let bottom = y.saturating_add(height).min(self.height);
        let mut pixels = Vec::new();
        for row_idx in y..bottom {
            let row = self.row(row_idx);
            pixels.extend_from_slice(&row[x.min(right) as usize * 3..right as usize * 3]);
        }
        RgbImage::new(right.saturating_sub(x), bottom.saturating_sub(y), pixels)
    }
}

fn check_shape(width: u32, height: u32, len: usize) -> Result<(), CoreError> {
    let expected = (width as usize)
        .checked_mul(height as usize)
        .and_then(|n_pixels| n_pixels.checked_mul(3));
    if width == 0 || height == 0 || expected != Some(len) {
        return Err(CoreError::ImageShape { width, height, len });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(width: u32, height: u32) -> RgbImage {
        let len = (width * height * 3) as usize;
        RgbImage::new(width, height, (0..len).map(|i| i as u8).collect()).unwrap()
    }

    #[test]
    fn shape_is_checked() {
        assert!(RgbImage::new(2, 2, vec![0; 11]).is_err());
        assert!(RgbImage::new(0, 2, vec![]).is_err());
        assert!(RgbView::new(2, 2, &[0; 12]).is_ok());
    }

    #[test]
    fn mirroring_twice_changes_nothing() {
        let image = counting(5, 3);
        assert_ne!(image.view().mirrored(), image);
        assert_eq!(image.view().mirrored().view().mirrored(), image);
    }

    #[test]
    fn a_crop_is_cut_to_the_frame() {
        let image = counting(4, 3);
        let crop = image.view().cropped(2, 1, 10, 10).unwrap();
        assert_eq!((crop.width(), crop.height()), (2, 2));
        assert_eq!(crop.pixels()[..6], image.pixels()[18..24]);
        assert!(image.view().cropped(4, 0, 1, 1).is_err());
    }
}
