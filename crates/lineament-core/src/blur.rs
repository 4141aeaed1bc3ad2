//! Gaussian blur.

use crate::image::RgbImage;

/// Blurs with a Gaussian of the standard deviation `sigma_px` in pixels, cut off behind three of them, along the rows and then
/// along the columns. Beyond the edge the nearest pixel is repeated.
pub fn blur(image: &mut RgbImage, sigma_px: f64) {
    let kernel = kernel(sigma_px);
    let (width, height) = (image.width() as usize, image.height() as usize);
    let samples: Vec<f32> = image
        .pixels()
        .iter()
        .map(|&sample| f32::from(sample))
        .collect();
    let mut across = vec![0.0; samples.len()];
    for (from, to) in samples
        .chunks_exact(width * 3)
        .zip(across.chunks_exact_mut(width * 3))
    {
        for (x, sums) in to.chunks_exact_mut(3).enumerate() {
            for (tap, weight) in kernel.iter().enumerate() {
                let at = source(x, tap, kernel.len(), width) * 3;
                add(sums, &from[at..at + 3], *weight);
            }
        }
    }
    let mut row = vec![0.0; width * 3];
    for (y, to) in image.pixels_mut().chunks_exact_mut(width * 3).enumerate() {
        row.fill(0.0);
        for (tap, weight) in kernel.iter().enumerate() {
            let at = source(y, tap, kernel.len(), height) * width * 3;
            add(&mut row, &across[at..at + width * 3], *weight);
        }
        for (sample, sum) in to.iter_mut().zip(&row) {
            *sample = (sum + 0.5) as u8;
        }
    }
}

/// Where the tap of a kernel that is centred on `place` lies, along a side of length `n`.
fn source(place: usize, tap: usize, n_taps: usize, n: usize) -> usize {
    (place + tap).saturating_sub(n_taps / 2).min(n - 1)
}

fn add(sums: &mut [f32], values: &[f32], weight: f32) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += weight * value;
    }
}

/// An odd number of weights that sum to 1, out to three standard deviations.
fn kernel(sigma_px: f64) -> Vec<f32> {
    let radius = (3.0 * sigma_px).ceil() as i32;
    let weight = |x: i32| (-0.5 * (f64::from(x) / sigma_px).powi(2)).exp();
    let sum: f64 = (-radius..=radius).map(weight).sum();
    (-radius..=radius)
        .map(|x| (weight(x) / sum) as f32)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_becomes_a_gaussian_in_place() {
        let mut image = RgbImage::filled(41, 31, [0; 3]);
        let at = |x: usize, y: usize| (y * 41 + x) * 3;
        image.pixels_mut()[at(20, 15)..][..3].fill(255);
        blur(&mut image, 1.2);
        let density = |dx: f64, dy: f64| {
            let exponent = -(dx * dx + dy * dy) / (2.0 * 1.2 * 1.2);
            255.0 * exponent.exp() / (2.0 * std::f64::consts::PI * 1.2 * 1.2)
        };
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (2, 1), (0, 3)] {
            let got = f64::from(image.pixels()[at(20 + dx, 15 + dy)]);
            // Half a step of rounding, and what the kernel cut off behind 3 σ.
            assert!(
                (got - density(dx as f64, dy as f64)).abs() < 0.8,
                "{dx} {dy} {got}"
            );
        }
    }

    #[test]
    fn an_even_image_stays_as_it_is() {
        let mut image = RgbImage::filled(7, 5, [3, 100, 255]);
        blur(&mut image, 4.0);
        assert_eq!(image, RgbImage::filled(7, 5, [3, 100, 255]));
    }
}
