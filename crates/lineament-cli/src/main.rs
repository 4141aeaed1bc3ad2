//! The command line of Lineament: from arguments to typed settings, from there to a command.
//!
//! It knows no image format and no network: photos, models and faces are the libraries'. What it
//! adds is which photos, in what order, where results go, and what happens when something fails.

mod album;
mod args;
mod batch;
mod clustering;
mod commands;
mod draw;
mod drawing;
mod evaluation;
mod exit;
mod failure;
mod header;
mod inputs;
mod interrupt;
mod journal;
mod known;
mod names;
mod output;
mod pipeline;
mod progress;
mod record;
mod results;
mod settings;
mod trouble;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};
use crate::commands::{
    align, cluster, dataset, detect, embed, eval, gallery, identify, models, selftest, train,
    verify,
};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;

fn main() -> ExitCode {
    // Wrong usage ends here, with clap's own message and exit code 2.
    let cli = Cli::parse();
    let exit = run(cli.command).unwrap_or_else(|failure| {
        failure.tell(&mut std::io::stderr().lock());
        failure.exit()
    });
    ExitCode::from(exit.code())
}

fn run(command: Command) -> Result<Exit, Failure> {
    let interrupt = Interrupt::listen()?;
    match command {
        Command::Detect(args) => detect::run(&args.try_into()?, &interrupt),
        Command::Align(args) => align::run(&args.try_into()?, &interrupt),
        Command::Embed(args) => embed::run(&args.try_into()?, &interrupt),
        Command::Verify(args) => verify::run(&args.try_into()?, &interrupt),
        Command::Identify(args) => identify::run(&args.try_into()?, &interrupt),
        Command::Album(args) => commands::album::run(args, &interrupt),
        Command::Cluster(args) => cluster::run(&args.try_into()?, &interrupt),
        Command::Eval(args) => eval::run(args, &interrupt),
        Command::Dataset(args) => dataset::run(args, &interrupt),
        Command::Gallery(args) => gallery::run(args, &interrupt),
        Command::Models(args) => models::run(args, &interrupt),
        Command::Selftest(args) => selftest::run(&args),
        Command::Train(args) => train::run(&args),
    }
}
