//! Which part of a crop a network sees.

use lineament_core::{Border, CoreError, RgbImage, RgbView, Similarity, warp};
use serde::{Deserialize, Serialize};

/// What is cut out of the middle of each crop: the network's input.
///
/// The middle of the crop, or a place at an offset from it, comes to the middle of the input: of a crop of 128×128, an input of 112×112
/// at one crop pixel a pixel is what starts at (8, 8).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// How many pixels of the crop, along a side, one pixel of the input shows; 1 cuts without scaling.
    #[serde(default = "one")]
    pub crop_px_per_px: f64,
    /// Where the middle of what is cut out lies from that of the crop, to the right and down, in pixels of
    /// the crop.
    #[serde(default)]
    pub offset_crop_px: [f64; 2],
}

fn one() -> f64 {
    1.0
}

/// How a crop is moved before it is cut, about its middle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placement {
    /// To the right and down, in pixels of the input.
    pub(crate) shift_px: (f64, f64),
    /// By how much it is enlarged.
    pub(crate) scale: f64,
    /// Clockwise, as rows run down.
    pub(crate) rotation_rad: f64,
}

impl Placement {
    /// As it is.
    pub(crate) const CENTERED: Self = Self {
        shift_px: (0.0, 0.0),
        scale: 1.0,
        rotation_rad: 0.0,
    };
}

impl Target {
    /// An input of this size, cut without scaling.
    #[must_use]
    pub fn cut(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            crop_px_per_px: 1.0,
            offset_crop_px: [0.0; 2],
        }
    }

    /// What a network sees of `crop`. Beyond the crop's edge its nearest pixel is repeated.
    ///
    /// # Errors
    /// [`CoreError`] for a target without size or scale.
    pub fn view(&self, crop: RgbView<'_>) -> Result<RgbImage, CoreError> {
        self.view_moved(crop, &Placement::CENTERED)
    }

    pub(crate) fn view_moved(
        &self,
        crop: RgbView<'_>,
        placement: &Placement,
    ) -> Result<RgbImage, CoreError> {
        let moved = self.transform((crop.width(), crop.height()), placement);
        let size = (self.width, self.height);
        match self.plain_cut(crop, &moved) {
            Some((x, y)) => crop.cropped(x, y, self.width, self.height),
            None if *placement != Placement::CENTERED && is_quick(&moved) => {
                RgbImage::new(size.0, size.1, sample_quickly(crop, &moved.inverse(), size))
            }
            None => warp(crop, &moved, size, Border::Replicate),
        }
    }

    /// From pixels of a crop of this size to pixels of the input.
    fn transform(&self, (width, height): (u32, u32), placement: &Placement) -> Similarity {
        let middle = |side: u32| (f64::from(side) - 1.0) / 2.0;
        let scale = placement.scale / self.crop_px_per_px;
        let (a, b) = (
            scale * placement.rotation_rad.cos(),
            scale * placement.rotation_rad.sin(),
        );
        let [across, down] = self.offset_crop_px;
        let (x, y) = (middle(width) + across, middle(height) + down);
        Similarity {
            a,
            b,
            tx: middle(self.width) + placement.shift_px.0 - (a * x - b * y),
            ty: middle(self.height) + placement.shift_px.1 - (b * x + a * y),
        }
    }

    /// Where the cut starts, if every pixel of the input is one of the crop's.
    fn plain_cut(&self, crop: RgbView<'_>, moved: &Similarity) -> Option<(u32, u32)> {
        let start = |shift: f64, side: u32, crop_side: u32| {
            let last = f64::from(crop_side) - f64::from(side);
            let is_plain = shift.fract() == 0.0 && (0.0..=last).contains(&-shift);
            is_plain.then_some(-shift as u32)
        };
        let is_unscaled = (moved.a, moved.b) == (1.0, 0.0);
        let x = start(moved.tx, self.width, crop.width())?;
        let y = start(moved.ty, self.height, crop.height())?;
        is_unscaled.then_some((x, y))
    }
}

/// True where four pixels of the crop are enough for one of the input.
fn is_quick(crop_to_input: &Similarity) -> bool {
    (0.5..=16.0).contains(&crop_to_input.scale())
}

