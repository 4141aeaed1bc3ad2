//! Photos and crops of faces that were taken with too little light: brightened, and their noise smoothed away.

use crate::blur::blur;
use crate::image::{RgbImage, RgbView};

/// Below this mean level a crop is too dark. Of the aligned faces of 1,000 pairs of LFW's DevTrain, the darkest has 43.
const DARK: f64 = 40.0;
/// The mean level that it is brought to, which is that of those faces.
const BRIGHT: f64 = 110.0;
/// What a face in the light, in front of the dark, is brought to at most: all but a thousandth of a picture keep below it.
const WHITE: f64 = 255.0;
/// Levels of noise from which on a crop is smoothed. Of 574 aligned faces of DevTrain, none has more than 4.93.
const NOISY: f64 = 5.0;
/// The standard deviation of the smoothing, in pixels: a share of the noise and what is added to it. The best of 0.7, 1, 1.5, 2
/// and 2.5 pixels on those pairs are 0.7 at 5.5 levels of noise, 1 at 13, 1.5 at 25.
const SIGMA_PX: [f64; 2] = [0.042, 0.45];
/// Pixels that noise is measured on, at least, where there are as many: all of a crop's, every n-th line of a photo.
const NOISE_PIXELS: usize = 1 << 14;
/// Pixels whose mean level counts, at least, likewise.
const MEAN_PIXELS: usize = 1 << 16;
/// More is not smoothed away: it is no longer noise.
const MOST_NOISE: f64 = 40.0;

/// The picture, of the same size, as it would look with more light, where its mean level is below 40 of 255 or its noise above
/// 5 levels ([`noise_level`]); `None` where it is neither, as most are. Of photos, every n-th line is asked. Ours; chosen on LFW's DevTrain.
#[must_use]
pub fn restored(crop: RgbView<'_>) -> Option<RgbImage> {
    let mean = mean_level(crop);
    let gain = match mean < DARK {
        true => (BRIGHT / mean.max(1.0)).min(WHITE / f64::from(highlight(crop).max(1))),
        false => 1.0,
    };
    let brightened = (gain > 1.0).then(|| brightened(crop, gain));
    let noise = noise_level(brightened.as_ref().map_or(crop, RgbImage::view));
    if noise <= NOISY {
        return brightened;
    }
    let mut smooth = brightened.unwrap_or_else(|| crop.to_image());
    blur(
        &mut smooth,
        SIGMA_PX[0] * noise.min(MOST_NOISE) + SIGMA_PX[1],
    );
    Some(smooth)
}

/// The mean of all numbers of an image, 0 to 255, or of those of every n-th line, as many as hold 65,536 pixels; 0 of one
/// without pixels.
fn mean_level(image: RgbView<'_>) -> f64 {
    let height = image.height() as usize;
    let lines = (0..height).step_by(lines_apart(image.width(), height, MEAN_PIXELS));
    let (mut sum, mut n) = (0, 0);
    for y in lines {
        let row = image.row(y as u32);
        // A line's sum fits into 32 bits, which vectors add.
        sum += u64::from(row.iter().map(|&level| u32::from(level)).sum::<u32>());
        n += row.len();
    }
    sum as f64 / n.max(1) as f64
}

/// How many lines to go on by, for `n_pixels` of them in all, or more.
fn lines_apart(width: u32, n_lines: usize, n_pixels: usize) -> usize {
    (n_lines / n_pixels.div_ceil((width as usize).max(1))).max(1)
}

/// The least level that all but a thousandth of the numbers of an image do not exceed.
fn highlight(image: RgbView<'_>) -> u8 {
    let mut counts = [0u64; 256];
    for &level in image.pixels() {
        counts[usize::from(level)] += 1;
    }
    let most = image.pixels().len() as u64 / 1000;
    let mut above = 0;
    let exceeded = (1..=u8::MAX).rev().find(|&level| {
        above += counts[usize::from(level)];
        above > most
    });
    exceeded.unwrap_or(0)
}

