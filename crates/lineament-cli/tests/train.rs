//! `lineament train`: how the trainer is found and started.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard};

/// A program that is still open for writing cannot be started, and a test that starts one while
/// another writes one would hold it open for a moment (`ETXTBSY`).
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The program alone in a folder.
fn program(folder: &Path) -> PathBuf {
    let path = folder.join(format!("lineament{}", std::env::consts::EXE_SUFFIX));
    fs::copy(env!("CARGO_BIN_EXE_lineament"), &path).unwrap();
    path
}

fn run(program: &Path, line: &str) -> Output {
    let mut command = Command::new(program);
    command.args(line.split_whitespace()).output().unwrap()
}

#[test]
fn without_the_trainer_it_says_how_to_build_it() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let output = run(&program(folder.path()), "train a.toml --run b");
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("cargo build --release -p lineament-train"),
        "{told}"
    );
}

#[cfg(unix)]
#[test]
fn the_trainer_beside_it_gets_the_arguments_and_says_how_it_ended() {
    use std::os::unix::fs::PermissionsExt;
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path());
    let trainer = folder.path().join("lineament-train");
    fs::write(&trainer, "#!/bin/sh\necho \"$@\"\nexit 7\n").unwrap();
    fs::set_permissions(&trainer, fs::Permissions::from_mode(0o755)).unwrap();
    for (line, expected) in [
        (
            "train a.toml --run b --set c=d",
            "train a.toml --run b --set c=d\n",
        ),
        ("train resume b --threads 2", "resume b --threads 2\n"),
        ("train --help", "--help\n"),
    ] {
        let output = run(&program, line);
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
        assert_eq!(output.status.code(), Some(7));
    }
}
