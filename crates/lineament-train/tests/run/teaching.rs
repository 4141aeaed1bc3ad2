//! Runs with a teacher that sees what the student sees.

use std::fs;
use std::path::{Path, PathBuf};

use lineament_train::run::export::{Calibrated, Wanted, export};
use lineament_train::run::metrics::{Line, lines};
use lineament_train::run::{Unwatched, resume, train};

use crate::support::{Ears, Place, bytes, last, threads};

const LOSS: &str = "loss={ kind = \"distillation\" }";
const BENT: &str = "augment={ warp = { probability = 0.5 }, mix = { probability = 0.5 } }";

/// Both views of an image are what is told.
const BOTH: &str = "teacher.views=\"both\"";
/// Small steps: large ones make more of the last bits of two engines than a teacher's mistake would.
const SLOW: &str = "schedule.rate=0.005";

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
        restore: false,
        calibration: Calibrated::Not,
        default_fmr: None,
        flip: None,
    };
    export(&run, &wanted, &mut Unwatched).unwrap().model
}

#[test]
fn a_taught_run_that_is_cut_short_ends_as_one_that_is_not() {
    let place = Place::new();
    let file = teacher(&place, 5);
    let teacher_field = format!("teacher.model={:?}", file.display().to_string());
    let fields = [&STUDENT[..], &[&teacher_field, LOSS, BENT]].concat();
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

/// A teacher's model as one of the trainer's networks.
fn as_network(file: &Path, name: &str, width: f64) -> String {
    let file = file.display().to_string();
    format!(
        "teacher.network={{ name = {name:?}, model = {file:?}, \
         options = {{ embedding_dim = 16, width = {width:?} }} }}"
    )
}

#[test]
fn a_teacher_among_our_networks_says_what_its_model_says() {
    let place = Place::new();
    let file = teacher(&place, 5);
    let by_model = format!("teacher.model={:?}", file.display().to_string());
    let by_network = as_network(&file, "lite-tiny", 0.25);
    let [by_model, by_network] =
        [("model", &by_model), ("network", &by_network)].map(|(run, teacher)| {
            let fields = [
                &STUDENT[..],
                &[teacher, LOSS, BENT, BOTH, SLOW, "train.log_every=1"],
            ]
            .concat();
            let run = place.path(run);
            train(place.config(&fields), &run, threads(1), &mut Unwatched).unwrap();
            run
        });
    let losses = |run: &Path| -> Vec<f64> {
        let read = lines(&fs::read_to_string(run.join("metrics.jsonl")).unwrap());
        let losses = read.into_iter().filter_map(|line| match line {
            Line::Steps(m) => Some(m.loss),
            _ => None,
        });
        losses.collect()
    };
    let (asked, computed) = (losses(&by_model), losses(&by_network));
    assert_eq!(asked.len(), 8);
    for (a, b) in asked.iter().zip(&computed) {
        assert!((a - b).abs() < 1e-4, "{asked:?} {computed:?}");
    }

    // What was cut short ends the same.
    let cut = place.path("cut");
    let mut ears = Ears {
        stop_after: Some(3),
        ..Ears::default()
    };
    let teacher_field = as_network(&file, "lite-tiny", 0.25);
    let fields = [
        &STUDENT[..],
        &[&teacher_field, LOSS, BENT, BOTH, SLOW, "train.log_every=1"],
    ]
    .concat();
    train(place.config(&fields), &cut, threads(1), &mut ears).unwrap();
    resume(&cut, &[], threads(1), &mut Unwatched).unwrap();
    assert!(bytes(&last(&cut)) == bytes(&last(&by_network)));
    let other = teacher(&place, 6);
    for extension in ["onnx", "toml"] {
        let from = other.with_extension(extension);
        fs::copy(from, file.with_extension(extension)).unwrap();
    }
    let error = resume(&cut, &[], threads(1), &mut Unwatched).unwrap_err();
    assert!(
        error.to_string().contains("the teacher's network is not"),
        "{error}"
    );
}

#[test]
fn a_teacher_that_does_not_fit_is_refused_before_the_first_step() {
    let place = Place::new();
    let file = teacher(&place, 5);
    let told = |teacher: &str, more: &[&str]| {
        let fields = [&STUDENT[..], &[teacher, LOSS], more].concat();
        let run = train(
            place.config(&fields),
            &place.path("run"),
            threads(1),
            &mut Unwatched,
        );
        run.unwrap_err().to_string()
    };
    let wider = told(&as_network(&file, "lite-tiny", 0.5), &[]);
    assert!(
        wider.contains("teacher.network") && wider.contains("expected ["),
        "{wider}"
    );
    let unknown = told(&as_network(&file, "no-such-network", 0.25), &[]);
    assert!(unknown.contains("no-such-network"), "{unknown}");
    let smaller = told(&as_network(&file, "lite-tiny", 0.25), &["input.width=96"]);
    assert!(
        smaller.contains("112") && smaller.contains("96×112"),
        "{smaller}"
    );
    let absent = told(&as_network(Path::new("none.onnx"), "lite-tiny", 0.25), &[]);
    assert!(absent.contains("none.onnx"), "{absent}");
}
