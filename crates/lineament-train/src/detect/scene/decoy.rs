//! What might be taken for a face and is none: targets, plaques, gratings, letters, dots, faces in pieces.

use super::texture;
use crate::data::random::{between, happens};
use lineament_core::{CoreError, RgbImage};
use lineament_eval::Seeded;

/// Width and height of those that are drawn.
const SIDE: u32 = 96;

/// Draws one; of the pieces of `crop`, if there is one, as often as of anything else.
pub(super) fn decoy(crop: Option<&RgbImage>, random: &mut Seeded) -> Result<RgbImage, CoreError> {
    match (random.below(6), crop) {
        (0, Some(crop)) => jigsaw(crop, random),
        (0 | 1, _) => target(random),
        (2, _) => plaque(random),
        (3, _) => grating(random),
        (4, _) => letters(random),
        _ => dots(random),
    }
}

/// The color at every place, from −1 to 1 across and down.
fn drawn(at: impl Fn(f64, f64) -> [u8; 3]) -> Result<RgbImage, CoreError> {
    let place = |step: u32| (f64::from(step) + 0.5) / f64::from(SIDE) * 2.0 - 1.0;
    let rows = (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (x, y)));
    let pixels = rows.flat_map(|(x, y)| at(place(x), place(y)));
    RgbImage::new(SIDE, SIDE, pixels.collect())
}

/// Of everyday things, which are greyish, or any.
fn color(random: &mut Seeded) -> [u8; 3] {
    if happens(random, 0.3) {
        return texture::color(random);
    }
    let light = between(random, 0.0, 256.0);
    // The cast saturates at 0 and 255.
    [(); 3].map(|()| (light + between(random, -25.0, 25.0)) as u8)
}

fn colors<const N: usize>(random: &mut Seeded) -> [[u8; 3]; N] {
    [(); N].map(|()| color(random))
}

/// Rings, parted in sectors: dartboards, wheels, clocks, flowers.
fn target(random: &mut Seeded) -> Result<RgbImage, CoreError> {
    let palette: [[u8; 3]; 4] = colors(random);
    let (n_rings, n_colors) = (1 + random.below(7), 2 + random.below(3));
    let n_sectors = 2 * random.below(12);
    let (width, turn) = (between(random, 0.6, 1.0), between(random, 0.0, 1.0));
    drawn(|x, y| {
        let radius = (x / width).hypot(y);
        if radius > 0.95 {
            return palette[3];
        }
        let ring = (radius / 0.95 * n_rings as f64) as usize;
        let around = y.atan2(x) / std::f64::consts::TAU + 0.5;
        let sector = ((around + turn) * n_sectors as f64) as usize;
        palette[(ring + sector) % n_colors]
    })
}

/// Frames in frames: signs, pictures, windows, sockets.
fn plaque(random: &mut Seeded) -> Result<RgbImage, CoreError> {
    let palette: [[u8; 3]; 4] = colors(random);
    let mut inset = 0.0;
    let edges = [(); 4].map(|()| {
        inset += between(random, 0.04, 0.35);
        (1.0 - inset, 1.0 - inset * between(random, 0.7, 1.4))
    });
    drawn(|x, y| {
        let is_inside = |(across, down): &(f64, f64)| x.abs() < *across && y.abs() < *down;
        let depth = edges.iter().take_while(|edge| is_inside(edge)).count();
        palette[depth % 4]
    })
}

/// Stripes or a lattice: blinds, fences, keys, leaves.
fn grating(random: &mut Seeded) -> Result<RgbImage, CoreError> {
    let palette: [[u8; 3]; 2] = colors(random);
    let (first, second) = (wave(random), wave(random));
    let is_lattice = random.below(2) == 0;
    drawn(|x, y| {
        let sum = first(x, y) + if is_lattice { second(x, y) } else { 0.0 };
        let share = (0.5 + sum).clamp(0.0, 1.0);
        std::array::from_fn(|c| {
            let [a, b] = palette.map(|color| f64::from(color[c]));
            (a + (b - a) * share) as u8
        })
    })
}

fn wave(random: &mut Seeded) -> impl Fn(f64, f64) -> f64 + use<> {
    let angle = between(random, 0.0, std::f64::consts::PI);
    let (frequency, phase) = (between(random, 3.0, 24.0), between(random, 0.0, 6.3));
    let (sin, cos) = angle.sin_cos();
    move |x, y| ((x * cos + y * sin) * frequency + phase).sin()
}

