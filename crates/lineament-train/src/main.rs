//! `lineament-train`: trains face networks and writes them as models that `lineament` runs.

mod cli;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::args::{Cli, Command};
use crate::cli::bar::Bar;
use crate::cli::interrupt::Interrupt;
use crate::cli::{exit, export, import, label, memory, reproduce, teach, train};

fn main() -> ExitCode {
    memory::keep();
    // Wrong usage ends here, with clap's own message and exit code 2.
    let cli = Cli::parse();
    let code = run(cli.command).unwrap_or_else(|failure| {
        failure.tell();
        failure.code
    });
    ExitCode::from(code)
}

fn run(command: Command) -> Result<u8, exit::Failure> {
    let mut bar = Bar::new(Interrupt::listen()?);
    match command {
        Command::Train(args) => train::train(&args, &mut bar),
        Command::Resume(args) => train::resume(&args, &mut bar),
        Command::Export(args) => export::run(&args, &mut bar),
        Command::Import(args) => import::run(&args, &bar),
        Command::Teach(args) => teach::run(&args, &mut bar),
        Command::Label(args) => label::run(&args, &mut bar),
        Command::Reproduce(args) => reproduce::run(&args, &mut bar),
    }
}
