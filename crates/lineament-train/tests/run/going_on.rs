//! Runs that are cut short and go on.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lineament_train::run::checkpoint::{self, Checkpoint};
use lineament_train::run::metrics::{Line, lines};
use lineament_train::run::{Outcome, Unwatched, resume, train};

use crate::support::{CONFIG, Ears, Place, bytes, last, threads, whole};

#[test]
fn ten_steps_and_ten_more_are_twenty() {
    let place = Place::new();
    for rule in ["sgd", "adagrad", "adamw"] {
        let optimizer = format!("optimizer={{ kind = {rule:?}, weight_decay = 1e-3 }}");
        let cut = place.path(&format!("cut-{rule}"));
        let run = place.path(&format!("whole-{rule}"));
        let config = || place.config(&[&optimizer, "schedule.rate=0.01"]);
        train(config(), &run, threads(1), &mut Unwatched).unwrap();
        let mut ears = Ears {
            stop_after: Some(10),
            ..Ears::default()
        };
        let outcome = train(config(), &cut, threads(1), &mut ears).unwrap();
        assert_eq!((outcome, ears.step), (Outcome::Stopped, 10));
        assert_eq!(Checkpoint::read(&last(&cut)).unwrap().state.step, 10);
        // Threads that load make no difference.
        resume(&cut, &[], threads(2), &mut Unwatched).unwrap();
        assert_eq!(Checkpoint::read(&last(&run)).unwrap().state.step, 20);
        assert!(bytes(&last(&cut)) == bytes(&last(&run)), "{rule}");
        let metrics = |run: &Path| {
            let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
            let told = |line: Line| match line {
                Line::Steps(m) => (m.step, m.loss, m.accuracy),
                Line::Validation(m) => (m.step, m.accuracy, m.eer),
                Line::Detection(m) => (m.step, m.ap, m.landmark_error),
            };
            lines(&text).into_iter().map(told).collect::<Vec<_>>()
        };
        assert_eq!(metrics(&cut), metrics(&run));
    }
}

#[test]
fn a_killed_run_goes_on_as_if_nothing_had_been() {
    let place = Place::new();
    let run = whole(&place, &["train.length=\"60 steps\""], 1);
    let killed = place.path("killed");
    let config = place.path("config.toml");
    fs::write(&config, CONFIG).unwrap();
    let program = env!("CARGO_BIN_EXE_lineament-train");
    let mut child = Command::new(program)
        .arg("train")
        .arg(&config)
        .args(["--set", &place.root(), "--set", "train.length=\"60 steps\""])
        .args(["--threads", "1", "--run"])
        .arg(&killed)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let is_saved = || checkpoint::list(&killed.join("checkpoints")).is_ok_and(|c| !c.is_empty());
    while !is_saved() && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(2));
    }
    // SIGKILL: nothing of the program runs after it.
    child.kill().unwrap();
    child.wait().unwrap();
    let step = Checkpoint::read(&last(&killed)).unwrap().state.step;
    assert!(step < 60, "it was over before it was killed");
    let output = Command::new(program)
        .arg("resume")
        .arg(&killed)
        .args(["--threads", "1"])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(bytes(&last(&killed)) == bytes(&last(&run)));
}

#[test]
fn it_learns_and_keeps_what_is_best_and_last() {
    let place = Place::new();
    let mut ears = Ears::default();
    let run = place.path("run");
    train(
        place.config(&["train.length=\"40 steps\""]),
        &run,
        threads(2),
        &mut ears,
    )
    .unwrap();
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let losses: Vec<f64> = lines(&text)
        .into_iter()
        .filter_map(|line| match line {
            Line::Steps(m) => Some(m.loss),
            Line::Validation(_) | Line::Detection(_) => None,
        })
        .collect();
    assert_eq!(losses.len(), 8);
    assert!(losses[7] < 0.8 * losses[0], "{losses:?}");
    assert_eq!(ears.accuracies.len(), 4);
    assert_eq!(checkpoint::list(&run.join("checkpoints")).unwrap().len(), 2);
    let best = Checkpoint::read(&lineament_train::run::best_of(&run)).unwrap();
    let greatest = ears.accuracies.iter().copied().fold(0.0, f64::max);
    assert_eq!(best.state.best_accuracy, Some(greatest));
    for file in ["config.toml", "provenance.json", "curves.html"] {
        assert!(run.join(file).is_file(), "{file}");
    }
}

#[test]
fn chunks_give_the_gradients_of_the_whole_batch() {
    let place = Place::new();
    // Without batch norm and dropout a picture's features do not depend on its chunk.
    let network =
        "network={ name = \"sphereface-4\", options = { embedding_dim = 16, width = 0.25 } }";
    let train_at = |chunk: &str, name: &str| {
        let run = place.path(name);
        let fields = [
            network,
            chunk,
            "train.length=\"3 steps\"",
            "schedule.rate=0.01",
        ];
        train(place.config(&fields), &run, threads(1), &mut Unwatched).unwrap();
        Checkpoint::read(&last(&run)).unwrap().model
    };
    let (at_once, by_threes) = (
        train_at("train.chunk=0", "a"),
        train_at("train.chunk=3", "b"),
    );
    for (name, tensor) in &at_once {
        let difference = (tensor - &by_threes[name]).abs().max().double_value(&[]);
        assert!(difference < 1e-5, "{name}: {difference:e}");
    }
}

