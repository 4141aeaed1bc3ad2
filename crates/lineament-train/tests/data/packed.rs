//! Decoded images in one file.

use std::fs;
use std::ops::ControlFlow;

use lineament_train::TrainError;
use lineament_train::data::{Images, Part, SetOptions, TrainSet};

use crate::drawn::{draw, folder, packed, threads};

#[test]
fn images_that_cannot_be_decoded_are_out_once_they_are_packed() {
    let dir = tempfile::tempdir().unwrap();
    let sources = folder(&dir.path().join("set"), &[2, 2]);
    // One of two: the person has too few left.
    fs::write(dir.path().join("set/p1/1.png"), b"broken").unwrap();
    let set = TrainSet::of(
        packed(&sources, &dir.path().join("pack")),
        &SetOptions::default(),
        Part::Train,
    );
    let set = set.unwrap();
    assert_eq!(set.labels(), [-1, 0, 0]);
    assert_eq!((set.counts().n_unreadable, set.counts().n_few), (3, 1));
    let plain = TrainSet::open(&sources, &SetOptions::default()).unwrap();
    assert_eq!(plain.len(), 7);
    assert_eq!(set.read(1).unwrap(), plain.read(3).unwrap());
}

#[test]
fn a_packed_file_of_other_images_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let pack = dir.path().join("pack");
    let sources = folder(&dir.path().join("set"), &[2]);
    drop(packed(&sources, &pack));
    let open = || {
        Images::open(&sources)
            .unwrap()
            .packed(&pack, threads(1), &mut |_, _| ControlFlow::Continue(()))
    };
    assert!(open().is_ok());
    let whole = fs::read(&pack).unwrap();
    fs::write(&pack, &whole[..whole.len() - 1]).unwrap();
    assert!(matches!(open(), Err(TrainError::Format { .. })));
    fs::write(&pack, b"short").unwrap();
    assert!(matches!(open(), Err(TrainError::Format { .. })));
    fs::write(&pack, &whole).unwrap();
    draw(&dir.path().join("set/p0/new.png"), 0);
    let refused = open().unwrap_err().to_string();
    assert!(refused.contains("those of other sources"), "{refused}");
}

#[test]
fn packing_can_be_stopped_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let sources = folder(&dir.path().join("set"), &[5]);
    let images = Images::open(&sources).unwrap();
    let stopped = images.packed(&dir.path().join("pack"), threads(2), &mut |n_done, n| {
        assert_eq!(n, 8);
        if n_done == 3 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert!(matches!(stopped, Err(TrainError::Stopped)));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}
