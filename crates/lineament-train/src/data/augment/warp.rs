//! Bending: a face seen a little from elsewhere, or with another expression.

use lineament_core::{CoreError, RgbImage};
use lineament_eval::Seeded;
use serde::{Deserialize, Serialize};

use super::{check, check_probability};
use crate::data::random::{between, happens};
use crate::error::TrainError;

/// Cells of the elastic sheet along each side.
const CELLS: usize = 4;
/// Points that hold it: a cubic B-spline needs one more than there are cells on both sides.
const POINTS: usize = CELLS + 3;

/// A smooth warp: a perspective about the image's middle, and an elastic sheet whose points are moved at
/// random (Simard, Steinkraus and Platt, ICDAR 2003, with a cubic B-spline for their Gaussian).
/// Beyond the edge the nearest pixel is repeated; nothing is folded over.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WarpOptions {
    /// Probability that an image is warped.
    pub probability: f64,
    /// The farthest that the sheet moves a place along each side, as a share of that side, 0 to 0.1.
    pub elastic: f64,
    /// The strongest perspective along each side, 0 to 0.2: with p, what is at one edge appears 1 + p
    /// times as large as in the middle, and 1 − p times at the other.
    pub perspective: f64,
}

impl Default for WarpOptions {
    fn default() -> Self {
        Self {
            probability: 0.0,
            elastic: 0.02,
            perspective: 0.05,
        }
    }
}

impl WarpOptions {
    pub(super) fn check(&self) -> Result<(), TrainError> {
        check_probability("augment.warp.probability", self.probability)?;
        let (elastic, perspective) = (self.elastic, self.perspective);
        let is_right = (0.0..=0.1).contains(&elastic);
        check("augment.warp.elastic", "0 to 0.1", elastic, is_right)?;
        let is_right = (0.0..=0.2).contains(&perspective);
        check(
            "augment.warp.perspective",
            "0 to 0.2",
            perspective,
            is_right,
        )
    }

    pub(super) fn apply(&self, image: &mut RgbImage, random: &mut Seeded) -> Result<(), CoreError> {
        if happens(random, self.probability) {
            *image = Warp::draw(self, random).applied(image)?;
        }
        Ok(())
    }
}

/// Where the pixels of a warped image come from, in units of half its sides, (0, 0) in the middle.
struct Warp {
    /// Slopes of the perspective, across and down.
    slopes: [f64; 2],
    /// How far the sheet's points are moved, row by row.
    points: [[[f64; 2]; POINTS]; POINTS],
}

impl Warp {
    fn draw(options: &WarpOptions, random: &mut Seeded) -> Self {
        let WarpOptions {
            elastic,
            perspective,
            ..
        } = *options;
        // A share of a side is twice that of half of it.
        let mut pair = |most: f64| [(); 2].map(|()| between(random, -most, most));
        Self {
            slopes: pair(perspective),
            points: [[(); POINTS]; POINTS].map(|row| row.map(|()| pair(2.0 * elastic))),
        }
    }

    fn applied(&self, image: &RgbImage) -> Result<RgbImage, CoreError> {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let across: Vec<Knot> = (0..width).map(|x| Knot::of(x, width)).collect();
        let mut pixels = vec![0; width * height * 3];
        for (y, line) in pixels.chunks_exact_mut(width * 3).enumerate() {
            let down = Knot::of(y, height);
            let row = down.mixed_rows(&self.points);
            for (pixel, across) in line.chunks_exact_mut(3).zip(&across) {
                let moved = across.mixed(&row);
                let depth = 1.0 + self.slopes[0] * across.at + self.slopes[1] * down.at;
                let x = place(across.at / depth + moved[0], width);
                let y = place(down.at / depth + moved[1], height);
                sample(image, (x, y), pixel);
            }
        }
        RgbImage::new(image.width(), image.height(), pixels)
    }
}

/// From −1 … 1 to pixels, within the image.
fn place(at: f64, side: usize) -> f64 {
    let last = side as f64 - 1.0;
    ((at + 1.0) / 2.0 * last).clamp(0.0, last)
}

/// The pixel at (x, y), bilinear.
fn sample(image: &RgbImage, (x, y): (f64, f64), pixel: &mut [u8]) {
    let (left, top) = (x.floor() as usize, y.floor() as usize);
    let (right, bottom) = (
        (left + 1).min(image.width() as usize - 1),
        (top + 1).min(image.height() as usize - 1),
    );
    let (across, down) = ((x - left as f64) as f32, (y - top as f64) as f32);
    let view = image.view();
    let [upper, lower] = [top, bottom].map(|row| view.row(row as u32));
    for (channel, sample) in pixel.iter_mut().enumerate() {
        let between = |row: &[u8]| {
            let [a, b] = [left, right].map(|column| f32::from(row[column * 3 + channel]));
            a + across * (b - a)
        };
        let (above, below) = (between(upper), between(lower));
        *sample = (above + down * (below - above) + 0.5) as u8;
    }
}

