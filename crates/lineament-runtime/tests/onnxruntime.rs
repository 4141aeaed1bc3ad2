//! ONNX Runtime beside the kernels and rten, from the library that `ORT_DYLIB_PATH` names. Skips with one printed line
//! where there is none.
#![cfg(feature = "onnxruntime")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests and their helpers"
)]

mod support;

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use lineament_runtime::{
    Device, Engine, EngineOptions, Fault, Isa, LoadedSession, RuntimeError, load_session,
};
use support::{NETWORKS, asset, same_under_contention, sessions_agree, shared_models};

fn options(device: Device) -> EngineOptions {
    EngineOptions {
        engine: Engine::OnnxRuntime {
            library: None,
            device,
        },
        threads: NonZeroUsize::new(2).unwrap(),
        precision: None,
    }
}

/// The network in `onnx`, or `None` with a printed line where there is no library.
fn with_onnxruntime(name: &str, onnx: Vec<u8>) -> Option<LoadedSession> {
    match load_session(name, Cow::Owned(onnx), &options(Device::Cpu)) {
        Err(RuntimeError::EngineUnavailable { reason, .. }) => {
            println!("skipped: {reason}");
            None
        }
        loaded => Some(loaded.unwrap()),
    }
}

fn engines_agree(name: &str, onnx: &[u8]) -> Option<()> {
    let theirs = with_onnxruntime(name, onnx.to_vec())?.session;
    let sets = [Isa::Portable, Isa::Neon, Isa::Avx2, Isa::Avx512];
    let present = sets.into_iter().filter(|isa| isa.checked().is_ok());
    let kernels = present.map(|isa| Engine::Kernels { isa: Some(isa) });
    for engine in kernels.chain([Engine::Rten]) {
        let options = EngineOptions {
            engine,
            ..EngineOptions::default()
        };
        let ours = load_session(name, Cow::Owned(onnx.to_vec()), &options).unwrap();
        assert_eq!(ours.engine.fallback, None);
        let name = format!("{name}, {}", ours.engine);
        sessions_agree(&name, &*ours.session, &*theirs);
    }
    Some(())
}

#[test]
fn engines_agree_on_small_networks() {
    for name in NETWORKS {
        if engines_agree(name, &asset(name)).is_none() {
            return;
        }
    }
}

#[test]
fn engines_agree_on_real_networks() {
    let Some(folder) = shared_models() else {
        return;
    };
    for manifest in lineament_runtime::known_models() {
        let Ok(onnx) = std::fs::read(folder.join(&manifest.file)) else {
            continue;
        };
        if engines_agree(&manifest.name, &onnx).is_none() {
            return;
        }
    }
}

#[test]
fn contention_changes_nothing() {
    let name = "random_yunet.onnx";
    let Some(loaded) = with_onnxruntime(name, asset(name)) else {
        return;
    };
    same_under_contention(&*loaded.session);
}

#[test]
fn the_report_says_what_runs() {
    let name = "random_embedder.onnx";
    let Some(loaded) = with_onnxruntime(name, asset(name)) else {
        return;
    };
    let report = loaded.engine.to_string();
    println!("{report}");
    assert!(report.starts_with("ONNX Runtime build "), "{report}");
    assert!(report.ends_with(", CPU, 2 threads"), "{report}");
}

/// A library for the CPU alone, asked for a GPU, says so and runs nothing.
#[test]
fn no_device_is_replaced_by_another() {
    let name = "random_embedder.onnx";
    if with_onnxruntime(name, asset(name)).is_none() {
        return;
    }
    let devices = [
        Device::Cuda { index: 999 },
        Device::TensorRt { index: 999 },
        Device::CoreMl,
        Device::DirectMl { index: 9 },
    ];
    for device in devices {
        let error = load_session(name, Cow::Owned(asset(name)), &options(device)).unwrap_err();
        assert_eq!(error.fault(), Fault::Unsupported, "{error}");
        assert!(matches!(error, RuntimeError::DeviceUnavailable { device: d, .. } if d == device));
    }
}

#[test]
fn a_damaged_file_is_the_models_fault() {
    let whole = asset("random_yunet.onnx");
    let Some(_) = with_onnxruntime("whole", whole.clone()) else {
        return;
    };
    let cut = whole[..whole.len() / 2].to_vec();
    let error = load_session("cut", Cow::Owned(cut), &options(Device::Cpu)).unwrap_err();
    assert_eq!(error.fault(), Fault::Model);
}

#[test]
fn a_second_library_is_refused() {
    let name = "random_embedder.onnx";
    let loaded = with_onnxruntime(name, asset(name)).is_some();
    let other = EngineOptions {
        engine: Engine::OnnxRuntime {
            library: Some(PathBuf::from("/nowhere/libonnxruntime.so")),
            device: Device::Cpu,
        },
        ..EngineOptions::default()
    };
    let error = load_session(name, Cow::Owned(asset(name)), &other)
        .unwrap_err()
        .to_string();
    assert_eq!(error.contains("already uses"), loaded, "{error}");
    assert_eq!(error.contains("ORT_DYLIB_PATH"), !loaded, "{error}");
}
