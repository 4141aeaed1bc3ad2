//! Damaged files: what is wrong is said, and what can be read is saved.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use lineament_gallery::{Face, Gallery, GalleryError, Problem, check, salvage};
use support::{NOW, enrolled, face, noise, options};

const N_PEOPLE: u64 = 12;
const PHOTOS: u64 = 6;

/// A gallery of a few dozen pages; its bytes, with an empty log.
fn whole_file(dir: &Path) -> Vec<u8> {
    let path = dir.join("whole");
    let mut gallery = Gallery::create(&path, options(), NOW).unwrap();
    for person in 0..N_PEOPLE {
        for photo in 0..PHOTOS {
            enrolled(
                &mut gallery,
                &format!("person {person}"),
                &face(person, photo),
            );
        }
    }
    let people = gallery.people().unwrap();
    gallery.merge(people[0].id, people[1].id, NOW).unwrap();
    gallery.compact().unwrap();
    drop(gallery);
    std::fs::read(&path).unwrap()
}

/// All that can be read of a gallery, by photo.
fn contents(gallery: &Gallery) -> BTreeMap<String, (Face, Vec<f32>)> {
    let mut all = BTreeMap::new();
    for person in gallery.all_people().unwrap() {
        for face in gallery.faces(person.id).unwrap() {
            let values = gallery.embedding(face.id).unwrap().values().to_vec();
            all.insert(face.source.path.clone(), (face, values));
        }
    }
    all
}

/// A face without its number, which salvage gives anew.
fn content(face: &Face, values: &[f32]) -> impl PartialEq + std::fmt::Debug + use<> {
    let face = face.clone();
    (
        face.source,
        face.person,
        face.rect,
        face.quality,
        values.to_vec(),
    )
}

#[test]
fn a_sound_gallery_has_no_problems() {
    let dir = tempfile::tempdir().unwrap();
    whole_file(dir.path());
    let health = check(&dir.path().join("whole")).unwrap();
    assert_eq!(health.problems, []);
    assert_eq!(health.n_people, N_PEOPLE as usize);
    assert_eq!(health.n_faces, (N_PEOPLE * PHOTOS) as usize);
}

#[test]
fn a_flipped_bit_is_found_or_changes_nothing_and_the_rest_is_saved() {
    let dir = tempfile::tempdir().unwrap();
    let whole = whole_file(dir.path());
    let expected = contents(&Gallery::open(&dir.path().join("whole")).unwrap());
    let (path, saved) = (dir.path().join("g"), dir.path().join("saved"));
    let (mut n_found, mut n_lost) = (0, 0);
    for share in noise(5).take(80) {
        let mut bytes = whole.clone();
        let at = ((share + 0.5) * whole.len() as f32) as usize;
        bytes[at] ^= 1 << (at % 8);
        std::fs::write(&path, &bytes).unwrap();
        let sound = check(&path).is_ok_and(|health| health.problems.is_empty());
        if sound {
            let now = contents(&Gallery::open(&path).unwrap());
            assert_eq!(now, expected, "byte {at}");
        }
        n_found += usize::from(!sound);
        let Ok(report) = salvage(&path, &saved, Some(&options()), NOW) else {
            n_lost += 1;
            let _ = std::fs::remove_file(&saved);
            continue;
        };
        assert!(check(&saved).unwrap().problems.is_empty());
        let kept = contents(&Gallery::open(&saved).unwrap());
        assert_eq!(report.n_faces, kept.len(), "byte {at}");
        assert!(kept.len() >= expected.len() / 3, "byte {at}: {report:?}");
        for (photo, (face, values)) in &kept {
            let (known, known_values) = &expected[photo];
            assert_eq!(
                content(face, values),
                content(known, known_values),
                "byte {at}"
            );
        }
        std::fs::remove_file(&saved).unwrap();
    }
    assert!(n_found > 5, "only {n_found} flips were seen");
    assert!(n_lost < 10, "{n_lost} files gave nothing");
}

#[test]
fn a_flipped_bit_of_an_embedding_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = whole_file(dir.path());
    let path = dir.path().join("g");
    let needle: Vec<u8> = face(3, 2).embedding.values()[..4]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let at = bytes
        .windows(needle.len())
        .position(|w| w == needle)
        .unwrap();
    bytes[at + 2] ^= 4;
    std::fs::write(&path, &bytes).unwrap();
    let health = check(&path).unwrap();
    let [Problem::Face { face: id, what }] = &health.problems[..] else {
        panic!("{:?}", health.problems);
    };
    assert!(what.contains("checksum"), "{what}");
    let error = Gallery::open(&path).unwrap().embedding(*id).unwrap_err();
    assert!(matches!(error, GalleryError::Damaged { .. }), "{error}");
    let saved = salvage(&path, &dir.path().join("saved"), None, NOW).unwrap();
    assert_eq!(saved.n_faces, (N_PEOPLE * PHOTOS) as usize - 1);
    assert_eq!(saved.problems, health.problems);
}

#[test]
fn a_broken_entry_of_the_log_is_named_and_costs_no_face() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = whole_file(dir.path());
    let path = dir.path().join("g");
    // Not the column `enrolled_at`.
    let is_action = |w: &[u8]| w.starts_with(b"enroll") && w[6] != b'e';
    let at = bytes.windows(7).position(is_action).unwrap();
    bytes[at] = b'%';
    std::fs::write(&path, &bytes).unwrap();
    let health = check(&path).unwrap();
    let [Problem::Storage { what }] = &health.problems[..] else {
        panic!("{:?}", health.problems);
    };
    assert!(what.contains("%nroll"), "{what}");
    let saved = salvage(&path, &dir.path().join("saved"), None, NOW).unwrap();
    assert_eq!(saved.n_faces, (N_PEOPLE * PHOTOS) as usize);
    assert_eq!(check(&dir.path().join("saved")).unwrap().problems, []);
}

#[test]
fn another_encoding_in_the_header_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    drop(Gallery::create(&path, options(), NOW).unwrap());
    let mut bytes = std::fs::read(&path).unwrap();
    // SQLite opens it as if it were UTF-8, and refuses to write it anew.
    assert_eq!(bytes[56..60], [0, 0, 0, 1]);
    bytes[56..60].copy_from_slice(&[0, 0, 1, 0]);
    std::fs::write(&path, &bytes).unwrap();
    let problems = check(&path).unwrap().problems;
    let is_told =
        |p: &Problem| matches!(p, Problem::Storage { what } if what.contains("encoding 256"));
    assert!(problems.iter().any(is_told), "{problems:?}");
}

#[test]
fn a_truncated_file_says_so_and_gives_what_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let whole = whole_file(dir.path());
    let path = dir.path().join("g");
    let mut most = 0;
    for share in [0.0, 0.3, 0.5, 0.7, 0.9, 0.99] {
        let length = (share * whole.len() as f64) as usize;
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = Gallery::open(&path)
            .and_then(|gallery| gallery.people())
            .map(|_| ());
        let health = check(&path);
        let told = health.map_or(true, |health| !health.problems.is_empty());
        assert!(told, "{length} bytes, {error:?}");
        let saved = dir.path().join("saved");
        if let Ok(report) = salvage(&path, &saved, Some(&options()), NOW) {
            most = most.max(report.n_faces);
            let all = report.n_faces == (N_PEOPLE * PHOTOS) as usize;
            assert!(
                all || !report.problems.is_empty(),
                "{length} bytes: {report:?}"
            );
        }
        let _ = std::fs::remove_file(&saved);
    }
    assert!(most > 0);
}
