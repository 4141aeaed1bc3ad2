//! Readers of marked faces against files that an independent Python wrote: `reference/data_boxes.py`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests are test code"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lineament_data::boxes::{self, BoxForm, BoxSet, BoxedFace, Duty, WiderSubset};
use lineament_data::{DataError, DataLimits, LabelledSet};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    images: Vec<String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    form: String,
    list: String,
    images: String,
    subsets: Vec<String>,
    files: BTreeMap<String, Content>,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Binary { base64: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Error(Vec<String>),
    Set(FlatSet),
}

#[derive(Deserialize, Debug, PartialEq)]
struct FlatSet {
    subsets: Vec<String>,
    images: Vec<(String, Vec<FlatFace>)>,
}

/// Box, whether it must be found, landmarks, subsets.
type FlatFace = ([f32; 4], bool, Option<[f32; 10]>, Vec<usize>);

impl Case {
    fn read(&self, root: &Path) -> Result<BoxSet, DataError> {
        for (name, content) in &self.files {
            let bytes = match content {
                Content::Text(text) => text.clone().into_bytes(),
                Content::Binary { base64 } => STANDARD.decode(base64).unwrap(),
            };
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let (list, images) = (root.join(&self.list), root.join(&self.images));
        let limits = DataLimits::default();
        let form = BoxForm::of(&list)?;
        let name = match form {
            BoxForm::Wider => "wider",
            BoxForm::Dlib => "dlib",
            BoxForm::Voc => "voc",
            BoxForm::Set => "set",
        };
        assert_eq!(name, self.form, "{}", self.name);
        match form {
            BoxForm::Wider => {
                let subsets = self.subsets.iter().map(|subset| match subset.as_str() {
                    "flags" => WiderSubset::Flags,
                    file => WiderSubset::MatFile(root.join(file)),
                });
                boxes::read_wider(&list, &images, &subsets.collect::<Vec<_>>(), &limits)
            }
            BoxForm::Dlib => boxes::read_dlib(&list, &images, &limits),
            BoxForm::Voc => boxes::read_voc(&list, &images, &limits),
            BoxForm::Set => boxes::of_set(&LabelledSet::open(&list, None, &limits)?),
        }
    }
}

fn flat(set: BoxSet) -> FlatSet {
    let face = |face: BoxedFace| {
        let rect = [face.rect.x, face.rect.y, face.rect.width, face.rect.height];
        let points = face.landmarks.map(|landmarks| {
            let points = landmarks.to_array();
            std::array::from_fn(|i| match i % 2 {
                0 => points[i / 2].x,
                _ => points[i / 2].y,
            })
        });
        (rect, face.duty == Duty::MustFind, points, face.subsets)
    };
    let images = set.images.into_iter();
    FlatSet {
        subsets: set.subsets,
        images: images
            .map(|image| {
                assert!(image.image.path().unwrap().is_file(), "{}", image.name);
                (image.name, image.faces.into_iter().map(face).collect())
            })
            .collect(),
    }
}

#[test]
fn marked_faces_are_read_as_written() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference/golden/data_boxes.json");
    let golden: Golden = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    for case in &golden.cases {
        let dir = tempfile::tempdir().unwrap();
        for image in &golden.images {
            let path = dir.path().join(image);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let read = case.read(dir.path());
        match (read, &case.outcome) {
            (Ok(read), Outcome::Set(expected)) => {
                assert_eq!(&flat(read), expected, "{}", case.name);
            }
            (Err(error), Outcome::Error(says)) => {
                let message = error.to_string();
                for text in says {
                    assert!(
                        message.contains(text),
                        "{}: {message} without {text}",
                        case.name
                    );
                }
            }
            (read, _) => panic!("{}: {read:?}", case.name),
        }
    }
    for (form, n_least) in [("wider", 11), ("dlib", 8), ("voc", 8), ("set", 4)] {
        let n = golden.cases.iter().filter(|case| case.form == form).count();
        assert!(n >= n_least, "{form}");
    }
}

#[test]
fn what_is_no_utf_8_or_too_large_is_told_of() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("faces.xml");
    fs::write(&path, b"<dataset>\n<name>J\xe9r\xf4me</name>\n</dataset>").unwrap();
    let limits = DataLimits::default();
    let error = boxes::read_dlib(&path, dir.path(), &limits).unwrap_err();
    assert!(
        error.to_string().contains("line 2: expected UTF-8"),
        "{error}"
    );
    let limits = DataLimits {
        max_list_bytes: 20,
        ..limits
    };
    let error = boxes::read_dlib(&path, dir.path(), &limits).unwrap_err();
    assert!(matches!(error, DataError::Limit { .. }), "{error}");
}
