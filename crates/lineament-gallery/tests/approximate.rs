//! The approximate index finds nearly all that is there, nobody who is not, and is of use only for the gallery
//! that it was made of.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;

use lineament_core::{Embedding, EmbeddingSpace};
use lineament_gallery::{
    ENTROPY_BYTES, ExportRow, ExportedFace, Face, FaceId, Filter, Found, Gallery, GalleryError,
    GalleryOptions, ImportSource, ImportUnit, IndexState, IndexStats, LockCost, Person, PersonId,
    SearchBy, SearchMode, SearchOptions, Secret, USUAL_BREADTH,
};
use support::{NOW, enrolled, face, options};

const APPROXIMATE: SearchMode = SearchMode::Approximate {
    breadth: USUAL_BREADTH,
};
const ONE: NonZeroUsize = NonZeroUsize::MIN;

/// A gallery of people with three faces each.
fn filled(path: &Path, n_people: u64, options: GalleryOptions) -> Gallery {
    let source = ImportSource {
        path: path.to_owned(),
        unit: ImportUnit::Row,
    };
    let rows = (1..=n_people).flat_map(|who| {
        let id = PersonId(who as i64);
        let person = Person {
            id,
            name: format!("person {who}"),
            tags: if who % 200 == 7 {
                vec!["seldom".to_owned()]
            } else {
                Vec::new()
            },
            notes: String::new(),
            created_at: NOW,
            merged_into: None,
            n_faces: 0,
        };
        let faces = (0..3).map(move |photo| exported(who, photo));
        std::iter::once(Ok(ExportRow::Person(person)))
            .chain(faces.map(|face| Ok(ExportRow::Face(face))))
    });
    let mut gallery = Gallery::create(path, options.clone(), NOW).unwrap();
    gallery.import(&source, &options, rows, NOW).unwrap();
    gallery
}

fn exported(who: u64, photo: u64) -> ExportedFace {
    let new = face(who, photo);
    ExportedFace {
        face: Face {
            id: FaceId((who * 3 + photo) as i64 - 2),
            person: PersonId(who as i64),
            rect: new.rect,
            landmarks: new.landmarks,
            quality: new.quality,
            source: new.source,
            enrolled_at: NOW,
        },
        embedding: new.embedding.values().to_vec(),
        thumbnail: new.thumbnail,
    }
}

fn build(gallery: &mut Gallery) -> IndexStats {
    gallery
        .build_approximate_index(ONE, &mut |_, _| ControlFlow::Continue(()))
        .unwrap()
}

fn find(
    gallery: &mut Gallery,
    probe: &Embedding,
    mode: SearchMode,
    by: SearchBy,
    k: usize,
) -> Found {
    let options = SearchOptions {
        k,
        by,
        mode,
        ..SearchOptions::default()
    };
    gallery
        .find_all(std::slice::from_ref(probe), &options)
        .unwrap()
        .remove(0)
}

/// Another photo of somebody.
fn probe(who: u64) -> Embedding {
    face(who, 99).embedding
}

fn ready(n_faces: usize, n_newer: usize) -> IndexState {
    IndexState::Ready(IndexStats { n_faces, n_newer })
}

#[test]
fn it_finds_nearly_all_that_comparing_with_everybody_finds() {
    let dir = tempfile::tempdir().unwrap();
    let mut gallery = filled(&dir.path().join("g"), 2_000, options());
    assert_eq!(gallery.approximate_index().unwrap(), IndexState::Missing);
    let unindexed = find(&mut gallery, &probe(5), APPROXIMATE, SearchBy::Person, 3);
    assert!(
        !unindexed.is_approximate,
        "without an index the search is exact"
    );
    assert_eq!(build(&mut gallery).n_faces, 6_000);
    for by in [SearchBy::Face, SearchBy::Person, SearchBy::Template] {
        let (mut n_first, mut n_found) = (0, 0);
        for who in (1..2_000).step_by(10) {
            let exact = find(&mut gallery, &probe(who), SearchMode::Exact, by, 5);
            let found = find(&mut gallery, &probe(who), APPROXIMATE, by, 5);
            assert!(found.is_approximate && !exact.is_approximate);
            n_first += usize::from(found.matches[0] == exact.matches[0]);
            n_found += found
                .matches
                .iter()
                .filter(|m| exact.matches.contains(m))
                .count();
        }
        assert!(n_first >= 198, "{by:?}: {n_first} of 200 first");
        assert!(n_found >= 970, "{by:?}: {n_found} of 1,000 found");
    }
}

