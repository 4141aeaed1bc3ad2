//! `lineament models`: what is in the model folder, whether it is whole, and getting more.

mod acquire;
mod profile;
mod show;

use std::io::{self, Write};

use lineament_runtime::{Fault, RuntimeError};
use serde::Serialize;

pub(crate) use self::show::table;
use crate::args::models::{Action, ModelsCommand};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::pipeline::{folder_for_new, open_store};
use crate::settings::{Style, style};

pub(crate) fn run(args: ModelsCommand, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let style = style(args.json);
    let store = || open_store(args.dir.as_deref());
    let folder = || folder_for_new(args.dir.as_deref());
    match args.action {
        Action::List => show::list(&store()?, style),
        Action::Info { name } => show::info(&store()?, &name, style),
        Action::Verify { name } => show::verify(&store()?, name.as_deref(), style),
        Action::Add(add) => acquire::add(add, &folder(), style),
        Action::Profile(args) => profile::profile(&args, style),
        Action::Pull(pull) => acquire::pull(&pull, &folder(), style, interrupt),
    }
}

fn failure(error: &RuntimeError) -> Failure {
    let exit = match error.fault() {
        Fault::Cancelled => Exit::Interrupted,
        Fault::Io => Exit::Output,
        Fault::Input => Exit::Usage,
        _ => Exit::Models,
    };
    Failure::new(exit, error.to_string())
}

/// A line of JSON, or words for people. Numbers of 32 bits stay as short as they are: as a
/// [`serde_json::Value`] they would not.
pub(crate) fn print<T: Serialize>(
    style: Style,
    json: impl FnOnce() -> T,
    people: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match style {
        Style::Json => serde_json::to_string(&json())
            .map_err(io::Error::from)
            .and_then(|line| writeln!(out, "{line}")),
        Style::People => people(&mut out),
    }
    .map_err(|error| Failure::stdout(&error))
}
