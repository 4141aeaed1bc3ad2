//! Whoever is forgotten leaves no byte.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::path::Path;

use lineament_gallery::{Gallery, NewFace, PersonId, SearchOptions};
use support::{NOW, enrolled, face, options};

const NAME: &str = "Wilhelmina Quetzalcoatl";
const NEXT_NAME: &str = "Wilma Renamed";
const TAG: &str = "tag-of-hers";
const NOTES: &str = "notes that nobody else has";

/// What can be found of a face in a file: its path, the hash of its photo, its embedding.
fn traces(face: &NewFace) -> Vec<Vec<u8>> {
    let values = face.embedding.values();
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    // What the index keeps of it.
    let greatest = values.iter().fold(0.0f32, |max, v| max.max(v.abs()));
    let scale = greatest / 127.0;
    let codes: Vec<u8> = values
        .iter()
        .map(|v| (v / scale).round() as i8 as u8)
        .collect();
    let mut traces = vec![
        face.source.path.clone().into_bytes(),
        face.source.sha256.to_vec(),
    ];
    traces.extend(bytes.chunks(12).map(<[u8]>::to_vec));
    traces.extend(
        codes
            .chunks(12)
            .filter(|c| c.len() == 12)
            .map(<[u8]>::to_vec),
    );
    traces
}

/// How many of the traces some file of the folder holds.
fn n_present(dir: &Path, traces: &[Vec<u8>]) -> usize {
    let files: Vec<Vec<u8>> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect();
    let present = |trace: &Vec<u8>| {
        files
            .iter()
            .any(|file| file.windows(trace.len()).any(|window| window == &trace[..]))
    };
    traces.iter().filter(|trace| present(trace)).count()
}

/// A gallery in which somebody has left traces everywhere.
fn gallery_with_traces(dir: &Path) -> (Gallery, PersonId, Vec<Vec<u8>>) {
    let mut gallery = Gallery::create(&dir.join("g"), options(), NOW).unwrap();
    let mut all = vec![NAME.into(), NEXT_NAME.into(), TAG.into(), NOTES.into()];
    for other in 0..40 {
        enrolled(&mut gallery, &format!("other {other}"), &face(other, 0));
    }
    let mut person = PersonId(0);
    for photo in 0..8 {
        let hers = face(777, photo);
        all.extend(traces(&hers));
        (_, person) = enrolled(&mut gallery, NAME, &hers);
        enrolled(
            &mut gallery,
            &format!("later {photo}"),
            &face(900 + photo, 0),
        );
    }
    gallery
        .describe(person, &[TAG.to_owned()], NOTES, NOW)
        .unwrap();
    let twin = face(778, 0);
    all.extend(traces(&twin));
    let (_, merged) = enrolled(&mut gallery, NEXT_NAME, &twin);
    gallery.merge(person, merged, NOW).unwrap();
    gallery.save_index().unwrap();
    (gallery, person, all)
}

#[test]
fn no_byte_of_a_forgotten_person_stays_in_any_file() {
    let dir = tempfile::tempdir().unwrap();
    let (mut gallery, person, traces) = gallery_with_traces(dir.path());
    assert_eq!(
        n_present(dir.path(), &traces),
        traces.len(),
        "the traces can be found"
    );
    assert_eq!(gallery.forget(person, NOW).unwrap(), 9);
    assert_eq!(n_present(dir.path(), &traces), 0);
    // The others are there, found, and stay when the file is opened again.
    for _ in 0..2 {
        assert_eq!(gallery.people().unwrap().len(), 48);
        let found = gallery
            .search(&face(3, 9).embedding, &SearchOptions::default())
            .unwrap();
        assert_eq!(gallery.person(found[0].person).unwrap().name, "other 3");
        gallery.save_index().unwrap();
        drop(gallery);
        gallery = Gallery::open(&dir.path().join("g")).unwrap();
    }
    assert_eq!(n_present(dir.path(), &traces), 0);
}

#[test]
fn a_renamed_person_is_forgotten_under_both_names() {
    let dir = tempfile::tempdir().unwrap();
    let mut gallery = Gallery::create(&dir.path().join("g"), options(), NOW).unwrap();
    let (_, person) = enrolled(&mut gallery, NAME, &face(1, 0));
    gallery.rename(person, NEXT_NAME, NOW).unwrap();
    gallery.forget(person, NOW).unwrap();
    assert_eq!(n_present(dir.path(), &[NAME.into(), NEXT_NAME.into()]), 0);
}

#[test]
fn while_another_process_reads_the_old_state_the_caller_is_told_and_opening_again_finishes() {
    let dir = tempfile::tempdir().unwrap();
    let (mut gallery, person, traces) = gallery_with_traces(dir.path());
    let path = dir.path().join("g");
    let reader = rusqlite::Connection::open(&path).unwrap();
    let reading = reader.unchecked_transaction().unwrap();
    let n: i64 = reading
        .query_row("SELECT count(*) FROM face", [], |row| row.get(0))
        .unwrap();
    assert_eq!(n, 57);
    let error = gallery.forget(person, NOW).unwrap_err();
    assert!(
        matches!(error, lineament_gallery::GalleryError::Busy { .. }),
        "{error}"
    );
    assert!(gallery.person(person).is_err(), "nobody finds them");
    drop(gallery);
    drop(reading);
    drop(reader);
    drop(Gallery::open(&path).unwrap());
    assert_eq!(n_present(dir.path(), &traces), 0);
}
