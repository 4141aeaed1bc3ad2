//! Tensors seen through strides: transposed, sliced, broadcast, without moving anything.

use crate::constant::{Constant, Data};

/// Which element of a dense tensor stands at which place of another shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) shape: Vec<usize>,
    pub(crate) strides: Vec<isize>,
    pub(crate) offset: usize,
}

impl View {
    /// A dense tensor of `shape` itself.
    pub(crate) fn whole(shape: &[usize]) -> Self {
        let mut strides = vec![1isize; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * shape[axis].cast_signed();
        }
        Self {
            shape: shape.to_vec(),
            strides,
            offset: 0,
        }
    }

    /// With its axes in this order.
    pub(crate) fn transposed(&self, order: &[usize]) -> Self {
        Self {
            shape: order.iter().map(|&axis| self.shape[axis]).collect(),
            strides: order.iter().map(|&axis| self.strides[axis]).collect(),
            offset: self.offset,
        }
    }

    /// `length` places of `axis` from `start`, `step` apart; all must lie inside.
    pub(crate) fn sliced(mut self, axis: usize, start: usize, step: isize, length: usize) -> Self {
        let stride = self.strides[axis];
        let moved = self.offset.cast_signed() + stride * start.cast_signed();
        self.offset = moved.max(0).cast_unsigned();
        self.shape[axis] = length;
        self.strides[axis] = stride * step;
        self
    }

    /// Repeated to `shape` by ONNX's rules, or `None` when it does not fit.
    pub(crate) fn broadcast(&self, shape: &[usize]) -> Option<Self> {
        let lead = shape.len().checked_sub(self.shape.len())?;
        let mut strides = vec![0; lead];
        for ((&own, &stride), &wanted) in self.shape.iter().zip(&self.strides).zip(&shape[lead..]) {
            match own {
                _ if own == wanted => strides.push(stride),
                1 => strides.push(0),
                _ => return None,
            }
        }
        Some(Self {
            shape: shape.to_vec(),
            strides,
            offset: self.offset,
        })
    }

    /// The first index of each innermost row, in order.
    pub(crate) fn rows(&self) -> Rows<'_> {
        let outer = self.shape.len().saturating_sub(1);
        let (lengths, strides) = (&self.shape[..outer], &self.strides[..outer]);
        let is_empty = self.shape.contains(&0);
        let n = if is_empty {
            0
        } else {
            lengths.iter().product()
        };
        Rows {
            lengths,
            strides,
            at: self.offset.cast_signed(),
            left: n,
            turn: n.saturating_sub(lengths.last().copied().unwrap_or(1)),
        }
    }

    /// The length of an innermost row.
    pub(crate) fn row_length(&self) -> usize {
        self.shape.last().copied().unwrap_or(1)
    }

    /// From one number of such a row to the next.
    pub(crate) fn row_stride(&self) -> isize {
        self.strides.last().copied().unwrap_or(1)
    }

    fn of<T: Copy>(&self, values: &[T]) -> Vec<T> {
        let mut out = Vec::with_capacity(self.shape.iter().product());
        let (length, stride) = (self.row_length().cast_signed(), self.row_stride());
        for first in self.rows() {
            let at = |i: isize| values[(first.cast_signed() + i * stride).cast_unsigned()];
            out.extend((0..length).map(at));
        }
        out
    }

    /// `constant` seen so, as a constant of its own.
    pub(crate) fn applied(&self, constant: &Constant) -> Constant {
        let data = match &constant.data {
            Data::F32(values) => Data::F32(self.of(values).into()),
            Data::I64(values) => Data::I64(self.of(values).into()),
        };
        Constant::new(self.shape.clone(), data)
    }
}

/// The first indices of the innermost rows of a view.
#[derive(Debug, Clone)]
pub(crate) struct Rows<'a> {
    /// Of all axes but the innermost.
    lengths: &'a [usize],
    strides: &'a [isize],
    at: isize,
    /// Rows to come.
    left: usize,
    /// How many are to come when the axis that runs fastest begins anew.
    turn: usize,
}

