//! Our own executor beside rten, with each instruction set of this processor.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests and their helpers"
)]

mod support;

use std::borrow::Cow;
use std::num::NonZeroUsize;

use lineament_runtime::{
    Engine, EngineOptions, Fallback, Fault, Isa, LoadedSession, ModelFile, Precision, load_session,
};
use support::{NETWORKS, asset, input_for, same_under_contention, sessions_agree, shared_models};

const SETS: [Isa; 5] = Isa::ALL;

fn load(name: &str, onnx: &[u8], engine: Engine, threads: usize) -> LoadedSession {
    let threads = NonZeroUsize::new(threads).unwrap();
    let options = EngineOptions {
        engine,
        threads,
        ..EngineOptions::default()
    };
    load_session(name, Cow::Owned(onnx.to_vec()), &options).unwrap()
}

fn kernels(isa: Isa) -> Engine {
    Engine::Kernels { isa: Some(isa) }
}

fn agrees_with_rten(name: &str, onnx: &[u8]) {
    let rten = load(name, onnx, Engine::Rten, 1).session;
    for isa in SETS.into_iter().filter(|isa| isa.checked().is_ok()) {
        let ours = load(name, onnx, kernels(isa), 2);
        assert_eq!(ours.engine.fallback, None);
        sessions_agree(&format!("{name}, {isa}"), &*ours.session, &*rten);
    }
}

#[test]
fn small_networks_agree() {
    for name in NETWORKS {
        agrees_with_rten(name, &asset(name));
    }
}

#[test]
fn real_networks_agree() {
    let Some(folder) = shared_models() else {
        return;
    };
    for manifest in lineament_runtime::known_models() {
        if let Ok(onnx) = std::fs::read(folder.join(&manifest.file)) {
            agrees_with_rten(&manifest.name, &onnx);
        }
    }
}

#[test]
fn contention_changes_nothing() {
    for name in NETWORKS {
        let engine = Engine::Kernels { isa: None };
        same_under_contention(&*load(name, &asset(name), engine, 1).session);
    }
}

#[test]
fn the_report_says_what_runs() {
    let name = "random_embedder.onnx";
    let loaded = load(name, &asset(name), kernels(Isa::Portable), 2);
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!("kernels {version} (portable), CPU, 2 threads");
    assert_eq!(loaded.engine.to_string(), expected);
}

#[test]
fn the_report_says_in_which_precision() {
    let name = "random_embedder.onnx";
    let report = |isa, precision| {
        let options = EngineOptions {
            engine: kernels(isa),
            precision: Some(precision),
            ..EngineOptions::default()
        };
        let loaded = load_session(name, Cow::Owned(asset(name)), &options).unwrap();
        loaded.engine.to_string()
    };
    let version = env!("CARGO_PKG_VERSION");
    for precision in [Precision::Bf16, Precision::Int8] {
        let expected = format!("kernels {version} (portable, {precision}), CPU, 1 thread");
        assert_eq!(report(Isa::Portable, precision), expected);
        if Isa::Avx2.checked().is_ok() {
            let why = format!("f32 for want of instructions for {precision}");
            let expected = format!("kernels {version} (avx2, {why}), CPU, 1 thread");
            assert_eq!(report(Isa::Avx2, precision), expected);
        }
    }
}

#[test]
fn it_is_what_runs_by_default() {
    let name = "random_embedder.onnx";
    let threads = NonZeroUsize::MIN;
    let (engine, asked) = (Engine::Auto, Engine::Kernels { isa: None });
    let expected = EngineOptions {
        engine,
        threads,
        precision: None,
    };
    assert_eq!(EngineOptions::default(), expected);
    if Isa::detect() == Isa::Portable {
        return;
    }
    let by_default = load(name, &asset(name), Engine::default(), 1).engine;
    assert_eq!(by_default, load(name, &asset(name), asked, 1).engine);
    assert!(by_default.name == "kernels" && by_default.fallback.is_none());
}

/// The small YuNet with `Relu` renamed, to a name of the same length, which keeps the file whole.
fn yunet_with(operator: &[u8; 4]) -> Vec<u8> {
    let mut onnx = asset("random_yunet.onnx");
    let is_relu = |&at: &usize| &onnx[at..at + 4] == b"Relu";
    let places: Vec<usize> = (0..onnx.len() - 4).filter(is_relu).collect();
    assert!(!places.is_empty());
    for at in places {
        onnx[at..at + 4].copy_from_slice(operator);
    }
    onnx
}

#[test]
fn an_operator_without_a_kernel_is_left_to_rten() {
    let onnx = yunet_with(b"Sign");
    let loaded = load("yunet", &onnx, Engine::Kernels { isa: None }, 1);
    let report = loaded.engine.to_string();
    let expected = "rten 0.27, CPU, 1 thread, because no kernel for the operator Sign ";
    assert!(report.starts_with(expected), "{report}");
    assert!(matches!(loaded.engine.fallback, Some(Fallback::Network(_))));
    if Isa::detect() != Isa::Portable {
        let by_default = load("yunet", &onnx, Engine::Auto, 1);
        assert_eq!(by_default.engine, loaded.engine);
    }
    let rten = load("yunet", &onnx, Engine::Rten, 1);
    sessions_agree("yunet with signs", &*loaded.session, &*rten.session);
}

#[test]
fn an_operator_that_nobody_knows_is_named() {
    let options = EngineOptions {
        engine: Engine::Kernels { isa: None },
        ..EngineOptions::default()
    };
    let error = load_session("yunet", Cow::Owned(yunet_with(b"Rilu")), &options).unwrap_err();
    assert_eq!(error.fault(), Fault::Model);
    assert!(error.to_string().contains("Rilu"), "{error}");
}

#[test]
fn damaged_files_are_errors() {
    let whole = asset("random_yunet.onnx");
    let options = EngineOptions {
        engine: Engine::Kernels { isa: None },
        ..EngineOptions::default()
    };
    for i in 0..200 {
        let cut = whole[..whole.len() * i / 200].to_vec();
        match load_session("damaged", Cow::Owned(cut), &options) {
            Ok(loaded) => {
                let input = input_for(loaded.session.signature(), 1, 1);
                drop(loaded.session.run(&input));
            }
            Err(error) => assert_eq!(error.fault(), Fault::Model),
        }
    }
}

/// What a manifest says holds unless the caller says otherwise.
#[test]
fn a_manifest_chooses_the_precision() {
    let name = "random_embedder";
    let mut manifest = support::embedder_manifest(name, 0);
    let onnx = asset("random_embedder.onnx");
    manifest.precision = Some(Precision::Int8);
    let model = ModelFile::from_memory(Cow::Owned(onnx), manifest);
    for (asked, expected) in [
        (None, "(portable, int8)"),
        (Some(Precision::Bf16), "(portable, bf16)"),
        (Some(Precision::F32), "(portable)"),
    ] {
        let options = EngineOptions {
            engine: kernels(Isa::Portable),
            precision: asked,
            ..EngineOptions::default()
        };
        let report = model.load(&options).unwrap().engine.to_string();
        assert!(report.contains(expected), "{report}");
    }
}
