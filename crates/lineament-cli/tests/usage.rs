//! What the program says and returns when it needs no model: help, wrong usage, missing models.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use support::{code, run, stderr, stdout};

#[test]
fn help() {
    let dir = tempfile::tempdir().unwrap();
    for command in [
        "", "detect", "align", "embed", "verify", "identify", "models",
    ] {
        let args: Vec<&str> = command.split_terminator(' ').chain(["--help"]).collect();
        let output = run(dir.path(), &args);
        assert_eq!(code(&output), 0);
        let name = if command.is_empty() { "help" } else { command };
        insta::with_settings!({filters => vec![(r"lineament\.exe", "lineament")]}, {
            insta::assert_snapshot!(name, stdout(&output));
        });
    }
}

#[test]
fn wrong_usage_is_2() {
    let dir = tempfile::tempdir().unwrap();
    for line in [
        "",
        "detect",
        "paint a.jpg",
        "verify a.jpg",
        "verify a.jpg b.jpg --threshold 0.3 --fmr 1e-3",
        "verify a.jpg b.jpg --threshold 3",
        "verify - -",
        "verify . b.jpg",
        "detect a.jpg --resume",
        "detect a.jpg --max-side 1",
        "detect a.jpg --threads 0",
        "embed a.jpg --out faces.csv",
        "models add a.onnx --family nonsense",
        "models pull http://localhost/a.onnx --sha256 12",
    ] {
        let args: Vec<&str> = line.split_whitespace().collect();
        let output = run(dir.path(), &args);
        assert_eq!(code(&output), 2, "{line}: {}", stderr(&output));
    }
}

#[test]
fn a_wrong_format_names_the_right_ones() {
    let dir = tempfile::tempdir().unwrap();
    let output = run(dir.path(), &["embed", "a.jpg", "--out", "faces.csv"]);
    insta::assert_snapshot!(stderr(&output), @"error: the file for embeddings must end in .npy, .parquet or .jsonl, not faces.csv");
}

#[test]
fn a_folder_of_models_that_is_not_there_is_5() {
    let dir = tempfile::tempdir().unwrap();
    let output = run(dir.path(), &["detect", "a.jpg", "--models", "nowhere"]);
    assert_eq!(code(&output), 5);
    assert!(stderr(&output).contains("nowhere"), "{}", stderr(&output));
}

#[test]
fn nothing_to_read_is_4() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    for paths in ["empty", "empty/*.jpg"] {
        let output = run(dir.path(), &["detect", paths]);
        assert_eq!(code(&output), 4, "{paths}");
    }
    let output = run(dir.path(), &["identify", "--known", "nobody", "a.jpg"]);
    assert_eq!(code(&output), 4);
}
