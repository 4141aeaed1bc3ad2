//! The command line of the trainer.

pub(crate) mod args;
pub(crate) mod bar;
pub(crate) mod exit;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod interrupt;
pub(crate) mod label;
pub(crate) mod memory;
pub(crate) mod reproduce;
mod table;
pub(crate) mod teach;
pub(crate) mod train;
