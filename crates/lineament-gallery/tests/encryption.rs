//! An encrypted gallery does what a plain one does, and tells nobody else.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::path::Path;

use lineament_gallery::{
    ENTROPY_BYTES, EnrollPolicy, Enrollment, ExportRow, Filter, Gallery, GalleryError, LockCost,
    SearchOptions, Secret, check_with, is_encrypted, salvage_with,
};
use support::traces::{Trace, n_present, of_face};
use support::{NOW, enrolled, face, options, save_indexes};

const NAME: &str = "Wilhelmina Quetzalcoatl";
const TAG: &str = "tag-of-hers";
const NOTES: &str = "notes that nobody else has";
/// What trying a secret costs here: as little as there is.
const CHEAP: LockCost = LockCost {
    memory_kib: 8,
    passes: 1,
    lanes: 1,
};

fn secret(text: &str) -> Secret {
    Secret::new(text.as_bytes().to_vec()).unwrap()
}

fn right() -> Secret {
    secret("correct horse battery staple")
}

fn entropy(seed: u8) -> [u8; ENTROPY_BYTES] {
    std::array::from_fn(|i| (i as u8).wrapping_mul(97).wrapping_add(seed))
}

/// A gallery of some people in `dir`, and what it would give away of one of them.
fn gallery_with_traces(dir: &Path) -> (Gallery, Vec<Trace>) {
    let mut gallery = Gallery::create(&dir.join("g"), options(), NOW).unwrap();
    let mut traces = [NAME, TAG, NOTES].map(Trace::text).to_vec();
    for other in 0..20 {
        enrolled(&mut gallery, &format!("other {other}"), &face(other, 0));
    }
    for photo in 0..4 {
        let hers = face(777, photo);
        traces.extend(of_face(&hers));
        let (_, person) = enrolled(&mut gallery, NAME, &hers);
        let tags = [TAG.to_owned()];
        gallery.describe(person, &tags, NOTES, NOW).unwrap();
    }
    let (_, merged) = enrolled(&mut gallery, "Wilma", &face(777, 9));
    let person = gallery.find(NAME).unwrap();
    gallery.merge(person, merged, NOW).unwrap();
    save_indexes(&mut gallery);
    (gallery, traces)
}

fn contents(gallery: &Gallery) -> Vec<ExportRow> {
    let mut rows = Vec::new();
    let take = |row| {
        rows.push(row);
        Ok(())
    };
    gallery.export(take).unwrap();
    rows
}

#[test]
fn no_byte_of_anybody_stays_plain_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    let (mut gallery, mut traces) = gallery_with_traces(dir.path());
    let before = contents(&gallery);
    assert_eq!(n_present(dir.path(), &traces), traces.len());
    gallery.encrypt(&right(), CHEAP, &entropy(1), NOW).unwrap();
    assert_eq!(n_present(dir.path(), &traces), 0);
    assert!(contents(&gallery) == before);
    assert!(gallery.stats().unwrap().is_encrypted);
    // What comes later is sealed also in the log, and no index is written.
    let late = face(555, 0);
    traces.extend(of_face(&late));
    traces.push(Trace::text("Late Comer"));
    enrolled(&mut gallery, "Late Comer", &late);
    assert!(!gallery.save_index().unwrap());
    assert_eq!(n_present(dir.path(), &traces), 0);
    let after = contents(&gallery);
    drop(gallery);

    assert!(is_encrypted(&path).unwrap());
    let mut gallery = Gallery::open_with(&path, Some(&right())).unwrap();
    assert!(contents(&gallery) == after);
    assert_eq!(check_with(&path, Some(&right())).unwrap().problems, []);
    let person = gallery.find(NAME).unwrap();
    let of_tag = SearchOptions {
        filter: Filter::Tag(TAG.to_owned()),
        ..SearchOptions::default()
    };
    let found = gallery.search(&face(3, 9).embedding, &of_tag).unwrap();
    let people: Vec<_> = found.iter().map(|found| found.person).collect();
    assert_eq!(people, [person]);
    let again = gallery.enroll(NAME, &face(777, 2), &EnrollPolicy::default(), NOW);
    assert!(
        matches!(again, Ok(Enrollment::AlreadyThere { .. })),
        "{again:?}"
    );
    let taken = gallery.rename(gallery.find("other 3").unwrap(), NAME, NOW);
    assert!(
        matches!(taken, Err(GalleryError::NameTaken { .. })),
        "{taken:?}"
    );
    gallery.rename(person, "Nobody", NOW).unwrap();
    gallery.rename(person, NAME, NOW).unwrap();
    assert_eq!(n_present(dir.path(), &traces), 0);

    gallery.decrypt(NOW).unwrap();
    assert!(contents(&gallery) == after);
    drop(gallery);
    let mut gallery = Gallery::open(&path).unwrap();
    save_indexes(&mut gallery);
    assert!(contents(&gallery) == after);
    assert_eq!(n_present(dir.path(), &traces), traces.len());
}

