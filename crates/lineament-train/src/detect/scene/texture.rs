//! Backgrounds that nobody photographed.

use crate::data::random::between;
use lineament_core::{CoreError, RgbImage, resize};
use lineament_eval::Seeded;

/// A picture of this size: one colour, a gradient, or noise of some coarseness.
pub(super) fn texture(width: u32, height: u32, random: &mut Seeded) -> Result<RgbImage, CoreError> {
    match random.below(4) {
        0 => Ok(RgbImage::filled(width, height, color(random))),
        // What a photo that is not square is padded with.
        1 => Ok(RgbImage::filled(width, height, [0; 3])),
        2 => noise(2, 2, random, 255.0).and_then(|few| resize(few.view(), width, height)),
        _ => {
            let cells = between(random, 4.0_f64.ln(), f64::from(width).ln()).exp() as u32;
            let strength = between(random, 20.0, 255.0);
            let few = noise(
                cells.max(2),
                (cells * height / width).max(2),
                random,
                strength,
            )?;
            resize(few.view(), width, height)
        }
    }
}

pub(super) fn color(random: &mut Seeded) -> [u8; 3] {
    [(); 3].map(|()| random.below(256) as u8)
}

/// Each sample as far as `strength` / 2 from that of one colour.
fn noise(
    width: u32,
    height: u32,
    random: &mut Seeded,
    strength: f64,
) -> Result<RgbImage, CoreError> {
    let middle = color(random).map(f64::from);
    let n_pixels = width as usize * height as usize;
    let pixels = (0..n_pixels)
        .flat_map(|_| middle.map(|m| m + strength * (between(random, 0.0, 1.0) - 0.5)));
    // The cast saturates at 0 and 255.
    RgbImage::new(width, height, pixels.map(|sample| sample as u8).collect())
}
