//! The eight ways in which a photo can be stored, and how to set it upright.

use lineament_core::{CoreError, RgbImage};

/// How the stored picture becomes the upright one: exchange rows and columns first, then mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Orientation {
    /// Rows become columns.
    pub(crate) transposed: bool,
    /// Left and right are then exchanged.
    pub(crate) mirrored: bool,
    /// Top and bottom are then exchanged.
    pub(crate) flipped: bool,
}

/// Sides of the squares in which pixels are moved, so that a photo of any size is turned in cache.
const TILE: usize = 32;

impl Orientation {
    /// The orientation of EXIF tag 0x0112 (EXIF 2.32, 4.6.4): 1 to 8, upright for other values.
    pub(crate) fn from_exif(value: u8) -> Self {
        let (transposed, mirrored, flipped) = match value {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => (false, false, false),
        };
        Self {
            transposed,
            mirrored,
            flipped,
        }
    }

    /// Width and height once upright.
    pub(crate) fn sides(self, width: u32, height: u32) -> (u32, u32) {
        if self.transposed {
            (height, width)
        } else {
            (width, height)
        }
    }

    /// The stored picture set upright.
    ///
    /// # Errors
    /// None: the sides of a picture stay its sides.
    pub(crate) fn apply(self, stored: RgbImage) -> Result<RgbImage, CoreError> {
        if self == Self::default() {
            return Ok(stored);
        }
        let (width, height) = self.sides(stored.width(), stored.height());
        let upright = self.turned(
            stored.pixels().as_chunks().0,
            stored.width() as usize,
            width as usize,
        );
        RgbImage::new(width, height, upright.into_flattened())
    }

    /// Stored pixels in rows of `stride`, as upright pixels in rows of `width`.
    fn turned(self, stored: &[[u8; 3]], stride: usize, width: usize) -> Vec<[u8; 3]> {
        let mut upright = vec![[0; 3]; stored.len()];
        let height = stored.len() / width;
        // From one upright pixel to the next in its row, the stored one moves by this.
        let step = if self.transposed { stride } else { 1 };
        for top in (0..height).step_by(TILE) {
            for left in (0..width).step_by(TILE) {
                let right = (left + TILE).min(width);
                for y in top..(top + TILE).min(height) {
                    let v = if self.flipped { height - 1 - y } else { y };
                    let row = if self.transposed { v } else { v * stride };
                    let target = &mut upright[y * width + left..y * width + right];
                    if self.mirrored {
                        let first = row + (width - right) * step;
                        let source = stored[first..].iter().step_by(step);
                        target
                            .iter_mut()
                            .rev()
                            .zip(source)
                            .for_each(|(t, s)| *t = *s);
                    } else {
                        let source = stored[row + left * step..].iter().step_by(step);
                        target.iter_mut().zip(source).for_each(|(t, s)| *t = *s);
                    }
                }
            }
        }
        upright
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The EXIF value that undoes each of 1 to 8.
    const INVERSE: [u8; 8] = [1, 2, 3, 4, 5, 8, 7, 6];

    proptest! {
        #[test]
        fn there_and_back(value in 1u8..=8, width in 1u32..70, height in 1u32..70) {
            let pixels: Vec<u8> = (0..width * height * 3).map(|i| (i % 251) as u8).collect();
            let image = RgbImage::new(width, height, pixels).unwrap();
            let there = Orientation::from_exif(value);
            let back = Orientation::from_exif(INVERSE[usize::from(value) - 1]);
            let turned = there.apply(image.clone()).unwrap();
            prop_assert_eq!((turned.width(), turned.height()), there.sides(width, height));
            prop_assert_eq!(back.apply(turned).unwrap(), image);
        }
    }

    #[test]
    fn unknown_values_leave_the_picture_alone() {
        for value in [0, 1, 9, 255] {
            assert_eq!(Orientation::from_exif(value), Orientation::default());
        }
    }
}
