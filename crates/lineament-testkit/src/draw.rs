//! Faces drawn with soft-edged ellipses.

use lineament_core::{Landmarks, Point, RgbImage};

/// Where and how a face is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DrawnFace {
    /// Middle of the face, in pixels.
    pub center: Point,
    /// Height from chin to hairline, in pixels.
    pub height_px: f32,
    /// Colour of the skin.
    pub skin: [u8; 3],
    /// Colour of the hair.
    pub hair: [u8; 3],
    /// Tilt clockwise, in degrees.
    pub roll_deg: f32,
}

impl DrawnFace {
    /// An upright face of `height_px` at (`x`, `y`).
    #[must_use]
    pub fn at(x: f32, y: f32, height_px: f32) -> Self {
        Self {
            center: Point::new(x, y),
            height_px,
            skin: [214, 168, 140],
            hair: [62, 42, 30],
            roll_deg: 0.0,
        }
    }

    /// Where its eyes, nose and mouth corners are drawn.
    #[must_use]
    pub fn landmarks(&self) -> Landmarks {
        Landmarks::from_array(
            [
                (-0.19, -0.10),
                (0.19, -0.10),
                (0.0, 0.10),
                (-0.14, 0.27),
                (0.14, 0.27),
            ]
            .map(|(x, y)| self.place(x, y)),
        )
    }

    /// From face units (1 = the face's height) to pixels.
    fn place(&self, x: f32, y: f32) -> Point {
        let (sin, cos) = self.roll_deg.to_radians().sin_cos();
        Point::new(
            self.center.x + self.height_px * (cos * x - sin * y),
            self.center.y + self.height_px * (sin * x + cos * y),
        )
    }

    /// From pixels to face units.
    fn unplace(&self, x: f32, y: f32) -> (f32, f32) {
        let (sin, cos) = self.roll_deg.to_radians().sin_cos();
        let (dx, dy) = (x - self.center.x, y - self.center.y);
        (
            (cos * dx + sin * dy) / self.height_px,
            (cos * dy - sin * dx) / self.height_px,
        )
    }

    /// The colour at a point in face units, over `under`.
    fn paint(&self, x: f32, y: f32, under: [f32; 3]) -> [f32; 3] {
        let skin = self.skin.map(f32::from);
        let hair = self.hair.map(f32::from);
        let light = 1.06 - 0.9 * (x - 0.08).powi(2) - 0.25 * y.max(0.0);
        let lit = skin.map(|v| v * light);
        let dark = skin.map(|v| v * 0.62);
        let strokes = [
            (ellipse(x, y, 0.0, -0.12, 0.45, 0.52, 0.03), hair),
            (ellipse(x, y, 0.0, 0.48, 0.19, 0.22, 0.03), dark),
            (ellipse(x, y, 0.0, 0.02, 0.37, 0.49, 0.02), lit),
            (hairline(x, y), hair),
            (0.7 * ellipse(x, y, -0.19, -0.19, 0.10, 0.018, 0.02), hair),
            (0.7 * ellipse(x, y, 0.19, -0.19, 0.10, 0.018, 0.02), hair),
            (0.35 * ellipse(x, y, -0.19, -0.11, 0.11, 0.07, 0.05), dark),
            (0.35 * ellipse(x, y, 0.19, -0.11, 0.11, 0.07, 0.05), dark),
            (
                ellipse(x, y, -0.19, -0.10, 0.075, 0.034, 0.015),
                [236.0, 232.0, 228.0],
            ),
            (
                ellipse(x, y, 0.19, -0.10, 0.075, 0.034, 0.015),
                [236.0, 232.0, 228.0],
            ),
            (
                ellipse(x, y, -0.19, -0.10, 0.032, 0.034, 0.012),
                [48.0, 34.0, 28.0],
            ),
            (
                ellipse(x, y, 0.19, -0.10, 0.032, 0.034, 0.012),
                [48.0, 34.0, 28.0],
            ),
            (0.35 * ellipse(x, y, -0.035, 0.02, 0.02, 0.11, 0.03), dark),
            (0.5 * ellipse(x, y, 0.0, 0.125, 0.07, 0.022, 0.03), dark),
            (
                0.7 * ellipse(x, y, -0.035, 0.13, 0.016, 0.01, 0.01),
                [70.0, 40.0, 34.0],
            ),
            (
                0.7 * ellipse(x, y, 0.035, 0.13, 0.016, 0.01, 0.01),
                [70.0, 40.0, 34.0],
            ),
            (
                0.85 * ellipse(x, y, 0.0, 0.27, 0.14, 0.036, 0.02),
                [168.0, 84.0, 80.0],
            ),
            (
                0.8 * ellipse(x, y, 0.0, 0.268, 0.13, 0.006, 0.01),
                [88.0, 36.0, 36.0],
            ),
        ];
        strokes.into_iter().fold(under, |under, (cover, colour)| {
            std::array::from_fn(|i| under[i] + cover.clamp(0.0, 1.0) * (colour[i] - under[i]))
        })
    }
}

/// Cover of an ellipse whose edge fades over about `soft`, all in face units.
fn ellipse(x: f32, y: f32, cx: f32, cy: f32, rx: f32, ry: f32, soft: f32) -> f32 {
    let distance = ((x - cx) / rx).hypot((y - cy) / ry) - 1.0;
    0.5 - distance * rx.min(ry) / soft
}

/// Hair above the forehead, inside the head.
fn hairline(x: f32, y: f32) -> f32 {
    let above = (-0.31 + 0.5 * x * x - y) / 0.03;
    above.min(ellipse(x, y, 0.0, -0.12, 0.45, 0.52, 0.03))
}

/// A picture of `faces` before a plain, softly lit wall. Deterministic.
#[must_use]
pub fn draw_faces(width: u32, height: u32, faces: &[DrawnFace]) -> RgbImage {
    let mut image = RgbImage::filled(width, height, [0; 3]);
    for (i, pixel) in image.pixels_mut().chunks_exact_mut(3).enumerate() {
        let (x, y) = ((i % width as usize) as f32, (i / width as usize) as f32);
        let wall = 150.0 + 30.0 * (x / width as f32) - 20.0 * (y / height as f32);
        let under = [wall, wall + 4.0, wall + 10.0];
        let painted = faces.iter().fold(under, |under, face| {
            let (fx, fy) = face.unplace(x, y);
            face.paint(fx, fy, under)
        });
        let grain = grain(i) - 3.0;
        for (value, colour) in pixel.iter_mut().zip(painted) {
            *value = (colour + grain).clamp(0.0, 255.0) as u8;
        }
    }
    image
}

/// Film grain, 0 to 6, the same every time.
fn grain(i: usize) -> f32 {
    let hash = (i as u32)
        .wrapping_mul(2_654_435_761)
        .rotate_left(13)
        .wrapping_mul(2_246_822_519);
    (hash >> 24) as f32 * (6.0 / 255.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawing_is_deterministic_and_marks_the_eyes_dark() {
        let face = DrawnFace {
            roll_deg: 20.0,
            ..DrawnFace::at(60.0, 60.0, 80.0)
        };
        let image = draw_faces(120, 120, &[face]);
        assert_eq!(image, draw_faces(120, 120, &[face]));
        let brightness = |p: Point| {
            let row = image.view().row(p.y.round() as u32);
            row[p.x.round() as usize * 3]
        };
        let Landmarks {
            left_eye,
            right_eye,
            nose,
            ..
        } = face.landmarks();
        assert!(brightness(left_eye) < 90 && brightness(right_eye) < 90);
        assert!(brightness(nose) > 120);
    }
}
