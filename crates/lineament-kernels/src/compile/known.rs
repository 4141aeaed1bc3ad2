//! What is known of a value before a run: its shape, and perhaps all of it.

use crate::constant::{Constant, Data};
use crate::error::KernelError;
use crate::graph::Node;

/// What is known of a value before a run.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) shape: Vec<usize>,
    pub(crate) constant: Option<Constant>,
}

impl From<Constant> for Known {
    fn from(constant: Constant) -> Self {
        Self {
            shape: constant.shape.clone(),
            constant: Some(constant),
        }
    }
}

impl Known {
    pub(crate) fn of_shape(shape: Vec<usize>) -> Self {
        Self {
            shape,
            constant: None,
        }
    }

    /// Its content in another shape of as many elements.
    pub(crate) fn reshaped(&self, shape: Vec<usize>) -> Self {
        let constant = self.constant.as_ref().map(|c| c.reshaped(shape.clone()));
        Self { shape, constant }
    }
}

/// The inputs of a node, asked for by place.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub(crate) node: &'a Node,
    pub(crate) known: &'a [Option<&'a Known>],
}

impl<'a> Inputs<'a> {
    pub(crate) fn get(&self, place: usize) -> Option<&'a Known> {
        self.known.get(place).copied().flatten()
    }

    pub(crate) fn need(&self, place: usize) -> Result<&'a Known, KernelError> {
        let missing = || self.node.inconsistent(format!("input {place} is missing"));
        self.get(place).ok_or_else(missing)
    }

    /// Integers that must be known, from an input that may be left out.
    pub(crate) fn ints(&self, place: usize) -> Result<Option<Vec<i64>>, KernelError> {
        let Some(known) = self.get(place) else {
            return Ok(None);
        };
        match known.constant.as_ref().map(|c| &c.data) {
            Some(Data::I64(values)) => Ok(Some(values.to_vec())),
            _ => Err(self.node.unsupported(format!(
                "input {place} should be integers known before a run"
            ))),
        }
    }

    /// Floats that must be known, from an input that may be left out.
    pub(crate) fn floats(&self, place: usize) -> Result<Option<&'a [f32]>, KernelError> {
        let Some(known) = self.get(place) else {
            return Ok(None);
        };
        match known.constant.as_ref().and_then(Constant::as_f32) {
            Some(values) => Ok(Some(values)),
            None => Err(self
                .node
                .unsupported(format!("input {place} should be floats known before a run"))),
        }
    }

    /// The axis that `axis` names among `rank`; negative ones count from the end.
    pub(crate) fn axis(&self, axis: i64, rank: usize) -> Result<usize, KernelError> {
        let rank_i = rank.cast_signed() as i64;
        let wrapped = if axis < 0 { axis + rank_i } else { axis };
        let outside = || {
            self.node
                .inconsistent(format!("there is no axis {axis} among {rank}"))
        };
        usize::try_from(wrapped)
            .ok()
            .filter(|&axis| axis < rank)
            .ok_or_else(outside)
    }

    /// A picture's `[batch, channels, height, width]`.
    pub(crate) fn picture(&self, place: usize) -> Result<[usize; 4], KernelError> {
        let shape = &self.need(place)?.shape;
        <[usize; 4]>::try_from(shape.as_slice()).map_err(|_| {
            self.node
                .unsupported(format!("an input of shape {shape:?}, not of 4 dimensions"))
        })
    }
}
