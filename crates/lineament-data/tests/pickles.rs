//! `.bin` files against `reference/data_pickles.py`, whose pickles Python wrote or a person assembled.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use lineament_data::bin::{parse_pairs, read_pairs, write_pairs};
use lineament_data::{DataError, DataLimits, ImageSource, Item, Pair, PairProtocol, Picture};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    images: Vec<String>,
    labels: Vec<bool>,
    good: Vec<Good>,
    bad: Vec<Bad>,
}

#[derive(Deserialize)]
struct Good {
    name: String,
    pickle: String,
    n_in_file: usize,
}

#[derive(Deserialize)]
struct Bad {
    name: String,
    pickle: String,
    error: String,
    offset: Option<u64>,
    says: String,
}

fn golden() -> Golden {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference/golden/data_pickles.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn decode(text: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap()
}

fn limits() -> DataLimits {
    DataLimits::default()
}

fn parse(bytes: &[u8]) -> Result<PairProtocol, DataError> {
    parse_pairs(Path::new("folder/pairs.bin"), bytes, &limits())
}

#[test]
fn every_form_of_pickle_gives_the_same_pairs() {
    let golden = golden();
    let expected: Vec<_> = golden.images.iter().map(|image| decode(image)).collect();
    let folder = tempfile::tempdir().unwrap();
    for case in &golden.good {
        let path = folder.path().join("agedb_30.bin");
        std::fs::write(&path, decode(&case.pickle)).unwrap();
        let protocol =
            read_pairs(&path, &limits()).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let mated: Vec<_> = protocol.pairs.iter().map(|pair| pair.mated).collect();
        assert_eq!(mated, golden.labels, "{}", case.name);
        let images: Vec<_> = protocol.items.iter().map(image_of).collect();
        assert_eq!(images, expected, "{}", case.name);
        let is_slice = |item: &&Item| matches!(item.images[0], ImageSource::Slice { .. });
        let n_slices = protocol.items.iter().filter(is_slice).count();
        assert!(
            n_slices >= case.n_in_file,
            "{}: {n_slices} of {}",
            case.name,
            case.n_in_file
        );
        assert_eq!(protocol.name, "agedb_30");
        assert_eq!(protocol.items[3].name, "agedb_30/3");
        assert_eq!(
            protocol.pairs[1],
            Pair {
                first: 2,
                second: 3,
                mated: false,
                fold: 1,
                line: 2
            }
        );
        assert_eq!(protocol.n_folds, 4);
    }
}

fn image_of(item: &Item) -> Vec<u8> {
    assert_eq!(item.images.len(), 1);
    match item.images[0].read(&limits()).unwrap() {
        Picture::Encoded(bytes) => bytes,
        _ => panic!("pixels"),
    }
}

#[test]
fn what_is_not_plain_data_is_refused_by_name_and_place() {
    for case in golden().bad {
        let error = parse(&decode(&case.pickle)).expect_err(&case.name);
        let (kind, offset) = match &error {
            DataError::Unsafe { offset, .. } => ("unsafe", Some(*offset)),
            DataError::Bytes { offset, .. } => ("bytes", Some(*offset)),
            DataError::Entry { .. } => ("entry", None),
            DataError::Unsupported { .. } => ("unsupported", None),
            DataError::Limit { .. } => ("limit", None),
            _ => ("another", None),
        };
        assert_eq!(
            (kind, offset),
            (case.error.as_str(), case.offset),
            "{}: {error}",
            case.name
        );
        let message = error.to_string();
        assert!(
            message.starts_with("folder/pairs.bin"),
            "{}: {message}",
            case.name
        );
        assert!(message.contains(&case.says), "{}: {message}", case.name);
    }
}

#[test]
fn a_file_cut_anywhere_is_an_error() {
    for case in golden().good {
        let bytes = decode(&case.pickle);
        let n = bytes.len() - if bytes.ends_with(b"trailing") { 8 } else { 0 };
        assert!(parse(&bytes[..n]).is_ok(), "{}", case.name);
        for end in 0..n {
            assert!(parse(&bytes[..end]).is_err(), "{} cut at {end}", case.name);
        }
    }
}

#[test]
fn deep_nesting_and_many_references_cost_no_more_than_the_file() {
    let n = 200_000;
    let nested = [
        b"\x80\x02".to_vec(),
        vec![b']'; n],
        vec![b'a'; n - 1],
        b".".to_vec(),
    ]
    .concat();
    assert!(
        parse(&nested)
            .unwrap_err()
            .to_string()
            .contains("a list of 1")
    );
    // Each list holds the one before it ten times: 10^n lists, were they ever written out.
    let tenfold = b"q\x00](h\x00h\x00h\x00h\x00h\x00h\x00h\x00h\x00h\x00h\x00e".repeat(1000);
    let exponential = [b"\x80\x02]".as_slice(), &tenfold, b"]\x86."].concat();
    assert!(parse(&exponential).is_err());
    // One long tuple as the shape of many arrays, one long name for many types.
    let long_tuple = [b"(".as_slice(), &b"K\x01".repeat(n), b"tq\x00"].concat();
    let shapes =
        b"cnumpy.core.numeric\n_frombuffer\n(U\x01acnumpy\ndtype\nU\x02u1\x85Rh\x00U\x01CtR";
    let arrays = [b"\x80\x02](".as_slice(), &long_tuple, &shapes.repeat(1000)].concat();
    assert!(
        parse(&arrays)
            .unwrap_err()
            .to_string()
            .contains("1 to 64 sides")
    );
    let self_holding = b"\x80\x02]q\x00h\x00ah\x00\x86.";
    assert!(parse(self_holding).is_err());
}

#[test]
fn limits_are_checked_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.bin");
    std::fs::write(&path, decode(&golden().good[0].pickle)).unwrap();
    let small = DataLimits {
        max_container_bytes: 100,
        ..limits()
    };
    assert!(matches!(
        read_pairs(&path, &small),
        Err(DataError::Limit { limit: 100, .. })
    ));
    let few = DataLimits {
        max_entries: 10,
        ..limits()
    };
    assert!(matches!(
        read_pairs(&path, &few),
        Err(DataError::Limit {
            limit: 10,
            got: 11,
            ..
        })
    ));
}

