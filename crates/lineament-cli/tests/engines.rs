//! What runs networks, and where the program says so.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::path::Path;

use lineament_kernels::Isa;
use lineament_runtime::{Manifest, Sha256};
use support::{code, lineament, run, stderr, stdout};

const MODEL: &str = "lineament-lite";

#[test]
fn models_say_what_they_run_on() {
    let dir = tempfile::tempdir().unwrap();
    let best = match Isa::detect() {
        Isa::Portable => "rten 0.27, CPU, 1 thread, because ".to_owned(),
        isa => format!("kernels 0.1.0 ({isa}), CPU, 1 thread"),
    };
    let portable = "kernels 0.1.0 (portable), CPU, 1 thread";
    for (isa, expected) in [("portable", portable), ("", &best)] {
        let verify = lineament(dir.path())
            .args(["models", "verify", MODEL])
            .env("LINEAMENT_ISA", isa)
            .output()
            .unwrap();
        assert_eq!(code(&verify), 0, "{}", stderr(&verify));
        let told = stdout(&verify);
        let start = format!("{MODEL}: good, runs on {expected}");
        assert!(told.starts_with(&start), "{told}");
    }
    let selftest = run(dir.path(), &["selftest", "--isa", "portable", "--json"]);
    assert_eq!(code(&selftest), 0, "{}", stderr(&selftest));
    assert!(
        stdout(&selftest).contains("(portable)"),
        "{}",
        stdout(&selftest)
    );
    let info = stdout(&run(dir.path(), &["models", "info", MODEL]));
    assert!(info.contains("# runs on "), "{info}");
}

#[test]
fn instructions_that_nobody_knows_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let verify = lineament(dir.path())
        .args(["models", "verify", MODEL])
        .env("LINEAMENT_ISA", "mmx")
        .output()
        .unwrap();
    assert_eq!(code(&verify), 5);
    let told = stdout(&verify);
    assert!(told.contains("unknown instruction set \"mmx\""), "{told}");
}

/// A detector in `folder` of which the kernels lack an operator: the small YuNet with another in place of `Relu`.
fn detector_with(operator: &[u8; 4], folder: &Path) {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut onnx = fs::read(crates.join("../reference/assets/random_yunet.onnx")).unwrap();
    for at in 0..onnx.len() - 4 {
        if &onnx[at..at + 4] == b"Relu" {
            onnx[at..at + 4].copy_from_slice(operator);
        }
    }
    let real = crates.join("lineament-runtime/manifests/yunet_n_dynamic.toml");
    let text = fs::read_to_string(real).unwrap();
    let mut manifest = Manifest::parse(&text, "yunet_n_dynamic.toml").unwrap();
    manifest.sha256 = Sha256::of(&onnx);
    (manifest.name, manifest.file) = ("signs".to_owned(), "signs.onnx".to_owned());
    let manifest = manifest.to_toml().unwrap();
    fs::write(folder.join("signs.toml"), manifest).unwrap();
    fs::write(folder.join("signs.onnx"), onnx).unwrap();
}

#[test]
fn everybody_is_told_which_network_the_kernels_cannot_run() {
    let dir = tempfile::tempdir().unwrap();
    support::album(dir.path());
    let told = |operator, arguments: &[&str]| {
        detector_with(operator, dir.path());
        let detect = ["detect", "photos", "--models", ".", "--detector", "signs"];
        let output = lineament(dir.path())
            .args([&detect, arguments].concat())
            .env("LINEAMENT_ISA", "portable")
            .output()
            .unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let told = stderr(&output);
        let lines = told.lines().filter(|line| line.contains("runs on"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    for arguments in [&[][..], &["--engine", "kernels"], &["--threads", "2"]] {
        let lines = told(b"Sign", arguments);
        let [line] = lines.as_slice() else {
            panic!("{lines:?}");
        };
        let start = "signs runs on rten 0.27, CPU, ";
        let reason = ", because no kernel for the operator Sign ";
        assert!(line.starts_with(start) && line.contains(reason), "{line}");
    }
    assert!(told(b"Relu", &[]).is_empty());
}
