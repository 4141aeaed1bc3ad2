//! The commands, one a file.

pub(crate) mod album;
pub(crate) mod align;
pub(crate) mod cluster;
pub(crate) mod dataset;
pub(crate) mod detect;
pub(crate) mod embed;
pub(crate) mod eval;
pub(crate) mod gallery;
pub(crate) mod identify;
pub(crate) mod models;
pub(crate) mod selftest;
pub(crate) mod train;
pub(crate) mod verify;
