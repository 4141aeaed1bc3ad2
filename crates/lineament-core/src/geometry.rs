//! Points, boxes and the five landmarks of a face.
//!
//! Coordinates are pixels of the image they belong to, x to the right and y down. Detectors and
//! templates of the field were made with the centre of the top-left pixel at (0, 0); so is ours.

use serde::{Deserialize, Serialize};

/// A position in an image.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Point {
    /// Pixels from the left.
    pub x: f32,
    /// Pixels from the top.
    pub y: f32,
}

impl Point {
    /// The point (`x`, `y`).
    #[must_use]
    pub const fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    /// Euclidean distance to `other`.
    #[must_use]
    pub fn distance(self, other: Self) -> f32 {
        (self.x - other.x).hypot(self.y - other.y)
    }
}

/// An upright box; it may reach over the edges of its image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rect {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width, 0 or more.
    pub width: f32,
    /// Height, 0 or more.
    pub height: f32,
}

impl Rect {
    /// The box whose opposite corners are (`left`, `top`) and (`right`, `bottom`).
    #[must_use]
    pub fn from_corners(left: f32, top: f32, right: f32, bottom: f32) -> Self {
        Self {
            x: left,
            y: top,
            width: (right - left).max(0.0),
            height: (bottom - top).max(0.0),
        }
    }

    /// Right edge.
    #[must_use]
    pub fn right(&self) -> f32 {
        self.x + self.width
    }

    /// Bottom edge.
    #[must_use]
    pub fn bottom(&self) -> f32 {
        self.y + self.height
    }

    /// Area in square pixels.
    #[must_use]
    pub fn area(&self) -> f32 {
        self.width * self.height
    }

    /// The middle.
    #[must_use]
    pub fn center(&self) -> Point {
        Point::new(self.x + 0.5 * self.width, self.y + 0.5 * self.height)
    }

    /// The shorter side, the measure of a face's size in pixels.
    #[must_use]
    pub fn short_side(&self) -> f32 {
        self.width.min(self.height)
    }

    /// Area shared with `other`.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> f32 {
        let width = self.right().min(other.right()) - self.x.max(other.x);
        let height = self.bottom().min(other.bottom()) - self.y.max(other.y);
        width.max(0.0) * height.max(0.0)
    }

    /// Intersection over union, 0 to 1; 0 when both boxes are empty.
    #[must_use]
    pub fn iou(&self, other: &Self) -> f32 {
        let shared = self.intersection(other);
        let union = self.area() + other.area() - shared;
        if union > 0.0 { shared / union } else { 0.0 }
    }

    /// True when all four numbers are finite and the box has an area.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        [self.x, self.y, self.width, self.height]
            .iter()
            .all(|v| v.is_finite())
            && self.width > 0.0
            && self.height > 0.0
    }
}

/// Five landmarks of a face. Left and right are the viewer's: `left_eye.x < right_eye.x` on an
/// upright face.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Landmarks {
    /// Centre of the eye on the viewer's left.
    pub left_eye: Point,
    /// Centre of the eye on the viewer's right.
    pub right_eye: Point,
    /// Tip of the nose.
    pub nose: Point,
    /// Corner of the mouth on the viewer's left.
    pub mouth_left: Point,
    /// Corner of the mouth on the viewer's right.
    pub mouth_right: Point,
}

impl Landmarks {
    /// The landmarks from an array in the field's usual order: eyes, nose, mouth corners; left first.
    #[must_use]
    pub const fn from_array(points: [Point; 5]) -> Self {
        let [left_eye, right_eye, nose, mouth_left, mouth_right] = points;
        Self {
            left_eye,
            right_eye,
            nose,
            mouth_left,
            mouth_right,
        }
    }

    /// The landmarks in the field's usual order: eyes, nose, mouth corners; left first.
    #[must_use]
    pub const fn to_array(&self) -> [Point; 5] {
        [
            self.left_eye,
            self.right_eye,
            self.nose,
            self.mouth_left,
            self.mouth_right,
        ]
    }

    /// Every point replaced by `f` of it.
    #[must_use]
    pub fn map(&self, f: impl FnMut(Point) -> Point) -> Self {
        Self::from_array(self.to_array().map(f))
    }

    /// Distance between the eyes in pixels.
    #[must_use]
    pub fn eye_distance(&self) -> f32 {
        self.left_eye.distance(self.right_eye)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rects() -> impl Strategy<Value = Rect> {
        (-50.0f32..50.0, -50.0f32..50.0, 0.0f32..60.0, 0.0f32..60.0).prop_map(
            |(x, y, width, height)| Rect {
                x,
                y,
                width,
                height,
            },
        )
    }

    proptest! {
        #[test]
        fn iou_is_symmetric_and_bounded(a in rects(), b in rects()) {
            prop_assert_eq!(a.iou(&b), b.iou(&a));
            prop_assert!((0.0..=1.0001).contains(&a.iou(&b)));
        }
    }

    #[test]
    fn iou_of_half_overlap() {
        let a = Rect::from_corners(0.0, 0.0, 2.0, 1.0);
        let b = Rect::from_corners(1.0, 0.0, 3.0, 1.0);
        assert!((a.iou(&b) - 1.0 / 3.0).abs() < 1e-6);
        assert!((a.iou(&a) - 1.0).abs() < 1e-6);
    }
}