/// Strokes and bows of one colour on another: letters, logos, twigs.
fn letters(random: &mut Seeded) -> Result<RgbImage, CoreError> {
    let palette: [[u8; 3]; 2] = colors(random);
    let thickness = between(random, 0.04, 0.16);
    let strokes: Vec<[f64; 5]> = (0..3 + random.below(8))
        .map(|_| {
            let mut place = || between(random, -0.9, 0.9);
            let [a, b, c, d] = [place(), place(), place(), place()];
            [a, b, c, d, between(random, 0.0, 1.0)]
        })
        .collect();
    drawn(|x, y| {
        let is_drawn = strokes.iter().any(|&[a, b, c, d, kind]| {
            let off = match kind < 0.35 {
                true => ((x - a).hypot(y - b) - (c * 0.5).abs() - 0.05).abs(),
                false => from_segment((x, y), (a, b), (c, d)),
            };
            off < thickness
        });
        palette[usize::from(is_drawn)]
    })
}

fn from_segment((x, y): (f64, f64), (a, b): (f64, f64), (c, d): (f64, f64)) -> f64 {
    let (across, down) = (c - a, d - b);
    let length = (across * across + down * down).max(1e-9);
    let share = (((x - a) * across + (y - b) * down) / length).clamp(0.0, 1.0);
    (x - a - share * across).hypot(y - b - share * down)
}

/// Discs anywhere: buttons, berries, lamps, stones.
fn dots(random: &mut Seeded) -> Result<RgbImage, CoreError> {
    let ground = color(random);
    let discs: Vec<(f64, f64, f64, [u8; 3])> = (0..2 + random.below(12))
        .map(|_| {
            let mut place = || between(random, -1.0, 1.0);
            let (x, y) = (place(), place());
            (x, y, between(random, 0.05, 0.5), color(random))
        })
        .collect();
    drawn(|x, y| {
        let over = discs
            .iter()
            .rev()
            .find(|(u, v, radius, _)| (x - u).hypot(y - v) < *radius);
        over.map_or(ground, |(.., color)| *color)
    })
}

/// The pieces of a face, three by three, in an order that leaves at most two where they were.
fn jigsaw(crop: &RgbImage, random: &mut Seeded) -> Result<RgbImage, CoreError> {
    let mut order: Vec<u32> = (0..9).collect();
    while (0..9).zip(&order).filter(|(i, o)| i == *o).count() > 2 {
        random.shuffle(&mut order);
    }
    let (width, height) = (crop.width() / 3, crop.height() / 3);
    let mut pixels = Vec::with_capacity(9 * 3 * width as usize * height as usize);
    for y in 0..height * 3 {
        for x in 0..width * 3 {
            let from = order[(y / height * 3 + x / width) as usize];
            let (x, y) = (from % 3 * width + x % width, from / 3 * height + y % height);
            let start = (y as usize * crop.width() as usize + x as usize) * 3;
            pixels.extend_from_slice(&crop.pixels()[start..start + 3]);
        }
    }
    RgbImage::new(width * 3, height * 3, pixels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::random::stream;
    use std::collections::BTreeSet;

    /// A picture of nine pieces, each of a colour of its own.
    fn pieces() -> RgbImage {
        let color = |i: u32| [(i % 12 / 4 * 40) as u8, (i / 12 / 4 * 40) as u8, 7];
        RgbImage::new(12, 12, (0..144).flat_map(color).collect()).unwrap()
    }

    #[test]
    fn every_kind_shows_something() {
        let kinds = [target, plaque, grating, letters, dots];
        for (kind, draw) in kinds.into_iter().enumerate() {
            for seed in 0..20 {
                let picture = draw(&mut stream(seed, &[kind as u64])).unwrap();
                let colors: BTreeSet<&[u8]> = picture.pixels().chunks_exact(3).collect();
                assert!(colors.len() > 1, "kind {kind}, seed {seed}");
            }
        }
    }

    #[test]
    fn a_jigsaw_has_all_pieces_elsewhere() {
        for seed in 0..20 {
            let whole = pieces();
            let parts = jigsaw(&whole, &mut stream(seed, &[])).unwrap();
            let mut sorted =
                [whole.pixels(), parts.pixels()].map(|p| p.chunks_exact(3).collect::<Vec<&[u8]>>());
            let same = sorted[0].iter().zip(&sorted[1]).filter(|(a, b)| a == b);
            assert!(same.count() <= 2 * 16);
            sorted.iter_mut().for_each(|pixels| pixels.sort_unstable());
            assert_eq!(sorted[0], sorted[1]);
        }
    }
}
