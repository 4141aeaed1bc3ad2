//! What runs networks, and where the program says so.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use lineament_kernels::Isa;
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
