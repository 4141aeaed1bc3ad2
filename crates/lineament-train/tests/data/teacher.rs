//! A teacher's features, from the computation to the batch.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use lineament::Embedder;
use lineament_core::RgbImage;
use lineament_runtime::{Device, EngineReport, LoadedModel, Manifest};
use lineament_testkit::FakeSession;
use lineament_train::TrainError;
use lineament_train::data::teacher::{View, compute};
use lineament_train::data::{
    AugmentOptions, DataSource, Images, Part, SetOptions, TargetViews, Teacher, TeacherFeatures,
    TrainSet,
};
use tch::Kind;

use crate::drawn::{draw, folder, loader, threads};

/// An embedder of 48 values, each the mean of seven rows of the red, the green or the blue plane.
fn teacher(sha256_digit: &str) -> Embedder {
    let manifest = format!(
        "schema = 1\nname = \"striped\"\ntask = \"embed\"\nfamily = \"arcface\"\n\
         file = \"fake.onnx\"\nsha256 = \"{}\"\nlicence = \"test\"\nprovenance = \"test\"\npreference = 1\n\
         [input]\nname = \"input\"\nlayout = \"nchw\"\nchannels = \"rgb\"\nmean = [0, 0, 0]\nstd = [1, 1, 1]\n\
         size = [112, 112]\nbatch = \"dynamic\"\n[outputs]\nembedding = \"embedding\"\n\
         [settings]\ntemplate = \"arcface-112\"\ndimension = 48\nflip = \"none\"\nspace = \"striped\"\n",
        sha256_digit.repeat(64)
    );
    let engine = EngineReport {
        name: "fake",
        version: "1".to_owned(),
        device: Device::Cpu,
        threads: threads(1),
        fallback: None,
    };
    let model = LoadedModel {
        manifest: Manifest::parse(&manifest, "the test's manifest").unwrap(),
        session: Arc::new(FakeSession::striped_embedder(48)),
        engine,
    };
    Embedder::from_model(model).unwrap()
}

fn go_on(images: &Images, teacher: &Embedder, path: &Path) -> Result<(), TrainError> {
    compute(images, teacher, path, threads(3), &mut |_, _| {
        ControlFlow::Continue(())
    })
}

/// A set of 40 images and three more, two of which are none.
fn forty(dir: &Path) -> (Vec<DataSource>, Arc<Images>) {
    let sources = folder(&dir.join("set"), &[20, 20]);
    let images = Arc::new(Images::open(&sources).unwrap());
    (sources, images)
}

#[test]
fn features_are_the_teachers_on_the_middle_of_the_crop_and_on_its_mirror_image() {
    let dir = tempfile::tempdir().unwrap();
    let (_, images) = forty(dir.path());
    let (path, teacher) = (dir.path().join("features"), teacher("a"));
    go_on(&images, &teacher, &path).unwrap();
    let features = TeacherFeatures::open(&path, &images).unwrap();
    assert_eq!(
        (features.dimension(), features.model_sha256()),
        (48, "a".repeat(64))
    );

    let crop: RgbImage = images.read(30).unwrap().unwrap();
    let crop = crop.view().cropped(8, 8, 112, 112).unwrap();
    let views = teacher.views(&[crop]).unwrap();
    assert_eq!(features.read(30, View::Plain).unwrap(), views[0].plain);
    assert_eq!(
        features.read(30, View::Mirrored).unwrap(),
        views[0].mirrored
    );
    // A third of 48 stripes is the green plane, of 7 rows each: rows 8 + 0 … 6 first.
    assert_eq!(views[0].plain[16], 11.0);

    // z1 and z2, which come first after z0, are no images.
    for row in [1, 2] {
        assert!(
            features
                .read(row, View::Plain)
                .unwrap()
                .iter()
                .all(|value| value.is_nan())
        );
    }
    assert!(features.read(43, View::Plain).is_err());
}

#[test]
fn a_computation_that_ended_anywhere_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (_, images) = forty(dir.path());
    let (whole, parts, teacher) = (
        dir.path().join("whole"),
        dir.path().join("parts"),
        teacher("a"),
    );
    go_on(&images, &teacher, &whole).unwrap();
    let expected = fs::read(&whole).unwrap();
    assert_eq!(expected.len(), 88 + 43 * 2 * 48 * 4);

    let stopped = compute(&images, &teacher, &parts, threads(2), &mut |n_done, n| {
        assert_eq!((n_done, n), (16, 43));
        ControlFlow::Break(())
    });
    assert!(matches!(stopped, Err(TrainError::Stopped)));
    let unfinished = TeacherFeatures::open(&parts, &images)
        .unwrap_err()
        .to_string();
    assert!(unfinished.contains("first 16"), "{unfinished}");
    go_on(&images, &teacher, &parts).unwrap();
    assert_eq!(fs::read(&parts).unwrap(), expected);

    // In the head, behind it, within a row, with nothing left to do.
    for n_bytes in [0, 50, 88, 88 + 20 * 2 * 48 * 4 + 7, expected.len()] {
        fs::write(&parts, &expected[..n_bytes]).unwrap();
        go_on(&images, &teacher, &parts).unwrap();
        assert_eq!(
            fs::read(&parts).unwrap(),
            expected,
            "from {n_bytes} bytes on"
        );
    }
}

