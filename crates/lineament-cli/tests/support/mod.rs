//! Running the program, and drawn photos for it.
#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod bench;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use lineament::RgbImage;
use lineament_testkit::{DrawnFace, draw_faces};

/// The program, in `folder`, without the settings of whoever runs the tests.
pub(crate) fn lineament(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lineament"));
    command
        .current_dir(folder)
        .env_remove("LINEAMENT_MODELS")
        .env_remove("LINEAMENT_ISA")
        .env_remove("COLUMNS")
        .env("HOME", folder)
        .env("XDG_DATA_HOME", folder.join("data"))
        .env("LOCALAPPDATA", folder.join("data"))
        .stdin(Stdio::null());
    command
}

/// The outcome of the program run with these arguments.
pub(crate) fn run(folder: &Path, args: &[&str]) -> Output {
    lineament(folder).args(args).output().unwrap()
}

/// As [`run`], with the reference models.
pub(crate) fn run_with_models(folder: &Path, models: &Path, args: &[&str]) -> Output {
    let mut command = lineament(folder);
    command
        .env("LINEAMENT_MODELS", models)
        .args(args)
        .output()
        .unwrap()
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The folder of reference models, or `None` after saying what is skipped.
pub(crate) fn models(what: &str) -> Option<PathBuf> {
    let models = lineament_testkit::shared_folder().map(|shared| shared.join("models"));
    let models = models
        .filter(|folder| folder.is_dir())
        .and_then(|m| m.canonicalize().ok());
    if models.is_none() {
        lineament_testkit::say_skipped(what);
    }
    models
}

pub(crate) fn write_png(path: &Path, image: &RgbImage) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = fs::File::create(path).unwrap();
    let mut encoder = png::Encoder::new(file, image.width(), image.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(image.pixels()).unwrap();
}

/// One drawn face.
pub(crate) fn one_face() -> RgbImage {
    draw_faces(320, 240, &[DrawnFace::at(150.0, 120.0, 130.0)])
}

/// Two drawn faces, the larger nearer the middle.
pub(crate) fn two_faces() -> RgbImage {
    let mut other = DrawnFace::at(70.0, 110.0, 90.0);
    other.skin = [120, 80, 60];
    other.hair = [20, 15, 10];
    draw_faces(400, 240, &[DrawnFace::at(230.0, 120.0, 140.0), other])
}

/// A wall and nobody before it.
pub(crate) fn no_face() -> RgbImage {
    draw_faces(320, 240, &[])
}

/// `photos/` with one, two and no faces, in folders.
pub(crate) fn album(folder: &Path) -> PathBuf {
    let photos = folder.join("photos");
    write_png(&photos.join("a.png"), &one_face());
    write_png(&photos.join("deep/b.png"), &two_faces());
    write_png(&photos.join("deep/c.png"), &no_face());
    photos
}