/// A place along a side, and what the sheet's points weigh there.
struct Knot {
    /// −1 to 1.
    at: f64,
    /// The first of four points.
    first: usize,
    weights: [f64; 4],
}

impl Knot {
    fn of(pixel: usize, side: usize) -> Self {
        let share = pixel as f64 / (side as f64 - 1.0).max(1.0);
        let cells = share * CELLS as f64;
        let first = (cells as usize).min(CELLS - 1);
        let t = cells - first as f64;
        Self {
            at: 2.0 * share - 1.0,
            first,
            weights: [
                (1.0 - t).powi(3) / 6.0,
                (3.0 * t.powi(3) - 6.0 * t.powi(2) + 4.0) / 6.0,
                (-3.0 * t.powi(3) + 3.0 * t.powi(2) + 3.0 * t + 1.0) / 6.0,
                t.powi(3) / 6.0,
            ],
        }
    }

    fn mixed(&self, points: &[[f64; 2]; POINTS]) -> [f64; 2] {
        let near = &points[self.first..self.first + 4];
        let sum = |axis: usize| {
            near.iter()
                .zip(self.weights)
                .map(|(p, w)| p[axis] * w)
                .sum()
        };
        [sum(0), sum(1)]
    }

    fn mixed_rows(&self, points: &[[[f64; 2]; POINTS]; POINTS]) -> [[f64; 2]; POINTS] {
        std::array::from_fn(|column| self.mixed(&std::array::from_fn(|row| points[row][column])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red counts columns, green rows, in twos.
    fn ramp(width: u32, height: u32) -> RgbImage {
        let row = |y| (0..width).flat_map(move |x| [(2 * x) as u8, (2 * y) as u8, 9]);
        RgbImage::new(width, height, (0..height).flat_map(row).collect()).unwrap()
    }

    fn warped(options: WarpOptions, seed: u64) -> RgbImage {
        let mut image = ramp(112, 96);
        options.apply(&mut image, &mut Seeded::new(seed)).unwrap();
        image
    }

    fn at(image: &RgbImage, x: usize, y: usize) -> [f64; 2] {
        let start = (y * image.width() as usize + x) * 3;
        [0, 1].map(|axis| f64::from(image.pixels()[start + axis]) / 2.0)
    }

    #[test]
    fn a_flat_sheet_changes_nothing() {
        let still = WarpOptions {
            probability: 1.0,
            elastic: 0.0,
            perspective: 0.0,
        };
        assert_eq!(warped(still, 1), ramp(112, 96));
    }

    #[test]
    fn the_sheet_moves_no_place_too_far_and_folds_nothing() {
        let options = WarpOptions {
            probability: 1.0,
            elastic: 0.1,
            perspective: 0.0,
        };
        let (mut farthest, mut n_moved) = (0.0_f64, 0);
        for seed in 0..100 {
            let image = warped(options, seed);
            for y in 0..96 {
                for x in 0..112 {
                    let [dx, dy] = at(&image, x, y);
                    let moved = [(dx - x as f64).abs() / 112.0, (dy - y as f64).abs() / 96.0];
                    // Half a step of rounding.
                    assert!(moved[0] < 0.104 && moved[1] < 0.104, "{moved:?}");
                    farthest = farthest.max(moved[0]);
                    n_moved += usize::from(moved[0] > 0.01);
                    let [before, _] = at(&image, x.saturating_sub(1), y);
                    assert!(dx >= before, "{x} {y}");
                }
            }
        }
        assert!(farthest > 0.05, "{farthest}");
        assert!(n_moved > 100 * 112 * 96 / 3, "{n_moved}");
    }

    #[test]
    fn perspective_keeps_the_middle_and_straight_lines() {
        let options = WarpOptions {
            probability: 1.0,
            elastic: 0.0,
            perspective: 0.2,
        };
        for seed in 0..50 {
            let image = warped(options, seed);
            let [x, y] = at(&image, 56, 48);
            assert!((x - 56.0).abs() < 1.0 && (y - 48.0).abs() < 1.0, "{x} {y}");
            // A row stays a line: the middle lies between its neighbours as they are far from it.
            let [a, b, c] = [30, 50, 70].map(|x| at(&image, x, 20));
            let area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
            assert!(area.abs() / (c[0] - a[0]) < 1.0, "{area}");
        }
    }

    #[test]
    fn some_images_are_warped_and_seeds_tell_how() {
        let options = WarpOptions {
            probability: 0.3,
            ..WarpOptions::default()
        };
        let n_warped = (0..1000).filter(|&seed| warped(options, seed) != ramp(112, 96));
        // Five standard deviations.
        let n_warped = n_warped.count();
        assert!((228..=372).contains(&n_warped), "{n_warped}");
        let always = WarpOptions {
            probability: 1.0,
            ..options
        };
        assert_eq!(warped(always, 4), warped(always, 4));
        assert_ne!(warped(always, 4), warped(always, 5));
    }
}
