//! Whether a loaded network is what its manifest says.

use super::{BatchMode, InputSize, Manifest, TensorLayout};
use crate::error::RuntimeError;
use crate::session::{Dim, Signature};

impl Manifest {
    /// Whether the network has the input and the outputs that this manifest names.
    ///
    /// # Errors
    /// [`RuntimeError::Signature`], naming the field and what the file has instead.
    pub fn verify(&self, signature: &Signature) -> Result<(), RuntimeError> {
        self.verify_input(signature)?;
        let present: Vec<&str> = signature.outputs.iter().map(|p| p.name.as_str()).collect();
        for (role, tensor) in &self.outputs {
            if !present.contains(&tensor.as_str()) {
                let got = format!("the outputs {}", present.join(", "));
                return Err(self.misfit(&format!("outputs.{role}"), tensor.clone(), got));
            }
        }
        Ok(())
    }

    fn verify_input(&self, signature: &Signature) -> Result<(), RuntimeError> {
        let (spec, port) = (&self.input, &signature.input);
        let misfit = |field: &str, expected: String| self.misfit(field, expected, port.to_string());
        if port.name != spec.name {
            return Err(misfit("input.name", spec.name.clone()));
        }
        let (&[batch, a, b, c], layout) = (port.shape.as_slice(), spec.layout) else {
            return Err(misfit("input.layout", "four dimensions".to_owned()));
        };
        let (channels, height, width) = match layout {
            TensorLayout::Nchw => (a, b, c),
            TensorLayout::Nhwc => (c, a, b),
        };
        if !channels.admits(3) {
            return Err(misfit(
                "input.layout",
                format!("three channels as {layout:?}"),
            ));
        }
        if !takes(spec.size, width, height) {
            return Err(misfit("input.size", spec.size.to_string()));
        }
        let batch_fits = match spec.batch {
            BatchMode::Fixed => batch.admits(1),
            BatchMode::Dynamic => batch == Dim::Dynamic,
        };
        if !batch_fits {
            return Err(misfit("input.batch", format!("{:?}", spec.batch)));
        }
        Ok(())
    }

    fn misfit(&self, field: &str, expected: String, got: String) -> RuntimeError {
        RuntimeError::Signature {
            model: self.name.clone(),
            field: field.to_owned(),
            expected,
            got,
        }
    }
}

fn takes(size: InputSize, width: Dim, height: Dim) -> bool {
    match size {
        InputSize::Fixed {
            width: w,
            height: h,
        } => width.admits(w as usize) && height.admits(h as usize),
        InputSize::MultipleOf(_) => width == Dim::Dynamic && height == Dim::Dynamic,
    }
}