#[test]
fn another_secret_or_none_is_told_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    let (mut gallery, _) = gallery_with_traces(dir.path());
    let refused = Gallery::open_with(&path, Some(&right())).unwrap_err();
    assert!(
        matches!(refused, GalleryError::NotEncrypted { .. }),
        "{refused}"
    );
    let refused = gallery.decrypt(NOW).unwrap_err();
    assert!(
        matches!(refused, GalleryError::NotEncrypted { .. }),
        "{refused}"
    );
    let before = contents(&gallery);
    gallery.encrypt(&right(), CHEAP, &entropy(1), NOW).unwrap();
    drop(gallery);
    let bytes = std::fs::read(&path).unwrap();
    for wrong in [
        "correct horse battery stapl",
        "Correct horse battery staple",
    ] {
        let error = Gallery::open_with(&path, Some(&secret(wrong))).unwrap_err();
        assert!(matches!(error, GalleryError::WrongKey { .. }), "{error}");
        assert!(error.to_string().contains(&path.display().to_string()));
        let error = check_with(&path, Some(&secret(wrong))).unwrap_err();
        assert!(matches!(error, GalleryError::WrongKey { .. }), "{error}");
    }
    let error = Gallery::open(&path).unwrap_err();
    assert!(matches!(error, GalleryError::Locked { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    // Another secret in its place.
    let mut gallery = Gallery::open_with(&path, Some(&right())).unwrap();
    let other = secret("another passphrase");
    gallery.encrypt(&other, CHEAP, &entropy(2), NOW).unwrap();
    assert!(contents(&gallery) == before);
    drop(gallery);
    let error = Gallery::open_with(&path, Some(&right())).unwrap_err();
    assert!(matches!(error, GalleryError::WrongKey { .. }), "{error}");
    assert!(contents(&Gallery::open_with(&path, Some(&other)).unwrap()) == before);
}

#[test]
fn secrets_and_costs_out_of_bounds_are_refused() {
    assert!(Secret::new(b"1234567".to_vec()).is_err());
    assert_eq!(format!("{:?}", right()), "Secret");
    let (_dir, mut gallery) = support::gallery();
    let no_memory = LockCost {
        memory_kib: 7,
        ..CHEAP
    };
    let endless = LockCost {
        passes: 65,
        ..CHEAP
    };
    for cost in [no_memory, endless] {
        let error = gallery
            .encrypt(&right(), cost, &entropy(1), NOW)
            .unwrap_err();
        assert!(matches!(error, GalleryError::BadValue { .. }), "{error}");
    }
    assert!(!gallery.is_encrypted());
}

#[test]
fn whoever_has_it_open_is_told_to_open_it_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    let (mut gallery, traces) = gallery_with_traces(dir.path());
    let mut other = Gallery::open(&path).unwrap();
    gallery.encrypt(&right(), CHEAP, &entropy(1), NOW).unwrap();
    let enrolled = other.enroll("Eve", &face(5, 5), &EnrollPolicy::default(), NOW);
    assert!(
        matches!(enrolled, Err(GalleryError::Relocked { .. })),
        "{enrolled:?}"
    );
    for read in [other.people().err(), other.save_index().err()] {
        assert!(
            matches!(read, Some(GalleryError::Relocked { .. })),
            "{read:?}"
        );
    }
    assert_eq!(n_present(dir.path(), &traces), 0);
    let mut other = Gallery::open_with(&path, Some(&right())).unwrap();
    gallery.decrypt(NOW).unwrap();
    let enrolled = other.enroll("Eve", &face(5, 5), &EnrollPolicy::default(), NOW);
    assert!(
        matches!(enrolled, Err(GalleryError::Relocked { .. })),
        "{enrolled:?}"
    );
}

#[test]
fn what_could_not_be_erased_at_once_is_erased_by_whoever_opens_it_next() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    let (mut gallery, traces) = gallery_with_traces(dir.path());
    let before = contents(&gallery);
    let reader = rusqlite::Connection::open(&path).unwrap();
    let reading = reader.unchecked_transaction().unwrap();
    let n: i64 = reading
        .query_row("SELECT count(*) FROM face", [], |row| row.get(0))
        .unwrap();
    assert_eq!(n, 25);
    let error = gallery
        .encrypt(&right(), CHEAP, &entropy(1), NOW)
        .unwrap_err();
    assert!(matches!(error, GalleryError::Busy { .. }), "{error}");
    drop((gallery, reading));
    drop(reader);
    // Also somebody who does not have the secret.
    assert!(Gallery::open(&path).is_err());
    assert_eq!(n_present(dir.path(), &traces), 0);
    assert!(contents(&Gallery::open_with(&path, Some(&right())).unwrap()) == before);
}

