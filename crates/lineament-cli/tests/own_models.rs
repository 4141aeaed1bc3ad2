//! The program with nothing but the models it carries.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::Path;

use serde_json::Value;
use support::{code, run, stderr, stdout};

fn json(args: &[&str]) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let output = run(dir.path(), args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    serde_json::from_str(stdout(&output).trim()).unwrap()
}

fn drawn_faces() -> String {
    let picture = "../../reference/assets/drawn_faces.png";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(picture);
    path.display().to_string()
}

#[test]
fn they_pass_their_own_test_on_every_engine() {
    for engine in ["rten", "kernels"] {
        let result = json(&["selftest", "--json", "--engine", engine]);
        assert_eq!(result["ok"], true, "{result:#}");
        let names: Vec<&str> = result["models"]
            .as_array()
            .unwrap()
            .iter()
            .map(|model| model["model"].as_str().unwrap())
            .collect();
        assert_eq!(
            names,
            ["lineament-detector", "lineament-lite", "lineament-tiny"]
        );
    }
}

#[test]
fn they_find_drawn_faces_and_know_one_again() {
    let picture = drawn_faces();
    let found = json(&["detect", &picture, "--json"]);
    assert_eq!(found["faces"].as_array().unwrap().len(), 4, "{found:#}");
    let same = json(&["verify", &picture, &picture, "--json"]);
    assert_eq!(same["decision"], "same", "{same:#}");
}

#[test]
fn faces_are_found_again_from_near() {
    let folder = tempfile::tempdir().unwrap();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let manifest = fs::read_to_string(models.join("lineament-detector.toml")).unwrap();
    let never_certain = manifest.replace("certain_score = 0.93", "certain_score = 1.0");
    assert_ne!(manifest, never_certain);
    fs::write(folder.path().join("lineament-detector.toml"), never_certain).unwrap();
    let network = "lineament-detector.onnx";
    fs::copy(models.join(network), folder.path().join(network)).unwrap();
    let folder = folder.path().display().to_string();
    let found = json(&["detect", &drawn_faces(), "--json", "--models", &folder]);
    assert_eq!(found["faces"].as_array().unwrap().len(), 4, "{found:#}");
}
