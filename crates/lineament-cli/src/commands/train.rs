//! `lineament train`: starts the trainer, a program of its own since it needs libtorch.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::PathBuf;
use std::process::Command;

use crate::args::train::TrainCommand;
use crate::exit::Exit;
use crate::failure::Failure;

/// What the trainer calls what it does, besides beginning a run.
const ACTIONS: [&str; 8] = [
    "train",
    "resume",
    "export",
    "import",
    "teach",
    "label",
    "reproduce",
    "--help",
];

/// Returns only where the trainer cannot be started.
pub(crate) fn run(command: &TrainCommand) -> Result<Exit, Failure> {
    let program = trainer()?;
    let mut trainer = Command::new(&program);
    trainer.args(arguments(&command.args));
    let error = start(&mut trainer);
    let message = format!("cannot start {}: {error}", program.display());
    Err(Failure::new(Exit::Internal, message))
}

/// `lineament train CONFIG …` begins a run; `lineament train resume …` and so on are passed on.
fn arguments(args: &[OsString]) -> Vec<OsString> {
    let is_action = |first: &OsString| ACTIONS.iter().any(|a| first == OsStr::new(a));
    let begins = !args.first().is_some_and(is_action);
    let added = begins.then(|| OsString::from("train"));
    added.into_iter().chain(args.iter().cloned()).collect()
}

fn trainer() -> Result<PathBuf, Failure> {
    let name = format!("lineament-train{}", env::consts::EXE_SUFFIX);
    let here = env::current_exe().map(|path| path.with_file_name(&name));
    let found = here.ok().filter(|path| path.is_file());
    found.ok_or_else(|| {
        Failure::usage(format!("there is no {name} beside this program")).help(
            "build it, in the source folder: eval \"$(scripts/libtorch)\" && \
             cargo build --release -p lineament-train",
        )
    })
}

/// Becomes the trainer, so that signals reach it; returns why it could not.
#[cfg(unix)]
fn start(trainer: &mut Command) -> io::Error {
    use std::os::unix::process::CommandExt;
    trainer.exec()
}

/// Waits for the trainer and ends as it does; returns why it could not be started.
#[cfg(not(unix))]
fn start(trainer: &mut Command) -> io::Error {
    match trainer.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(Exit::Internal.code().into())),
        Err(error) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_action_is_a_configuration() {
        let given = |line: &str| -> Vec<OsString> {
            arguments(
                &line
                    .split_whitespace()
                    .map(OsString::from)
                    .collect::<Vec<_>>(),
            )
        };
        for (line, expected) in [
            ("a.toml --run b", "train a.toml --run b"),
            ("train a.toml", "train a.toml"),
            ("resume b --threads 2", "resume b --threads 2"),
            ("import a.toml --out b", "import a.toml --out b"),
            ("--help", "--help"),
            ("", "train"),
        ] {
            let expected: Vec<OsString> = expected.split(' ').map(OsString::from).collect();
            assert_eq!(given(line), expected);
        }
    }
}
