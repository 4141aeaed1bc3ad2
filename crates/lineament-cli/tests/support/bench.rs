//! A network of random weights and drawn people for it, for evaluations without weights or photos.

use std::fs;
use std::path::Path;
use std::process::Output;

use lineament_runtime::Sha256;
use lineament_testkit::DrawnFace;
use serde_json::Value;

use super::{code, run, stderr, stdout};

/// A model folder of the network of random weights under these names.
pub(crate) fn write_embedders(folder: &Path, names: &[&str]) {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference/assets");
    let network = fs::read(reference.join("random_embedder.onnx")).unwrap();
    let manifest = include_str!("../../../lineament-runtime/tests/support/random_embedder.toml");
    fs::create_dir_all(folder.join("models")).unwrap();
    for name in names {
        let manifest = manifest
            .replace("random_embedder", name)
            .replace(&"0".repeat(64), &Sha256::of(&network).to_string());
        fs::write(folder.join(format!("models/{name}.onnx")), &network).unwrap();
        fs::write(folder.join(format!("models/{name}.toml")), manifest).unwrap();
    }
}

/// The face of a person, for an image of 128 × 128. People differ in their colours, images of one in
/// how the head is held.
pub(crate) fn face(person: usize, number: usize) -> DrawnFace {
    let shade = |step: usize| (40 + person * step % 200) as u8;
    DrawnFace {
        skin: [shade(67), shade(41), shade(97)],
        hair: [shade(53), shade(89), shade(31)],
        roll_deg: 4.0 * number as f32,
        ..DrawnFace::at(62.0 + 2.0 * number as f32, 66.0, 100.0)
    }
}

/// `lineament eval` with the words of `line`, on aligned images.
pub(crate) fn eval(folder: &Path, line: &str) -> Output {
    let line = format!("eval {line} --models models --faces aligned --cache cache");
    run(folder, &line.split_whitespace().collect::<Vec<_>>())
}

/// The JSON of a run that went well.
pub(crate) fn json(output: &Output) -> Value {
    assert_eq!(code(output), 0, "{}", stderr(output));
    serde_json::from_str(&stdout(output)).unwrap()
}

/// What the program says of a run that ends with this exit code.
pub(crate) fn told(output: &Output, expected: i32) -> String {
    assert_eq!(code(output), expected, "{}", stderr(output));
    stderr(output)
}
