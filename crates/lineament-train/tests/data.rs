//! From drawn crops in folders and lists to batches.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use lineament_train::TrainError;
use lineament_train::data::{
    Augment, AugmentOptions, ColorOptions, DataSource, Few, Images, Loader, Part, Sampler,
    SamplerOptions, SetOptions, Target, TrainSet, Unlabelled,
};
use tch::{Kind, Tensor};

/// A crop of 128×128 of which red tells the column, green the row and blue the person.
fn draw(path: &Path, person: u8) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let pixels: Vec<u8> = (0..128)
        .flat_map(|y| (0..128).flat_map(move |x| [x, y, person]))
        .collect();
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), 128, 128);
    encoder.set_color(png::ColorType::Rgb);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&pixels)
        .unwrap();
}

/// `n_images[i]` crops of person i, then three that show nobody known, two of which are no images.
fn folder(root: &Path, n_images: &[usize]) -> Vec<DataSource> {
    for (person, &n) in n_images.iter().enumerate() {
        for image in 0..n {
            draw(&root.join(format!("p{person}/{image}.png")), person as u8);
        }
    }
    fs::create_dir_all(root.join("nobody at all")).unwrap();
    draw(&root.join("z0.png"), 99);
    fs::write(root.join("z1.png"), b"").unwrap();
    fs::write(root.join("z2.png"), b"\x89PNG\r\n\x1a\nand no more").unwrap();
    vec![DataSource::at(root)]
}

fn threads(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).unwrap()
}

fn packed(sources: &[DataSource], path: &Path) -> Arc<Images> {
    let images = Images::open(sources).unwrap();
    let packed = images.packed(path, threads(3), &mut |_, _| ControlFlow::Continue(()));
    Arc::new(packed.unwrap())
}

fn loader(set: &Arc<TrainSet>, options: &AugmentOptions, batch: usize, n_threads: usize) -> Loader {
    let sampler = Sampler::new(&SamplerOptions::Uniform { batch }, set.labels(), 5).unwrap();
    let augment = Augment::new(options, 6).unwrap();
    Loader::new(
        set.clone(),
        sampler,
        augment,
        Target::cut(112, 112),
        threads(n_threads),
    )
    .unwrap()
}

/// Everything that makes an image differ from another.
fn everything() -> AugmentOptions {
    AugmentOptions {
        shift_px: 6.0,
        scale: 0.1,
        rotation_deg: 10.0,
        color: ColorOptions {
            probability: 0.8,
            brightness: 0.3,
            contrast: 0.3,
            saturation: 0.3,
        },
        grey: 0.3,
        ..AugmentOptions::default()
    }
}

fn plain() -> AugmentOptions {
    AugmentOptions {
        flip: 0.0,
        ..AugmentOptions::default()
    }
}

fn bytes(tensor: &Tensor) -> Vec<u8> {
    Vec::try_from(tensor.flatten(0, -1)).unwrap()
}

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
        assert_eq!(
            both.iter().collect::<std::collections::BTreeSet<_>>().len(),
            10
        );
        held_out.people().to_vec()
    };
    assert_eq!(split(1), split(1));
    assert_ne!(split(1), split(2));
}

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
    let from_the_start = loader(&set, &everything(), 40, 1);
    let batches: Vec<_> = (0..8)
        .map(|step| from_the_start.batch(step).unwrap())
        .collect();
    let same = |loader: &Loader, step: u64| {
        let (batch, expected) = (loader.batch(step).unwrap(), &batches[step as usize]);
        assert_eq!(batch.indices, expected.indices);
        assert_eq!(bytes(&batch.images), bytes(&expected.images), "step {step}");
    };
    let resumed = loader(&set, &everything(), 40, 4);
    // On, again, ahead within what is prepared, far back.
    for step in [3, 4, 4, 6, 7, 1, 2, 0] {
        same(&resumed, step);
    }
    assert_ne!(bytes(&batches[0].images), bytes(&batches[1].images));
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

#[test]
fn every_image_comes_once_in_an_epoch() {
    let labels = vec![0; 23];
    let sampler = Sampler::new(&SamplerOptions::Uniform { batch: 5 }, &labels, 1).unwrap();
    assert_eq!(sampler.steps_per_epoch(), 5);
    // 23 steps of 5 are 5 epochs of 23.
    let drawn: Vec<usize> = (0..23).flat_map(|step| sampler.batch(step)).collect();
    for epoch in drawn.chunks(23) {
        let mut seen = epoch.to_vec();
        seen.sort_unstable();
        assert_eq!(seen, (0..23).collect::<Vec<_>>());
    }
    assert_ne!(drawn[..23], drawn[23..46]);
    let other = Sampler::new(&SamplerOptions::Uniform { batch: 5 }, &labels, 2).unwrap();
    assert_ne!(sampler.batch(0), other.batch(0));
    assert_eq!(sampler.batch(17), sampler.clone().batch(17));
}

#[test]
fn balanced_batches_hold_different_people_and_as_many_images_of_each() {
    // Person i has i + 1 images; person 0 makes no pair, −1 is nobody.
    let labels: Vec<i64> = (0..9_i64)
        .flat_map(|person| vec![person; person as usize + 1])
        .chain([-1; 5])
        .collect();
    let options = SamplerOptions::Balanced {
        people: 4,
        images_per_person: 3,
    };
    let sampler = Sampler::new(&options, &labels, 1).unwrap();
    assert_eq!((sampler.batch_size(), sampler.steps_per_epoch()), (12, 2));
    for round in 0..20 {
        let steps = [sampler.batch(2 * round), sampler.batch(2 * round + 1)];
        let mut people = Vec::new();
        for images in steps.iter().flat_map(|batch| batch.chunks(3)) {
            let person = labels[images[0]];
            assert!(person >= 1 && images.iter().all(|&image| labels[image] == person));
            let distinct: std::collections::BTreeSet<_> = images.iter().collect();
            assert_eq!(distinct.len(), 3.min(person as usize + 1));
            people.push(person);
        }
        people.sort_unstable();
        assert_eq!(people, (1..9).collect::<Vec<_>>());
    }
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let wrong = [
        AugmentOptions {
            flip: 1.5,
            ..AugmentOptions::default()
        },
        AugmentOptions {
            shift_px: -1.0,
            ..AugmentOptions::default()
        },
        AugmentOptions {
            scale: f64::NAN,
            ..AugmentOptions::default()
        },
    ];
    for options in wrong {
        assert!(matches!(
            Augment::new(&options, 0),
            Err(TrainError::Argument { .. })
        ));
    }
    let uniform = |batch| Sampler::new(&SamplerOptions::Uniform { batch }, &[0, 0], 0);
    assert!(uniform(2).is_ok() && uniform(0).is_err());
    let balanced = |people| {
        let options = SamplerOptions::Balanced {
            people,
            images_per_person: 2,
        };
        Sampler::new(&options, &[0, 0, 1, 1, 2], 0)
    };
    assert!(balanced(2).is_ok() && balanced(3).is_err() && balanced(0).is_err());
    let dir = tempfile::tempdir().unwrap();
    let source = DataSource {
        kind: Some("tarball".to_owned()),
        ..DataSource::at(dir.path())
    };
    assert!(
        Images::open(&[source])
            .unwrap_err()
            .to_string()
            .contains("recordio")
    );
}
