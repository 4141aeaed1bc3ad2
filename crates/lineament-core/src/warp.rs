//! Cutting an aligned crop out of a photo: similarity warp with bilinear sampling.

use crate::error::CoreError;
use crate::image::{RgbImage, RgbView};
use crate::similarity::Similarity;

/// What is seen beyond the photo's edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Border {
    /// Black, as the crops of most published models were made.
    Black,
    /// The nearest pixel of the photo.
    Replicate,
}

/// The crop of `width` × `height` in which `photo` appears moved by `photo_to_crop`.
///
/// Every crop pixel is sampled bilinearly. Where the transform shrinks by a factor s above 2, the
/// photo is first averaged over blocks of ⌊s⌋×⌊s⌋ pixels, so that no detail folds into noise.
///
/// # Errors
/// [`CoreError::DegenerateLandmarks`] when the transform is not finite or has no scale;
/// [`CoreError::ImageShape`] when a side of the crop is 0.
pub fn warp(
    photo: RgbView<'_>,
    photo_to_crop: &Similarity,
    (width, height): (u32, u32),
    border: Border,
) -> Result<RgbImage, CoreError> {
    let crop_to_photo = photo_to_crop.inverse();
    let shrink = crop_to_photo.scale();
    if !shrink.is_finite() || shrink <= 0.0 {
        return Err(CoreError::DegenerateLandmarks);
    }
    let pixels = if shrink > 2.0 {
        let block = shrink.floor().min(65_536.0) as u32;
        let region = Blocks::covering(photo, &crop_to_photo, (width, height), block);
        sample(&region, &crop_to_photo, (width, height), border)
    } else {
        sample(&photo, &crop_to_photo, (width, height), border)
    };
    RgbImage::new(width, height, pixels)
}

/// Something with RGB values at integer positions, some of which may lie outside.
trait Grid {
    /// From photo coordinates to grid coordinates.
    fn locate(&self, x: f64, y: f64) -> (f64, f64);
    /// Columns and rows of the whole grid.
    fn size(&self) -> (i64, i64);
    /// The value at a position inside the grid.
    fn at(&self, x: i64, y: i64) -> [f32; 3];
    /// The values at a position, to its right, below it and below that, all inside the grid.
    #[inline]
    fn square(&self, x: i64, y: i64) -> [[f32; 3]; 4] {
        [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)].map(|(x, y)| self.at(x, y))
    }
}

impl Grid for RgbView<'_> {
    fn locate(&self, x: f64, y: f64) -> (f64, f64) {
        (x, y)
    }

    fn size(&self) -> (i64, i64) {
        (i64::from(self.width()), i64::from(self.height()))
    }

    #[inline]
    fn at(&self, x: i64, y: i64) -> [f32; 3] {
        let start = (y as usize * self.width() as usize + x as usize) * 3;
        let [r, g, b] = [0, 1, 2].map(|channel| f32::from(self.pixels()[start + channel]));
        [r, g, b]
    }

    #[inline]
    fn square(&self, x: i64, y: i64) -> [[f32; 3]; 4] {
        let line = self.width() as usize * 3;
        let start = y as usize * line + x as usize * 3;
        let two = |start: usize| {
            let pixels = &self.pixels()[start..start + 6];
            [0, 3].map(|pixel| [0, 1, 2].map(|channel| f32::from(pixels[pixel + channel])))
        };
        let ([a, b], [c, d]) = (two(start), two(start + line));
        [a, b, c, d]
    }
}

/// The photo averaged over square blocks; only the part that a crop looks at is computed.
struct Blocks {
    block: u32,
    /// Columns and rows that the whole photo would give.
    size: (i64, i64),
    /// First computed column and row, and how many columns.
    first: (i64, i64),
    columns: i64,
    means: Vec<[f32; 3]>,
}

