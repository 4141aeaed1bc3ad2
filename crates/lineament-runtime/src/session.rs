//! A network ready to run: what goes in, what comes out.

use std::fmt;

use crate::error::RuntimeError;
use crate::tensor::Tensor;

/// A network of one input that many threads may run at once.
///
/// The engines implement it, and so may a test that needs a network without weights.
pub trait Session: Send + Sync {
    /// What goes in and what comes out.
    fn signature(&self) -> &Signature;

    /// The outputs for `input`. Calls from several threads run side by side and do not change
    /// each other's results.
    ///
    /// # Errors
    /// [`RuntimeError::InputShape`] when `input` does not fit the signature;
    /// [`RuntimeError::Run`] when the engine gives up.
    fn run(&self, input: &Tensor) -> Result<Outputs, RuntimeError>;
}

/// The ports of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Its one input.
    pub input: PortInfo,
    /// Its outputs, in the file's order.
    pub outputs: Vec<PortInfo>,
}

/// One port of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortInfo {
    /// The tensor's name in the model file.
    pub name: String,
    /// Its dimensions, outermost first. Empty for an output whose shape the file does not state.
    pub shape: Vec<Dim>,
}

/// One dimension of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dim {
    /// Always of this length.
    Fixed(usize),
    /// Of any length.
    Dynamic,
}

impl Dim {
    /// Whether a dimension of this `length` may stand here.
    #[must_use]
    pub fn admits(self, length: usize) -> bool {
        match self {
            Self::Fixed(fixed) => fixed == length,
            Self::Dynamic => true,
        }
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(length) => write!(f, "{length}"),
            Self::Dynamic => f.write_str("?"),
        }
    }
}

impl fmt::Display for PortInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<String> = self.shape.iter().map(Dim::to_string).collect();
        write!(f, "{} [{}]", self.name, dims.join(", "))
    }
}

impl Signature {
    /// Whether `input` may be run.
    ///
    /// # Errors
    /// [`RuntimeError::InputShape`] when it has another shape than the input port.
    pub fn check(&self, input: &Tensor) -> Result<(), RuntimeError> {
        let shape = input.shape();
        let ports = &self.input.shape;
        let fits = ports.len() == shape.len() && ports.iter().zip(shape).all(|(d, &n)| d.admits(n));
        if !fits || shape.contains(&0) {
            return Err(RuntimeError::InputShape {
                expected: self.input.clone(),
                got: shape.to_vec(),
            });
        }
        Ok(())
    }
}

/// What a run returned: tensors by name, in the file's order.
#[derive(Debug, Clone, PartialEq)]
pub struct Outputs(Vec<(String, Tensor)>);

impl Outputs {
    /// Named tensors, in this order.
    #[must_use]
    pub fn new(tensors: Vec<(String, Tensor)>) -> Self {
        Self(tensors)
    }

    /// The tensor called `name`.
    ///
    /// # Errors
    /// [`RuntimeError::OutputAbsent`], listing the names there are.
    pub fn get(&self, name: &str) -> Result<&Tensor, RuntimeError> {
        let found = self.0.iter().find(|(n, _)| n == name);
        found
            .map(|(_, tensor)| tensor)
            .ok_or_else(|| RuntimeError::OutputAbsent {
                wanted: name.to_owned(),
                present: self.0.iter().map(|(n, _)| n.clone()).collect(),
            })
    }

    /// Names and tensors, in the file's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.0.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }
}
