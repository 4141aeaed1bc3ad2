//! Runs with a teacher that sees what the student sees.

use std::fs;
use std::path::PathBuf;

use lineament_train::run::export::{Calibrated, Wanted, export};
use lineament_train::run::{Unwatched, resume, train};

use crate::support::{Ears, Place, bytes, last, threads};

const STUDENT: [&str; 6] = [
    "input.width=112",
    "input.height=112",
    "sampler.batch=6",
    "network.options.width=0.25",
    "train.length=\"8 steps\"",
    "train.accumulate=1",
];

/// A network that was trained a little.
fn teacher(place: &Place, seed: u64) -> PathBuf {
    let name = format!("teacher-{seed}");
    let run = place.path(&name);
    let seed = format!("seed={seed}");
    let fields = [&STUDENT[..4], &["train.length=\"1 steps\"", &seed]].concat();
    train(place.config(&fields), &run, threads(1), &mut Unwatched).unwrap();
    let wanted = Wanted {
        checkpoint: None,
        folder: place.path(&format!("{name}-model")),
        fp16_weights: false,
        licence: "CC0-1.0".to_owned(),
        preference: 0,
        calibration: Calibrated::Not,
        default_fmr: None,
    };
    export(&run, &wanted, &mut Unwatched).unwrap().model
}

#[test]
fn a_taught_run_that_is_cut_short_ends_as_one_that_is_not() {
    let place = Place::new();
    let file = teacher(&place, 5);
    let teacher_field = format!("teacher.model={:?}", file.display().to_string());
    let loss = "loss={ kind = \"distillation\" }";
    let bent = "augment={ warp = { probability = 0.5 }, mix = { probability = 0.5 } }";
    let fields = [&STUDENT[..], &[&teacher_field, loss, bent]].concat();
    let (whole, cut) = (place.path("whole"), place.path("cut"));
    train(place.config(&fields), &whole, threads(1), &mut Unwatched).unwrap();
    let mut ears = Ears {
        stop_after: Some(3),
        ..Ears::default()
    };
    train(place.config(&fields), &cut, threads(1), &mut ears).unwrap();
    resume(&cut, &[], threads(2), &mut Unwatched).unwrap();
    assert!(bytes(&last(&cut)) == bytes(&last(&whole)));

    // Another teacher in the same place.
    let other = teacher(&place, 6);
    for extension in ["onnx", "toml"] {
        let from = other.with_extension(extension);
        fs::copy(from, file.with_extension(extension)).unwrap();
    }
    let error = resume(&cut, &[], threads(1), &mut Unwatched).unwrap_err();
    assert!(error.to_string().contains("teacher"), "{error}");
}