/// What [`warp`] gives with [`Border::Replicate`], to within two steps of 255: positions are in 65,536ths
/// of a pixel and weights in 256ths, all whole numbers, several times as fast. For images that are
/// moved at random anyway.
pub(crate) fn sample_quickly(
    crop: RgbView<'_>,
    input_to_crop: &Similarity,
    (width, height): (u32, u32),
) -> Vec<u8> {
    let fixed = |number: f64| (number * 65_536.0).round() as i64;
    let (last_x, last_y) = (i64::from(crop.width()) - 1, i64::from(crop.height()) - 1);
    let (step_x, step_y) = (fixed(input_to_crop.a), fixed(input_to_crop.b));
    let mut pixels = vec![0; width as usize * height as usize * 3];
    for (row, line) in pixels.chunks_exact_mut(width as usize * 3).enumerate() {
        let (x, y) = input_to_crop.apply_xy(0.0, row as f64);
        let (mut x, mut y) = (fixed(x), fixed(y));
        for pixel in line.chunks_exact_mut(3) {
            let columns =
                [x >> 16, (x >> 16) + 1].map(|column| column.clamp(0, last_x) as usize * 3);
            let rows = [y >> 16, (y >> 16) + 1].map(|row| crop.row(row.clamp(0, last_y) as u32));
            let (right, below) = ((x >> 8 & 255) as u32, (y >> 8 & 255) as u32);
            let [upper, lower] = rows.map(|row| columns.map(|column| &row[column..column + 3]));
            for (channel, sample) in pixel.iter_mut().enumerate() {
                let between = |[left, other]: [&[u8]; 2]| {
                    u32::from(left[channel]) * (256 - right) + u32::from(other[channel]) * right
                };
                let sum = between(upper) * (256 - below) + between(lower) * below;
                *sample = ((sum + (1 << 15)) >> 16) as u8;
            }
            x += step_x;
            y += step_y;
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red counts columns, green rows.
    fn ramp(side: u32) -> RgbImage {
        let pixels = (0..side).flat_map(|y| (0..side).flat_map(move |x| [x as u8, y as u8, 7]));
        RgbImage::new(side, side, pixels.collect()).unwrap()
    }

    #[test]
    fn the_template_lies_in_the_middle_of_the_crop() {
        let crop = ramp(128);
        let seen = Target::cut(112, 112).view(crop.view()).unwrap();
        assert_eq!(seen, crop.view().cropped(8, 8, 112, 112).unwrap());
        let seen = Target::cut(96, 112).view(crop.view()).unwrap();
        assert_eq!(seen, crop.view().cropped(16, 8, 96, 112).unwrap());
    }

    #[test]
    fn whole_pixels_are_cut_as_warping_would() {
        let crop = ramp(128);
        let target = Target::cut(112, 112);
        let placement = Placement {
            shift_px: (3.0, -5.0),
            ..Placement::CENTERED
        };
        let cut = target.view_moved(crop.view(), &placement).unwrap();
        let moved = target.transform((128, 128), &placement);
        assert!(target.plain_cut(crop.view(), &moved).is_some());
        let warped = warp(crop.view(), &moved, (112, 112), Border::Replicate).unwrap();
        assert_eq!(cut, warped);
        // What was at (8, 8) + (3, −5) went to (3, −5) + …: the first pixel shows (5, 13).
        assert_eq!(cut.pixels()[..2], [5, 13]);
    }

    #[test]
    fn beyond_the_edge_the_last_pixel_is_repeated() {
        let placement = Placement {
            shift_px: (20.0, 0.0),
            ..Placement::CENTERED
        };
        let seen = Target::cut(112, 112)
            .view_moved(ramp(128).view(), &placement)
            .unwrap();
        assert_eq!(
            [
                seen.pixels()[0],
                seen.pixels()[11 * 3],
                seen.pixels()[13 * 3]
            ],
            [0, 0, 1]
        );
    }

    #[test]
    fn the_quick_way_sees_what_warping_does() {
        let pixels = (0..128 * 128 * 3).map(|i: u32| (i * i / 11 % 256) as u8);
        let crop = RgbImage::new(128, 128, pixels.collect()).unwrap();
        let target = Target::cut(112, 112);
        for turn in 0..20 {
            let place = f64::from(turn) - 10.0;
            let placement = Placement {
                shift_px: (place * 2.3, -place * 1.7),
                scale: 1.0 + place * 0.04,
                rotation_rad: place * 0.15,
            };
            let moved = target.transform((128, 128), &placement);
            let warped = warp(crop.view(), &moved, (112, 112), Border::Replicate).unwrap();
            let quick = sample_quickly(crop.view(), &moved.inverse(), (112, 112));
            let pairs = quick.iter().zip(warped.pixels());
            let worst = pairs.map(|(&a, &b)| a.abs_diff(b)).max().unwrap();
            assert!(worst <= 2, "{worst} at {placement:?}");
        }
    }

    #[test]
    fn a_patch_lies_where_the_offset_says() {
        let target = Target {
            offset_crop_px: [-20.0, 10.0],
            ..Target::cut(40, 30)
        };
        let crop = ramp(128);
        let seen = target.view(crop.view()).unwrap();
        assert_eq!(seen, crop.view().cropped(24, 59, 40, 30).unwrap());
    }

    #[test]
    fn scale_is_in_crop_pixels_a_pixel() {
        let target = Target {
            crop_px_per_px: 2.0,
            ..Target::cut(64, 64)
        };
        let seen = target.view(ramp(128).view()).unwrap();
        // The first pixel covers columns 0 and 1, the last 126 and 127; 0.5 rounds to either side.
        let red = |x: usize| i16::from(seen.pixels()[x * 3]);
        assert!((red(0) - 1).abs() <= 1 && (red(63) - 126).abs() <= 1);
    }

    #[test]
    fn enlarging_and_turning_keep_the_middle() {
        let mut crop = RgbImage::filled(129, 129, [0; 3]);
        let middle = (64 * 129 + 64) * 3;
        crop.pixels_mut()[middle] = 255;
        let placement = Placement {
            scale: 1.2,
            rotation_rad: 0.3,
            ..Placement::CENTERED
        };
        let seen = Target::cut(113, 113)
            .view_moved(crop.view(), &placement)
            .unwrap();
        let brightest = (0..113 * 113).max_by_key(|pixel| seen.pixels()[pixel * 3]);
        assert_eq!(brightest, Some(56 * 113 + 56));
    }

    #[test]
    fn a_turn_is_clockwise() {
        let mut crop = RgbImage::filled(129, 129, [0; 3]);
        // To the right of the middle; a quarter turn takes it below.
        crop.pixels_mut()[(64 * 129 + 84) * 3] = 255;
        let placement = Placement {
            rotation_rad: std::f64::consts::FRAC_PI_2,
            ..Placement::CENTERED
        };
        let seen = Target::cut(113, 113)
            .view_moved(crop.view(), &placement)
            .unwrap();
        let brightest = (0..113 * 113).max_by_key(|pixel| seen.pixels()[pixel * 3]);
        assert_eq!(brightest, Some(76 * 113 + 56));
    }
}
