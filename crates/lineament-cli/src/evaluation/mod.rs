//! What the evaluations share: faces of a protocol's images, embedded once and remembered.

pub(crate) mod cache;
pub(crate) mod embedded;
pub(crate) mod faces;
pub(crate) mod model;
pub(crate) mod settings;
pub(crate) mod templates;
