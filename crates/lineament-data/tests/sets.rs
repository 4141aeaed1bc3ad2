//! Readers of labelled sets against files that an independent Python wrote: `reference/data_sets.py`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests are test code"
)]

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lineament_core::{Landmarks, Rect};
use lineament_data::inspect::{normalize_name, split_people};
use lineament_data::sets::read_ranges;
use lineament_data::video::Video;
use lineament_data::{
    Columns, DataError, DataLimits, ImageSource, LabelledSet, OutputKind, Picture, Sample, SetKind,
    SetWriter, Start,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
    videos: Vec<VideoCase>,
    split: Split,
    names: Vec<[String; 2]>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    kind: String,
    open: String,
    files: BTreeMap<String, String>,
    results: Vec<Outcome>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Outcome {
    Error { error: Vec<String> },
    Sample(Box<Expected>),
}

#[derive(Deserialize)]
struct Expected {
    name: String,
    person: Option<String>,
    sha256: String,
    face: Option<[f32; 4]>,
    landmarks: Option<[f32; 10]>,
    split: Option<String>,
    attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct VideoCase {
    name: String,
    file: String,
    max_frames: NonZeroUsize,
    height: u32,
    width: u32,
    frames: Vec<ExpectedFrame>,
}

#[derive(Deserialize)]
struct ExpectedFrame {
    frame_idx: usize,
    rgb_base64: String,
    face: Option<[f32; 4]>,
    landmarks: Option<[f32; 10]>,
}

#[derive(Deserialize)]
struct Split {
    people: Vec<String>,
    seed: u64,
    shares: Vec<f64>,
    parts: Vec<usize>,
}

fn golden() -> Golden {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference/golden/data_sets.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn bytes(base64: &str) -> Vec<u8> {
    STANDARD.decode(base64).unwrap()
}

impl Case {
    fn unpack(&self) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in &self.files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes(content)).unwrap();
        }
        dir
    }
}

fn encoded(image: &ImageSource) -> Vec<u8> {
    match image.read(&DataLimits::default()).unwrap() {
        Picture::Encoded(bytes) => bytes,
        Picture::Rgb(_) => panic!("pixels where a file should be"),
    }
}

fn flat(landmarks: &Landmarks) -> [f32; 10] {
    let [a, b, c, d, e] = landmarks.to_array();
    [a.x, a.y, b.x, b.y, c.x, c.y, d.x, d.y, e.x, e.y]
}

fn corners(face: &Rect) -> [f32; 4] {
    [face.x, face.y, face.width, face.height]
}

fn check(case: &str, sample: &Sample, expected: &Expected) {
    let at = format!("{case}: {}", sample.name);
    assert_eq!(sample.name, expected.name, "{at}");
    assert_eq!(sample.person.as_deref(), expected.person.as_deref(), "{at}");
    assert_eq!(sample.face.as_ref().map(corners), expected.face, "{at}");
    assert_eq!(
        sample.landmarks.as_ref().map(flat),
        expected.landmarks,
        "{at}"
    );
    assert_eq!(sample.split.as_deref(), expected.split.as_deref(), "{at}");
    let attributes = sample.attributes.iter();
    let attributes: BTreeMap<String, String> = attributes
        .map(|(name, value)| (name.to_string(), value.clone()))
        .collect();
    assert_eq!(attributes, expected.attributes, "{at}");
    let digest = Sha256::digest(encoded(&sample.image));
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, expected.sha256, "{at}");
}

