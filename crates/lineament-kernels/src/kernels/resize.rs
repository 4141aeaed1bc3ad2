//! Pictures of another size.

use super::Machine;
use crate::ops::{Coordinates, Nearest, Resize, Sampling};
use crate::picture::{Picture, RowAt};
use crate::share::each_row;

/// A resize, ready to run.
#[derive(Debug)]
pub(crate) struct Resizing {
    rows: Vec<Mix>,
    columns: Vec<Mix>,
    pub(crate) source: Picture,
    pub(crate) target: Picture,
}

/// Two places of the input and the second one's share.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Mix {
    low: usize,
    high: usize,
    share: f32,
}

impl Resizing {
    pub(crate) fn new(resize: Resize, source: Picture, target: Picture) -> Self {
        Self {
            rows: mixes(resize, source.height, target.height),
            columns: mixes(resize, source.width, target.width),
            source,
            target,
        }
    }

    /// Writes the target, halo apart.
    pub(crate) fn run(&self, machine: Machine<'_>, source: &[f32], target: &mut [f32]) {
        each_row(machine.pool, &self.target, target, |at, row| {
            machine.isa.vectorize(|| match self.target.lanes {
                16 => self.row::<16>(source, at, row),
                8 => self.row::<8>(source, at, row),
                _ => self.row::<1>(source, at, row),
            });
        });
    }

    #[inline(always)]
    fn row<const L: usize>(&self, source: &[f32], at: RowAt, row: &mut [f32]) {
        let mix = self.rows[at.y];
        let line = |y| {
            self.source
                .row(source, RowAt { y, ..at })
                .as_chunks::<L>()
                .0
        };
        let (upper, lower) = (line(mix.low), line(mix.high));
        let (pixels, _) = row.as_chunks_mut::<L>();
        for (pixel, column) in pixels.iter_mut().zip(&self.columns) {
            if mix.share == 0.0 && column.share == 0.0 {
                *pixel = upper[column.low];
                continue;
            }
            for (lane, value) in pixel.iter_mut().enumerate() {
                let across = |line: &[[f32; L]]| {
                    let (low, high) = (line[column.low][lane], line[column.high][lane]);
                    low + column.share * (high - low)
                };
                let (above, below) = (across(upper), across(lower));
                *value = above + mix.share * (below - above);
            }
        }
    }
}

fn mixes(resize: Resize, from: usize, to: usize) -> Vec<Mix> {
    (0..to).map(|x| mix(resize, x, from, to)).collect()
}

fn mix(resize: Resize, x: usize, from: usize, to: usize) -> Mix {
    let scale = from as f32 / to as f32;
    let place = match resize.coordinates {
        Coordinates::PytorchHalfPixel if to == 1 => 0.0,
        Coordinates::HalfPixel | Coordinates::PytorchHalfPixel => (x as f32 + 0.5) * scale - 0.5,
        Coordinates::Asymmetric => x as f32 * scale,
        Coordinates::AlignCorners if to == 1 => 0.0,
        Coordinates::AlignCorners => x as f32 * (from - 1) as f32 / (to - 1) as f32,
    };
    let last = from - 1;
    match resize.sampling {
        Sampling::Linear => {
            let place = place.clamp(0.0, last as f32);
            let low = place as usize;
            Mix {
                low,
                high: (low + 1).min(last),
                share: place - low as f32,
            }
        }
        Sampling::Nearest(nearest) => {
            let place = match nearest {
                Nearest::Floor => place.floor(),
                Nearest::Ceil => place.ceil(),
                Nearest::RoundPreferFloor => (place - 0.5).ceil(),
                Nearest::RoundPreferCeil => (place + 0.5).floor(),
            };
            let low = (place.max(0.0) as usize).min(last);
            Mix {
                low,
                high: low,
                share: 0.0,
            }
        }
    }
}