#[test]
fn accumulated_gradients_are_those_of_the_larger_batch() {
    let place = Place::new();
    // Without batch norm, dropout and augmentation nothing but the mean over images joins a batch.
    let network =
        "network={ name = \"sphereface-4\", options = { embedding_dim = 16, width = 0.25 } }";
    let train_at = |batch: usize, accumulate: usize| {
        let run = place.path(&format!("by-{accumulate}"));
        let fields = [
            network,
            "augment={ flip = 0.0 }",
            &format!("sampler.batch={batch}"),
            &format!("train.accumulate={accumulate}"),
            // A clipped gradient would hide its length.
            "train.clip_norm=0.0",
            "train.length=\"3 steps\"",
            "schedule.rate=0.01",
        ];
        train(place.config(&fields), &run, threads(1), &mut Unwatched).unwrap();
        Checkpoint::read(&last(&run)).unwrap()
    };
    let (at_once, by_threes) = (train_at(12, 1), train_at(4, 3));
    assert_eq!(at_once.state.n_images, by_threes.state.n_images);
    for (name, tensor) in &at_once.model {
        let difference = (tensor - &by_threes.model[name]).abs().max();
        let difference = difference.double_value(&[]);
        assert!(difference < 1e-5, "{name}: {difference:e}");
    }
}

/// A process of its own for each, since libtorch's threads are the process's and other tests have one.
#[test]
fn two_threads_go_on_to_the_bit() {
    let place = Place::new();
    let config = place.path("config.toml");
    fs::write(&config, CONFIG).unwrap();
    // Wide and deep enough that libtorch shares the work out.
    let network = "network={ name = \"lite\", options = { embedding_dim = 64 } }";
    let run = |action: &str, run: &Path, fields: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lineament-train"));
        match action {
            "train" => command.arg("train").arg(&config).arg("--run").arg(run),
            _ => command.arg("resume").arg(run),
        };
        for field in fields {
            command.args(["--set", field]);
        }
        let output = command.args(["--threads", "2"]).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
    };
    let root = place.root();
    let fields = |length| {
        [
            root.as_str(),
            network,
            "schedule={ rate = 0.01, decay = { kind = \"constant\" } }",
            // The end of a run is validated, and the best accuracy is in its checkpoint.
            "validation.n_pairs=0",
            length,
        ]
    };
    let (whole, cut) = (place.path("whole"), place.path("cut"));
    run("train", &whole, &fields("train.length=\"10 steps\""));
    run("train", &cut, &fields("train.length=\"5 steps\""));
    run("resume", &cut, &["train.length=\"10 steps\""]);
    let checkpoint = Checkpoint::read(&last(&whole)).unwrap();
    assert_eq!(checkpoint.state.step, 10);
    let provenance = fs::read_to_string(whole.join("provenance.json")).unwrap();
    assert!(provenance.contains("\"threads\": 2"), "{provenance}");
    let gone_on = Checkpoint::read(&last(&cut)).unwrap();
    for (name, tensor) in &checkpoint.model {
        assert!(*tensor == gone_on.model[name], "{name}");
    }
    assert!(bytes(&last(&whole)) == bytes(&last(&cut)));
}

#[test]
fn a_run_can_be_made_longer() {
    let place = Place::new();
    let run = whole(&place, &[], 1);
    let longer = ["train.length=25 steps".to_owned()];
    resume(&run, &longer, threads(1), &mut Unwatched).unwrap();
    assert_eq!(Checkpoint::read(&last(&run)).unwrap().state.step, 25);
}

#[test]
fn weights_start_from_another_run_and_stay_where_they_should() {
    let place = Place::new();
    let run = whole(&place, &["train.ema=0"], 1);
    let before = Checkpoint::read(&last(&run)).unwrap().model;
    let weights = format!("network.weights={:?}", last(&run));
    let config = place.config(&[
        &weights,
        "network.trainable=[\"fc\", \"loss\"]",
        "train.ema=0",
    ]);
    let tuned = place.path("tuned");
    train(config, &tuned, threads(1), &mut Unwatched).unwrap();
    let after = Checkpoint::read(&last(&tuned)).unwrap().model;
    for (name, tensor) in &before {
        let is_free =
            ["fc", "loss"].iter().any(|p| name.starts_with(p)) && !name.contains("running");
        // Batch norm goes on counting what it sees.
        if !name.contains("running") {
            assert_eq!(*tensor != after[name], is_free, "{name}");
        }
    }
}
