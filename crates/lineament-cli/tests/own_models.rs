//! The program with nothing but the models it carries.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::path::Path;

use serde_json::Value;
use support::{code, run, stderr, stdout};

fn json(args: &[&str]) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let output = run(dir.path(), args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    serde_json::from_str(stdout(&output).trim()).unwrap()
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
    let picture = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../reference/assets/drawn_faces.png")
        .display()
        .to_string();
    let found = json(&["detect", &picture, "--json"]);
    assert_eq!(found["faces"].as_array().unwrap().len(), 4, "{found:#}");
    let same = json(&["verify", &picture, &picture, "--json"]);
    assert_eq!(same["decision"], "same", "{same:#}");
}
