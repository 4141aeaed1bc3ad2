//! Batches: the same whatever makes them.

use std::fs;
use std::sync::Arc;

use lineament_train::TrainError;
use lineament_train::data::{
    AugmentOptions, Batch, DataSource, Loader, MixOptions, Part, SetOptions, TrainSet, Unlabelled,
};
use tch::Kind;

use crate::drawn::{bytes, everything, folder, loader, packed, plain};

#[test]
fn without_a_packed_file_another_image_of_the_person_stands_in() {
    let dir = tempfile::tempdir().unwrap();
    let sources = folder(dir.path(), &[3, 2]);
    fs::write(dir.path().join("p0/2.png"), b"broken").unwrap();
    let set = Arc::new(TrainSet::open(&sources, &SetOptions::default()).unwrap());
    let batch = loader(&set, &plain(), set.len(), 2).batch(0).unwrap();
    assert_eq!(batch.n_replaced, 3);
    let mut shown = batch.indices.clone();
    shown.sort_unstable();
    // z1 and z2 became z0, the third of p0 its first.
    assert_eq!(shown, [0, 0, 0, 3, 3, 4, 6, 7]);
    let labels: Vec<i64> = Vec::try_from(&batch.labels).unwrap();
    let expected: Vec<i64> = batch.indices.iter().map(|&idx| set.labels()[idx]).collect();
    assert_eq!(labels, expected);
}

#[test]
fn a_batch_shows_the_middle_of_the_crops_that_it_names() {
    let dir = tempfile::tempdir().unwrap();
    let sources = folder(&dir.path().join("set"), &[4, 4, 4]);
    let images = packed(&sources, &dir.path().join("pack"));
    let options = SetOptions {
        unlabelled: Unlabelled::LeaveOut,
        ..SetOptions::default()
    };
    let set = Arc::new(TrainSet::of(images, &options, Part::Train).unwrap());
    let batch = loader(&set, &plain(), 7, 2).batch(0).unwrap();
    assert_eq!(
        (batch.images.size(), batch.images.kind()),
        (vec![7, 3, 112, 112], Kind::Uint8)
    );
    let at = |n: usize, channel: i64, y: i64, x: i64| {
        batch.images.int64_value(&[n as i64, channel, y, x])
    };
    for (n, &idx) in batch.indices.iter().enumerate() {
        assert_eq!(
            [at(n, 0, 0, 0), at(n, 1, 0, 0), at(n, 2, 0, 0)],
            [8, 8, set.labels()[idx]]
        );
        assert_eq!([at(n, 0, 50, 111), at(n, 1, 50, 111)], [119, 58]);
    }
}

#[test]
fn batches_do_not_depend_on_threads_or_on_where_a_run_starts() {
    let dir = tempfile::tempdir().unwrap();
    let sources = folder(&dir.path().join("set"), &[9, 7, 5]);
    let images = packed(&sources, &dir.path().join("pack"));
    let set = Arc::new(TrainSet::of(images, &SetOptions::default(), Part::Train).unwrap());
    let from_the_start = loader(&set, &everything(), 20, 1);
    let batches: Vec<_> = (0..6)
        .map(|step| from_the_start.batch(step).unwrap())
        .collect();
    let same = |loader: &Loader, step: u64| {
        let (batch, expected) = (loader.batch(step).unwrap(), &batches[step as usize]);
        assert_eq!(batch.indices, expected.indices);
        assert_eq!(bytes(&batch.images), bytes(&expected.images), "step {step}");
    };
    let resumed = loader(&set, &everything(), 20, 4);
    // On, again, ahead within what is prepared, far back.
    for step in [2, 3, 3, 5, 1, 0] {
        same(&resumed, step);
    }
    assert_ne!(bytes(&batches[0].images), bytes(&batches[1].images));
}

/// Blue tells the person; the batch's other images come through, and nobody is shown then.
#[test]
fn mixed_images_show_two_of_the_batch_and_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let sources = folder(&dir.path().join("set"), &[40, 40, 40]);
    let images = packed(&sources, &dir.path().join("pack"));
    let set = Arc::new(TrainSet::of(images, &SetOptions::default(), Part::Train).unwrap());
    let mix = MixOptions {
        probability: 0.5,
        alpha: 1.0,
    };
    let mixing = AugmentOptions {
        flip: 1.0,
        mix,
        ..plain()
    };
    let unmixed = AugmentOptions {
        mix: MixOptions::default(),
        ..mixing.clone()
    };
    let mixed = loader(&set, &mixing, 100, 2).batch(0).unwrap();
    let before = loader(&set, &unmixed, 100, 3).batch(0).unwrap();
    assert_eq!(mixed.indices, before.indices);
    let labels = |batch: &Batch| Vec::<i64>::try_from(&batch.labels).unwrap();
    let each = labels(&mixed).into_iter().zip(labels(&before)).enumerate();
    let mut n_mixed = 0;
    for (n, (label, known)) in each {
        let image = |batch: &Batch| bytes(&batch.images.get(n as i64));
        match (known, label == known) {
            (-1, _) => {}
            (_, true) => assert!(image(&mixed) == image(&before)),
            (_, false) => {
                n_mixed += 1;
                assert_eq!(label, -1);
                // All crops have the same red and green.
                let whole = 2 * 112 * 112;
                assert!(image(&mixed)[..whole] == image(&before)[..whole]);
                assert!(image(&mixed)[whole..].iter().all(|&blue| blue <= 99));
            }
        }
    }
    // Five standard deviations of a hundred at a half, less those that showed nobody before.
    assert!((23..=75).contains(&n_mixed), "{n_mixed}");
}

#[test]
fn half_of_the_images_are_mirrored() {
    let dir = tempfile::tempdir().unwrap();
    let sources = folder(dir.path(), &[4]);
    let set = Arc::new(TrainSet::open(&sources, &SetOptions::default()).unwrap());
    let batch = loader(&set, &AugmentOptions::default(), 400, 2)
        .batch(3)
        .unwrap();
    let first_red = batch.images.select(1, 0).select(1, 0).select(1, 0);
    let mirrored = first_red.eq(119).sum(Kind::Int64).int64_value(&[]);
    assert_eq!(
        first_red.eq(8).sum(Kind::Int64).int64_value(&[]),
        400 - mirrored
    );
    // Five standard deviations of 400 fair coins.
    assert!((150..=250).contains(&mirrored), "{mirrored}");
}

#[test]
fn a_set_of_which_nothing_can_be_decoded_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("p0")).unwrap();
    for name in ["p0/0.png", "p0/1.png"] {
        fs::write(dir.path().join(name), b"broken").unwrap();
    }
    let set = TrainSet::open(&[DataSource::at(dir.path())], &SetOptions::default()).unwrap();
    let error = loader(&Arc::new(set), &plain(), 4, 2).batch(0).unwrap_err();
    assert!(matches!(error, TrainError::NoImages { .. }), "{error}");
}