#[test]
fn it_is_the_same_whatever_the_threads_and_opens_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    let mut gallery = filled(&path, 300, options());
    build(&mut gallery);
    let alone = std::fs::read(path.with_extension("graph")).unwrap();
    let two = NonZeroUsize::new(2).unwrap();
    let mut n_told = 0;
    let mut watch = |done: usize, of: usize| {
        assert!(done <= of && of == 900);
        n_told = done;
        ControlFlow::Continue(())
    };
    gallery.build_approximate_index(two, &mut watch).unwrap();
    assert_eq!(n_told, 900);
    assert_eq!(std::fs::read(path.with_extension("graph")).unwrap(), alone);
    let here = find(&mut gallery, &probe(9), APPROXIMATE, SearchBy::Face, 10);
    drop(gallery);
    let mut gallery = Gallery::open(&path).unwrap();
    assert_eq!(gallery.approximate_index().unwrap(), ready(900, 0));
    let again = find(&mut gallery, &probe(9), APPROXIMATE, SearchBy::Face, 10);
    assert_eq!(here, again);
    assert!(again.is_approximate);
    assert!(gallery.drop_approximate_index().unwrap());
    assert!(!gallery.drop_approximate_index().unwrap());
    assert_eq!(gallery.approximate_index().unwrap(), IndexState::Missing);
}

#[test]
fn faces_that_came_later_are_found_and_merges_count() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    let mut gallery = filled(&path, 300, options());
    build(&mut gallery);
    let (newest, person) = enrolled(&mut gallery, "late", &face(5_000, 0));
    for _ in 0..2 {
        assert_eq!(gallery.approximate_index().unwrap(), ready(900, 1));
        let found = find(
            &mut gallery,
            &probe(5_000),
            APPROXIMATE,
            SearchBy::Person,
            3,
        );
        assert!(found.is_approximate);
        assert_eq!(
            (found.matches[0].person, found.matches[0].face),
            (person, Some(newest))
        );
        gallery = Gallery::open(&path).unwrap();
    }
    gallery.merge(PersonId(1), person, NOW).unwrap();
    let found = find(
        &mut gallery,
        &probe(5_000),
        APPROXIMATE,
        SearchBy::Person,
        3,
    );
    assert!(found.is_approximate);
    assert_eq!(
        (found.matches[0].person, found.matches[0].face),
        (PersonId(1), Some(newest))
    );
}

#[test]
fn whatever_removes_a_face_removes_it_and_one_that_is_put_back_finds_nobody_who_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    let file = path.with_extension("graph");
    let mut gallery = filled(&path, 300, options());
    build(&mut gallery);
    let old = std::fs::read(&file).unwrap();
    gallery.remove_face(FaceId(4), NOW).unwrap();
    assert!(!file.exists());
    build(&mut gallery);
    gallery.remove_person(PersonId(20), NOW).unwrap();
    assert!(!file.exists());
    build(&mut gallery);
    gallery.forget(PersonId(30), NOW).unwrap();
    assert!(!file.exists());
    // A copy from a backup of the folder, say.
    std::fs::write(&file, old).unwrap();
    gallery = Gallery::open(&path).unwrap();
    for who in [20, 30] {
        let found = find(&mut gallery, &probe(who), APPROXIMATE, SearchBy::Face, 10);
        assert_eq!(found.matches.len(), 10);
        assert!(
            found
                .matches
                .iter()
                .all(|m| m.person != PersonId(who as i64))
        );
    }
    let found = find(&mut gallery, &probe(2), APPROXIMATE, SearchBy::Face, 10);
    assert!(found.is_approximate && found.matches.iter().all(|m| m.face != Some(FaceId(4))));
}