#[test]
fn features_of_something_else_are_refused_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (sources, images) = forty(dir.path());
    let path = dir.path().join("features");
    go_on(&images, &teacher("a"), &path).unwrap();
    let whole = fs::read(&path).unwrap();
    let refused = |images: &Images, digit| {
        go_on(images, &teacher(digit), &path)
            .unwrap_err()
            .to_string()
    };
    assert!(refused(&images, "b").contains("another teacher"));

    draw(&dir.path().join("set/p1/more.png"), 1);
    let more = Images::open(&sources).unwrap();
    assert!(refused(&more, "a").contains("other images"));
    assert!(
        TeacherFeatures::open(&path, &more)
            .unwrap_err()
            .to_string()
            .contains("44 images")
    );
    let features = Arc::new(TeacherFeatures::open(&path, &images).unwrap());
    let set = TrainSet::of(Arc::new(more), &SetOptions::default(), Part::Train).unwrap();
    let teacher = Teacher::Features(features);
    assert!(set.with_teacher(teacher, TargetViews::Seen).is_err());
    assert_eq!(fs::read(&path).unwrap(), whole);

    for other in [&b"a few notes"[..], &[0; 100]] {
        fs::write(&path, other).unwrap();
        assert!(refused(&images, "a").contains("another file"));
        assert_eq!(fs::read(&path).unwrap(), other);
    }
}

#[test]
fn an_image_smaller_than_the_teachers_crop_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let small = image_of(100);
    fs::create_dir(dir.path().join("p0")).unwrap();
    fs::write(dir.path().join("p0/small.png"), small).unwrap();
    let images = Images::open(&[DataSource::at(dir.path())]).unwrap();
    let error = go_on(&images, &teacher("a"), &dir.path().join("features"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("p0/small.png") && error.contains("100×100"),
        "{error}"
    );
}

fn image_of(side: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side, side);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer
        .write_image_data(&vec![7; (side * side * 3) as usize])
        .unwrap();
    drop(writer);
    bytes
}

#[test]
fn a_batch_holds_the_view_that_its_images_show() {
    let dir = tempfile::tempdir().unwrap();
    let (_, images) = forty(dir.path());
    let path = dir.path().join("features");
    go_on(&images, &teacher("a"), &path).unwrap();
    let features = Arc::new(TeacherFeatures::open(&path, &images).unwrap());
    let set = TrainSet::of(images, &SetOptions::default(), Part::Train).unwrap();
    let teacher = Teacher::Features(features.clone());
    let both = set.clone().with_teacher(teacher.clone(), TargetViews::Both);
    let set = set.with_teacher(teacher, TargetViews::Seen).unwrap();
    let set = Arc::new(set);
    let batch = loader(&set, &AugmentOptions::default(), 43, 2)
        .batch(0)
        .unwrap();
    let told = batch.teacher.unwrap();
    assert_eq!((told.size(), told.kind()), (vec![43, 48], Kind::Float));
    let mut n_mirrored = 0;
    for (n, &idx) in batch.indices.iter().enumerate() {
        // Red counts columns.
        let is_mirrored = batch.images.int64_value(&[n as i64, 0, 0, 0]) == 119;
        n_mirrored += usize::from(is_mirrored);
        let view = if is_mirrored {
            View::Mirrored
        } else {
            View::Plain
        };
        let told: Vec<f32> = Vec::try_from(told.get(n as i64)).unwrap();
        assert_eq!(told, features.read(set.row(idx), view).unwrap());
    }
    assert!((8..=35).contains(&n_mirrored), "{n_mirrored}");

    // With both views as targets, the same pictures have the sum of both.
    let both = Arc::new(both.unwrap());
    let batch = loader(&both, &AugmentOptions::default(), 43, 2)
        .batch(0)
        .unwrap();
    for (n, &idx) in batch.indices.iter().enumerate() {
        let told: Vec<f32> = Vec::try_from(batch.teacher.as_ref().unwrap().get(n as i64)).unwrap();
        let [plain, mirrored] =
            [View::Plain, View::Mirrored].map(|view| features.read(both.row(idx), view).unwrap());
        let sum: Vec<f32> = plain.iter().zip(mirrored).map(|(a, b)| a + b).collect();
        assert_eq!(told, sum);
    }
}