#[test]
fn every_container_is_read_and_every_bad_line_named() {
    for case in golden().cases {
        let dir = case.unpack();
        let kind = SetKind::ALL
            .into_iter()
            .find(|kind| kind.name() == case.kind);
        let path = dir.path().join(&case.open);
        let set = LabelledSet::open(&path, None, &DataLimits::default()).unwrap();
        assert_eq!(Some(set.kind()), kind, "{}", case.name);
        let columns = set.columns();
        let results: Vec<Result<Sample, DataError>> = set.samples().collect();
        for (result, outcome) in results.iter().zip(&case.results) {
            match (result, outcome) {
                (Ok(sample), Outcome::Sample(expected)) => {
                    check(&case.name, sample, expected);
                    assert!(columns_hold(&columns, sample), "{}: {columns:?}", case.name);
                }
                (Err(error), Outcome::Error { error: texts }) => {
                    let message = error.to_string();
                    let has_all = texts.iter().all(|text| message.contains(text));
                    assert!(has_all, "{}: {message} lacks one of {texts:?}", case.name);
                }
                (Ok(sample), Outcome::Error { error }) => {
                    panic!("{}: {} instead of {error:?}", case.name, sample.name)
                }
                (Err(error), Outcome::Sample(expected)) => {
                    panic!("{}: {error} instead of {}", case.name, expected.name)
                }
            }
        }
        assert_eq!(results.len(), case.results.len(), "{}", case.name);
        // The order is the same every time.
        let again = set.samples().flatten().map(|sample| sample.name);
        assert!(again.eq(results.iter().flatten().map(|sample| sample.name.clone())));
    }
}

fn columns_hold(columns: &Columns, sample: &Sample) -> bool {
    (columns.split || sample.split.is_none())
        && (columns.face || sample.face.is_none())
        && (columns.landmarks || sample.landmarks.is_none())
        && sample
            .attributes
            .keys()
            .all(|name| columns.attributes.contains(name))
}

#[test]
fn frames_of_videos_are_read_from_every_form_of_npz() {
    let dir = tempfile::tempdir().unwrap();
    let limits = DataLimits::default();
    for case in golden().videos {
        let path = dir
            .path()
            .join(format!("Ada_Byron_{}.npz", case.name.len()));
        fs::write(&path, bytes(&case.file)).unwrap();
        let frames = Video::open(&path, &limits)
            .unwrap()
            .frames(case.max_frames)
            .unwrap();
        assert_eq!(frames.len(), case.frames.len(), "{}", case.name);
        for (frame, expected) in frames.iter().zip(&case.frames) {
            assert_eq!(frame.frame_idx, expected.frame_idx, "{}", case.name);
            assert_eq!(
                (frame.image.height(), frame.image.width()),
                (case.height, case.width)
            );
            assert_eq!(
                frame.image.pixels(),
                bytes(&expected.rgb_base64),
                "{}",
                case.name
            );
            assert_eq!(frame.face.as_ref().map(corners), expected.face);
            let (got, expected) = (frame.landmarks.as_ref().map(flat), expected.landmarks);
            assert_eq!(got.is_some(), expected.is_some());
            // The reference's means of six points are rounded to 5 digits.
            let pairs = got.iter().flatten().zip(expected.iter().flatten());
            assert!(
                pairs.into_iter().all(|(a, b)| (a - b).abs() < 2e-5),
                "{}",
                case.name
            );
        }
        let pictures = ImageSource::Video(path.into())
            .read_all(&limits, case.max_frames)
            .unwrap();
        let images: Vec<Picture> = frames
            .into_iter()
            .map(|frame| Picture::Rgb(frame.image))
            .collect();
        assert_eq!(pictures, images);
    }
    let set = LabelledSet::open(dir.path(), None, &limits).unwrap();
    assert_eq!((set.kind(), set.len_hint()), (SetKind::YtfNpz, Some(4)));
    let people: Vec<_> = set
        .samples()
        .map(|sample| sample.unwrap().person.unwrap())
        .collect();
    assert_eq!(people, ["Ada_Byron"; 4].map(Into::into));
    let first = set.samples().next().unwrap().unwrap();
    assert!(matches!(
        first.image.read(&limits).unwrap(),
        Picture::Rgb(_)
    ));
}