#[test]
fn a_filter_lets_through_whom_it_names() {
    let dir = tempfile::tempdir().unwrap();
    let mut gallery = filled(&dir.path().join("g"), 2_000, options());
    build(&mut gallery);
    let many = (1..1_000).map(PersonId).collect();
    for filter in [Filter::Tag("seldom".to_owned()), Filter::People(many)] {
        for by in [SearchBy::Face, SearchBy::Person, SearchBy::Template] {
            let with = |mode| SearchOptions {
                k: 3,
                by,
                filter: filter.clone(),
                mode,
                ..SearchOptions::default()
            };
            for who in [3, 207, 900] {
                let exact = gallery
                    .search(&probe(who), &with(SearchMode::Exact))
                    .unwrap();
                let found = gallery.search(&probe(who), &with(APPROXIMATE)).unwrap();
                assert_eq!(found, exact, "{filter:?} {by:?} {who}");
            }
        }
    }
}

#[test]
fn a_file_that_is_not_whole_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    let file = path.with_extension("graph");
    build(&mut filled(&path, 100, options()));
    let whole = std::fs::read(&file).unwrap();
    let try_with = |bytes: &[u8], what: &str| {
        std::fs::write(&file, bytes).unwrap();
        let mut gallery = Gallery::open(&path).unwrap();
        let state = gallery.approximate_index().unwrap();
        assert!(
            matches!(state, IndexState::Damaged | IndexState::Foreign),
            "{what}: {state:?}"
        );
        let found = find(&mut gallery, &probe(7), APPROXIMATE, SearchBy::Person, 1);
        assert!(!found.is_approximate);
        assert_eq!(found.matches[0].person, PersonId(7));
    };
    for i in (0..whole.len()).step_by(whole.len() / 60) {
        let mut broken = whole.clone();
        broken[i] ^= 0x10;
        try_with(&broken, &format!("byte {i}"));
        try_with(&whole[..i], &format!("{i} bytes"));
    }
    try_with(&[&whole[..], &[0]].concat(), "a byte too many");
    let mut gallery = Gallery::open(&path).unwrap();
    build(&mut gallery);
    assert_eq!(std::fs::read(&file).unwrap(), whole);
}

#[test]
fn another_gallerys_file_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let (here, there) = (dir.path().join("here"), dir.path().join("there"));
    let mut gallery = filled(&here, 100, options());
    let same_space = filled(&there, 101, options());
    let other_space = GalleryOptions {
        space: EmbeddingSpace::new("other@1"),
        ..options()
    };
    let elsewhere = filled(&dir.path().join("elsewhere"), 100, other_space);
    for mut other in [same_space, elsewhere] {
        build(&mut other);
        std::fs::copy(
            other.path().with_extension("graph"),
            here.with_extension("graph"),
        )
        .unwrap();
        gallery = Gallery::open(gallery.path()).unwrap();
        assert_eq!(gallery.approximate_index().unwrap(), IndexState::Foreign);
        assert!(!find(&mut gallery, &probe(7), APPROXIMATE, SearchBy::Face, 1).is_approximate);
    }
}

