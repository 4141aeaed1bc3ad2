//! A folder of models: what is found, what is chosen, what is refused and how that is said.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests and their helpers"
)]

mod support;

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use lineament_runtime::{
    EngineOptions, Fault, ManifestOrigin, ModelFile, ModelLimits, ModelStore, RuntimeError,
    Selector, Task,
};
use support::{asset, embedder_manifest, input_for, shared_models};
use tempfile::{TempDir, tempdir};

/// A folder with an embedder of each name and preference.
fn folder(models: &[(&str, i32)]) -> TempDir {
    let folder = tempdir().unwrap();
    for &(name, preference) in models {
        put(folder.path(), name, preference);
    }
    folder
}

fn put(folder: &Path, name: &str, preference: i32) {
    fs::write(
        folder.join(format!("{name}.onnx")),
        asset("random_embedder.onnx"),
    )
    .unwrap();
    let manifest = embedder_manifest(name, preference).to_toml().unwrap();
    fs::write(folder.join(format!("{name}.toml")), manifest).unwrap();
}

fn open(folder: &Path) -> ModelStore {
    ModelStore::open(folder, ModelLimits::default()).unwrap()
}

fn named(name: &str) -> Selector {
    Selector::Named(name.to_owned())
}

#[test]
fn the_greatest_preference_is_taken_unless_a_name_is_given() {
    let folder = folder(&[("a", 1), ("b", 7), ("c", -3)]);
    let store = open(folder.path());
    let find = |selector| &store.find(&Task::EMBED, &selector).unwrap().manifest.name;
    assert_eq!(find(Selector::Preferred), "b");
    assert_eq!(find(named("c")), "c");
    assert_eq!(store.models().len(), 3);
}

#[test]
fn a_tie_names_both_and_the_way_out() {
    let folder = folder(&[("a", 7), ("b", 7), ("c", 1)]);
    let error = open(folder.path())
        .find(&Task::EMBED, &Selector::Preferred)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("a.onnx") && error.contains("b.onnx"),
        "{error}"
    );
    assert!(
        !error.contains("c.onnx") && error.contains("choose one by name"),
        "{error}"
    );
}

#[test]
fn nothing_to_find_says_what_to_do() {
    let folder = tempdir().unwrap();
    let absent = folder.path().join("absent");
    let error = ModelStore::open(&absent, ModelLimits::default()).unwrap_err();
    assert!(matches!(&error, RuntimeError::NoFolder { path } if *path == absent));
    let message = error.to_string();
    assert!(
        message.contains("--models DIR") && message.contains("LINEAMENT_MODELS"),
        "{message}"
    );

    let message = open(folder.path())
        .find(&Task::DETECT, &Selector::Preferred)
        .unwrap_err()
        .to_string();
    assert!(message.contains("lineament models pull"), "{message}");

    put(folder.path(), "here", 0);
    let message = open(folder.path())
        .find(&Task::EMBED, &named("there"))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("\"there\"") && message.contains("there is here"),
        "{message}"
    );
}

#[test]
fn files_that_are_no_models_are_listed_with_the_reason() {
    let folder = folder(&[("good", 0), ("broken", 0), ("other", 0)]);
    let at = |name: &str| folder.path().join(name);
    fs::write(at("bare.onnx"), b"some bytes").unwrap();
    fs::write(at("broken.toml"), "schema = 1\nname = 7\n").unwrap();
    fs::write(at("notes.txt"), "no model").unwrap();
    fs::create_dir(at("below.onnx")).unwrap();
    fs::rename(at("other.toml"), at("other.onnx.toml")).unwrap();
    fs::write(at("copy.onnx"), asset("random_embedder.onnx")).unwrap();
    fs::copy(at("good.toml"), at("copy.toml")).unwrap();

    let store = open(folder.path());
    let names: Vec<_> = store
        .models()
        .iter()
        .map(|m| m.manifest.name.as_str())
        .collect();
    assert_eq!(names, ["good", "other"]);
    let reasons: Vec<_> = store.unusable().iter().map(|u| u.reason.as_str()).collect();
    assert_eq!(reasons.len(), 3);
    assert!(
        reasons[0].contains("lineament models add"),
        "{}",
        reasons[0]
    );
    assert!(reasons[1].contains("broken.toml, line 2"), "{}", reasons[1]);
    assert!(
        reasons[2].contains("copy.toml: file should be"),
        "{}",
        reasons[2]
    );
    let message = store
        .find(&Task::DETECT, &Selector::Preferred)
        .unwrap_err()
        .to_string();
    assert!(message.contains("bare.onnx"), "{message}");
}

#[test]
fn a_model_from_the_folder_runs() {
    let folder = folder(&[("a", 0)]);
    let store = open(folder.path());
    let model = store.find(&Task::EMBED, &Selector::Preferred).unwrap();
    assert_eq!(model.origin, ManifestOrigin::Beside);
    let loaded = model.load(&EngineOptions::default()).unwrap();
    let outputs = loaded
        .session
        .run(&input_for(loaded.session.signature(), 1, 0))
        .unwrap();
    let embedding = outputs.get(&loaded.manifest.outputs["embedding"]).unwrap();
    assert_eq!(embedding.shape(), [1, 32]);
}

