//! Pictures painted over pictures.

use crate::data::target::sample_quickly;
use lineament_core::{CoreError, Point, Rect, RgbImage, Similarity, resize};

/// A picture with its halves, quarters and so on, so that it can be sampled at any size.
#[derive(Debug, Clone)]
pub(super) struct Pyramid {
    levels: Vec<RgbImage>,
}

/// Halves are not made smaller than this.
const LEAST_SIDE: u32 = 16;

impl Pyramid {
    /// The picture, to be painted at `least_scale` or more.
    pub(super) fn new(image: RgbImage, least_scale: f64) -> Result<Self, CoreError> {
        let mut levels = vec![image];
        let mut scale = least_scale;
        while let Some(last) = levels.last()
            && scale < 0.5
            && last.width().min(last.height()) >= 2 * LEAST_SIDE
        {
            let half = resize(last.view(), last.width() / 2, last.height() / 2)?;
            levels.push(half);
            scale *= 2.0;
        }
        Ok(Self { levels })
    }

    /// The picture itself.
    pub(super) fn whole(&self) -> &RgbImage {
        &self.levels[0]
    }

    /// Width and height.
    pub(super) fn size(&self) -> (u32, u32) {
        (self.levels[0].width(), self.levels[0].height())
    }

    /// The smallest level of which a pixel is at most two of the result.
    fn level(&self, scale: f64) -> usize {
        let level = (1.0 / scale.max(1e-9)).log2().floor().max(0.0) as usize;
        level.min(self.levels.len() - 1)
    }
}

/// How a picture ends towards its edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// At its last pixels.
    Sharp,
    /// In an ellipse, softly.
    Oval,
    /// In a rectangle, softly.
    Soft,
}

impl Edge {
    /// How much of 256 is seen at a place from −1 to 1 along both sides.
    fn cover(self, x: f32, y: f32) -> u32 {
        let (radius, softness) = match self {
            Self::Sharp => {
                return if x.abs() <= 1.0 && y.abs() <= 1.0 {
                    256
                } else {
                    0
                };
            }
            Self::Oval => (x.hypot(y), 0.15),
            Self::Soft => (x.abs().max(y.abs()), 0.12),
        };
        (((1.0 - radius) / softness).clamp(0.0, 1.0) * 256.0) as u32
    }
}

/// Paints `picture`, moved by `to_canvas`, over what of the canvas lies in `window`.
pub(super) fn paint(
    canvas: &mut RgbImage,
    picture: &Pyramid,
    to_canvas: &Similarity,
    window: &Rect,
    edge: Edge,
) {
    let (width, height) = picture.size();
    let Some(area) = Area::of(picture.size(), to_canvas, window, canvas) else {
        return;
    };
    let level = &picture.levels[picture.level(to_canvas.scale())];
    let from_area = from_area(&to_canvas.inverse(), &area);
    let shrunk = (
        f64::from(level.width()) / f64::from(width),
        f64::from(level.height()) / f64::from(height),
    );
    let to_level = scaled(&from_area, (shrunk.0 + shrunk.1) / 2.0);
    let pixels = sample_quickly(level.view(), &to_level, (area.width, area.height));
    let half = (width as f32 / 2.0, height as f32 / 2.0);
    let stride = canvas.width() as usize * 3;
    let rows = canvas
        .pixels_mut()
        .chunks_exact_mut(stride)
        .skip(area.top as usize);
    let painted = pixels.chunks_exact(area.width as usize * 3);
    for (y, (row, painted)) in rows.zip(painted).enumerate() {
        let row = &mut row[area.left as usize * 3..][..painted.len()];
        for (x, (below, above)) in row
            .chunks_exact_mut(3)
            .zip(painted.chunks_exact(3))
            .enumerate()
        {
            let (u, v) = from_area.apply_xy(x as f64, y as f64);
            let cover = edge.cover(
                (u as f32 + 0.5) / half.0 - 1.0,
                (v as f32 + 0.5) / half.1 - 1.0,
            );
            blend(below, above, cover);
        }
    }
}

fn blend(below: &mut [u8], above: &[u8], cover: u32) {
    for (below, above) in below.iter_mut().zip(above) {
        let sum = u32::from(*below) * (256 - cover) + u32::from(*above) * cover;
        *below = ((sum + 128) >> 8) as u8;
    }
}

/// Whole pixels of a canvas.
struct Area {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

impl Area {
    /// What of the canvas a picture of this size can reach within `window`.
    fn of(
        (width, height): (u32, u32),
        by: &Similarity,
        window: &Rect,
        canvas: &RgbImage,
    ) -> Option<Self> {
        let (right, bottom) = (width as f32 - 0.5, height as f32 - 0.5);
        let corners = [(-0.5, -0.5), (right, -0.5), (-0.5, bottom), (right, bottom)];
        let corners = corners.map(|(x, y)| by.apply(Point::new(x, y)));
        let least = |f: fn(Point) -> f32| corners.map(f).into_iter().fold(f32::INFINITY, f32::min);
        let most =
            |f: fn(Point) -> f32| corners.map(f).into_iter().fold(f32::NEG_INFINITY, f32::max);
        let start = |reached: f32, window: f32| reached.max(window).max(0.0).ceil() as u32;
        let end = |reached: f32, window: f32, side: u32| {
            // The last pixel that is reached, and one beyond it.
            ((reached.min(window).max(-1.0).floor() + 1.0) as u32).min(side)
        };
        let (left, top) = (
            start(least(|p| p.x), window.x),
            start(least(|p| p.y), window.y),
        );
        let right = end(most(|p| p.x), window.right(), canvas.width());
        let bottom = end(most(|p| p.y), window.bottom(), canvas.height());
        let (width, height) = (right.checked_sub(left)?, bottom.checked_sub(top)?);
        (width > 0 && height > 0).then_some(Self {
            left,
            top,
            width,
            height,
        })
    }
}

/// `from_canvas` for pixels counted from the corner of `area`.
fn from_area(from_canvas: &Similarity, area: &Area) -> Similarity {
    let (tx, ty) = from_canvas.apply_xy(f64::from(area.left), f64::from(area.top));
    Similarity {
        tx,
        ty,
        ..*from_canvas
    }
}

/// `to` in pixels that are `1 / factor` as large, about their corners.
fn scaled(to: &Similarity, factor: f64) -> Similarity {
    Similarity {
        a: to.a * factor,
        b: to.b * factor,
        tx: (to.tx + 0.5) * factor - 0.5,
        ty: (to.ty + 0.5) * factor - 0.5,
    }
}
