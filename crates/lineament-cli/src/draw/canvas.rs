//! Shapes with smooth edges, painted onto a photo.
//!
//! A shape is a signed distance: how far a point lies outside (positive) or inside (negative) in
//! pixels. A pixel whose centre lies within half a pixel of the edge is covered in part.

use lineament::{Point, Rect, RgbImage};

/// A colour and how much it hides, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Paint {
    /// Red, green, blue.
    pub(crate) rgb: [u8; 3],
    /// 1 hides what is below.
    pub(crate) opacity: f32,
}

impl Paint {
    /// A colour that hides what is below.
    pub(crate) const fn solid(rgb: [u8; 3]) -> Self {
        Self { rgb, opacity: 1.0 }
    }
}

/// A photo that is being painted on. Coordinates: the top-left pixel covers (0, 0) to (1, 1).
pub(crate) struct Canvas {
    image: RgbImage,
}

impl Canvas {
    pub(crate) fn new(image: RgbImage) -> Self {
        Self { image }
    }

    pub(crate) fn into_image(self) -> RgbImage {
        self.image
    }

    /// Width and height in pixels.
    pub(crate) fn size(&self) -> (f32, f32) {
        (self.image.width() as f32, self.image.height() as f32)
    }

    /// Fills a rectangle with corners of this radius.
    pub(crate) fn fill_rect(&mut self, rect: &Rect, radius: f32, paint: Paint) {
        let bounds = grown(rect, 1.0);
        self.fill(&bounds, paint, |p| rounded_rect_distance(rect, radius, p));
    }

    /// Draws the outline of a rectangle, `width` pixels wide and centred on its edge.
    pub(crate) fn outline_rect(&mut self, rect: &Rect, radius: f32, width: f32, paint: Paint) {
        let reach = 0.5 * width + 1.0;
        let ring = |p| rounded_rect_distance(rect, radius, p).abs() - 0.5 * width;
        // Only the four strips that the outline can touch are visited: faces can be large.
        let outer = grown(rect, reach);
        let inset = (reach + radius).min(0.5 * outer.height);
        let inner_top = outer.y + inset + reach;
        let inner_bottom = (outer.bottom() - inset - reach).max(inner_top);
        let side = (2.0 * reach + radius).min(0.5 * outer.width);
        let strip = |left, top, right, bottom| Rect::from_corners(left, top, right, bottom);
        let (right, bottom) = (outer.right(), outer.bottom());
        let rows = [inner_top, inner_bottom].map(f32::round);
        let columns = [outer.x + side, right - side].map(f32::round);
        self.fill(&strip(outer.x, outer.y, right, rows[0]), paint, ring);
        self.fill(&strip(outer.x, rows[1], right, bottom), paint, ring);
        self.fill(&strip(outer.x, rows[0], columns[0], rows[1]), paint, ring);
        let left = columns[1].max(columns[0]);
        self.fill(&strip(left, rows[0], right, rows[1]), paint, ring);
    }

    /// Fills a disc.
    pub(crate) fn fill_disc(&mut self, center: Point, radius: f32, paint: Paint) {
        let reach = radius + 1.0;
        let bounds = Rect::from_corners(
            center.x - reach,
            center.y - reach,
            center.x + reach,
            center.y + reach,
        );
        self.fill(&bounds, paint, |p| center.distance(p) - radius);
    }

    /// Mixes `paint` into one pixel; `coverage` is 0 to 1. Pixels outside are ignored.
    pub(crate) fn blend(&mut self, x: i64, y: i64, coverage: f32, paint: Paint) {
        let (width, height) = (
            i64::from(self.image.width()),
            i64::from(self.image.height()),
        );
        if !(0..width).contains(&x) || !(0..height).contains(&y) {
            return;
        }
        let start = (y * width + x) as usize * 3;
        let alpha = (coverage * paint.opacity).clamp(0.0, 1.0);
        for (below, above) in self.image.pixels_mut()[start..start + 3]
            .iter_mut()
            .zip(paint.rgb)
        {
            let mixed = f32::from(*below) + alpha * (f32::from(above) - f32::from(*below));
            *below = mixed.round() as u8;
        }
    }

