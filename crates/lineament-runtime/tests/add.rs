//! Adding models: every family's small network, and what is refused.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests and their helpers"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lineament_runtime::{
    BatchMode, Description, EngineOptions, InputSize, ModelFile, ModelLimits, ModelStore, NewModel,
    RuntimeError, Selector, add, template,
};
use support::{asset, shared_models};
use tempfile::tempdir;

fn new_model(name: &str, family: &str, outputs: &[(&str, &str)]) -> NewModel {
    let pair = |&(role, tensor): &(&str, &str)| (role.to_owned(), tensor.to_owned());
    NewModel {
        name: name.to_owned(),
        template: template(family).unwrap(),
        outputs: outputs.iter().map(pair).collect::<BTreeMap<_, _>>(),
        licence: "CC0-1.0".to_owned(),
        provenance: "Random weights.".to_owned(),
        preference: None,
    }
}

/// Adds the small network `file` to `folder`.
fn add_asset(folder: &Path, file: &str, model: NewModel) -> Result<ModelFile, RuntimeError> {
    let source = folder.join("source");
    fs::create_dir_all(&source).unwrap();
    fs::write(source.join(file), asset(file)).unwrap();
    let description = Description::New(model);
    add(
        &folder.join("models"),
        &source.join(file),
        &description,
        ModelLimits::default(),
    )
}

#[test]
fn every_family_is_added_and_found_again() {
    let folder = tempdir().unwrap();
    for (file, family, outputs) in [
        ("random_yunet.onnx", "yunet", &[][..]),
        ("random_ultraface.onnx", "ultraface", &[]),
        ("random_scrfd_kps.onnx", "scrfd", &[]),
        ("random_scrfd_nokps.onnx", "scrfd-without-landmarks", &[]),
        ("random_retinaface.onnx", "retinaface", &[]),
        (
            "random_embedder.onnx",
            "arcface",
            &[("embedding", "output0")],
        ),
        (
            "random_embedder_dynamic.onnx",
            "arcface",
            &[("embedding", "output0")],
        ),
    ] {
        let name = file.trim_end_matches(".onnx");
        let added = add_asset(folder.path(), file, new_model(name, family, outputs)).unwrap();
        let store =
            ModelStore::open(&folder.path().join("models"), ModelLimits::default()).unwrap();
        let task = added.manifest.task.clone();
        let found = store
            .find(&task, &Selector::Named(name.to_owned()))
            .unwrap();
        assert_eq!(found, &added);
        found.load(&EngineOptions::default()).unwrap();
    }
}

#[test]
fn what_the_file_says_is_read_from_it() {
    let folder = tempdir().unwrap();
    let ultraface = new_model("u", "ultraface", &[]);
    let ultraface = add_asset(folder.path(), "random_ultraface.onnx", ultraface)
        .unwrap()
        .manifest;
    assert_eq!(
        ultraface.input.size,
        InputSize::Fixed {
            width: 128,
            height: 96
        }
    );
    assert_eq!(ultraface.input.batch, BatchMode::Fixed);
    let embedder = new_model("e", "arcface", &[("embedding", "output0")]);
    let embedder = add_asset(folder.path(), "random_embedder_dynamic.onnx", embedder)
        .unwrap()
        .manifest;
    assert_eq!(embedder.input.batch, BatchMode::Dynamic);
    assert_eq!(embedder.settings["dimension"], 32.into());
    assert_eq!(embedder.settings["space"], "e".into());
}

#[test]
fn nothing_is_guessed() {
    let folder = tempdir().unwrap();
    let lacking = new_model("e", "arcface", &[]);
    let error = add_asset(folder.path(), "random_embedder.onnx", lacking)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "name the tensor of embedding with --output ROLE=NAME; the file has the outputs output0 [1, 32]"
    );

    let wrong = new_model("e", "arcface", &[("embedding", "output1")]);
    let error = add_asset(folder.path(), "random_embedder.onnx", wrong).unwrap_err();
    assert!(matches!(error, RuntimeError::Signature { .. }), "{error}");

    let role = new_model("e", "arcface", &[("embeding", "output0")]);
    let error = add_asset(folder.path(), "random_embedder.onnx", role)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("no role \"embeding\"; it has embedding"),
        "{error}"
    );

    let family = new_model("y", "yunet", &[]);
    let error = add_asset(folder.path(), "random_ultraface.onnx", family).unwrap_err();
    assert!(
        matches!(&error, RuntimeError::MissingRoles { missing, .. } if missing.len() == 12),
        "{error}"
    );
    assert!(!folder.path().join("models").exists());

    let error = template("facenet").unwrap_err().to_string();
    assert!(
        error.contains("there is arcface, retinaface, scrfd"),
        "{error}"
    );
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempdir().unwrap();
    let model = || new_model("m", "yunet", &[]);
    let first = add_asset(folder.path(), "random_yunet.onnx", model()).unwrap();
    assert_eq!(
        add_asset(folder.path(), "random_yunet.onnx", model()).unwrap(),
        first
    );
    let other = new_model("m", "scrfd", &[]);
    let error = add_asset(folder.path(), "random_scrfd_kps.onnx", other).unwrap_err();
    assert!(
        matches!(&error, RuntimeError::AlreadyThere { path } if path.ends_with("m.onnx")),
        "{error}"
    );
    assert_eq!(
        fs::read_dir(folder.path().join("models")).unwrap().count(),
        2
    );
}

#[test]
fn a_name_cannot_leave_the_folder() {
    let folder = tempdir().unwrap();
    let error = add_asset(
        folder.path(),
        "random_yunet.onnx",
        new_model("../m", "yunet", &[]),
    );
    assert!(matches!(error, Err(RuntimeError::ManifestField { .. })));
    assert!(!folder.path().join("m.onnx").exists());
}

#[test]
fn an_unknown_file_needs_a_family() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("a.onnx");
    fs::write(&file, asset("random_yunet.onnx")).unwrap();
    let error = add(
        folder.path(),
        &file,
        &Description::Known,
        ModelLimits::default(),
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("name its family (arcface,"),
        "{error}"
    );
}

#[test]
fn a_public_model_needs_nothing() {
    let Some(models) = shared_models() else {
        return;
    };
    let folder = tempdir().unwrap();
    let added = add(
        folder.path(),
        &models.join("yunet_n_320.onnx"),
        &Description::Known,
        ModelLimits::default(),
    );
    assert_eq!(added.unwrap().manifest.name, "yunet_n_320");
}