#[test]
fn a_damaged_encrypted_gallery_is_told_and_salvaged_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    let (mut gallery, traces) = gallery_with_traces(dir.path());
    let before = contents(&gallery);
    gallery.encrypt(&right(), CHEAP, &entropy(1), NOW).unwrap();
    drop(gallery);
    let whole = std::fs::read(&path).unwrap();
    let mut n_saved = 0;
    for step in 0..40 {
        let mut bytes = whole.clone();
        match step % 2 {
            0 => bytes.truncate(whole.len() * (step + 1) / 41),
            _ => bytes[whole.len() * step / 41] ^= 0x10,
        }
        let inner = dir.path().join(step.to_string());
        std::fs::create_dir(&inner).unwrap();
        let path = inner.join("g");
        std::fs::write(&path, &bytes).unwrap();
        let sound =
            check_with(&path, Some(&right())).is_ok_and(|health| health.problems.is_empty());
        if sound {
            let opened = Gallery::open_with(&path, Some(&right())).unwrap();
            assert!(contents(&opened) == before, "step {step}");
        }
        let saved = inner.join("saved");
        if salvage_with(&path, &saved, Some(&options()), Some(&right()), NOW).is_ok() {
            let opened = Gallery::open_with(&saved, Some(&right())).unwrap();
            let kept = contents(&opened);
            let faces = |rows: &[ExportRow]| -> Vec<Vec<f32>> {
                let faces = rows.iter().filter_map(|row| match row {
                    ExportRow::Face(face) => Some(face.embedding.clone()),
                    ExportRow::Person(_) => None,
                });
                faces.collect()
            };
            let all = faces(&before);
            assert!(faces(&kept).iter().all(|face| all.contains(face)));
            n_saved += faces(&kept).len();
        }
        assert_eq!(n_present(&inner, &traces), 0, "step {step}");
    }
    assert!(n_saved > 100, "{n_saved} faces saved of 40 times 25");
}

#[test]
fn a_gallery_that_moves_to_another_model_is_sealed_with_both() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    let (mut gallery, _) = gallery_with_traces(dir.path());
    let mut to = options();
    to.space = lineament_core::EmbeddingSpace::new("other@1");
    gallery.begin_move(&to, NOW).unwrap();
    let moved = |person, photo| {
        let values = face(person, photo).embedding.values().to_vec();
        lineament_core::Embedding::from_raw(to.space.clone(), values).unwrap()
    };
    let faces = gallery
        .faces_to_move(lineament_gallery::FaceId(0), 100)
        .unwrap();
    let half: Vec<_> = faces[..12]
        .iter()
        .map(|f| (f.id, moved(900, f.id.0 as u64)))
        .collect();
    gallery.move_faces(&half, NOW).unwrap();
    gallery.encrypt(&right(), CHEAP, &entropy(1), NOW).unwrap();
    let traces: Vec<Trace> = (1..=25).flat_map(|n| of_face(&face(900, n))).collect();
    let rest: Vec<_> = faces[12..]
        .iter()
        .map(|f| (f.id, moved(900, f.id.0 as u64)))
        .collect();
    gallery.move_faces(&rest, NOW).unwrap();
    gallery
        .finish_move(lineament_gallery::FacesLeft::Refuse, NOW)
        .unwrap();
    let n_plain = n_present(dir.path(), &traces);
    // The paths and hashes of those faces are of photos that are not in the gallery.
    assert_eq!(n_plain, 0);
    assert_eq!(check_with(&path, Some(&right())).unwrap().problems, []);
    assert_eq!(
        gallery.embedding(faces[3].id).unwrap(),
        moved(900, faces[3].id.0 as u64)
    );
}

#[test]
fn another_dimension_or_precision_reads_no_other_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    let (mut gallery, _) = gallery_with_traces(dir.path());
    gallery.encrypt(&right(), CHEAP, &entropy(1), NOW).unwrap();
    drop(gallery);
    let dimension = options().dimension;
    for (dimension, precision) in [
        (dimension * 2, "f16"),
        (dimension, "f16"),
        (dimension / 2, "f32"),
    ] {
        let db = rusqlite::Connection::open(&path).unwrap();
        let sql = "UPDATE about SET dimension = ?1, precision = ?2";
        db.execute(sql, rusqlite::params![dimension, precision])
            .unwrap();
        drop(db);
        let health = check_with(&path, Some(&right())).unwrap();
        assert_eq!(
            (health.n_faces, health.problems.len()),
            (0, 25),
            "{dimension} {precision}"
        );
    }
}
