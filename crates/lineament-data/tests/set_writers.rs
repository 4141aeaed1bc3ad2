//! Writers of labelled sets: what is written is read, killed runs go on, and nothing is half there.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests are test code"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lineament_core::{Landmarks, Point, Rect};
use lineament_data::{
    Columns, DataError, DataLimits, ImageSource, LabelledSet, ListFormat, ListWriter, OutputKind,
    Picture, Sample, SetKind, SetWriter, Start,
};
use proptest::prelude::*;

/// What every container keeps of an image.
type Kept = (Option<String>, Vec<u8>);

const KINDS: [(OutputKind, SetKind, &str); 5] = [
    (OutputKind::Folder, SetKind::Folder, "set"),
    (OutputKind::CsvList, SetKind::CsvList, "list.csv"),
    (
        OutputKind::ParquetList,
        SetKind::ParquetList,
        "list.parquet",
    ),
    (
        OutputKind::RecordIo {
            height: 4,
            width: 5,
        },
        SetKind::RecordIo,
        "set",
    ),
    (OutputKind::MsCelebTsv, SetKind::MsCelebTsv, "faces.tsv"),
];

fn columns() -> Columns {
    Columns {
        split: true,
        face: true,
        landmarks: true,
        attributes: vec!["age".into(), "odd \"name\"".into()],
    }
}

fn write(path: &Path, kind: OutputKind, samples: &[(Sample, Vec<u8>)]) -> Result<(), DataError> {
    let mut writer = SetWriter::create(path, kind, &columns(), Start::Afresh)?;
    for (sample, bytes) in samples {
        writer.append(sample, bytes)?;
    }
    assert_eq!(writer.n_written(), samples.len() as u64);
    writer.finish()
}

fn read(path: &Path, kind: SetKind) -> Vec<Sample> {
    let set = LabelledSet::open(path, None, &DataLimits::default()).unwrap();
    assert_eq!(set.kind(), kind);
    set.samples().map(Result::unwrap).collect()
}

fn bytes_of(sample: &Sample) -> Vec<u8> {
    match sample.image.read(&DataLimits::default()).unwrap() {
        Picture::Encoded(bytes) => bytes,
        Picture::Rgb(_) => panic!("pixels"),
    }
}

fn kept(person: &Option<std::sync::Arc<str>>, bytes: Vec<u8>) -> Kept {
    (person.as_deref().map(str::to_owned), bytes)
}

/// Bytes that pass for an image; many hold RecordIO's magic, at a multiple of four or not.
fn images() -> impl Strategy<Value = Vec<u8>> {
    let magic = Just(0xced7_230a_u32.to_le_bytes().to_vec());
    let piece = prop_oneof![magic, prop::collection::vec(any::<u8>(), 0..6)];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| {
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        bytes.extend(pieces.concat());
        bytes
    })
}

fn numbers<const N: usize>() -> impl Strategy<Value = Option<[f32; N]>> {
    prop::option::of(prop::collection::vec(0.0f32..500.0, N).prop_map(|v| v.try_into().unwrap()))
}

fn facts() -> impl Strategy<Value = Sample> {
    let texts = || prop::option::of("[ -~é]{1,8}");
    (numbers::<4>(), numbers::<10>(), texts(), texts(), texts()).prop_map(
        |(face, points, split, age, odd)| {
            let mut sample = Sample::new("", ImageSource::Memory([].into()));
            sample.face = face.map(|[x, y, width, height]| Rect {
                x,
                y,
                width,
                height,
            });
            sample.landmarks = points.map(|v| {
                let point = |i: usize| Point::new(v[2 * i], v[2 * i + 1]);
                Landmarks::from_array([0, 1, 2, 3, 4].map(point))
            });
            sample.split = split.map(Into::into);
            let given = [("age", age), ("odd \"name\"", odd)];
            let given = given
                .into_iter()
                .filter_map(|(name, value)| Some((name.into(), value?)));
            sample.attributes = given.collect::<BTreeMap<_, _>>();
            sample
        },
    )
}

