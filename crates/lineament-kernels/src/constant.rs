//! Values that are known before a run.

use std::sync::Arc;

/// A dense tensor that is known before a run, the last dimension running fastest.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Constant {
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Data,
}

/// The elements of a constant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    F32(Arc<[f32]>),
    I64(Arc<[i64]>),
}

impl Data {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::I64(values) => values.len(),
        }
    }
}

impl Constant {
    pub(crate) fn new(shape: Vec<usize>, data: Data) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), data.len());
        Self { shape, data }
    }

    pub(crate) fn ints(values: Vec<i64>) -> Self {
        Self::new(vec![values.len()], Data::I64(values.into()))
    }

    pub(crate) fn as_f32(&self) -> Option<&Arc<[f32]>> {
        match &self.data {
            Data::F32(values) => Some(values),
            Data::I64(_) => None,
        }
    }

    pub(crate) fn as_i64(&self) -> Option<&[i64]> {
        match &self.data {
            Data::I64(values) => Some(values),
            Data::F32(_) => None,
        }
    }

    pub(crate) fn reshaped(&self, shape: Vec<usize>) -> Self {
        Self::new(shape, self.data.clone())
    }
}
