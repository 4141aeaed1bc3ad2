//! Numbers that a loss remembers from batch to batch.

use tch::Tensor;
use tch::nn::Path;

/// A number in the variable store that nothing trains.
pub(super) struct Memory {
    /// `[1]`.
    tensor: Tensor,
}

impl Memory {
    pub(super) fn new(path: &Path<'_>, name: &str, value: f64) -> Self {
        Self {
            tensor: kept(path, name, &[1], value),
        }
    }

    pub(super) fn value(&self) -> f64 {
        self.tensor.double_value(&[0])
    }

    pub(super) fn set(&mut self, value: f64) {
        let _ = self.tensor.fill_(value);
    }

    /// (1 − pace)·self + pace·value.
    pub(super) fn move_towards(&mut self, value: f64, pace: f64) {
        self.set((1.0 - pace) * self.value() + pace * value);
    }
}

/// A tensor of the variable store that nothing trains, full of `value`.
pub(super) fn kept(path: &Path<'_>, name: &str, shape: &[i64], value: f64) -> Tensor {
    let tensor = Tensor::full(shape, value, (path.kind(), path.device()));
    path.add(name, tensor, false)
}
