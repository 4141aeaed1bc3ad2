//! Kernels over dense tensors without a layout of their own: the small ends of networks.

use super::Machine;
use super::pointwise::{activate_row, pair_rows};
use crate::ops::{Activation, Binary, Norm, Reduction};
use crate::view::View;

/// A tensor as `[outer][length][inner]`, to be worked on along its middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lines {
    pub(crate) outer: usize,
    pub(crate) length: usize,
    pub(crate) inner: usize,
}

impl Lines {
    pub(crate) fn along(shape: &[usize], axes: std::ops::Range<usize>) -> Self {
        Self {
            outer: shape[..axes.start].iter().product(),
            length: shape[axes.clone()].iter().product(),
            inner: shape[axes.end..].iter().product(),
        }
    }

    /// The indices of each line's first element.
    fn starts(self) -> impl Iterator<Item = usize> {
        let block = self.length * self.inner;
        (0..self.outer).flat_map(move |o| (0..self.inner).map(move |i| o * block + i))
    }

    fn line(self, start: usize) -> impl Iterator<Item = usize> + Clone {
        (start..).step_by(self.inner).take(self.length)
    }
}

/// Two tensors, number by number, each repeated where it has to be.
#[derive(Debug)]
pub(crate) struct Pairing {
    binary: Binary,
    a: View,
    b: View,
}

impl Pairing {
    pub(crate) fn new(binary: Binary, a: View, b: View) -> Self {
        let (a, b) = coalesced(a, b);
        Self { binary, a, b }
    }

    pub(crate) fn run(&self, machine: Machine<'_>, a: &[f32], b: &[f32], target: &mut [f32]) {
        let strides = [self.a.row_stride(), self.b.row_stride()];
        let outs = target.chunks_exact_mut(self.a.row_length().max(1));
        for ((out, a_first), b_first) in outs.zip(self.a.rows()).zip(self.b.rows()) {
            machine.isa.vectorize(|| match strides {
                [1, 1] => pair_rows(self.binary, &a[a_first..], &b[b_first..], out),
                [1, 0] => {
                    let (a, b) = (&a[a_first..], b[b_first]);
                    out.iter_mut()
                        .zip(a)
                        .for_each(|(o, &a)| *o = self.binary.apply(a, b));
                }
                [a_stride, b_stride] => {
                    let at = |first: usize, stride: isize, i: usize| {
                        (first.cast_signed() + stride * i.cast_signed()).cast_unsigned()
                    };
                    for (i, out) in out.iter_mut().enumerate() {
                        let (a, b) = (a[at(a_first, a_stride, i)], b[at(b_first, b_stride, i)]);
                        *out = self.binary.apply(a, b);
                    }
                }
            });
        }
    }
}

/// The same two views with as few axes as can be.
fn coalesced(mut a: View, mut b: View) -> (View, View) {
    let mut axis = 0;
    while axis + 1 < a.shape.len() {
        let inner = a.shape[axis + 1].cast_signed();
        let joins = |v: &View| v.strides[axis] == v.strides[axis + 1] * inner;
        if joins(&a) && joins(&b) {
            for view in [&mut a, &mut b] {
                view.shape[axis + 1] *= view.shape[axis];
                view.shape.remove(axis);
                view.strides.remove(axis);
            }
        } else {
            axis += 1;
        }
    }
    (a, b)
}

/// What `view` is of `source`.
pub(crate) fn rearrange(view: &View, source: &[f32], target: &mut [f32]) {
    let stride = view.row_stride();
    let outs = target.chunks_exact_mut(view.row_length().max(1));
    for (out, first) in outs.zip(view.rows()) {
        if stride == 1 {
            out.copy_from_slice(&source[first..first + out.len()]);
            continue;
        }
        for (i, out) in out.iter_mut().enumerate() {
            let at = first.cast_signed() + stride * i.cast_signed();
            *out = source[at.cast_unsigned()];
        }
    }
}

/// Tensors one after another along an axis: `outer` times a piece of each.
pub(crate) fn join<'a>(
    outer: usize,
    sources: impl Iterator<Item = &'a [f32]> + Clone,
    target: &mut [f32],
) {
    let mut rest = target;
    for i in 0..outer {
        for source in sources.clone() {
            let n = source.len() / outer;
            let (piece, after) = rest.split_at_mut(n);
            piece.copy_from_slice(&source[i * n..(i + 1) * n]);
            rest = after;
        }
    }
}

/// `activation` of each number; the channel is the middle of `channels`.
pub(crate) fn map(
    machine: Machine<'_>,
    activation: &Activation,
    channels: Lines,
    source: &[f32],
    target: &mut [f32],
) {
    target.copy_from_slice(source);
    let per_channel = matches!(activation, Activation::PRelu(slopes) if slopes.len() > 1);
    if !per_channel {
        return machine
            .isa
            .vectorize(|| activate_row(activation, target, 1, 0));
    }
    let pieces = target.chunks_exact_mut(channels.inner.max(1));
    for (index, piece) in pieces.enumerate() {
        let slope = activation.slope(index % channels.length);
        for x in piece {
            *x = activation.apply(*x, slope);
        }
    }
}

/// Exponentials of each line over their sum.
pub(crate) fn softmax(lines: Lines, source: &[f32], target: &mut [f32]) {
    for start in lines.starts() {
        let line = lines.line(start);
        let largest = line
            .clone()
            .fold(f32::NEG_INFINITY, |m, at| m.max(source[at]));
        let mut sum = 0.0;
        for at in line.clone() {
            target[at] = (source[at] - largest).exp();
            sum += target[at];
        }
        for at in line {
            target[at] /= sum;
        }
    }
}

/// Each line over its norm; zeros stay zeros.
pub(crate) fn normalize(norm: Norm, lines: Lines, source: &[f32], target: &mut [f32]) {
    for start in lines.starts() {
        let line = lines.line(start);
        let values = line.clone().map(|at| source[at]);
        let length = match norm {
            Norm::L1 => values.map(f32::abs).sum::<f32>(),
            Norm::L2 => values.map(|v| v * v).sum::<f32>().sqrt(),
        };
        let factor = if length == 0.0 { 0.0 } else { length.recip() };
        for at in line {
            target[at] = source[at] * factor;
        }
    }
}

/// One number for each line.
pub(crate) fn reduce(how: Reduction, lines: Lines, source: &[f32], target: &mut [f32]) {
    for (out, start) in target.iter_mut().zip(lines.starts()) {
        let values = lines.line(start).map(|at| source[at]);
        *out = match how {
            Reduction::Sum => values.sum(),
            Reduction::Mean => values.sum::<f32>() / lines.length as f32,
            Reduction::L2 => values.map(|v| v * v).sum::<f32>().sqrt(),
        };
    }
}
