//! Readers of protocol lists against files that an independent Python wrote: `reference/data_lists.py`.

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
use lineament_data::lists::ijb::{self, Face, Form, Media, Release, Source, Template};
use lineament_data::lists::{blufr, cfp, csv_pairs, lfw_people, megaface, ytf};
use lineament_data::{DataError, DataLimits, Item, PairProtocol};
use serde::Deserialize;

/// Path → content.
type Files = BTreeMap<String, Option<String>>;

#[derive(Deserialize)]
struct Golden {
    cfp: Files,
    pairs: Vec<PairCase>,
    megaface: MegaFace,
    ijb: Vec<IjbCase>,
    blufr: BlufrCases,
    people: PeopleCases,
}

#[derive(Deserialize)]
struct PairCase {
    name: String,
    reader: String,
    list: String,
    images: String,
    files: Files,
    #[serde(flatten)]
    outcome: Outcome<Protocol>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outcome<T> {
    Error(Vec<String>),
    #[serde(
        alias = "protocol",
        alias = "items",
        alias = "values",
        alias = "verification",
        alias = "identification",
        alias = "benchmark",
        alias = "folds"
    )]
    Value(T),
}

#[derive(Deserialize, Debug, PartialEq)]
struct Protocol {
    name: String,
    n_folds: usize,
    items: Vec<FlatItem>,
    pairs: Vec<(usize, usize, bool, usize, u64)>,
    groups: Option<Vec<[Option<String>; 2]>>,
}

#[derive(Deserialize)]
struct MegaFace {
    lists: Vec<MegaFaceList>,
    noises: NoiseCase,
    features: Vec<FeatureCase>,
}

#[derive(Deserialize)]
struct MegaFaceList {
    name: String,
    json: String,
    files: Option<Vec<String>>,
    #[serde(flatten)]
    outcome: Outcome<Vec<FlatItem>>,
}

#[derive(Deserialize)]
struct NoiseCase {
    text: String,
    n: usize,
    is_noise: Vec<(String, bool)>,
}

#[derive(Deserialize)]
struct FeatureCase {
    name: String,
    file: String,
    #[serde(flatten)]
    outcome: Outcome<Vec<f32>>,
}

#[derive(Deserialize)]
struct IjbCase {
    name: String,
    release: String,
    form: String,
    read: String,
    files: BTreeMap<String, String>,
    #[serde(flatten)]
    outcome: Outcome<IjbProtocol>,
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(untagged)]
enum IjbProtocol {
    Verification {
        templates: Vec<FlatTemplate>,
        pairs: Vec<(u32, u32, bool)>,
    },
    Identification {
        galleries: Vec<(String, Vec<FlatTemplate>)>,
        probes: Vec<FlatTemplate>,
    },
}

/// Number, subject, media.
type FlatTemplate = (u64, Option<u64>, Vec<(String, Vec<FlatFace>)>);

/// Name, box, landmarks, score.
type FlatFace = (String, Option<[f32; 4]>, Option<[f32; 10]>, Option<f32>);

#[derive(Deserialize)]
struct BlufrCases {
    files: Vec<String>,
    mat: Vec<BlufrCase>,
}

#[derive(Deserialize)]
struct BlufrCase {
    name: String,
    images: String,
    file: String,
    #[serde(flatten)]
    outcome: Outcome<Benchmark>,
}

#[derive(Deserialize, Debug, PartialEq)]
struct Benchmark {
    items: Vec<FlatItem>,
    dev: [Vec<usize>; 2],
    /// Training, test, gallery, probes.
    trials: Vec<[Vec<usize>; 4]>,
}

#[derive(Deserialize)]
struct PeopleCases {
    files: Vec<String>,
    lists: Vec<PeopleCase>,
}

#[derive(Deserialize)]
struct PeopleCase {
    name: String,
    text: String,
    #[serde(flatten)]
    outcome: Outcome<Vec<Vec<FlatItem>>>,
}

/// Name, person, paths.
type FlatItem = (String, Option<String>, Vec<String>);

