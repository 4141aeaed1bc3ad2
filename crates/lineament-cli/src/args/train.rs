//! Arguments of `lineament train`, which the trainer reads.

use std::ffi::OsString;

use clap::Args;

/// Train a network: `lineament train CONFIG --run DIR`, `lineament train resume RUN`,
/// `lineament train export RUN`, `lineament train import CONFIG`, `lineament train teach CONFIG`; `lineament train --help` says
/// more once the trainer is built.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(crate) struct TrainCommand {
    /// Handed to `lineament-train`.
    #[arg(
        value_name = "ARGS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) args: Vec<OsString>,
}