impl Blocks {
    fn covering(
        photo: RgbView<'_>,
        crop_to_photo: &Similarity,
        (width, height): (u32, u32),
        block: u32,
    ) -> Self {
        let (right, bottom) = (f64::from(width) - 1.0, f64::from(height) - 1.0);
        let corners = [(0.0, 0.0), (right, 0.0), (0.0, bottom), (right, bottom)]
            .map(|(x, y)| crop_to_photo.apply_xy(x, y));
        let size = (
            i64::from(photo.width().div_ceil(block)),
            i64::from(photo.height().div_ceil(block)),
        );
        let span = |values: [f64; 4], n_blocks: i64| {
            let low = values.iter().copied().fold(f64::INFINITY, f64::min) / f64::from(block);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max) / f64::from(block);
            let first = (low.floor() as i64 - 2).clamp(0, n_blocks - 1);
            let last = (high.ceil() as i64 + 2).clamp(first, n_blocks - 1);
            (first, last)
        };
        let (first_x, last_x) = span(corners.map(|c| c.0), size.0);
        let (first_y, last_y) = span(corners.map(|c| c.1), size.1);
        let means = (first_y..=last_y)
            .flat_map(|row| (first_x..=last_x).map(move |column| (column, row)))
            .map(|(column, row)| block_mean(photo, block, column as u32, row as u32))
            .collect();
        Self {
            block,
            size,
            first: (first_x, first_y),
            columns: last_x - first_x + 1,
            means,
        }
    }
}

impl Grid for Blocks {
    fn locate(&self, x: f64, y: f64) -> (f64, f64) {
        let block = f64::from(self.block);
        let center = (block - 1.0) / 2.0;
        ((x - center) / block, (y - center) / block)
    }

    fn size(&self) -> (i64, i64) {
        self.size
    }

    #[inline]
    fn at(&self, x: i64, y: i64) -> [f32; 3] {
        let rows = self.means.len() as i64 / self.columns;
        let column = (x - self.first.0).clamp(0, self.columns - 1);
        let row = (y - self.first.1).clamp(0, rows - 1);
        self.means[(row * self.columns + column) as usize]
    }
}

fn block_mean(photo: RgbView<'_>, block: u32, column: u32, row: u32) -> [f32; 3] {
    let (left, top) = (column * block, row * block);
    let (right, bottom) = (
        left.saturating_add(block).min(photo.width()),
        top.saturating_add(block).min(photo.height()),
    );
    let mut sums = [0u64; 3];
    for y in top..bottom {
        let line = &photo.row(y)[left as usize * 3..right as usize * 3];
        for pixel in line.chunks_exact(3) {
            for (sum, &value) in sums.iter_mut().zip(pixel) {
                *sum += u64::from(value);
            }
        }
    }
    let n_pixels = f64::from(right - left) * f64::from(bottom - top);
    sums.map(|sum| (sum as f64 / n_pixels) as f32)
}

fn sample(
    grid: &impl Grid,
    crop_to_photo: &Similarity,
    (width, height): (u32, u32),
    border: Border,
) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(width as usize * height as usize * 3);
    for row in 0..height {
        for column in 0..width {
            let (x, y) = crop_to_photo.apply_xy(f64::from(column), f64::from(row));
            let (x, y) = grid.locate(x, y);
            let rgb = bilinear(grid, x, y, border);
            pixels.extend(rgb.map(|value| (value + 0.5) as u8));
        }
    }
    pixels
}

