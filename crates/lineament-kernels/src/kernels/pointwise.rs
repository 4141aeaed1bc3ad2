//! What is computed number by number.

use super::{Machine, rows};
use crate::ops::{Activation, Binary};
use crate::picture::{Picture, RowAt};
use crate::share::each_row;

/// One function over a picture, with a second picture or numbers of each channel.
#[derive(Debug)]
pub(crate) struct Pointwise {
    pub(crate) function: Function,
    pub(crate) source: Picture,
    /// The second picture, of the same shape or one pixel large.
    pub(crate) other: Option<Picture>,
    pub(crate) target: Picture,
}

#[derive(Debug)]
pub(crate) enum Function {
    Map(Activation),
    /// x · scale + shift, one of each a channel, with zeros for unused lanes.
    Affine {
        scale: Vec<f32>,
        shift: Vec<f32>,
    },
    /// With the pixel at the same place of the second picture.
    Pair(Binary),
    /// With the one pixel of the second picture.
    PairOfChannel(Binary),
}

impl Pointwise {
    /// Writes the target, halo apart.
    pub(crate) fn run(
        &self,
        machine: Machine<'_>,
        source: &[f32],
        other: Option<&[f32]>,
        target: &mut [f32],
    ) {
        let isa = machine.isa;
        each_row(machine.pool, &self.target, target, |at, words| {
            rows::write(isa, &self.target, words, |row| {
                rows::read(isa, &self.source, source, at, |from| {
                    match self.other.zip(other) {
                        None => isa.vectorize(|| self.row(from, None, at, row)),
                        Some((picture, values)) => {
                            let y = if self.is_of_channel() { 0 } else { at.y };
                            rows::read(isa, &picture, values, RowAt { y, ..at }, |other| {
                                isa.vectorize(|| self.row(from, Some(other), at, row));
                            });
                        }
                    }
                });
            });
        });
    }

    fn is_of_channel(&self) -> bool {
        matches!(self.function, Function::PairOfChannel(_))
    }

    /// The row at `at`, from that of the source and that of the second picture.
    #[inline(always)]
    fn row(&self, from: &[f32], other: Option<&[f32]>, at: RowAt, row: &mut [f32]) {
        let lanes = self.target.lanes;
        let channel = at.block * lanes;
        match (&self.function, other) {
            (Function::Map(activation), _) => {
                row.copy_from_slice(from);
                activate_row(activation, row, lanes, channel);
            }
            (Function::Affine { scale, shift }, _) => {
                let (scale, shift) = (&scale[channel..], &shift[channel..]);
                with_lanes(from, row, lanes, |x, lane| x * scale[lane] + shift[lane]);
            }
            (Function::Pair(binary), Some(other)) => pair_rows(*binary, from, other, row),
            (Function::PairOfChannel(binary), Some(factors)) => {
                with_lanes(from, row, lanes, |x, lane| binary.apply(x, factors[lane]));
            }
            (Function::Pair(_) | Function::PairOfChannel(_), None) => {}
        }
    }
}

#[inline(always)]
fn with_lanes(from: &[f32], row: &mut [f32], lanes: usize, f: impl Fn(f32, usize) -> f32) {
    for (out, pixel) in row.chunks_exact_mut(lanes).zip(from.chunks_exact(lanes)) {
        for (lane, (out, &x)) in out.iter_mut().zip(pixel).enumerate() {
            *out = f(x, lane);
        }
    }
}

/// `out` = `a` op `b`, number by number.
#[inline(always)]
pub(crate) fn pair_rows(binary: Binary, a: &[f32], b: &[f32], out: &mut [f32]) {
    macro_rules! each {
        ($f:expr) => {
            for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
                *out = $f(a, b);
            }
        };
    }
    match binary {
        Binary::Add => each!(|a, b| a + b),
        Binary::Sub => each!(|a, b| a - b),
        Binary::Mul => each!(|a, b| a * b),
        Binary::Div => each!(|a: f32, b| a / b),
        Binary::Pow => each!(f32::powf),
    }
}

/// Applies `activation` to a row whose pixels hold the lanes from `channel` on.
#[inline(always)]
pub(crate) fn activate_row(activation: &Activation, row: &mut [f32], lanes: usize, channel: usize) {
    macro_rules! each {
        ($($kind:pat),*) => {
            match activation {
                // One loop for each kind, so that none asks for the kind inside.
                $($kind => for x in row { *x = activation.apply(*x, 0.0) },)*
                Activation::PRelu(_) => {
                    for pixel in row.chunks_exact_mut(lanes) {
                        for (lane, x) in pixel.iter_mut().enumerate() {
                            *x = activation.apply(*x, activation.slope(channel + lane));
                        }
                    }
                }
                _ => for x in row { *x = activation.apply(*x, 0.0) },
            }
        };
    }
    each!(
        Activation::Identity,
        Activation::Relu,
        Activation::Clip { .. },
        Activation::Sigmoid,
        Activation::HardSigmoid { .. },
        Activation::HardSwish,
        Activation::Silu
    );
}
