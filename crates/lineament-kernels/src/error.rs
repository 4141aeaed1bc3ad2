//! Why a network cannot be read, compiled or run here.

/// Why a network cannot be read, compiled or run here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// Bytes that are no ONNX file.
    #[error("byte {at} of the ONNX file: {reason}; get the file again from its source")]
    Damaged {
        /// Where, in bytes from the start.
        at: usize,
        /// What was expected and what came.
        reason: String,
    },
    /// Something valid that this crate has no kernel for. Another engine may run it.
    #[error("no kernel for the operator {operator} (node {node}): {reason}")]
    Unsupported {
        /// The operator's ONNX name.
        operator: String,
        /// The node's name, or what it writes.
        node: String,
        /// What exactly is missing.
        reason: String,
    },
    /// A graph that contradicts itself.
    #[error("node {node} of the network: {reason}")]
    Inconsistent {
        /// The node's name, or what it writes.
        node: String,
        /// What does not fit.
        reason: String,
    },
    /// More than the limit that protects the machine.
    #[error("the network has {what} of {got}, more than the limit of {limit}")]
    Limit {
        /// What is too large.
        what: &'static str,
        /// The limit.
        limit: usize,
        /// What came.
        got: usize,
    },
    /// An input of another shape than the network takes.
    #[error("the network takes an input of shape {expected}, got {got:?} with {n_values} values")]
    Input {
        /// The port's shape, `?` for a dimension of any length.
        expected: String,
        /// The shape given.
        got: Vec<usize>,
        /// The number of values given.
        n_values: usize,
    },
    /// An instruction set that this processor does not have.
    #[error("this processor has no {wanted}; it has {present}")]
    IsaUnavailable {
        /// The one asked for.
        wanted: crate::Isa,
        /// The best that there is.
        present: crate::Isa,
    },
}

/// Nothing, if `got` of `what` is within the limit.
pub(crate) fn within(what: &'static str, got: usize, limit: usize) -> Result<(), KernelError> {
    if got <= limit {
        return Ok(());
    }
    Err(KernelError::Limit { what, limit, got })
}