#[test]
fn an_encrypted_gallery_has_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    let mut gallery = filled(&path, 50, options());
    build(&mut gallery);
    let secret = Secret::new(b"correct horse battery".to_vec()).unwrap();
    let cost = LockCost {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };
    gallery
        .encrypt(&secret, cost, &[5; ENTROPY_BYTES], NOW)
        .unwrap();
    assert!(!path.with_extension("graph").exists());
    let refused = gallery.build_approximate_index(ONE, &mut |_, _| ControlFlow::Continue(()));
    let error = refused.unwrap_err();
    assert!(
        matches!(error, GalleryError::NoIndexOfEncrypted { .. }),
        "{error}"
    );
    assert_eq!(gallery.approximate_index().unwrap(), IndexState::Encrypted);
    let found = find(&mut gallery, &probe(7), APPROXIMATE, SearchBy::Person, 1);
    assert!(!found.is_approximate);
    assert_eq!(found.matches[0].person, PersonId(7));
    assert!(!path.with_extension("graph").exists());
}

#[test]
fn building_can_be_broken_off_and_gives_way_to_removals() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    let mut gallery = filled(&path, 100, options());
    let broken_off = gallery.build_approximate_index(ONE, &mut |_, _| ControlFlow::Break(()));
    assert!(matches!(broken_off, Err(GalleryError::Cancelled)));
    let mut other = Some(Gallery::open(&path).unwrap());
    let overtaken = gallery.build_approximate_index(ONE, &mut |_, _| {
        if let Some(mut other) = other.take() {
            other.forget(PersonId(3), NOW).unwrap();
        }
        ControlFlow::Continue(())
    });
    let error = overtaken.unwrap_err();
    assert!(
        matches!(error, GalleryError::RemovedMeanwhile { .. }),
        "{error}"
    );
    assert_eq!(
        std::fs::read_dir(dir.path())
            .unwrap()
            .filter(|entry| {
                let name = entry.as_ref().unwrap().file_name();
                name.to_string_lossy().contains("graph")
            })
            .count(),
        0
    );
    build(&mut gallery);
}

#[test]
fn small_galleries_have_one_too() {
    let dir = tempfile::tempdir().unwrap();
    for n_people in [0, 1, 2, 6] {
        let mut gallery = filled(&dir.path().join(n_people.to_string()), n_people, options());
        build(&mut gallery);
        for k in [0, 1, 50] {
            let exact = find(
                &mut gallery,
                &probe(1),
                SearchMode::Exact,
                SearchBy::Face,
                k,
            );
            let found = find(&mut gallery, &probe(1), APPROXIMATE, SearchBy::Face, k);
            assert_eq!(
                found.matches, exact.matches,
                "{n_people} people, {k} wanted"
            );
        }
    }
}

#[test]
fn a_made_up_file_with_a_checksum_that_fits_finds_only_who_is_there_with_exact_scores() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    let file = path.with_extension("graph");
    let mut gallery = filled(&path, 30, options());
    build(&mut gallery);
    let whole = std::fs::read(&file).unwrap();
    let mut random = support::noise(11).map(|v| ((v + 0.5) * (1 << 24) as f32) as usize);
    let mut n_used = 0;
    for round in 0..300 {
        let mut made_up = whole.clone();
        for _ in 0..1 + round % 4 {
            let at = 12 + random.next().unwrap() % (made_up.len() - 12);
            made_up[at] = (random.next().unwrap() % 256) as u8;
        }
        let crc = crc32fast::hash(&made_up[12..]);
        made_up[8..12].copy_from_slice(&crc.to_le_bytes());
        std::fs::write(&file, made_up).unwrap();
        gallery = Gallery::open(&path).unwrap();
        let found = find(&mut gallery, &probe(7), APPROXIMATE, SearchBy::Face, 5);
        n_used += usize::from(found.is_approximate);
        let mut faces: Vec<_> = found.matches.iter().map(|m| m.face.unwrap()).collect();
        faces.sort_unstable();
        faces.dedup();
        assert_eq!(faces.len(), found.matches.len(), "nobody twice");
        for m in found.matches {
            let exact = probe(7).score(&gallery.embedding(m.face.unwrap()).unwrap());
            assert!((exact.unwrap().value() - m.score.value()).abs() < 1e-6);
        }
    }
    assert!(n_used > 15, "only {n_used} files were used at all");
}
