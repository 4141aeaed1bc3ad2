//! `lineament models profile`: what each step costs.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::path::Path;

use serde_json::Value;
use support::{code, run, stderr, stdout};

fn network() -> String {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference/assets");
    let path = assets.join("random_yunet.onnx").canonicalize().unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn steps_add_up_and_name_what_was_fused() {
    let dir = tempfile::tempdir().unwrap();
    let (file, isa) = (network(), "portable");
    let options = ["--size", "96x128", "--runs", "2", "--isa", isa];
    let args = [&["models", "profile", &file, "--json"], &options[..]].concat();
    let output = run(dir.path(), &args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let profile: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(profile["input"], serde_json::json!([1, 3, 96, 128]));
    assert_eq!(profile["isa"], isa);
    assert_eq!(profile["precision"], "f32");
    let steps = profile["steps"].as_array().unwrap();
    let macs: u64 = steps.iter().map(|s| s["macs"].as_u64().unwrap()).sum();
    assert_eq!(profile["macs"], macs);
    assert!(profile["peak_gmacs_per_second"].as_f64().unwrap() > 0.0);
    let fused = steps
        .iter()
        .any(|s| s["what"].as_str().unwrap().ends_with(" + relu"));
    assert!(fused, "{profile}");
}

#[test]
fn less_exact_numbers_are_named_step_by_step() {
    let dir = tempfile::tempdir().unwrap();
    let options = ["--size", "96x128", "--runs", "1", "--isa", "portable"];
    for precision in ["bf16", "int8"] {
        let args = ["models", "profile", &network(), "--precision", precision];
        let output = run(dir.path(), &[&args[..], &options].concat());
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let text = stdout(&output);
        assert!(text.contains(&format!(", {precision}")), "{text}");
        let last = text.lines().last().unwrap();
        assert!(last.contains(&format!("in {precision}; ")), "{last}");
    }
}

#[test]
fn people_get_a_table_with_a_sum() {
    let dir = tempfile::tempdir().unwrap();
    let output = run(
        dir.path(),
        &["models", "profile", &network(), "--runs", "1"],
    );
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.starts_with("µs"), "{text}");
    let last = text.lines().last().unwrap();
    assert!(last.contains("of an input of 1x3x320x320"), "{last}");
    assert!(last.contains("1 thread with "), "{last}");
}

#[test]
fn what_is_wrong_is_said() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.onnx"), b"\x0f").unwrap();
    for (args, exit, words) in [
        (&["a.onnx"][..], 5, "a.onnx: byte"),
        (&["b.onnx"], 4, "b.onnx"),
        (&["a.onnx", "--size", "5"], 2, "a height and a width"),
        (
            &["a.onnx", "--isa", "mmx"],
            2,
            "portable, neon, avx2, avx512 and amx",
        ),
    ] {
        let output = run(dir.path(), &[&["models", "profile"], args].concat());
        assert_eq!(code(&output), exit, "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
}
