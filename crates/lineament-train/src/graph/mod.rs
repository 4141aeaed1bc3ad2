//! Networks as data: layers, what feeds them, their shapes and parameters.
