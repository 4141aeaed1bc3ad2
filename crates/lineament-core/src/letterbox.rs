//! Fitting a photo into a network's input, with the exact way back.

use crate::error::CoreError;
use crate::geometry::{Landmarks, Point, Rect};
use crate::image::{RgbImage, RgbView};
use crate::resample::resize;

/// How a photo was scaled and placed in a network's input. Both axes are scaled alike up to the
/// rounding of the scaled size to whole pixels, which [`to_photo`](Self::to_photo) undoes exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Letterbox {
    /// Width and height of the scaled photo inside the input.
    pub content: (u32, u32),
    /// Columns and rows of padding before the content.
    pub offset: (u32, u32),
    /// Width and height of the whole input.
    pub input: (u32, u32),
    /// Input pixels per photo pixel, along x and y.
    pub scale: (f32, f32),
}

impl Letterbox {
    /// A photo shrunk (never enlarged) until its longer side is at most `max_side_px`, at the
    /// top left of an input whose sides are the next multiples of `multiple`.
    ///
    /// # Errors
    /// [`CoreError::OutOfRange`] when `max_side_px` or `multiple` is 0.
    pub fn at_most(photo: (u32, u32), max_side_px: u32, multiple: u32) -> Result<Self, CoreError> {
        positive("the longest side", max_side_px)?;
        positive("the multiple of the input's sides", multiple)?;
        let scale = (f64::from(max_side_px) / f64::from(photo.0.max(photo.1))).min(1.0);
        let content = scaled(photo, scale);
        let round_up = |side: u32| side.div_ceil(multiple).saturating_mul(multiple);
        Ok(Self::placed(
            photo,
            content,
            (0, 0),
            (round_up(content.0), round_up(content.1)),
        ))
    }

    /// A photo scaled, up or down, to fill an input of fixed size at its top left.
    ///
    /// # Errors
    /// [`CoreError::OutOfRange`] when a side of the input is 0.
    pub fn into_fixed(photo: (u32, u32), input: (u32, u32)) -> Result<Self, CoreError> {
        Self::centered(photo, input, input).map(|fit| Self {
            offset: (0, 0),
            ..fit
        })
    }

    /// A photo scaled, up or down, to fit `frame`, in the middle of an `input` at least as large.
    ///
    /// # Errors
    /// [`CoreError::OutOfRange`] when a side of the frame is 0 or above the input's.
    pub fn centered(
        photo: (u32, u32),
        frame: (u32, u32),
        input: (u32, u32),
    ) -> Result<Self, CoreError> {
        positive("the frame's width", frame.0.min(input.0))?;
        positive("the frame's height", frame.1.min(input.1))?;
        let frame = (frame.0.min(input.0), frame.1.min(input.1));
        let scale =
            (f64::from(frame.0) / f64::from(photo.0)).min(f64::from(frame.1) / f64::from(photo.1));
        let content = scaled(photo, scale);
        let content = (content.0.min(frame.0), content.1.min(frame.1));
        let offset = ((input.0 - content.0) / 2, (input.1 - content.1) / 2);
        Ok(Self::placed(photo, content, offset, input))
    }

    fn placed(
        photo: (u32, u32),
        content: (u32, u32),
        offset: (u32, u32),
        input: (u32, u32),
    ) -> Self {
        Self {
            content,
            offset,
            input,
            scale: (
                content.0 as f32 / photo.0 as f32,
                content.1 as f32 / photo.1 as f32,
            ),
        }
    }

    /// The scaled photo on black, of the input's size.
    ///
    /// # Errors
    /// [`CoreError::ImageShape`] when this letterbox has a side of 0.
    pub fn render(&self, photo: RgbView<'_>) -> Result<RgbImage, CoreError> {
        let content = resize(photo, self.content.0, self.content.1)?;
        if self.content == self.input {
            return Ok(content);
        }
        let mut canvas = RgbImage::filled(self.input.0, self.input.1, [0; 3]);
        let stride = self.input.0 as usize * 3;
        let start = self.offset.1 as usize * stride + self.offset.0 as usize * 3;
        let rows = canvas.pixels_mut()[start..].chunks_mut(stride);
        for (y, row) in (0..self.content.1).zip(rows) {
            let line = content.view().row(y);
            row[..line.len()].copy_from_slice(line);
        }
        Ok(canvas)
    }

