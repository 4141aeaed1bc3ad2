//! A run that is cut short, and what comes of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lineament::{DetectionOptions, Detector, EngineOptions, ModelLimits, ModelStore, Selector};
use lineament_runtime::Task;
use lineament_testkit::{DrawnFace, draw_faces};
use lineament_train::detect::{Wanted, export, resume, train};
use lineament_train::run::checkpoint::{self, Checkpoint};
use lineament_train::run::metrics::{Line, lines};
use lineament_train::run::{Event, Outcome, Unwatched, Watch};

use crate::support::{Place, threads};

/// Asks to stop after a step.
struct StopAfter {
    wanted: u64,
    step: u64,
}

impl Watch for StopAfter {
    fn hear(&mut self, event: &Event<'_>) {
        if let Event::Stepped { step, .. } = event {
            self.step = *step;
        }
    }

    fn stops(&self) -> bool {
        self.step == self.wanted
    }
}

fn last(run: &Path) -> PathBuf {
    let found = checkpoint::list(&run.join("checkpoints")).unwrap();
    found.last().unwrap().1.clone()
}

#[test]
fn a_run_that_was_cut_short_ends_as_one_that_was_not() {
    let place = Place::new();
    let (whole, cut) = (place.path("whole"), place.path("cut"));
    let outcome = train(place.config(&[]), &whole, threads(1), &mut Unwatched).unwrap();
    assert_eq!(outcome, Outcome::Finished);
    let mut stop = StopAfter { wanted: 3, step: 0 };
    let outcome = train(place.config(&[]), &cut, threads(2), &mut stop).unwrap();
    assert_eq!(outcome, Outcome::Stopped);
    assert_eq!(Checkpoint::read(&last(&cut)).unwrap().state.step, 3);
    resume(&cut, &[], threads(3), &mut Unwatched).unwrap();
    assert!(fs::read(last(&cut)).unwrap() == fs::read(last(&whole)).unwrap());
    let text = fs::read_to_string(whole.join("metrics.jsonl")).unwrap();
    let validated = lines(&text).into_iter().filter_map(|line| match line {
        Line::Detection(m) => Some((m.step, m.n_photos, m.n_faces)),
        _ => None,
    });
    assert_eq!(validated.collect::<Vec<_>>(), [(4, 3, 4), (8, 3, 4)]);
}

#[test]
fn what_is_for_embedders_is_refused_for_detectors() {
    let place = Place::new();
    let run = place.path("run");
    fs::create_dir(&run).unwrap();
    let config = place.config(&[]).to_toml().unwrap();
    fs::write(run.join("config.toml"), config).unwrap();
    for (option, told) in [
        ("--restore", "settings.restore = true"),
        ("--flip=none", "--flip is for embedders"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_lineament-train"))
            .arg("export")
            .arg(&run)
            .args([option, "--licence", "research use"])
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(told), "{message}");
        assert!(!run.join("model").exists());
    }
}

#[test]
fn the_model_is_one_that_the_product_detects_with() {
    let place = Place::new();
    let run = place.path("run");
    train(
        place.config(&["train.length=\"2 steps\""]),
        &run,
        threads(1),
        &mut Unwatched,
    )
    .unwrap();
    for fp16_weights in [false, true] {
        let folder = place.path(&format!("models-{fp16_weights}"));
        let wanted = Wanted {
            checkpoint: None,
            folder: folder.clone(),
            fp16_weights,
            licence: "CC0-1.0".to_owned(),
            preference: 7,
        };
        let exported = export(&run, &wanted).unwrap();
        assert_eq!(exported.step, 2);
        let store = ModelStore::open(&folder, ModelLimits::default()).unwrap();
        let file = store.find(&Task::DETECT, &Selector::Preferred).unwrap();
        assert_eq!(
            (file.manifest.preference, &*file.manifest.licence),
            (7, "CC0-1.0")
        );
        let detector = Detector::from_model(file.load(&EngineOptions::default()).unwrap()).unwrap();
        let photo = draw_faces(200, 150, &[DrawnFace::at(90.0, 70.0, 60.0)]);
        let all = DetectionOptions {
            score_threshold: Some(0.0),
            ..DetectionOptions::default()
        };
        // After two steps faces are anywhere, but landmarks come with them.
        let found = detector.detect(photo.view(), &all).unwrap();
        assert!(!found.is_empty() && found.iter().all(|face| face.landmarks.is_some()));
    }
}
