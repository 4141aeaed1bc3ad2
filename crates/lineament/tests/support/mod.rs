//! What the tests of this crate share: golden files, reference models.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lineament::RgbImage;
use lineament_runtime::{EngineOptions, LoadedModel, Manifest, ModelFile, Sha256};
use serde_json::Value;

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn golden(name: &str) -> Value {
    let path = repository().join(format!("reference/golden/{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

pub(crate) fn number(value: &Value) -> f32 {
    value.as_f64().unwrap() as f32
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A golden file's image: raw pixels, or a drawn picture beside the script.
pub(crate) fn image(value: &Value) -> RgbImage {
    if let Some(png) = value["png"].as_str() {
        return asset_image(png);
    }
    let side = |key: &str| u32::try_from(value[key].as_u64().unwrap()).unwrap();
    let pixels = STANDARD.decode(text(&value["rgb_base64"])).unwrap();
    RgbImage::new(side("width"), side("height"), pixels).unwrap()
}

pub(crate) fn asset_image(name: &str) -> RgbImage {
    let bytes = std::fs::read(repository().join("reference/assets").join(name)).unwrap();
    let full = lineament_decode::Resolution::Full;
    lineament_decode::decode_bytes(&bytes, full, &lineament::Limits::default())
        .unwrap()
        .image
}

/// A golden case's model file, or `None` for a reference model that is not at hand.
pub(crate) fn model_path(case: &Value) -> Option<PathBuf> {
    let folder = match text(&case["model_folder"]) {
        "assets" => repository().join("reference/assets"),
        _ => lineament_testkit::shared_folder()?.join("models"),
    };
    Some(folder.join(text(&case["model"])))
}

/// The model at `path` under `manifest`, in which SHA256 stands for the file's own hash.
pub(crate) fn sha256_loaded(path: &Path, manifest: &str) -> LoadedModel {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let manifest = manifest.replace("SHA256", &Sha256::of(&bytes).to_string());
    let manifest = Manifest::parse(&manifest, "the test's manifest").unwrap();
    let model = ModelFile::from_memory(bytes.into(), manifest);
    model.load(&EngineOptions::default()).unwrap()
}

/// Names of a one-output network's input and output.
pub(crate) fn port_names(path: &Path) -> (String, String) {
    let bytes = std::fs::read(path).unwrap();
    let options = EngineOptions::default();
    let loaded = lineament_runtime::load_session("ports", bytes.into(), &options).unwrap();
    let signature = loaded.session.signature();
    (
        signature.input.name.clone(),
        signature.outputs[0].name.clone(),
    )
}
