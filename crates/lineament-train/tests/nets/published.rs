//! Weights that come under names of their own (`reference/train_names.py`) become a model without training.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use crate::formula::{difference, pictures};
use lineament_runtime::{EngineOptions, Manifest, load_session};
use lineament_train::model::{Model, NameMap};
use lineament_train::nets::{NetOptions, Normalisation, by_name};
use lineament_train::run::export::{Calibrated, Wanted};
use lineament_train::run::{Published, import};
use serde_json::Value;
use tch::{Device, Tensor};

const NAMES: &str = r#"
rename = [
    ["^blocks.0.", "stage1.shrink."],
    ["^blocks.1.", "stage2.shrink."],
    ["^blocks.2.", "stage3.shrink."],
    ["^blocks.3.", "stage4.shrink."],
    [".conv.", "."],
    [".norm.", ".bn."],
    [".slope.", ".act."],
    ["^projection.", "fc."],
]
ignore = ["logits."]
"#;

fn golden(file: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference/golden");
    folder.join(file)
}

/// A folder with the map `names`, and what is published there.
fn published(folder: &Path, names: &str, fields: &[&str]) -> Result<Published, String> {
    let map = folder.join("names.toml");
    fs::write(&map, names).unwrap();
    let config = folder.join("published.toml");
    let text = format!(
        r#"
name = "theirs"

[network]
name = "sphereface-4"
options = {{ width = 0.0625, embedding_dim = 8, normalisation = "batch" }}
weights = {:?}
names = {map:?}

[input]
width = 32
height = 32
std = [128.0, 128.0, 128.0]
flip = "none"
"#,
        golden("train_names.safetensors")
    );
    fs::write(&config, text).unwrap();
    let fields: Vec<String> = fields.iter().map(|f| (*f).to_owned()).collect();
    Published::load(&config, &fields).map_err(|e| e.to_string())
}

fn wanted(folder: &Path) -> Wanted {
    Wanted {
        checkpoint: None,
        folder: folder.join("models"),
        fp16_weights: false,
        licence: "CC0-1.0".to_owned(),
        preference: 3,
        restore: false,
        calibration: Calibrated::Not,
        default_fmr: None,
        flip: None,
    }
}

fn told(names: &str, fields: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let published = match published(folder.path(), names, fields) {
        Ok(published) => published,
        Err(told) => return told,
    };
    let error = import(&published, &wanted(folder.path())).unwrap_err();
    assert!(!folder.path().join("models").exists());
    error.to_string()
}

#[test]
fn a_file_with_names_of_its_own_becomes_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let published = published(folder.path(), NAMES, &[]).unwrap();
    let imported = import(&published, &wanted(folder.path())).unwrap();
    assert!(imported.greatest_difference < 1e-5);

    let golden: Value =
        serde_json::from_slice(&fs::read(golden("train_names.json")).unwrap()).unwrap();
    let rows: Vec<Vec<f32>> = serde_json::from_value(golden["outputs"].clone()).unwrap();
    let options = NetOptions {
        input: Some((32, 32)),
        ..published.network.options
    };
    let seen = pictures(&by_name("sphereface-4", &options).unwrap());
    let values = Vec::<f32>::try_from(seen.flatten(0, -1)).unwrap();
    let input = lineament_runtime::Tensor::new(vec![2, 3, 32, 32], values).unwrap();
    let file = Cow::Owned(fs::read(&imported.model).unwrap());
    let loaded = load_session("theirs", file, &EngineOptions::default()).unwrap();
    let outputs = loaded.session.run(&input).unwrap();
    let got = Tensor::from_slice(outputs.get("embedding").unwrap().data()).reshape([2, 8]);
    assert!(difference(&got, &Tensor::from_slice2(&rows)) < 1e-5);

    let manifest = fs::read_to_string(imported.model.with_extension("toml")).unwrap();
    let manifest = Manifest::parse(&manifest, "theirs.toml").unwrap();
    assert_eq!((manifest.name.as_str(), manifest.preference), ("theirs", 3));
    assert_eq!(manifest.input.std, [128.0; 3]);
    assert!(manifest.provenance.contains("train_names.safetensors"));
    assert!(manifest.calibration.is_none());
}

#[test]
fn what_does_not_fit_is_named() {
    let without = |line: &str| {
        assert!(NAMES.contains(line));
        NAMES.replace(line, "")
    };
    for (names, fields, words) in [
        (
            without("    [\"^projection.\", \"fc.\"],\n"),
            &[][..],
            &[
                "network.weights",
                "weights for fc.",
                "does not have it",
                "projection",
            ][..],
        ),
        (
            without("ignore = [\"logits.\"]"),
            &[],
            &["logits.weight", "sphereface-4", "ignore"],
        ),
        (
            NAMES.to_owned(),
            &["network.options.embedding_dim=9"],
            &["weights for fc.", "expected [9", "got [8"],
        ),
        (
            NAMES.replace("blocks.1", "blocks.0"),
            &[],
            &["stage2", "does not have it"],
        ),
        (
            format!("{NAMES}renam = []\n"),
            &[],
            &["names.toml", "renam", "rename"],
        ),
        (
            NAMES.replace("^blocks.1.\", \"stage2", "^blocks.1.\", \"stage1"),
            &[],
            &["stage1.shrink", "both called so"],
        ),
        (
            NAMES.to_owned(),
            &["network.names=\"nowhere.toml\""],
            &["nowhere.toml"],
        ),
        (
            NAMES.to_owned(),
            &["network.weights=\"a.onnx\""],
            &["network.names", ".safetensors"],
        ),
        (
            NAMES.to_owned(),
            &["input.offset_crop_px=[1.0, 0.0]"],
            &["input.offset_crop_px"],
        ),
        (
            NAMES.to_owned(),
            &["network.weights=\"nowhere.safetensors\""],
            &["nowhere.safetensors"],
        ),
    ] {
        let told = told(&names, fields);
        for word in words {
            assert!(told.contains(word), "{word}: {told}");
        }
    }
}

#[test]
fn a_refused_file_changes_nothing() {
    let options = NetOptions {
        width: 0.0625,
        embedding_dim: Some(8),
        input: Some((32, 32)),
        normalisation: Normalisation::Batch,
        ..NetOptions::default()
    };
    let graph = by_name("sphereface-4", &options).unwrap();
    let mut model = Model::new(&graph, Device::Cpu, 1).unwrap();
    let copies: Vec<Tensor> = model.tensors().iter().map(|(_, t)| t.copy()).collect();
    let map: NameMap = toml::from_str(&NAMES.replace("ignore = [\"logits.\"]", "")).unwrap();
    let path = golden("train_names.safetensors");
    model.load_weights(&path, &map).unwrap_err();
    let unchanged = |((_, now), before): (&(String, Tensor), &Tensor)| now.equal(before);
    assert!(model.tensors().iter().zip(&copies).all(unchanged));
}
