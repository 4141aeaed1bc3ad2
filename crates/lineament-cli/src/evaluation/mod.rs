//! What the evaluations share: faces of a protocol's images, embedded once and remembered.

pub(crate) mod cache;
pub(crate) mod command_line;
pub(crate) mod detections;
pub(crate) mod embedded;
pub(crate) mod faces;
pub(crate) mod frames;
pub(crate) mod given;
pub(crate) mod labelled;
pub(crate) mod method;
pub(crate) mod model;
pub(crate) mod pair_job;
pub(crate) mod pair_list;
pub(crate) mod pair_result;
pub(crate) mod results;
pub(crate) mod set_run;
pub(crate) mod settings;
pub(crate) mod templates;
