//! `lineament dataset`: looking after labelled sets, one command a file.

mod align;
mod check;
mod clean;
mod convert;
mod copies;
mod dedupe;
mod faces;
mod info;
mod kept;
mod noise;
mod overlap;
mod run;
mod split;

use std::path::Path;

use lineament_data::{DataError, DataLimits, LabelledSet, SetKind};

use crate::args::dataset::{Action, DatasetCommand, Set};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;

pub(crate) fn run(command: DatasetCommand, interrupt: &Interrupt) -> Result<Exit, Failure> {
    match command.action {
        Action::Info(args) => info::run(&args, interrupt),
        Action::Check(args) => check::run(&args, interrupt),
        Action::Convert(args) => convert::run(&args, interrupt),
        Action::Align(args) => align::run(&args.try_into()?, interrupt),
        Action::Split(args) => split::run(&args, interrupt),
        Action::Dedupe(args) => dedupe::run(&args, interrupt),
        Action::Overlap(args) => overlap::run(&args, interrupt),
        Action::Clean(args) => clean::run(&args, interrupt),
    }
}

fn open(set: &Set) -> Result<LabelledSet, Failure> {
    open_at(&set.path, set.kind)
}

fn open_at(path: &Path, kind: Option<SetKind>) -> Result<LabelledSet, Failure> {
    LabelledSet::open(path, kind, &DataLimits::default())
        .map_err(|error| Failure::new(Exit::BadInput, error.to_string()))
}

/// A set or list could not be written.
fn unwritable(error: &DataError) -> Failure {
    Failure::new(Exit::Output, error.to_string())
}

/// A folder for results cannot lie in a folder that is searched for images.
fn refuse_inside(out: &Path, set: &LabelledSet) -> Result<(), Failure> {
    let absolute =
        |path: &Path| std::path::absolute(path).map_err(|error| Failure::write(path, &error));
    if set.kind() == SetKind::Folder && absolute(out)?.starts_with(absolute(set.path())?) {
        return Err(Failure::usage(format!(
            "{} lies in the set itself, {}",
            out.display(),
            set.path().display()
        ))
        .help("name a place outside of it"));
    }
    Ok(())
}

/// A list names images where they lie, which it cannot in containers but zip archives.
fn refuse_unnamed(set: &LabelledSet) -> Result<(), Failure> {
    match set.kind() {
        SetKind::RecordIo | SetKind::MsCelebTsv | SetKind::YtfNpz => Err(Failure::usage(format!(
            "a list cannot name the images in a set of kind {}",
            set.kind()
        ))
        .help("copy them out first, with `lineament dataset convert --to folder`")),
        _ => Ok(()),
    }
}
