//! Numbers with a shape.

use crate::error::RuntimeError;

/// A dense tensor of `f32`, the last dimension running fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    data: Vec<f32>,
}

impl Tensor {
    /// A tensor of `shape` with the values `data`, the last dimension running fastest.
    ///
    /// # Errors
    /// [`RuntimeError::TensorShape`] when the product of the shape is not the number of values.
    pub fn new(shape: Vec<usize>, data: Vec<f32>) -> Result<Self, RuntimeError> {
        let product = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        if product != Some(data.len()) {
            return Err(RuntimeError::TensorShape {
                shape,
                n_values: data.len(),
            });
        }
        Ok(Self { shape, data })
    }

    /// Its dimensions, outermost first.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Its values, the last dimension running fastest.
    #[must_use]
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// Its values, without a copy.
    #[must_use]
    pub fn into_data(self) -> Vec<f32> {
        self.data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shape_and_values_must_agree() {
        assert!(Tensor::new(vec![2, 3], vec![0.0; 6]).is_ok());
        assert!(Tensor::new(vec![], vec![0.0]).is_ok());
        assert!(Tensor::new(vec![0, 7], vec![]).is_ok());
        assert!(Tensor::new(vec![2, 3], vec![0.0; 5]).is_err());
        assert!(Tensor::new(vec![usize::MAX, 2], vec![0.0; 5]).is_err());
    }
}