#[inline]
fn bilinear(grid: &impl Grid, x: f64, y: f64, border: Border) -> [f32; 3] {
    let (x0, y0) = (floor(x), floor(y));
    // Beyond 64 bits there is no part left.
    let part = |value: f64, whole: i64| (value - whole as f64).clamp(0.0, 1.0) as f32;
    let (fx, fy) = (part(x, x0), part(y, y0));
    let (columns, rows) = grid.size();
    let is_inside = (0..columns - 1).contains(&x0) && (0..rows - 1).contains(&y0);
    let values = if is_inside {
        grid.square(x0, y0)
    } else {
        let (x1, y1) = (x0.saturating_add(1), y0.saturating_add(1));
        [(x0, y0), (x1, y0), (x0, y1), (x1, y1)].map(|(x, y)| tap(grid, x, y, border))
    };
    let weights = [
        (1.0 - fx) * (1.0 - fy),
        fx * (1.0 - fy),
        (1.0 - fx) * fy,
        fx * fy,
    ];
    let mut rgb = [0.0f32; 3];
    for (weight, value) in weights.into_iter().zip(values) {
        for (sum, v) in rgb.iter_mut().zip(value) {
            *sum += weight * v;
        }
    }
    rgb
}

/// The greatest whole number that is not above `value`, or the nearest of 64 bits. `f64::floor` is a call where no
/// processor younger than x86-64's first may be assumed.
#[inline]
fn floor(value: f64) -> i64 {
    let toward_zero = value as i64;
    toward_zero.saturating_sub(i64::from(toward_zero as f64 > value))
}

fn tap(grid: &impl Grid, x: i64, y: i64, border: Border) -> [f32; 3] {
    let (columns, rows) = grid.size();
    let inside = (0..columns).contains(&x) && (0..rows).contains(&y);
    match border {
        _ if inside => grid.at(x, y),
        Border::Black => [0.0; 3],
        Border::Replicate => grid.at(x.clamp(0, columns - 1), y.clamp(0, rows - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_those_of_floor() {
        let values = [
            0.0,
            -0.0,
            0.5,
            -0.5,
            1.0,
            -1.0,
            7.999,
            -7.001,
            1e9 + 0.5,
            -1e9 - 0.5,
        ];
        for value in values {
            assert_eq!(floor(value), value.floor() as i64, "{value}");
        }
        for value in [1e300, -1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            let far = floor(value);
            assert!(far == value as i64 || far == i64::MIN, "{value}: {far}");
        }
    }

    fn gradient(width: u32, height: u32) -> RgbImage {
        let pixels = (0..height)
            .flat_map(|y| (0..width).flat_map(move |x| [x as u8, y as u8, (x + y) as u8]))
            .collect();
        RgbImage::new(width, height, pixels).unwrap()
    }

    #[test]
    fn the_identity_copies() {
        let image = gradient(20, 14);
        let copy = warp(image.view(), &Similarity::IDENTITY, (20, 14), Border::Black).unwrap();
        assert_eq!(copy, image);
    }

    #[test]
    fn beyond_the_edge_lies_the_border() {
        let image = RgbImage::filled(4, 4, [200, 100, 50]);
        let far = Similarity {
            tx: 100.0,
            ..Similarity::IDENTITY
        };
        let black = warp(image.view(), &far, (4, 4), Border::Black).unwrap();
        let replicated = warp(image.view(), &far, (4, 4), Border::Replicate).unwrap();
        assert_eq!(black, RgbImage::filled(4, 4, [0, 0, 0]));
        assert_eq!(replicated, image);
    }

    #[test]
    fn strong_shrinking_averages_fine_stripes() {
        let pixels = (0..96 * 96)
            .flat_map(|i| if i % 2 == 0 { [255u8; 3] } else { [0; 3] })
            .collect();
        let stripes = RgbImage::new(96, 96, pixels).unwrap();
        let shrink = Similarity {
            a: 0.125,
            ..Similarity::IDENTITY
        };
        let small = warp(stripes.view(), &shrink, (12, 12), Border::Replicate).unwrap();
        assert!(small.pixels().iter().all(|&v| (126..=129).contains(&v)));
    }

    #[test]
    fn a_transform_without_scale_is_refused() {
        let image = gradient(4, 4);
        let flat = Similarity {
            a: 0.0,
            ..Similarity::IDENTITY
        };
        assert!(warp(image.view(), &flat, (4, 4), Border::Black).is_err());
    }
}