    fn fill(&mut self, bounds: &Rect, paint: Paint, distance: impl Fn(Point) -> f32) {
        let (width, height) = self.size();
        let columns = bounds.x.floor().max(0.0) as i64..bounds.right().ceil().min(width) as i64;
        let rows = bounds.y.floor().max(0.0) as i64..bounds.bottom().ceil().min(height) as i64;
        for y in rows {
            for x in columns.clone() {
                let coverage = 0.5 - distance(Point::new(x as f32 + 0.5, y as f32 + 0.5));
                if coverage > 0.0 {
                    self.blend(x, y, coverage.min(1.0), paint);
                }
            }
        }
    }
}

fn grown(rect: &Rect, by: f32) -> Rect {
    Rect::from_corners(
        rect.x - by,
        rect.y - by,
        rect.right() + by,
        rect.bottom() + by,
    )
}

fn rounded_rect_distance(rect: &Rect, radius: f32, p: Point) -> f32 {
    let center = rect.center();
    let dx = (p.x - center.x).abs() - 0.5 * rect.width + radius;
    let dy = (p.y - center.y).abs() - 0.5 * rect.height + radius;
    dx.max(0.0).hypot(dy.max(0.0)) + dx.max(dy).min(0.0) - radius
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHITE: Paint = Paint::solid([255; 3]);

    fn painted(image: &RgbImage) -> f32 {
        image
            .pixels()
            .chunks_exact(3)
            .map(|p| f32::from(p[0]) / 255.0)
            .sum()
    }

    #[test]
    fn the_paint_covers_the_area_of_the_shape() {
        let mut canvas = Canvas::new(RgbImage::filled(60, 50, [0; 3]));
        canvas.fill_disc(Point::new(30.3, 24.6), 15.0, WHITE);
        let disc = painted(&canvas.into_image());
        assert!((disc - 706.9).abs() < 4.0, "{disc}");

        let mut canvas = Canvas::new(RgbImage::filled(60, 50, [0; 3]));
        canvas.fill_rect(&Rect::from_corners(10.0, 10.0, 30.0, 20.5), 0.0, WHITE);
        let rect = painted(&canvas.into_image());
        assert!((rect - 210.0).abs() < 1.0, "{rect}");
    }

    #[test]
    fn an_outline_is_painted_once_everywhere() {
        let whole = Rect::from_corners(0.0, 0.0, 60.0, 50.0);
        for (rect, radius) in [
            (Rect::from_corners(10.2, 9.7, 45.0, 38.0), 4.0),
            (Rect::from_corners(10.0, 10.0, 13.0, 40.0), 1.0),
            (Rect::from_corners(-9.0, 20.0, 70.0, 24.0), 0.0),
        ] {
            let paint = Paint {
                rgb: [255; 3],
                opacity: 0.5,
            };
            let mut canvas = Canvas::new(RgbImage::filled(60, 50, [0; 3]));
            canvas.outline_rect(&rect, radius, 2.0, paint);
            let mut expected = Canvas::new(RgbImage::filled(60, 50, [0; 3]));
            expected.fill(&whole, paint, |p| {
                rounded_rect_distance(&rect, radius, p).abs() - 1.0
            });
            assert_eq!(canvas.into_image(), expected.into_image());
        }
    }

    #[test]
    fn what_lies_outside_is_ignored() {
        let mut canvas = Canvas::new(RgbImage::filled(8, 8, [7; 3]));
        canvas.fill_disc(Point::new(-50.0, 400.0), 9.0, WHITE);
        canvas.fill_rect(&Rect::from_corners(20.0, 20.0, 10.0, 10.0), 2.0, WHITE);
        assert_eq!(canvas.into_image(), RgbImage::filled(8, 8, [7; 3]));
    }
}
