//! Numbers that are none, disks without room, files that are damaged.

use std::fs;

use lineament_train::TrainError;
use lineament_train::run::{Unwatched, checkpoint, resume, train};

use crate::support::{Ears, Place, bytes, last, threads, whole};

#[test]
fn a_loss_that_is_no_number_stops_the_run() {
    let place = Place::new();
    let run = place.path("run");
    let config = place.config(&[
        "schedule.rate=1e30",
        "train.clip_norm=0",
        "schedule.warmup=\"0 steps\"",
    ]);
    let error = train(config, &run, threads(1), &mut Unwatched).unwrap_err();
    let TrainError::NotFinite { step, images, .. } = &error else {
        panic!("{error}");
    };
    assert!((2..6).contains(step), "{step}");
    assert_eq!(images.len(), 8);
    assert!(images.iter().all(|i| i.contains("person-")), "{images:?}");
    assert!(error.to_string().contains("step"));
}

/// A disk without room, at one checkpoint only.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_costs_one_checkpoint() {
    let place = Place::new();
    let run = place.path("run");
    let folder = run.join("checkpoints");
    fs::create_dir_all(&folder).unwrap();
    let full = checkpoint::path_of(&folder, 10).with_extension("new");
    std::os::unix::fs::symlink("/dev/full", &full).unwrap();
    let mut ears = Ears::default();
    let fields = ["checkpoint.keep=9", "validation.n_pairs=0"];
    train(place.config(&fields), &run, threads(1), &mut ears).unwrap();
    let saved = checkpoint::list(&folder).unwrap();
    assert_eq!(saved.iter().map(|s| s.0).collect::<Vec<_>>(), [5, 15, 20]);
    assert_eq!(ears.warnings.len(), 1, "{:?}", ears.warnings);
    assert!(
        ears.warnings[0].contains("No space left"),
        "{:?}",
        ears.warnings
    );
    assert!(bytes(&last(&run)) == bytes(&last(&whole(&place, &fields, 1))));
}

/// As a system that lost power may leave it.
#[test]
fn a_damaged_checkpoint_is_passed_over() {
    let place = Place::new();
    let run = whole(&place, &[], 1);
    let expected = bytes(&last(&run));
    fs::write(last(&run), &expected[..expected.len() / 2]).unwrap();
    let mut ears = Ears::default();
    resume(&run, &[], threads(1), &mut ears).unwrap();
    assert!(
        ears.warnings[0].contains("not a whole checkpoint"),
        "{:?}",
        ears.warnings
    );
    assert!(bytes(&last(&run)) == expected);
}

#[test]
fn other_images_are_no_way_to_go_on() {
    let place = Place::new();
    let run = whole(&place, &[], 1);
    fs::remove_file(place.path("people/person-03/2.png")).unwrap();
    let told = resume(&run, &[], threads(1), &mut Unwatched)
        .unwrap_err()
        .to_string();
    assert!(told.contains("not those that the run began with"), "{told}");
}

#[test]
fn too_few_people_for_the_folds_are_told_of_before_the_first_step() {
    let place = Place::new();
    let config = place.config(&["validation.folds=4"]);
    let told = train(config, &place.path("run"), threads(1), &mut Unwatched)
        .unwrap_err()
        .to_string();
    assert!(told.contains("validation.folds"), "{told}");
    assert!(told.contains("the 4 people held out"), "{told}");
}