    /// From input to photo coordinates.
    #[must_use]
    pub fn to_photo(&self, point: Point) -> Point {
        Point::new(
            (point.x - self.offset.0 as f32) / self.scale.0,
            (point.y - self.offset.1 as f32) / self.scale.1,
        )
    }

    /// From photo to input coordinates.
    #[must_use]
    pub fn to_input(&self, point: Point) -> Point {
        Point::new(
            point.x * self.scale.0 + self.offset.0 as f32,
            point.y * self.scale.1 + self.offset.1 as f32,
        )
    }

    /// A box from input to photo coordinates.
    #[must_use]
    pub fn rect_to_photo(&self, rect: &Rect) -> Rect {
        let near = self.to_photo(Point::new(rect.x, rect.y));
        let far = self.to_photo(Point::new(rect.right(), rect.bottom()));
        Rect::from_corners(near.x, near.y, far.x, far.y)
    }

    /// Landmarks from input to photo coordinates.
    #[must_use]
    pub fn landmarks_to_photo(&self, landmarks: &Landmarks) -> Landmarks {
        landmarks.map(|p| self.to_photo(p))
    }
}

fn scaled((width, height): (u32, u32), scale: f64) -> (u32, u32) {
    let side = |length: u32| ((f64::from(length) * scale + 0.5).floor() as u32).max(1);
    (side(width), side(height))
}

fn positive(what: &'static str, value: u32) -> Result<(), CoreError> {
    if value == 0 {
        return Err(CoreError::OutOfRange {
            what,
            expected: "at least 1",
            got: 0.0,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn boxes() -> impl Strategy<Value = Letterbox> {
        let photo = (1u32..5000, 1u32..5000);
        prop_oneof![
            (photo.clone(), 1u32..2000).prop_map(|(p, s)| Letterbox::at_most(p, s, 32).unwrap()),
            (photo.clone(), (1u32..900, 1u32..900))
                .prop_map(|(p, i)| Letterbox::into_fixed(p, i).unwrap()),
            photo.prop_map(|p| Letterbox::centered(p, (64, 64), (128, 128)).unwrap()),
        ]
    }

    proptest! {
        #[test]
        fn there_and_back(fit in boxes(), x in 0.0f32..1.0, y in 0.0f32..1.0) {
            let photo = (fit.content.0 as f32 / fit.scale.0, fit.content.1 as f32 / fit.scale.1);
            let point = Point::new(x * photo.0, y * photo.1);
            let back = fit.to_photo(fit.to_input(point));
            prop_assert!(back.distance(point) <= 1e-3 * photo.0.max(photo.1).max(1.0));
            prop_assert!(fit.content.0 + fit.offset.0 <= fit.input.0);
            prop_assert!(fit.content.1 + fit.offset.1 <= fit.input.1);
        }
    }

    #[test]
    fn content_lies_where_it_is_said_to() {
        let photo = RgbImage::filled(40, 20, [9, 8, 7]);
        let fit = Letterbox::centered((40, 20), (40, 40), (60, 60)).unwrap();
        let canvas = fit.render(photo.view()).unwrap();
        assert_eq!(fit.offset, (10, 20));
        assert_eq!(canvas.view().row(19), &[0; 180]);
        assert_eq!(canvas.view().row(20)[30..33], [9, 8, 7]);
        assert_eq!(canvas.view().row(20)[27..30], [0; 3]);
    }

    #[test]
    fn zero_is_refused() {
        assert!(Letterbox::at_most((4, 4), 0, 32).is_err());
        assert!(Letterbox::into_fixed((4, 4), (0, 8)).is_err());
    }
}