/// People in turn, one after the other, with one to three images each.
fn sets() -> impl Strategy<Value = Vec<(Sample, Vec<u8>)>> {
    let person = prop::collection::vec((facts(), images()), 1..4);
    let names = prop::collection::btree_set("[A-Za-zé][A-Za-z é,'_]{0,6}[a-z]", 0..5);
    (names, prop::collection::vec(person, 5)).prop_map(|(names, people)| {
        let mut all = Vec::new();
        for (name, images) in names.into_iter().zip(people) {
            for (idx, (mut sample, bytes)) in images.into_iter().enumerate() {
                sample.name = format!("{name}/{idx}.png");
                sample.person = Some(name.as_str().into());
                all.push((sample, bytes));
            }
        }
        all
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_written_is_read(set in sets(), is_unknown in any::<bool>()) {
        for (kind, read_kind, file) in KINDS {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join(file);
            let mut set = set.clone();
            let takes_nobody = !matches!(kind, OutputKind::RecordIo { .. } | OutputKind::MsCelebTsv);
            if let (true, true, Some((sample, _))) = (takes_nobody, is_unknown, set.first_mut()) {
                sample.person = None;
            }
            write(&path, kind, &set).unwrap();
            if kind == OutputKind::Folder && set.is_empty() {
                continue;
            }
            let samples = read(&path, read_kind);
            let mut got: Vec<Kept> = samples.iter().map(|s| kept(&s.person, bytes_of(s))).collect();
            let mut wanted: Vec<Kept> = set.iter().map(|(s, bytes)| kept(&s.person, bytes.clone())).collect();
            if kind == OutputKind::Folder {
                // A folder has an order of its own.
                got.sort();
                wanted.sort();
            }
            prop_assert_eq!(got, wanted);
            if matches!(kind, OutputKind::CsvList | OutputKind::ParquetList) {
                for (read, (written, _)) in samples.iter().zip(&set) {
                    let facts = |s: &Sample| (s.face, s.landmarks, s.split.clone(), s.attributes.clone());
                    prop_assert_eq!(facts(read), facts(written));
                }
            }
        }
    }
}

fn drawn(n_people: usize, n_images: usize) -> Vec<(Sample, Vec<u8>)> {
    let ids = (0..n_people).flat_map(|p| (0..n_images).map(move |i| (p, i)));
    ids.map(|(person, idx)| {
        let mut sample = Sample::new(format!("p{person}/{idx}"), ImageSource::Memory([].into()));
        sample.person = Some(format!("p{person}").into());
        let bytes = format!("\u{89}PNG {person} {idx}").into_bytes();
        (sample, [b"\x89PNG".to_vec(), bytes].concat())
    })
    .collect()
}

fn files_of(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_of(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    files
}

/// A run that ends after any number of images, its files cut anywhere, is gone on with to the same
/// files as one that did not end.
#[test]
fn a_killed_run_goes_on() {
    let set = drawn(3, 2);
    for (kind, _, file) in KINDS {
        let whole = tempfile::tempdir().unwrap();
        write(&whole.path().join(file), kind, &set).unwrap();
        let wanted: Vec<Vec<u8>> = files_of(whole.path()).into_values().collect();
        for n_done in 0..=set.len() {
            for n_cut in [0, 1, 7, 40] {
                let dir = tempfile::tempdir().unwrap();
                let path = dir.path().join(file);
                let mut writer = SetWriter::create(&path, kind, &columns(), Start::Afresh).unwrap();
                for (sample, bytes) in &set[..n_done] {
                    writer.append(sample, bytes).unwrap();
                }
                // Dropped and not finished: what was buffered is there, then cut.
                drop(writer);
                let part = files_of(dir.path())
                    .into_iter()
                    .find(|(path, _)| is_growing(path));
                if let Some((part, bytes)) = part {
                    fs::write(part, &bytes[..bytes.len().saturating_sub(n_cut)]).unwrap();
                }
                let mut writer = SetWriter::create(&path, kind, &columns(), Start::Resume).unwrap();
                let n_kept = writer.n_written() as usize;
                assert!(n_kept <= n_done, "{kind:?}");
                for (sample, bytes) in &set[n_kept..] {
                    writer.append(sample, bytes).unwrap();
                }
                writer.finish().unwrap();
                let got: Vec<Vec<u8>> = files_of(dir.path()).into_values().collect();
                assert!(got == wanted, "{kind:?} after {n_done}");
            }
        }
    }
}

fn is_growing(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    [
        "train.rec.part",
        "list.csv.part",
        "list.parquet.csv.part",
        "faces.tsv.part",
    ]
    .contains(&name.as_ref())
}

#[test]
fn what_is_there_is_not_written_over() {
    let set = drawn(1, 1);
    for (kind, _, file) in KINDS
        .into_iter()
        .filter(|(kind, ..)| *kind != OutputKind::Folder)
    {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(file);
        drop(SetWriter::create(&path, kind, &columns(), Start::Afresh).unwrap());
        let again = |start| SetWriter::create(&path, kind, &columns(), start).map(drop);
        assert!(
            matches!(again(Start::Afresh), Err(DataError::Exists { .. })),
            "{kind:?}"
        );
        let mut writer = SetWriter::create(&path, kind, &columns(), Start::Resume).unwrap();
        writer.append(&set[0].0, &set[0].1).unwrap();
        writer.finish().unwrap();
        for start in [Start::Afresh, Start::Resume] {
            assert!(
                matches!(again(start), Err(DataError::Exists { .. })),
                "{kind:?}"
            );
        }
        let parts = files_of(dir.path()).into_keys();
        assert_eq!(
            parts
                .filter(|path| path.to_string_lossy().contains("part"))
                .count(),
            0
        );
    }
}

#[test]
fn what_a_container_cannot_hold_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let set = drawn(2, 2);
    let mut nobody = set[0].clone();
    nobody.0.person = None;
    let kind = OutputKind::RecordIo {
        height: 1,
        width: 1,
    };
    let path = dir.path().join("rec");
    let mut writer = SetWriter::create(&path, kind, &columns(), Start::Afresh).unwrap();
    let mut append = |(sample, bytes): &(Sample, Vec<u8>)| writer.append(sample, bytes);
    assert!(
        append(&nobody)
            .unwrap_err()
            .to_string()
            .contains("nobody known")
    );
    append(&set[0]).unwrap();
    append(&set[2]).unwrap();
    assert!(
        append(&set[1])
            .unwrap_err()
            .to_string()
            .contains("sort the images by person")
    );

    let path = dir.path().join("faces.tsv");
    let mut writer =
        SetWriter::create(&path, OutputKind::MsCelebTsv, &columns(), Start::Afresh).unwrap();
    assert!(writer.append(&nobody.0, &nobody.1).is_err());
    let mut tabbed = set[0].clone();
    tabbed.0.person = Some("a\tb".into());
    assert!(
        writer
            .append(&tabbed.0, &tabbed.1)
            .unwrap_err()
            .to_string()
            .contains("tab")
    );

    let list = |name: &str, columns: &Columns| {
        ListWriter::create(
            &dir.path().join(name),
            ListFormat::Csv,
            columns,
            Start::Afresh,
        )
    };
    let mut bare = list("bare.csv", &Columns::default()).unwrap();
    let mut aged = set[0].0.clone();
    aged.attributes.insert("age".into(), "3".into());
    assert!(
        bare.append(&aged, "a.png")
            .unwrap_err()
            .to_string()
            .contains("more than the columns hold")
    );
    assert!(bare.append(&set[0].0, "a\n.png").is_err());
    let named = |name: &str| Columns {
        attributes: vec![name.into()],
        ..Columns::default()
    };
    assert!(list("twice.csv", &named("person")).is_err());
    assert!(list("split.csv", &named("split")).is_err());
}

/// A zip archive of one stored member.
fn zip_of(name: &str, bytes: &[u8]) -> Vec<u8> {
    let (n_name, n_bytes) = (name.len() as u16, bytes.len() as u32);
    let sizes = [n_bytes.to_le_bytes(), n_bytes.to_le_bytes()].concat();
    let mut zip = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    zip.extend(sizes.iter().copied().chain(n_name.to_le_bytes()));
    zip.extend([0; 2].iter().chain(name.as_bytes()).chain(bytes));
    let directory = zip.len() as u32;
    zip.extend(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0");
    zip.extend(sizes.iter().copied().chain(n_name.to_le_bytes()));
    zip.extend([0; 16].iter().chain(name.as_bytes()));
    let n_directory = zip.len() as u32 - directory;
    zip.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    zip.extend([n_directory.to_le_bytes(), directory.to_le_bytes()].concat());
    zip.extend([0; 2]);
    zip
}

#[test]
fn a_list_can_name_images_where_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let set = dir.path().join("set");
    std::fs::create_dir_all(set.join("Ada")).unwrap();
    std::fs::write(set.join("Ada/1.png"), b"\x89PNG1").unwrap();
    std::fs::write(set.join("faces.ZIP"), zip_of("Bob/2.png", b"\x89PNG2")).unwrap();
    let text = "file,person\nAda/1.png,Ada\nBob/2.png,Bob\n";
    std::fs::write(set.join("list.csv"), text).unwrap();
    let samples = |path: &Path| -> Vec<Sample> {
        let set = LabelledSet::open(path, None, &DataLimits::default()).unwrap();
        set.samples().map(Result::unwrap).collect()
    };
    let originals = samples(&set);
    // Below the set, beside it, and a list made of a list.
    for list in [set.join("again.csv"), dir.path().join("else/where.csv")] {
        let mut writer =
            ListWriter::create(&list, ListFormat::Csv, &Columns::default(), Start::Afresh).unwrap();
        for sample in &originals {
            writer.append_in_place(sample).unwrap();
        }
        writer.finish().unwrap();
        let third = dir.path().join("third.csv");
        let mut writer =
            ListWriter::create(&third, ListFormat::Csv, &Columns::default(), Start::Afresh)
                .unwrap();
        for sample in samples(&list) {
            writer.append_in_place(&sample).unwrap();
        }
        writer.finish().unwrap();
        let read = samples(&third);
        assert_eq!(
            read[1].name.rsplit("set/").next(),
            Some("faces.ZIP/Bob/2.png")
        );
        for (sample, original) in read.iter().zip(&originals) {
            let picture = |sample: &Sample| sample.image.read(&DataLimits::default()).unwrap();
            assert_eq!(picture(sample), picture(original));
            assert_eq!(sample.person, original.person);
        }
        std::fs::remove_file(third).unwrap();
    }
    let mut writer = ListWriter::create(
        &dir.path().join("memory.csv"),
        ListFormat::Csv,
        &Columns::default(),
        Start::Afresh,
    )
    .unwrap();
    let sample = Sample::new("7", ImageSource::Memory([].into()));
    let error = writer.append_in_place(&sample).unwrap_err().to_string();
    assert!(error.contains("convert the set"), "{error}");
}

#[test]
fn a_spoilt_parquet_list_ends() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("list.parquet");
    let samples = drawn(3, 1);
    write(&path, OutputKind::ParquetList, &samples).unwrap();
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut spoilt = whole.clone();
        spoilt[at] ^= 0xff;
        // Some file systems wait for the disk when a file is written over.
        fs::remove_file(&path).unwrap();
        fs::write(&path, &spoilt).unwrap();
        let Ok(set) = LabelledSet::open(&path, None, &DataLimits::default()) else {
            continue;
        };
        let n_samples = set.samples().take(10).count();
        assert!(n_samples <= samples.len() + 1, "byte {at}");
    }
}
