//! What several test files need.
#![allow(dead_code, reason = "each test file uses a part")]

use std::path::{Path, PathBuf};
use std::{env, fs, thread};

use lineament_runtime::{Dim, Manifest, Outputs, Session, Sha256, Signature, Tensor};

/// The small networks of every family.
pub(crate) const NETWORKS: [&str; 7] = [
    "random_embedder.onnx",
    "random_embedder_dynamic.onnx",
    "random_retinaface.onnx",
    "random_scrfd_kps.onnx",
    "random_scrfd_nokps.onnx",
    "random_ultraface.onnx",
    "random_yunet.onnx",
];

/// A small network with random weights, of `reference/assets`.
pub(crate) fn asset(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference/assets");
    fs::read(folder.join(name)).unwrap()
}

/// The real models, or `None` with a printed line where this machine has none.
pub(crate) fn shared_models() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = env::var_os("LINEAMENT_SHARED").map_or(beside, PathBuf::from);
    let models = shared.join("models");
    if models.is_dir() {
        return Some(models);
    }
    println!("skipped: no reference models in {}", models.display());
    None
}

/// The manifest of `random_embedder.onnx`, under another name and preference.
pub(crate) fn embedder_manifest(name: &str, preference: i32) -> Manifest {
    let text = include_str!("random_embedder.toml");
    let mut manifest = Manifest::parse(text, "random_embedder.toml").unwrap();
    manifest.sha256 = Sha256::of(&asset("random_embedder.onnx"));
    manifest.name = name.to_owned();
    manifest.file = format!("{name}.onnx");
    manifest.preference = preference;
    manifest
}

/// An input of plausible samples for `signature`; dynamic dimensions are `batch` and 96 pixels.
pub(crate) fn input_for(signature: &Signature, batch: usize, seed: u32) -> Tensor {
    let dims = signature.input.shape.iter().enumerate();
    let length = |(axis, dim): (usize, &Dim)| match (dim, axis) {
        (Dim::Fixed(n), _) => *n,
        (Dim::Dynamic, 0) => batch,
        (Dim::Dynamic, _) => 96,
    };
    let shape: Vec<usize> = dims.map(length).collect();
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let data = (0..shape.iter().product()).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 * 255.0
    });
    let data = data.collect();
    Tensor::new(shape, data).unwrap()
}

/// Results do not depend on who else runs: 8 threads against one after the other, bit for bit.
pub(crate) fn same_under_contention(session: &dyn Session) {
    let inputs: Vec<Tensor> = (0..8)
        .map(|i| input_for(session.signature(), 1, i))
        .collect();
    let alone: Vec<Outputs> = inputs.iter().map(|i| session.run(i).unwrap()).collect();
    thread::scope(|scope| {
        for start in 0..8 {
            let (inputs, alone) = (&inputs, &alone);
            scope.spawn(move || {
                for i in (0..24).map(|i| (start + i) % 8) {
                    assert_eq!(session.run(&inputs[i]).unwrap(), alone[i]);
                }
            });
        }
    });
}

/// Greatest difference, over the greatest value of the output.
fn difference(left: &Tensor, right: &Tensor) -> f32 {
    assert_eq!(left.shape(), right.shape());
    let largest = left.data().iter().fold(1f32, |m, v| m.max(v.abs()));
    let pairs = left.data().iter().zip(right.data());
    pairs.fold(0f32, |m, (a, b)| m.max((a - b).abs())) / largest
}

/// Two engines take and return the same, but for rounding, for samples from -1 to 1: larger ones
/// cancel out in random weights, and leave rounding alone.
pub(crate) fn sessions_agree(name: &str, ours: &dyn Session, theirs: &dyn Session) {
    assert_eq!(ours.signature().input, theirs.signature().input);
    let names =
        |s: &Signature| -> Vec<String> { s.outputs.iter().map(|p| p.name.clone()).collect() };
    assert_eq!(names(ours.signature()), names(theirs.signature()));
    let mut worst = 0f32;
    for seed in 0..3 {
        let input = input_for(ours.signature(), 1, seed);
        let samples = input.data().iter().map(|v| v / 127.5 - 1.0);
        let input = Tensor::new(input.shape().to_vec(), samples.collect()).unwrap();
        let (left, right) = (ours.run(&input).unwrap(), theirs.run(&input).unwrap());
        for (name, tensor) in left.iter() {
            worst = worst.max(difference(tensor, right.get(name).unwrap()));
        }
    }
    println!("{name}: engines differ by at most {worst:e}");
    assert!(worst <= 1e-4, "{name}: {worst}");
}
