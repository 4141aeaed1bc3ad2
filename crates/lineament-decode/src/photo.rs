//! A decoded photo, and the way back to its full resolution.

use lineament_core::{Landmarks, Point, Rect, RgbImage};

use crate::error::DecodeError;
use crate::format::ImageFormat;
use crate::limits::Reduction;
use crate::orientation::Orientation;

/// A photo as a viewer shows it, perhaps at less than its full resolution.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Photo {
    /// The pixels, upright.
    pub image: RgbImage,
    /// Width of the upright photo at full resolution, in pixels.
    pub original_width: u32,
    /// Height of the upright photo at full resolution, in pixels.
    pub original_height: u32,
    /// By how much it was reduced while it was decoded.
    pub reduction: Reduction,
    /// The format of the file.
    pub format: ImageFormat,
    /// Where the left and top edges of `image` lie in the original: 0, or less than 0 where a side
    /// is no multiple of the reduction and the photo was mirrored, so that its part pixels come first.
    edge: (f32, f32),
}

impl Photo {
    /// The photo of these pixels as they are stored: `[height, width, 3]` of a file of `original`
    /// width and height, reduced.
    ///
    /// # Errors
    /// `Corrupt` when the pixels are not as many as they should be.
    pub(crate) fn upright(
        pixels: Vec<u8>,
        original: (u32, u32),
        reduction: Reduction,
        orientation: Orientation,
        format: ImageFormat,
    ) -> Result<Self, DecodeError> {
        let reduced = |side: u32| side.div_ceil(reduction.factor());
        let image = RgbImage::new(reduced(original.0), reduced(original.1), pixels)
            .and_then(|stored| orientation.apply(stored))
            .map_err(|error| DecodeError::Corrupt {
                format,
                reason: error.to_string(),
            })?;
        let (original_width, original_height) = orientation.sides(original.0, original.1);
        let overhang = |original: u32, reduced: u32| {
            original as f32 - reduced as f32 * reduction.factor() as f32
        };
        let mut edge = (0.0, 0.0);
        if orientation.mirrored {
            edge.0 = overhang(original_width, image.width());
        }
        if orientation.flipped {
            edge.1 = overhang(original_height, image.height());
        }
        Ok(Self {
            image,
            original_width,
            original_height,
            reduction,
            format,
            edge,
        })
    }

    /// A point of `image` as a point of the upright photo at full resolution. In both, whole numbers
    /// are centres of pixels.
    #[must_use]
    pub fn to_original(&self, point: Point) -> Point {
        let factor = self.reduction.factor() as f32;
        Point::new(
            (point.x + 0.5) * factor - 0.5 + self.edge.0,
            (point.y + 0.5) * factor - 0.5 + self.edge.1,
        )
    }

    /// A box of `image` as a box of the upright photo at full resolution.
    #[must_use]
    pub fn rect_to_original(&self, rect: &Rect) -> Rect {
        let near = self.to_original(Point::new(rect.x, rect.y));
        let far = self.to_original(Point::new(rect.right(), rect.bottom()));
        Rect::from_corners(near.x, near.y, far.x, far.y)
    }

    /// Landmarks in `image` as landmarks in the upright photo at full resolution.
    #[must_use]
    pub fn landmarks_to_original(&self, landmarks: &Landmarks) -> Landmarks {
        landmarks.map(|p| self.to_original(p))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_pixels_stay_where_they_were() {
        let photo = |exif| {
            Photo::upright(
                vec![0; 6],
                (11, 8),
                Reduction::Eighth,
                Orientation::from_exif(exif),
                ImageFormat::Jpeg,
            )
            .unwrap()
        };
        // Stored pixel 0 covers columns 0 to 7, pixel 1 columns 8 to 10 and 5 that do not exist.
        assert_eq!(
            photo(1).to_original(Point::new(0.0, 0.0)),
            Point::new(3.5, 3.5)
        );
        // Mirrored, the part pixel is the first: its centre, column 11.5, becomes 10 − 11.5.
        assert_eq!(
            photo(2).to_original(Point::new(0.0, 0.0)),
            Point::new(-1.5, 3.5)
        );
        assert_eq!(
            photo(2).to_original(Point::new(1.0, 0.0)),
            Point::new(6.5, 3.5)
        );
        let turned = photo(8);
        assert_eq!((turned.original_width, turned.original_height), (8, 11));
        assert_eq!(
            turned.to_original(Point::new(0.0, 1.0)),
            Point::new(3.5, 6.5)
        );
    }
}