fn golden() -> Golden {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference/golden/data_lists.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Writes the files that have content.
fn write(root: &Path, files: &Files) {
    for (name, content) in files {
        let Some(content) = content else { continue };
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

/// Writes files whose content does not matter.
fn write_empty(root: &Path, names: &[String]) {
    let files = names.iter().map(|name| (name.clone(), Some(String::new())));
    write(root, &files.collect());
}

impl PairCase {
    fn read(&self, golden: &Golden, root: &Path) -> Result<Protocol, DataError> {
        let mut files = match self.reader.starts_with("cfp") {
            true => golden.cfp.clone(),
            false => Files::new(),
        };
        files.extend(self.files.clone());
        write(root, &files);
        let (list, images) = (root.join(&self.list), root.join(&self.images));
        let limits = DataLimits::default();
        let (protocol, groups) = match self.reader.as_str() {
            "csv" => {
                let read = csv_pairs::read_pairs(&list, &images, &limits)?;
                (read.protocol, read.groups)
            }
            reader => (of_database(reader, &list, &images, &limits)?, None),
        };
        Ok(flat(protocol, groups, root))
    }
}

fn of_database(
    reader: &str,
    list: &Path,
    images: &Path,
    limits: &DataLimits,
) -> Result<PairProtocol, DataError> {
    match reader {
        "ytf" => ytf::read_splits(list, ytf::Labels::Original, images, limits),
        "ytf-corrected" => ytf::read_splits(list, ytf::Labels::Corrected, images, limits),
        "cfp-ff" => cfp::read_pairs(images, cfp::Views::FrontalFrontal, limits),
        "cfp-fp" => cfp::read_pairs(images, cfp::Views::FrontalProfile, limits),
        other => panic!("no reader {other}"),
    }
}

fn flat(protocol: PairProtocol, groups: Option<Vec<[Option<String>; 2]>>, root: &Path) -> Protocol {
    let pairs = protocol.pairs.into_iter();
    Protocol {
        name: protocol.name,
        n_folds: protocol.n_folds,
        items: flat_items(protocol.items, root),
        pairs: pairs
            .map(|pair| (pair.first, pair.second, pair.mated, pair.fold, pair.line))
            .collect(),
        groups,
    }
}

fn flat_items(items: Vec<Item>, root: &Path) -> Vec<FlatItem> {
    let flat = |item: Item| {
        let paths = item.images.iter().map(|image| {
            let path = image.path().unwrap();
            assert!(path.is_file(), "{}", path.display());
            let below = path.strip_prefix(root).unwrap().to_str().unwrap();
            below.replace("Protocol/../", "")
        });
        (item.name, item.person, paths.collect())
    };
    items.into_iter().map(flat).collect()
}

/// Checks what was read of a case against what should be.
fn check<T: std::fmt::Debug + PartialEq>(
    case: &str,
    read: Result<T, DataError>,
    expected: &Outcome<T>,
) {
    match (read, expected) {
        (Ok(read), Outcome::Value(expected)) => assert_eq!(&read, expected, "{case}"),
        (Err(error), Outcome::Error(says)) => {
            let message = error.to_string();
            for text in says {
                assert!(message.contains(text), "{case}: {message} without {text}");
            }
        }
        (Ok(read), Outcome::Error(says)) => panic!("{case}: {says:?} expected, got {read:?}"),
        (Err(error), Outcome::Value(_)) => panic!("{case}: {error}"),
    }
}

#[test]
fn lists_of_pairs_are_read_as_written() {
    let golden = golden();
    for case in &golden.pairs {
        let dir = tempfile::tempdir().unwrap();
        check(&case.name, case.read(&golden, dir.path()), &case.outcome);
    }
    for (reader, n_least) in [("csv", 16), ("ytf", 20), ("cfp-ff", 2), ("cfp-fp", 18)] {
        let n = golden.pairs.iter().filter(|case| case.reader == reader);
        assert!(n.count() >= n_least, "{reader}");
    }
}

#[test]
fn lists_of_megaface_are_read_as_written() {
    for case in golden().megaface.lists {
        let dir = tempfile::tempdir().unwrap();
        let list = dir.path().join("list.json");
        fs::write(&list, case.json).unwrap();
        let images = case.files.is_some().then(|| dir.path().join("images"));
        write_empty(dir.path(), &case.files.unwrap_or_default());
        let read = megaface::read_list(&list, images.as_deref(), &DataLimits::default());
        let read = read.map(|items| flat_items(items, dir.path()));
        check(&case.name, read, &case.outcome);
    }
}

#[test]
fn noises_are_found_by_the_ends_of_paths() {
    let case = golden().megaface.noises;
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), case.text).unwrap();
    let noises = megaface::Noises::read(file.path(), &DataLimits::default()).unwrap();
    assert_eq!(noises.len(), case.n);
    for (path, is_noise) in case.is_noise {
        assert_eq!(noises.contains(&path), is_noise, "{path}");
    }
}

#[test]
fn feature_files_are_read_as_written() {
    for case in golden().megaface.features {
        let file = STANDARD.decode(&case.file).unwrap();
        let read = megaface::parse_features(Path::new("folder/face.bin"), &file);
        check(&case.name, read, &case.outcome);
        if case.name == "column" {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("face.bin");
            let Outcome::Value(values) = case.outcome else {
                panic!("no values");
            };
            megaface::write_features(&path, &values).unwrap();
            assert_eq!(fs::read(path).unwrap(), file);
        }
    }
}

impl IjbCase {
    fn read(&self, root: &Path) -> Result<IjbProtocol, DataError> {
        let files = self.files.clone().into_iter();
        write(
            root,
            &files.map(|(name, text)| (name, Some(text))).collect(),
        );
        let lists = root.join("lists");
        let release = match self.release.as_str() {
            "b" => Release::B,
            _ => Release::C,
        };
        let source = Source {
            release,
            form: Form::of_folder(&lists, release),
            lists: &lists,
            images: &root.join("images"),
        };
        assert_eq!(source.form == Form::Packed, self.form == "packed");
        let limits = DataLimits::default();
        if self.read == "verification" {
            let read = ijb::read_verification(&source, &limits)?;
            assert_eq!(read.name, format!("ijb{}", self.release));
            let pairs = read.pairs.iter();
            return Ok(IjbProtocol::Verification {
                templates: flat_templates(read.templates, root),
                pairs: pairs.map(|p| (p.first, p.second, p.mated)).collect(),
            });
        }
        let read = ijb::read_identification(&source, &limits)?;
        assert_eq!(read.name, format!("ijb{}", self.release));
        let galleries = read.galleries.into_iter();
        Ok(IjbProtocol::Identification {
            galleries: galleries
                .map(|g| (g.name.to_owned(), flat_templates(g.templates, root)))
                .collect(),
            probes: flat_templates(read.probes, root),
        })
    }
}

fn flat_templates(templates: Vec<Template>, root: &Path) -> Vec<FlatTemplate> {
    let face = |face: Face| {
        let path = root.join("images").join(&face.name);
        assert_eq!(face.image.path(), Some(path.as_path()));
        let corners = face.face.map(|f| [f.x, f.y, f.width, f.height]);
        let points = face.landmarks.map(|landmarks| {
            let points = landmarks.to_array().map(|point| [point.x, point.y]);
            points.concat().try_into().unwrap()
        });
        (face.name, corners, points, face.detection_score)
    };
    let media = |media: Media| (media.name, media.faces.into_iter().map(face).collect());
    let template = |template: Template| {
        let faces = template.media.into_iter().map(media).collect();
        (template.number, template.subject, faces)
    };
    templates.into_iter().map(template).collect()
}

#[test]
fn templates_and_matches_of_ijb_are_read_as_written() {
    for case in golden().ijb {
        let dir = tempfile::tempdir().unwrap();
        check(&case.name, case.read(dir.path()), &case.outcome);
    }
}

#[test]
fn the_lists_of_blufr_are_read_as_written() {
    let cases = golden().blufr;
    let dir = tempfile::tempdir().unwrap();
    write_empty(dir.path(), &cases.files);
    let path = dir.path().join("blufr.mat");
    for case in cases.mat {
        fs::write(&path, STANDARD.decode(&case.file).unwrap()).unwrap();
        let images = dir.path().join(&case.images);
        let read = blufr::read(&path, &images, &DataLimits::default());
        let read = read.map(|read| Benchmark {
            items: flat_items(read.items, dir.path()),
            dev: [read.dev_train, read.dev_test],
            trials: read
                .trials
                .into_iter()
                .map(|trial| [trial.train, trial.test, trial.gallery, trial.probes])
                .collect(),
        });
        check(&case.name, read, &case.outcome);
    }
}

#[test]
fn lists_of_people_are_read_as_written() {
    let cases = golden().people;
    let dir = tempfile::tempdir().unwrap();
    write_empty(dir.path(), &cases.files);
    let list = dir.path().join("people.txt");
    for case in cases.lists {
        fs::write(&list, &case.text).unwrap();
        let images = dir.path().join("lfw");
        let read = lfw_people::read_people(&list, &images, &DataLimits::default());
        let flat = |fold| flat_items(fold, dir.path());
        let read = read.map(|folds| folds.into_iter().map(flat).collect());
        check(&case.name, read, &case.outcome);
    }
}