impl Iterator for Rows<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let now = self.at.cast_unsigned();
        self.left = self.left.checked_sub(1)?;
        match self.strides.last() {
            Some(stride) if self.left > self.turn => self.at += stride,
            _ => self.turn_axes(),
        }
        Some(now)
    }
}

impl Rows<'_> {
    /// Steps on along the first axis, from the fastest on, that does not begin anew.
    fn turn_axes(&mut self) {
        let mut left = self.left;
        for (&length, stride) in self.lengths.iter().zip(self.strides).rev() {
            self.at += stride;
            if !left.is_multiple_of(length) {
                break;
            }
            left /= length;
            self.at -= stride * length.cast_signed();
        }
        let length = self.lengths.last().copied().unwrap_or(1);
        self.turn = self.turn.saturating_sub(length);
    }
}

/// The shape that two shapes broadcast to by ONNX's rules.
pub(crate) fn broadcast_shape(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let at = |shape: &[usize], axis: usize| {
        let lead = rank - shape.len();
        if axis < lead { 1 } else { shape[axis - lead] }
    };
    (0..rank)
        .map(|axis| match (at(a, axis), at(b, axis)) {
            (x, y) if x == y => Some(x),
            (1, y) => Some(y),
            (x, 1) => Some(x),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(shape: &[usize]) -> Constant {
        let n: usize = shape.iter().product();
        Constant::new(shape.to_vec(), Data::I64((0..n as i64).collect()))
    }

    #[test]
    fn transposing_slicing_and_broadcasting() {
        let c = numbers(&[2, 3]);
        let view = View::whole(&[2, 3]);
        let transposed = view.transposed(&[1, 0]).applied(&c);
        assert_eq!(transposed.as_i64(), Some(&[0, 3, 1, 4, 2, 5][..]));
        let backwards = view.clone().sliced(1, 2, -2, 2).applied(&c);
        assert_eq!(backwards.as_i64(), Some(&[2, 0, 5, 3][..]));
        let row = View::whole(&[3])
            .broadcast(&[2, 3])
            .map(|v| v.applied(&numbers(&[3])));
        assert_eq!(
            row,
            Some(Constant::new(
                vec![2, 3],
                Data::I64([0, 1, 2, 0, 1, 2].into())
            ))
        );
        assert_eq!(View::whole(&[2]).broadcast(&[2, 3]), None);
        assert_eq!(
            View::whole(&[]).applied(&numbers(&[])).as_i64(),
            Some(&[0][..])
        );
    }

    #[test]
    fn rows_are_those_of_nested_loops() {
        let slow = View::whole(&[2, 3, 4, 5]).transposed(&[2, 0, 3, 1]);
        let view = slow.sliced(2, 3, -1, 4);
        let mut expected = Vec::new();
        for i in 0..4 {
            for j in 0..2 {
                expected.extend((0..4).map(|k| i * 5 + j * 60 + 3 - k));
            }
        }
        assert_eq!(view.rows().collect::<Vec<_>>(), expected);
        assert_eq!((view.row_length(), view.row_stride()), (3, 20));
        assert_eq!(View::whole(&[]).rows().collect::<Vec<_>>(), [0]);
        assert_eq!(View::whole(&[7]).rows().collect::<Vec<_>>(), [0]);
        assert_eq!(View::whole(&[3, 0]).rows().next(), None);
        assert_eq!(View::whole(&[0, 3]).rows().next(), None);
    }

    #[test]
    fn shapes_broadcast_by_the_rules() {
        assert_eq!(broadcast_shape(&[2, 1, 4], &[3, 1]), Some(vec![2, 3, 4]));
        assert_eq!(broadcast_shape(&[], &[5]), Some(vec![5]));
        assert_eq!(broadcast_shape(&[2], &[3]), None);
    }
}
