//! Whoever is forgotten leaves no byte.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::path::Path;

use lineament_gallery::{Gallery, PersonId, SearchOptions};
use support::traces::{Trace, n_present, of_face};
use support::{NOW, enrolled, face, options, picture, save_indexes};

const NAME: &str = "Wilhelmina Quetzalcoatl";
const NEXT_NAME: &str = "Wilma Renamed";
const TAG: &str = "tag-of-hers";
const NOTES: &str = "notes that nobody else has";

/// A gallery in which somebody has left traces everywhere.
fn gallery_with_traces(dir: &Path) -> (Gallery, PersonId, Vec<Trace>) {
    let mut gallery = Gallery::create(&dir.join("g"), options(), NOW).unwrap();
    let mut all = [NAME, NEXT_NAME, TAG, NOTES].map(Trace::text).to_vec();
    for other in 0..40 {
        enrolled(&mut gallery, &format!("other {other}"), &face(other, 0));
    }
    let mut person = PersonId(0);
    for photo in 0..8 {
        let hers = face(777, photo);
        all.extend(of_face(&hers));
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
    all.extend(of_face(&twin));
    let (_, merged) = enrolled(&mut gallery, NEXT_NAME, &twin);
    gallery.merge(person, merged, NOW).unwrap();
    save_indexes(&mut gallery);
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
        save_indexes(&mut gallery);
        drop(gallery);
        gallery = Gallery::open(&dir.path().join("g")).unwrap();
    }
    assert_eq!(n_present(dir.path(), &traces), 0);
}

#[test]
fn no_byte_of_a_removed_person_stays_in_a_compacted_gallery() {
    let dir = tempfile::tempdir().unwrap();
    let (mut gallery, person, traces) = gallery_with_traces(dir.path());
    let beside = |suffix: &str| dir.path().join(format!("g.{suffix}"));
    let graph = std::fs::read(beside("graph")).unwrap();
    gallery.remove_person(person, NOW).unwrap();
    assert!(n_present(dir.path(), &traces) > 0);
    // What somebody who was killed while they wrote it has left, and what was put back from a copy.
    std::fs::copy(beside("index"), beside("index.part")).unwrap();
    std::fs::write(beside("graph.part"), &graph).unwrap();
    std::fs::write(beside("graph"), &graph).unwrap();
    gallery.compact().unwrap();
    assert_eq!(n_present(dir.path(), &traces), 0);
    let left = ["index", "graph", "index.part", "graph.part"].map(|s| beside(s).exists());
    assert_eq!(left, [true, false, false, false]);
    assert!(!gallery.save_index().unwrap(), "it is up to date");

    // Indexes of those who are there stay, and none is made where none was.
    save_indexes(&mut gallery);
    let graph = std::fs::read(beside("graph")).unwrap();
    gallery.compact().unwrap();
    assert_eq!(std::fs::read(beside("graph")).unwrap(), graph);
    std::fs::remove_file(beside("index")).unwrap();
    gallery.compact().unwrap();
    assert!(!beside("index").exists());
    let found = gallery
        .search(&face(3, 9).embedding, &SearchOptions::default())
        .unwrap();
    assert_eq!(gallery.person(found[0].person).unwrap().name, "other 3");
}

#[test]
fn a_picture_that_fills_pages_is_forgotten_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut gallery = Gallery::create(&dir.path().join("g"), options(), NOW).unwrap();
    let mut hers = face(777, 0);
    let picture = picture(777, 1, 100_000);
    hers.thumbnail = Some(picture.clone());
    enrolled(&mut gallery, "other", &face(3, 0));
    let (_, person) = enrolled(&mut gallery, NAME, &hers);
    // Pieces that lie across the ends of pages are in no file as they are here.
    let pieces: Vec<Trace> = picture
        .chunks(1000)
        .map(|c| Trace::bytes(&c[..40]))
        .collect();
    assert!(n_present(dir.path(), &pieces) >= 95);
    gallery.forget(person, NOW).unwrap();
    assert_eq!(n_present(dir.path(), &pieces), 0);
}

#[test]
fn a_renamed_person_is_forgotten_under_both_names() {
    let dir = tempfile::tempdir().unwrap();
    let mut gallery = Gallery::create(&dir.path().join("g"), options(), NOW).unwrap();
    let (_, person) = enrolled(&mut gallery, NAME, &face(1, 0));
    gallery.rename(person, NEXT_NAME, NOW).unwrap();
    gallery.forget(person, NOW).unwrap();
    assert_eq!(
        n_present(dir.path(), &[NAME, NEXT_NAME].map(Trace::text)),
        0
    );
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