#[test]
fn a_changed_file_is_not_loaded() {
    let folder = folder(&[("a", 0)]);
    let mut bytes = asset("random_embedder.onnx");
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(folder.path().join("a.onnx"), bytes).unwrap();
    let store = open(folder.path());
    let model = store.find(&Task::EMBED, &Selector::Preferred).unwrap();
    let error = model.load(&EngineOptions::default()).unwrap_err();
    assert_eq!(error.fault(), Fault::Corrupt);
    assert!(error.to_string().contains("get it again"), "{error}");
}

#[test]
fn a_file_above_the_limit_is_not_read() {
    let folder = folder(&[("a", 0)]);
    let limits = ModelLimits { max_bytes: 1000 };
    fs::write(folder.path().join("bare.onnx"), vec![0; 1001]).unwrap();
    let store = ModelStore::open(folder.path(), limits).unwrap();
    assert!(store.unusable()[0].reason.contains("limit of 1000"));
    let model = store.find(&Task::EMBED, &Selector::Preferred).unwrap();
    let error = model.load(&EngineOptions::default()).unwrap_err();
    assert!(
        matches!(
            error,
            RuntimeError::TooLarge {
                limit_bytes: 1000,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_manifest_that_does_not_fit_the_network_is_refused() {
    let onnx: Cow<'static, [u8]> = Cow::Owned(asset("random_embedder.onnx"));
    let wrong = |change: fn(&mut lineament_runtime::Manifest)| {
        let mut manifest = embedder_manifest("a", 0);
        change(&mut manifest);
        let model = ModelFile::from_memory(onnx.clone(), manifest);
        match model.load(&EngineOptions::default()) {
            Err(RuntimeError::Signature { field, got, .. }) => (field, got),
            other => panic!("{other:?}"),
        }
    };
    use lineament_runtime::{BatchMode, InputSize, TensorLayout};
    assert_eq!(wrong(|m| m.input.name = "data".into()).0, "input.name");
    assert_eq!(
        wrong(|m| m.input.layout = TensorLayout::Nhwc).0,
        "input.layout"
    );
    assert_eq!(
        wrong(|m| m.input.batch = BatchMode::Dynamic).0,
        "input.batch"
    );
    assert_eq!(
        wrong(|m| m.input.size = InputSize::MultipleOf(32)).0,
        "input.size"
    );
    let size = InputSize::Fixed {
        width: 96,
        height: 112,
    };
    assert_eq!(size.to_string(), "96×112");
    let (field, got) = wrong(|m| {
        m.input.size = InputSize::Fixed {
            width: 96,
            height: 112,
        }
    });
    assert_eq!(
        (field.as_str(), got.as_str()),
        ("input.size", "input0 [1, 3, 112, 112]")
    );
    let (field, got) = wrong(|m| drop(m.outputs.insert("norm".into(), "norm".into())));
    assert_eq!(
        (field.as_str(), got.as_str()),
        ("outputs.norm", "the outputs output0")
    );
}

#[test]
fn models_in_memory_step_in_where_the_folder_has_none() {
    let folder = folder(&[("a", 1)]);
    let carried = |name| {
        let onnx = Cow::Owned(asset("random_embedder.onnx"));
        ModelFile::from_memory(onnx, embedder_manifest(name, 5))
    };
    let store = open(folder.path()).with_models([carried("carried"), carried("a")]);
    let found = |selector| store.find(&Task::EMBED, &selector).unwrap();
    assert_eq!(found(Selector::Preferred).manifest.name, "a");
    assert!(found(Selector::Named("a".into())).path().is_some());
    assert_eq!(
        found(Selector::Named("carried".into())),
        &carried("carried")
    );
    let empty = tempfile::tempdir().unwrap();
    let store = open(empty.path()).with_models([carried("carried")]);
    let preferred = store.find(&Task::EMBED, &Selector::Preferred).unwrap();
    assert_eq!(preferred, &carried("carried"));
    let alone = ModelStore::from_models(vec![carried("carried")]);
    assert!(
        alone
            .find(&Task::DETECT, &Selector::Preferred)
            .unwrap_err()
            .to_string()
            .contains("in the program")
    );
}

/// Bare files of public models are known by their digest, and are what their manifests say.
#[test]
fn public_models_need_no_manifest_beside_them() {
    let Some(models) = shared_models() else {
        return;
    };
    let store = open(&models);
    assert_eq!(store.unusable(), []);
    for model in store.models() {
        assert_eq!(model.origin, ManifestOrigin::Shipped);
        let loaded = model.load(&EngineOptions::default()).unwrap();
        loaded
            .session
            .run(&input_for(loaded.session.signature(), 1, 3))
            .unwrap();
    }
    let preferred = |task| {
        &store
            .find(&task, &Selector::Preferred)
            .unwrap()
            .manifest
            .name
    };
    assert_eq!(preferred(Task::DETECT), "yunet_n_dynamic");
    assert_eq!(preferred(Task::EMBED), "mobilefacenet");
}