fn brightened(image: RgbView<'_>, gain: f64) -> RgbImage {
    // Truncated, and at most white.
    let levels: [u8; 256] = std::array::from_fn(|level| (level as f64 * gain) as u8);
    let mut image = image.to_image();
    for level in image.pixels_mut() {
        *level = levels[usize::from(*level)];
    }
    image
}

/// The standard deviation of the noise of an image's luma, in levels: the mean magnitude of a mask that lines and planes leave
/// at zero, √(π/2) / 6 of it (Immerkær, "Fast noise variance estimation", CVIU 1996), over every n-th line, as many as hold
/// 16,384 pixels. 0 of an image less than three pixels wide or high.
#[must_use]
pub fn noise_level(image: RgbView<'_>) -> f64 {
    let (width, height) = (image.width() as usize, image.height() as usize);
    if width < 3 || height < 3 {
        return 0.0;
    }
    let step = lines_apart(image.width(), height - 2, NOISE_PIXELS);
    let mut rows = [0, 1, 2].map(|_| vec![0.0f32; width]);
    // The line whose luma each holds.
    let mut held = [usize::MAX; 3];
    let mut column = vec![0.0f32; width];
    let (mut sum, mut n) = (0.0, 0);
    for y in (0..height - 2).step_by(step) {
        for line in y..y + 3 {
            if held[line % 3] != line {
                luma(image.row(line as u32), &mut rows[line % 3]);
                held[line % 3] = line;
            }
        }
        // Down each column first, then along the row: 1, -2, 1.
        let [above, middle, below] = [0, 1, 2].map(|down| &rows[(y + down) % 3]);
        let lines = above.iter().zip(middle).zip(below);
        for (sum, ((above, middle), below)) in column.iter_mut().zip(lines) {
            *sum = above - 2.0 * middle + below;
        }
        let line = column
            .windows(3)
            .map(|of| (of[0] - 2.0 * of[1] + of[2]).abs());
        sum += f64::from(line.sum::<f32>());
        n += width - 2;
    }
    std::f64::consts::FRAC_PI_2.sqrt() / 6.0 * sum / n as f64
}

fn luma(row: &[u8], luma: &mut [f32]) {
    for (luma, pixel) in luma.iter_mut().zip(row.as_chunks::<3>().0) {
        let [r, g, b] = pixel.map(f32::from);
        *luma = 0.299 * r + 0.587 * g + 0.114 * b;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_neither_dark_nor_noisy_stays_as_it_is() {
        assert_eq!(restored(RgbImage::filled(112, 112, [41; 3]).view()), None);
        assert_eq!(noise_level(RgbImage::filled(2, 9, [7; 3]).view()), 0.0);
    }

    #[test]
    fn of_a_photo_every_nth_line_counts() {
        let mut photo = RgbImage::filled(1024, 256, [41; 3]);
        for line in photo.pixels_mut().chunks_mut(1024 * 3).step_by(4) {
            line.fill(38);
        }
        assert_eq!(mean_level(photo.view()), 38.0);
        assert!(restored(photo.view()).is_some());
        let small = &photo.pixels()[..1024 * 3 * 64];
        let small = RgbImage::new(1024, 64, small.to_vec()).unwrap();
        assert_eq!(mean_level(small.view()), 40.25);
    }

    #[test]
    fn black_stays_black() {
        let black = RgbImage::filled(8, 8, [0; 3]);
        assert_eq!(restored(black.view()), Some(black.clone()));
    }

    #[test]
    fn what_is_in_the_light_is_not_blinded() {
        let mut stage = RgbImage::filled(100, 100, [2; 3]);
        assert_eq!(
            restored(stage.view()),
            Some(RgbImage::filled(100, 100, [110; 3]))
        );
        // A lamp of ten pixels counts for nothing, a face of twenty as much as it takes.
        stage.pixels_mut()[..30].fill(255);
        assert_eq!(
            restored(stage.view()).map(|bright| bright.pixels()[200]),
            Some(97)
        );
        stage.pixels_mut()[30..60].fill(200);
        let bright = restored(stage.view());
        assert_eq!(
            bright.map(|bright| [bright.pixels()[45], bright.pixels()[200]]),
            Some([254, 2])
        );
    }
}
