//! A detector's output tensors, found by their role and checked for size.

use std::collections::BTreeMap;

use lineament_runtime::{Outputs, Tensor};

use crate::error::Error;

/// The outputs of one run, with the manifest's names for them.
#[derive(Debug, Clone, Copy)]
pub struct Heads<'a> {
    /// What the network returned.
    pub outputs: &'a Outputs,
    /// From role to tensor name.
    pub roles: &'a BTreeMap<String, String>,
    /// Width and height of the input, in pixels.
    pub input: (u32, u32),
}

impl<'a> Heads<'a> {
    /// The values of the tensor in `role`: `rows` × `columns`, a leading batch of 1 allowed.
    ///
    /// # Errors
    /// [`Error::DetectorOutput`] when the role is absent or the number of values is another.
    pub fn values(&self, role: &str, rows: usize, columns: usize) -> Result<&'a [f32], Error> {
        let expected = rows.saturating_mul(columns);
        let values = self.tensor(role, expected)?;
        if values.len() != expected {
            return Err(Error::DetectorOutput {
                role: role.to_owned(),
                expected,
                got: values.len(),
            });
        }
        Ok(values)
    }

    /// How many rows of `columns` values the tensor in `role` holds.
    ///
    /// # Errors
    /// [`Error::DetectorOutput`] when the role is absent or a row is cut short.
    pub fn len_of(&self, role: &str, columns: usize) -> Result<usize, Error> {
        let len = self.tensor(role, columns)?.len();
        self.values(role, len / columns, columns)?;
        Ok(len / columns)
    }

    /// Whether the manifest names a tensor for `role`.
    #[must_use]
    pub fn has(&self, role: &str) -> bool {
        self.roles.contains_key(role)
    }

    /// Columns and rows of the feature map of `stride`: the input's sides over the stride,
    /// rounded up.
    #[must_use]
    pub fn cells(&self, stride: u32) -> (usize, usize) {
        (
            self.input.0.div_ceil(stride) as usize,
            self.input.1.div_ceil(stride) as usize,
        )
    }

    fn tensor(&self, role: &str, expected: usize) -> Result<&'a [f32], Error> {
        let name = self.roles.get(role);
        let tensor = name.and_then(|name| self.outputs.get(name).ok());
        tensor
            .map(Tensor::data)
            .ok_or_else(|| Error::DetectorOutput {
                role: role.to_owned(),
                expected,
                got: 0,
            })
    }
}