fn protocol_of(images: &[Vec<u8>], labels: &[bool]) -> PairProtocol {
    let item = |bytes: &Vec<u8>| Item {
        name: "image".to_owned(),
        person: None,
        images: vec![ImageSource::Memory(Arc::from(bytes.as_slice()))],
    };
    let n_folds = labels.len().min(10);
    let pair = |(idx, &mated): (usize, &bool)| Pair {
        first: 2 * idx,
        second: 2 * idx + 1,
        mated,
        fold: idx * n_folds / labels.len(),
        line: 1,
    };
    PairProtocol {
        name: "made".to_owned(),
        items: images.iter().map(item).collect(),
        pairs: labels.iter().enumerate().map(pair).collect(),
        n_folds,
    }
}

fn written(protocol: &PairProtocol) -> Result<(PathBuf, tempfile::TempDir), DataError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.bin");
    write_pairs(&path, protocol, &limits())?;
    Ok((path, folder))
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        pairs in prop::collection::vec((any::<[u8; 3]>(), prop::collection::vec(any::<u8>(), 1..600), any::<bool>()), 1..8)
    ) {
        let images: Vec<_> = pairs.iter().flat_map(|(a, b, _)| [a.to_vec(), b.clone()]).collect();
        let labels: Vec<_> = pairs.iter().map(|(_, _, mated)| *mated).collect();
        let (path, _folder) = written(&protocol_of(&images, &labels)).unwrap();
        let read = read_pairs(&path, &limits()).unwrap();
        prop_assert_eq!(read.items.iter().map(image_of).collect::<Vec<_>>(), images);
        prop_assert_eq!(read.pairs.iter().map(|pair| pair.mated).collect::<Vec<_>>(), labels);
        let is_slice = |item: &Item| matches!(item.images[0], ImageSource::Slice { .. });
        prop_assert!(read.items.iter().all(is_slice));
    }

    #[test]
    fn changed_bytes_are_survived(case in 0..60_usize, at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let good = golden().good;
        let mut bytes = decode(&good[case % good.len()].pickle);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(protocol) = parse(&bytes) {
            prop_assert_eq!(protocol.items.len(), 2 * protocol.pairs.len());
        }
    }
}

#[test]
fn what_the_form_cannot_hold_is_not_written() {
    let images = vec![vec![1]; 40];
    let good = protocol_of(&images, &[true; 20]);
    let mut folds = good.clone();
    folds.pairs[0].fold = 3;
    let mut video = good.clone();
    video.items[0]
        .images
        .push(ImageSource::Memory(Arc::from([2_u8].as_slice())));
    let mut nothing = good.clone();
    nothing.items[0].images.clear();
    for (protocol, says) in [
        (folds, "ten blocks"),
        (video, "the video image"),
        (nothing, "the image of image"),
    ] {
        let error = written(&protocol).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    let (path, folder) = written(&good).unwrap();
    let names: HashSet<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    assert_eq!(names, HashSet::from([path]));
}
