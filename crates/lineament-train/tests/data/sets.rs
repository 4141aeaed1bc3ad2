//! Which images a set takes from its sources.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use lineament_train::data::{DataSource, Few, Images, Part, SetOptions, TrainSet, Unlabelled};

use crate::drawn::folder;

#[test]
fn labels_are_contiguous_and_filters_count_what_they_take() {
    let dir = tempfile::tempdir().unwrap();
    let sources = folder(dir.path(), &[1, 3, 2, 5]);
    let set = TrainSet::open(&sources, &SetOptions::default()).unwrap();
    assert_eq!(
        set.people().iter().map(|p| &**p).collect::<Vec<_>>(),
        ["p1", "p2", "p3"]
    );
    assert_eq!(set.labels(), [-1, -1, -1, 0, 0, 0, 1, 1, 2, 2, 2, 2, 2]);
    assert_eq!(
        (
            set.counts().n_labelled,
            set.counts().n_unlabelled,
            set.counts().n_few
        ),
        (10, 3, 1)
    );

    let options = SetOptions {
        min_images_per_person: 3,
        few: Few::Unlabel,
        unlabelled: Unlabelled::LeaveOut,
        ..SetOptions::default()
    };
    let set = TrainSet::open(&sources, &options).unwrap();
    assert_eq!(set.labels(), [-1, 0, 0, 0, -1, -1, 1, 1, 1, 1, 1]);
    assert_eq!(set.counts().n_unlabelled_left_out, 3);
}

#[test]
fn the_split_is_by_people_and_follows_its_seed() {
    let dir = tempfile::tempdir().unwrap();
    let sources = folder(dir.path(), &[2; 10]);
    let images = Arc::new(Images::open(&sources).unwrap());
    let split = |split_seed| {
        let options = SetOptions {
            held_out: 0.3,
            split_seed,
            ..SetOptions::default()
        };
        let train = TrainSet::of(images.clone(), &options, Part::Train).unwrap();
        let held_out = TrainSet::of(images.clone(), &options, Part::HeldOut).unwrap();
        assert_eq!((train.people().len(), held_out.people().len()), (7, 3));
        assert_eq!(
            (train.counts().n_unlabelled, held_out.counts().n_unlabelled),
            (3, 0)
        );
        assert_eq!(train.counts().n_other_part, held_out.len());
        let both = [train.people(), held_out.people()].concat();
        assert_eq!(both.iter().collect::<BTreeSet<_>>().len(), 10);
        held_out.people().to_vec()
    };
    assert_eq!(split(1), split(1));
    assert_ne!(split(1), split(2));
}

#[test]
fn lines_that_make_no_sense_are_counted_and_nothing_is_an_error_that_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("set");
    drop(folder(&root, &[2]));
    let list = root.join("list.csv");
    // An identity that is empty, one that is blank, an image that is missing, a line cut short.
    let lines = "file,person\np0/0.png,Ada\np0/1.png,Ada\nz0.png,\nnone.png,Ada\np0/0.png\n";
    fs::write(&list, lines).unwrap();
    let set = TrainSet::open(&[DataSource::at(&list)], &SetOptions::default()).unwrap();
    assert_eq!(set.labels(), [0, 0, -1]);
    assert_eq!(set.counts().n_bad_lines, 2);
    assert!(set.images().first_problem().unwrap().contains("line 5"));

    fs::write(&list, "file,person\nnone.png,Ada\n").unwrap();
    let error = TrainSet::open(&[DataSource::at(&list)], &SetOptions::default()).unwrap_err();
    assert!(error.to_string().contains("line 2"), "{error}");
    let strict = SetOptions {
        min_images_per_person: 3,
        unlabelled: Unlabelled::LeaveOut,
        ..SetOptions::default()
    };
    fs::write(&list, lines).unwrap();
    let error = TrainSet::open(&[DataSource::at(&list)], &strict).unwrap_err();
    assert!(error.to_string().contains("n_few: 2"), "{error}");
}

#[test]
fn people_of_different_sources_are_different_people() {
    let dir = tempfile::tempdir().unwrap();
    let first = folder(&dir.path().join("a"), &[2]);
    let second = folder(&dir.path().join("b"), &[3]);
    let set = TrainSet::open(&[first, second].concat(), &SetOptions::default()).unwrap();
    assert_eq!(
        set.people().iter().map(|p| &**p).collect::<Vec<_>>(),
        ["0/p0", "1/p0"]
    );
}
