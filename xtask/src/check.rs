//! What a change must pass.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};

use crate::python;

pub(crate) fn check() -> anyhow::Result<()> {
    cargo(&["fmt", "--all", "--check"])?;
    let clippy = ["--all-targets", "--", "-D", "warnings"];
    // With what is off by default; the tests compile what stands for it.
    let all = ["--features", "lineament-runtime/onnxruntime"];
    cargo(&[&["clippy"], ALL_BUT_TRAINER, &all, &clippy].concat())?;
    test()?;
    let libtorch = libtorch()?;
    with_libtorch(&libtorch, &[&["clippy"], TRAINER, &clippy].concat())?;
    readme_commands()
}

const ALL_BUT_TRAINER: &[&str] = &["--workspace", "--exclude", "lineament-train"];
const TRAINER: &[&str] = &["--package", "lineament-train"];

pub(crate) fn test() -> anyhow::Result<()> {
    cargo(&[&["test"], ALL_BUT_TRAINER].concat())?;
    with_libtorch(&libtorch()?, &[&["test"], TRAINER].concat())
}

/// Where libtorch is, installed if need be.
fn libtorch() -> anyhow::Result<PathBuf> {
    let output = Command::new("scripts/libtorch")
        .stderr(std::process::Stdio::inherit())
        .output()?;
    ensure!(
        output.status.success(),
        "scripts/libtorch: {}",
        output.status
    );
    let printed = String::from_utf8(output.stdout)?;
    let quoted = printed.trim().strip_prefix("export LIBTORCH='");
    let path = quoted.and_then(|rest| rest.strip_suffix('\''));
    path.map(PathBuf::from)
        .with_context(|| format!("scripts/libtorch printed {printed:?}"))
}

pub(crate) fn bench(models: &str, photos: &str) -> anyhow::Result<()> {
    cargo(&["build", "--release"])?;
    let arguments = ["--models", models, "--photos", photos].map(str::to_owned);
    python::run("bench/run.py", &arguments)
}

/// The README's main command, as it stands there, on the shared photos; without them, on drawn faces.
fn readme_commands() -> anyhow::Result<()> {
    let shared = std::env::var_os("LINEAMENT_SHARED")
        .map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let readme = std::fs::read_to_string("README.md")?;
    let command = readme
        .lines()
        .find_map(|line| line.strip_prefix("$ cargo run --release --bin lineament -- "))
        .context("README.md has lost its main command")?;
    let folder = tempfile::tempdir()?;
    let shared = shared.join("data/photos/known-and-unknown");
    let (people, photos) = match shared.is_dir() {
        true => (shared.join("train"), shared.join("test")),
        false => {
            println!(
                "the README's main command runs on drawn faces: no photos in {}",
                shared.display()
            );
            drawn(folder.path())?
        }
    };
    let album = folder.path().join("album");
    let words = command.split_whitespace().map(|word| match word {
        "people" => text(&people),
        "photos" => text(&photos),
        "my-album" => text(&album),
        word => word.to_owned(),
    });
    let start = ["run", "--release", "--bin", "lineament", "--"].map(str::to_owned);
    let arguments: Vec<String> = start.into_iter().chain(words).collect();
    cargo(&arguments.iter().map(String::as_str).collect::<Vec<_>>())?;
    ensure!(
        album.join("index.html").is_file(),
        "the README's main command made no page"
    );
    Ok(())
}

/// A folder of known people, and one of photos: both of the one drawn picture.
fn drawn(folder: &Path) -> anyhow::Result<(PathBuf, PathBuf)> {
    let (people, photos) = (folder.join("people"), folder.join("photos"));
    for place in [people.join("Nobody"), photos.clone()] {
        std::fs::create_dir_all(&place)?;
        std::fs::copy("reference/assets/drawn_faces.png", place.join("drawn.png"))?;
    }
    Ok((people, photos))
}

pub(crate) fn fuzz(seconds: u32) -> anyhow::Result<()> {
    for entry in std::fs::read_dir("fuzz/fuzz_targets")? {
        let path = entry?.path();
        let Some(target) = path.file_stem().map(|s| text(Path::new(s))) else {
            bail!("{} has no name", path.display());
        };
        // The fuzzer wants the sanitizer flags of a nightly compiler; a stable one takes them so.
        let status = Command::new("cargo")
            .env("RUSTC_BOOTSTRAP", "1")
            .args(["fuzz", "run", &target, &format!("fuzz/corpus/{target}")])
            .arg(format!("fuzz/seeds/{target}"))
            .args([
                "--",
                &format!("-max_total_time={seconds}"),
                "-timeout=20",
                "-rss_limit_mb=2048",
            ])
            .status()?;
        ensure!(status.success(), "fuzz target {target}: {status}");
    }
    Ok(())
}

const KERNELS: [&str; 2] = ["--package", "lineament-kernels"];

/// The kernels' tests for 64-bit Arm, in an emulator of that processor.
pub(crate) fn arm() -> anyhow::Result<()> {
    let added = Command::new("rustup")
        .args(["target", "add", "aarch64-unknown-linux-gnu"])
        .status()?;
    ensure!(added.success(), "rustup target add: {added}");
    let mut command = Command::new(env!("CARGO"));
    let variable = |what| format!("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_{what}");
    command.env(variable("LINKER"), "aarch64-linux-gnu-gcc");
    command.env(variable("RUNNER"), "qemu-aarch64 -L /usr/aarch64-linux-gnu");
    let test = ["test", "--target", "aarch64-unknown-linux-gnu"];
    run(command, &[&test[..], &KERNELS].concat())
}

/// The kernels' unit tests and every operator's, portable, in an interpreter that finds undefined
/// behaviour; without one that measures speed and one that tries all numbers.
pub(crate) fn miri() -> anyhow::Result<()> {
    let mut command = Command::new("cargo");
    command.env(
        "MIRIFLAGS",
        "-Zmiri-disable-isolation -Zmiri-deterministic-floats",
    );
    let test = ["+nightly", "miri", "test"];
    let which = [
        "--lib",
        "--test",
        "golden",
        "--",
        "--skip",
        "more_instructions_do_more",
        "--skip",
        "numbers_round_to_the_nearest",
    ];
    run(command, &[&test[..], &KERNELS, &which].concat())
}

pub(crate) fn crash(rounds: u32) -> anyhow::Result<()> {
    let mut command = Command::new(env!("CARGO"));
    command.env("LINEAMENT_CRASH_ROUNDS", rounds.to_string());
    let test = ["test", "--package", "lineament-gallery", "--test", "crash"];
    run(command, &test)
}

fn cargo(arguments: &[&str]) -> anyhow::Result<()> {
    run(Command::new(env!("CARGO")), arguments)
}

fn with_libtorch(libtorch: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let mut command = Command::new(env!("CARGO"));
    command.env("LIBTORCH", libtorch);
    run(command, arguments)
}

fn run(mut command: Command, arguments: &[&str]) -> anyhow::Result<()> {
    println!("$ cargo {}", arguments.join(" "));
    let status = command.args(arguments).status()?;
    ensure!(status.success(), "cargo {}: {status}", arguments.join(" "));
    Ok(())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