#[test]
fn records_are_written_as_insightface_writes_them() {
    let case = golden()
        .cases
        .into_iter()
        .find(|case| case.name == "recordio")
        .unwrap();
    let dir = case.unpack();
    let limits = DataLimits::default();
    let set = LabelledSet::open(&dir.path().join("set"), None, &limits).unwrap();
    let out = dir.path().join("out");
    let kind = OutputKind::RecordIo {
        height: 12,
        width: 12,
    };
    let mut writer = SetWriter::create(&out, kind, &set.columns(), Start::Afresh).unwrap();
    for sample in set.samples() {
        let sample = sample.unwrap();
        writer.append(&sample, &encoded(&sample.image)).unwrap();
    }
    writer.finish().unwrap();
    for file in ["train.rec", "train.idx"] {
        let written = fs::read(out.join(file)).unwrap();
        assert_eq!(
            written,
            fs::read(dir.path().join("set").join(file)).unwrap(),
            "{file}"
        );
    }
    assert_eq!(
        fs::read_to_string(out.join("property")).unwrap(),
        "3,12,12\n"
    );
    assert_eq!(
        fs::read_to_string(out.join("train.people")).unwrap(),
        "Ada\nBob\n2\n"
    );
    let ranges = read_ranges(&out.join("train.rec"), &limits)
        .unwrap()
        .unwrap();
    assert_eq!(
        (ranges.images, ranges.people),
        (1..5, vec![1..3, 3..4, 4..5])
    );
    fs::remove_file(out.join("train.idx")).unwrap();
    let unindexed = read_ranges(&out.join("train.rec"), &limits)
        .unwrap()
        .unwrap();
    assert_eq!(unindexed.people, [1..3, 3..4, 4..5]);
}

#[test]
fn people_are_split_as_in_the_reference() {
    let Split {
        people,
        seed,
        shares,
        parts,
    } = golden().split;
    let people: Vec<_> = people.into_iter().map(Into::into).collect();
    assert_eq!(split_people(&people, seed, &shares).unwrap(), parts);
}

#[test]
fn names_are_normalized_as_unicode_decomposes_them() {
    for [name, expected] in golden().names {
        assert_eq!(normalize_name(&name), expected);
    }
}

#[test]
fn what_is_nothing_or_too_much_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let limits = DataLimits::default();
    let open = |path: &Path, kind| {
        LabelledSet::open(path, kind, &limits)
            .unwrap_err()
            .to_string()
    };
    let message = open(dir.path(), None);
    assert!(
        message.contains("a labelled set is missing; looked for"),
        "{message}"
    );
    assert!(open(&dir.path().join("none"), None).contains("none"));
    let list = dir.path().join("a.csv");
    fs::write(&list, "path\n").unwrap();
    fs::copy(&list, dir.path().join("b.csv")).unwrap();
    let message = open(dir.path(), None);
    assert!(
        message.contains("a.csv") && message.contains("b.csv"),
        "{message}"
    );
    assert!(open(dir.path(), Some(SetKind::CelebA)).contains("a set of kind celeba"));
    assert!(open(&list, Some(SetKind::Folder)).contains("is a folder"));
    fs::rename(dir.path().join("b.csv"), dir.path().join("list.csv")).unwrap();
    let set = LabelledSet::open(dir.path(), None, &limits).unwrap();
    assert_eq!(
        (set.path(), set.len_hint()),
        (dir.path().join("list.csv").as_path(), Some(0))
    );
}

#[test]
fn limits_are_kept() {
    let case = golden()
        .cases
        .into_iter()
        .find(|case| case.name == "csv")
        .unwrap();
    let dir = case.unpack();
    let path = dir.path().join("set/list.csv");
    let limits = DataLimits {
        max_image_bytes: 20,
        ..DataLimits::default()
    };
    let set = LabelledSet::open(&path, None, &limits).unwrap();
    for sample in set.samples().flatten() {
        let error = sample.image.read(&limits).unwrap_err();
        assert!(
            matches!(error, DataError::Limit { limit: 20, .. }),
            "{error}"
        );
    }
    let limits = DataLimits {
        max_list_bytes: 20,
        ..DataLimits::default()
    };
    assert!(matches!(
        LabelledSet::open(&path, None, &limits),
        Err(DataError::Limit { .. })
    ));
    let limits = DataLimits {
        max_entries: 0,
        ..DataLimits::default()
    };
    let set = LabelledSet::open(&path, None, &limits).unwrap();
    let message = set.samples().next().unwrap().unwrap_err().to_string();
    assert!(message.contains("members of a zip archive"), "{message}");
}
