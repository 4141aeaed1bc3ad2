//! Runs that start from a model file.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use lineament_runtime::{EngineOptions, Tensor, load_session};
use lineament_train::TrainError;
use lineament_train::run::checkpoint;
use lineament_train::run::export::{Calibrated, Wanted, export};
use lineament_train::run::{Unwatched, resume, train};

use crate::support::{Ears, Place, bytes, last, threads, whole};

/// The model file of a run, from its last checkpoint.
fn exported(place: &Place, run: &Path, name: &str, fp16_weights: bool) -> PathBuf {
    let wanted = Wanted {
        checkpoint: Some(last(run)),
        folder: place.path(name),
        fp16_weights,
        licence: "CC0-1.0".to_owned(),
        preference: 0,
        restore: false,
        calibration: Calibrated::Not,
        default_fmr: None,
        flip: None,
    };
    export(run, &wanted, &mut Unwatched).unwrap().model
}

/// What a model says of a drawn picture, of unit length.
fn embedding(model: &Path, place: &Place, picture: usize) -> Vec<f32> {
    let file = Cow::Owned(fs::read(model).unwrap());
    let loaded = load_session("a model", file, &EngineOptions::default()).unwrap();
    let path = place.path(&format!("people/person-00/{picture}.png"));
    let mut reader = png::Decoder::new(std::io::BufReader::new(fs::File::open(path).unwrap()))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; 32 * 32 * 3];
    reader.next_frame(&mut pixels).unwrap();
    let planes = (0..3).flat_map(|channel| pixels.iter().skip(channel).step_by(3));
    let values = planes.map(|&v| (f32::from(v) - 127.5) / 127.5).collect();
    let picture = Tensor::new(vec![1, 3, 32, 32], values).unwrap();
    let outputs = loaded.session.run(&picture).unwrap();
    let (_, embedding) = outputs.iter().next().unwrap();
    let length = dot(embedding.data(), embedding.data()).sqrt();
    embedding.data().iter().map(|v| v / length).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Nothing but the numbers of batch normalisation moves at such a rate.
const STILL: [&str; 3] = [
    "train.length=\"1 steps\"",
    "schedule={ rate = 1e-9, decay = { kind = \"constant\" } }",
    "train.ema=0",
];

#[test]
fn a_run_goes_on_from_a_model_without_its_checkpoint() {
    let place = Place::new();
    let run = whole(&place, &["train.ema=0"], 1);
    for fp16_weights in [false, true] {
        let name = format!("models-{fp16_weights}");
        let model = exported(&place, &run, &name, fp16_weights);
        let weights = format!("network.weights={:?}", model.display().to_string());
        let mut fields = STILL.to_vec();
        fields.push(&weights);
        let tuned = place.path(&format!("tuned-{fp16_weights}"));
        train(place.config(&fields), &tuned, threads(1), &mut Unwatched).unwrap();
        let again = exported(&place, &tuned, &format!("{name}-again"), false);
        for picture in 0..6 {
            let cosine = dot(
                &embedding(&model, &place, picture),
                &embedding(&again, &place, picture),
            );
            // Two batches of eight have moved the running numbers.
            assert!(cosine > 0.95, "{fp16_weights}, picture {picture}: {cosine}");
        }
    }
}

/// The file is needed before the first checkpoint only.
#[test]
fn such_a_run_that_is_cut_short_ends_as_one_that_is_not() {
    let place = Place::new();
    let run = whole(&place, &["train.ema=0"], 1);
    let model = exported(&place, &run, "models", true);
    let weights = format!("network.weights={:?}", model.display().to_string());
    let (at_once, cut) = (place.path("at-once"), place.path("cut"));
    let config = || place.config(&[&weights, "seed=4"]);
    train(config(), &at_once, threads(1), &mut Unwatched).unwrap();
    let mut ears = Ears {
        stop_after: Some(7),
        ..Ears::default()
    };
    train(config(), &cut, threads(2), &mut ears).unwrap();
    let first = checkpoint::list(&cut.join("checkpoints")).unwrap();
    for (_, path) in &first {
        fs::remove_file(path).unwrap();
    }
    // From the model once more, then from a checkpoint alone.
    let mut ears = Ears {
        stop_after: Some(11),
        ..Ears::default()
    };
    resume(&cut, &[], threads(1), &mut ears).unwrap();
    fs::remove_file(&model).unwrap();
    resume(&cut, &[], threads(1), &mut Unwatched).unwrap();
    assert!(bytes(&last(&cut)) == bytes(&last(&at_once)));
}

#[test]
fn what_is_no_such_network_is_refused_with_what_to_do() {
    let place = Place::new();
    let run = whole(&place, &["train.ema=0", "validation.n_pairs=0"], 1);
    let model = exported(&place, &run, "models", false);
    let shown = model.display().to_string();
    let weights = format!("network.weights={shown:?}");
    let refused = |fields: &[&str]| {
        let fields: Vec<&str> = fields.iter().copied().chain([&*weights]).collect();
        let run = place.path("refused");
        let error = train(place.config(&fields), &run, threads(1), &mut Unwatched).unwrap_err();
        fs::remove_dir_all(&run).unwrap();
        assert!(matches!(error, TrainError::Start { .. }), "{error}");
        let told = error.to_string();
        assert!(told.contains(&shown), "{told}");
        told
    };
    let wider = "network={ name = \"lite-tiny\", options = { embedding_dim = 16 } }";
    let told = refused(&[wider]);
    assert!(
        told.contains("stage1.shrink") && told.contains("[16, 3, 3, 3]"),
        "{told}"
    );
    let other = "network={ name = \"sphereface-4\", options = { width = 0.125 } }";
    let told = refused(&[other]);
    assert!(told.contains("PRelu"), "{told}");
    let told = refused(&["input.mean=[128.0, 128.0, 128.0]"]);
    assert!(
        told.contains("input.mean") && told.contains("127.5"),
        "{told}"
    );

    // The same layers with another function between them.
    let mut file = fs::read(&model).unwrap();
    let relu = b"\x22\x04Relu";
    let places: Vec<usize> = (0..file.len() - 6)
        .filter(|&i| &file[i..i + 6] == relu)
        .collect();
    assert!(places.len() > 3);
    for place in places {
        file[place + 2..place + 6].copy_from_slice(b"Tanh");
    }
    fs::write(&model, &file).unwrap();
    let told = refused(&[]);
    assert!(
        told.contains("another network") && told.contains("name and options"),
        "{told}"
    );

    fs::write(&model, &file[..file.len() / 2]).unwrap();
    assert!(refused(&[]).contains("of the ONNX file"));
}
