//! What a gallery keeps, and what it refuses.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use lineament_core::{Embedding, EmbeddingSpace, Score};
use lineament_gallery::{
    Action, EnrollPolicy, Enrollment, Filter, Gallery, GalleryError, GalleryOptions, Objections,
    Precision, SearchBy, SearchOptions, Warning,
};
use support::{NOW, enrolled, face, gallery, name_of, options, vector};

fn policy() -> EnrollPolicy {
    EnrollPolicy::default()
}

#[test]
fn what_was_enrolled_is_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    let given = face(1, 0);
    let (id, person) = {
        let mut gallery = Gallery::create(&path, options(), NOW).unwrap();
        enrolled(&mut gallery, "Ada", &given)
    };
    let gallery = Gallery::open(&path).unwrap();
    assert_eq!(*gallery.options(), options());
    let kept = gallery.face(id).unwrap();
    assert_eq!(kept.person, person);
    assert_eq!(kept.rect, given.rect);
    assert_eq!(kept.landmarks, given.landmarks);
    assert_eq!(kept.quality, given.quality);
    assert_eq!(kept.source, given.source);
    assert_eq!(kept.enrolled_at, NOW);
    let score = gallery
        .embedding(id)
        .unwrap()
        .score(&given.embedding)
        .unwrap();
    assert!(score.value() > 0.999_999);
    assert_eq!(gallery.people().unwrap()[0].n_faces, 1);
    assert_eq!(gallery.audit(1).unwrap()[0].action, Action::Enroll);
}

#[test]
fn the_same_face_of_the_same_photo_is_kept_once() {
    let (_dir, mut gallery) = gallery();
    let ada = face(1, 0);
    let (id, person) = enrolled(&mut gallery, "Ada", &ada);
    let mut moved = ada.clone();
    moved.rect.x += 3.0;
    let again = gallery.enroll("Ada", &moved, &policy(), NOW).unwrap();
    assert_eq!(again, Enrollment::AlreadyThere { face: id, person });
    let other = gallery.enroll("Bob", &ada, &policy(), NOW).unwrap();
    assert_eq!(other, Enrollment::BelongsToAnother { face: id, person });
    assert!(matches!(
        gallery.find("Bob"),
        Err(GalleryError::NoSuchName { .. })
    ));
    // Another face of the same photo is another face.
    let mut elsewhere = ada.clone();
    elsewhere.rect.x += 500.0;
    enrolled(&mut gallery, "Bob", &elsewhere);
    assert_eq!(gallery.people().unwrap().len(), 2);
}

#[test]
fn objections_refuse_or_are_recorded() {
    let (_dir, mut gallery) = gallery();
    let mut poor = face(1, 0);
    poor.quality.objections = vec!["blurred".to_owned()];
    let refused = gallery.enroll("Ada", &poor, &policy(), NOW).unwrap();
    let reasons = poor.quality.objections.clone();
    assert_eq!(refused, Enrollment::Refused { reasons });
    assert!(gallery.people().unwrap().is_empty());
    let lenient = EnrollPolicy {
        objections: Objections::Record,
        ..policy()
    };
    let kept = gallery.enroll("Ada", &poor, &lenient, NOW).unwrap();
    let Enrollment::Enrolled { face, .. } = kept else {
        panic!("{kept:?}");
    };
    assert_eq!(gallery.face(face).unwrap().quality, poor.quality);
}

#[test]
fn enrolment_warns_of_near_duplicates_and_of_others_who_look_alike() {
    let (_dir, mut gallery) = gallery();
    let (ada_face, ada) = enrolled(&mut gallery, "Ada", &face(1, 0));
    enrolled(&mut gallery, "Bob", &face(9, 0));
    let careful = EnrollPolicy {
        near_duplicate: Some(Score::new(0.98)),
        look_alike: Some(Score::new(0.7)),
        ..policy()
    };
    let mut twin = face(1, 1);
    twin.embedding = face(1, 0).embedding;
    let score = |warning: &Warning| match warning {
        Warning::NearDuplicate { score, .. } | Warning::LooksLikeAnother { score, .. } => {
            score.value()
        }
        _ => unreachable!("a new warning"),
    };
    let outcome = gallery.enroll("Ada", &twin, &careful, NOW).unwrap();
    let Enrollment::Enrolled { warnings, .. } = outcome else {
        panic!("{outcome:?}");
    };
    assert!(matches!(warnings[..], [Warning::NearDuplicate { face, .. }] if face == ada_face));
    assert!(score(&warnings[0]) > 0.999);

    let outcome = gallery.enroll("Eve", &face(1, 2), &careful, NOW).unwrap();
    let Enrollment::Enrolled { warnings, .. } = outcome else {
        panic!("{outcome:?}");
    };
    assert!(
        matches!(warnings[..], [Warning::LooksLikeAnother { person, .. }] if person == ada),
        "{warnings:?}"
    );
}

#[test]
fn other_spaces_and_lengths_are_refused_by_name() {
    let (_dir, mut gallery) = gallery();
    let mut stranger = face(1, 0);
    let values = stranger.embedding.values().to_vec();
    stranger.embedding = Embedding::from_raw(EmbeddingSpace::new("other@1"), values).unwrap();
    let error = gallery
        .enroll("Ada", &stranger, &policy(), NOW)
        .unwrap_err();
    let words = error.to_string();
    assert!(
        words.contains("other@1") && words.contains("test@1"),
        "{words}"
    );
    let error = gallery
        .search(&stranger.embedding, &SearchOptions::default())
        .unwrap_err();
    assert!(matches!(error, GalleryError::SpaceMismatch { .. }));
    let short = Embedding::from_raw(options().space, vec![1.0; 3]).unwrap();
    let error = gallery
        .search(&short, &SearchOptions::default())
        .unwrap_err();
    assert!(matches!(
        error,
        GalleryError::Dimension {
            expected: 32,
            got: 3
        }
    ));
}

#[test]
fn values_that_no_face_or_person_has_are_refused() {
    let (_dir, mut gallery) = gallery();
    let mut refuse = |name: &str, face| {
        let error = gallery.enroll(name, &face, &policy(), NOW).unwrap_err();
        assert!(matches!(error, GalleryError::BadValue { .. }), "{error}");
    };
    for name in ["", "  ", "a\nb", &"x".repeat(257)] {
        refuse(name, face(1, 0));
    }
    let mut flat = face(1, 0);
    flat.rect.width = 0.0;
    refuse("Ada", flat);
    let mut unsure = face(1, 0);
    unsure.quality.sharpness = Some(f32::NAN);
    refuse("Ada", unsure);
    let mut far = face(1, 0);
    far.source.path = "x".repeat(5000);
    refuse("Ada", far);
}

#[test]
fn one_bad_face_among_many_changes_nothing() {
    let (_dir, mut gallery) = gallery();
    let (good, mut bad) = (face(1, 0), face(2, 0));
    bad.rect.x = f32::INFINITY;
    let applicants = [("Ada", &good), ("Bob", &bad)]
        .map(|(name, face)| lineament_gallery::Applicant { name, face });
    assert!(gallery.enroll_all(&applicants, &policy(), NOW).is_err());
    assert!(gallery.people().unwrap().is_empty());
}

#[test]
fn names_are_unique_and_can_change() {
    let (_dir, mut gallery) = gallery();
    let (_, ada) = enrolled(&mut gallery, "Ada", &face(1, 0));
    let (_, bob) = enrolled(&mut gallery, "Bob", &face(2, 0));
    let error = gallery.rename(bob, "Ada", NOW).unwrap_err();
    assert!(matches!(error, GalleryError::NameTaken { .. }), "{error}");
    gallery.rename(bob, " Robert ", NOW).unwrap();
    assert_eq!(gallery.find("Robert").unwrap(), bob);
    let tags = ["work".to_owned(), "family".to_owned(), "work".to_owned()];
    gallery.describe(ada, &tags, "met in June", NOW).unwrap();
    let record = gallery.person(ada).unwrap();
    assert_eq!(record.tags, ["family", "work"]);
    assert_eq!(record.notes, "met in June");
}

#[test]
fn a_merge_can_be_undone() {
    let (_dir, mut gallery) = gallery();
    let (_, ada) = enrolled(&mut gallery, "Ada", &face(1, 0));
    let (_, twin) = enrolled(&mut gallery, "A.", &face(1, 1));
    gallery.merge(ada, twin, NOW).unwrap();
    assert_eq!(gallery.people().unwrap().len(), 1);
    assert_eq!(gallery.person(ada).unwrap().n_faces, 2);
    assert_eq!(gallery.faces(ada).unwrap().len(), 2);
    assert!(gallery.find("A.").is_err());
    assert!(matches!(
        gallery.merge(ada, twin, NOW),
        Err(GalleryError::Merge { .. })
    ));
    assert!(matches!(
        gallery.merge(ada, ada, NOW),
        Err(GalleryError::Merge { .. })
    ));
    // Faces enrolled since stay with whom they were given to.
    enrolled(&mut gallery, "Ada", &face(1, 2));
    // Somebody else took the name.
    enrolled(&mut gallery, "A.", &face(5, 0));
    let error = gallery.unmerge(twin, None, NOW).unwrap_err();
    assert!(matches!(error, GalleryError::NameTaken { .. }), "{error}");
    gallery.unmerge(twin, Some("Adele"), NOW).unwrap();
    assert_eq!(gallery.person(ada).unwrap().n_faces, 2);
    assert_eq!(
        gallery.faces(gallery.find("Adele").unwrap()).unwrap().len(),
        1
    );
    assert!(matches!(
        gallery.unmerge(twin, None, NOW),
        Err(GalleryError::Merge { .. })
    ));
}

#[test]
fn who_is_removed_is_gone_with_those_merged_into_them() {
    let (_dir, mut gallery) = gallery();
    let (_, ada) = enrolled(&mut gallery, "Ada", &face(1, 0));
    let (_, twin) = enrolled(&mut gallery, "A.", &face(1, 1));
    let (bob_face, bob) = enrolled(&mut gallery, "Bob", &face(2, 0));
    gallery.merge(ada, twin, NOW).unwrap();
    gallery.remove_person(ada, NOW).unwrap();
    assert!(matches!(
        gallery.person(ada),
        Err(GalleryError::NoSuchPerson { .. })
    ));
    assert!(matches!(
        gallery.person(twin),
        Err(GalleryError::NoSuchPerson { .. })
    ));
    gallery.remove_face(bob_face, NOW).unwrap();
    assert!(matches!(
        gallery.face(bob_face),
        Err(GalleryError::NoSuchFace { .. })
    ));
    assert!(gallery.embedding(bob_face).is_err());
    assert_eq!(gallery.person(bob).unwrap().n_faces, 0);
    // Numbers are given once.
    let (_, next) = enrolled(&mut gallery, "Ada", &face(1, 0));
    assert!(next > bob);
}

#[test]
fn search_follows_every_change() {
    let (_dir, mut gallery) = gallery();
    let by = |by| SearchOptions {
        k: 1,
        by,
        ..SearchOptions::default()
    };
    let probe = face(1, 7).embedding;
    let best = |gallery: &mut Gallery, by_what| {
        let found = gallery.search(&probe, &by(by_what)).unwrap();
        found.first().map(|m| name_of(gallery, m.person))
    };
    for by in [SearchBy::Face, SearchBy::Person, SearchBy::Template] {
        assert_eq!(best(&mut gallery, by), None);
    }
    enrolled(&mut gallery, "Bob", &face(2, 0));
    let (_, ada) = enrolled(&mut gallery, "Ada", &face(1, 0));
    enrolled(&mut gallery, "Ada", &face(1, 1));
    for by in [SearchBy::Face, SearchBy::Person, SearchBy::Template] {
        assert_eq!(best(&mut gallery, by).as_deref(), Some("Ada"));
    }
    let bob = gallery.find("Bob").unwrap();
    gallery.merge(bob, ada, NOW).unwrap();
    assert_eq!(best(&mut gallery, SearchBy::Person).as_deref(), Some("Bob"));
    gallery.unmerge(ada, None, NOW).unwrap();
    assert_eq!(
        best(&mut gallery, SearchBy::Template).as_deref(),
        Some("Ada")
    );
    gallery.remove_person(ada, NOW).unwrap();
    for by in [SearchBy::Face, SearchBy::Person, SearchBy::Template] {
        assert_eq!(best(&mut gallery, by).as_deref(), Some("Bob"));
    }
}

#[test]
fn filters_limit_who_is_found() {
    let (_dir, mut gallery) = gallery();
    let (_, ada) = enrolled(&mut gallery, "Ada", &face(1, 0));
    let (_, bob) = enrolled(&mut gallery, "Bob", &face(2, 0));
    gallery
        .describe(bob, &["staff".to_owned()], "", NOW)
        .unwrap();
    let probe = face(1, 5).embedding;
    let mut found = |filter: Filter| -> Vec<_> {
        let options = SearchOptions {
            filter,
            ..SearchOptions::default()
        };
        let n = gallery.n_compared(&options).unwrap();
        let found = gallery.search(&probe, &options).unwrap();
        assert_eq!(n, found.len());
        found.iter().map(|m| m.person).collect()
    };
    assert_eq!(found(Filter::Everybody), [ada, bob]);
    assert_eq!(found(Filter::Tag("staff".to_owned())), [bob]);
    assert_eq!(found(Filter::Tag("st".to_owned())), []);
    assert_eq!(found(Filter::People(vec![ada])), [ada]);
}

#[test]
fn a_saved_index_serves_the_next_process_and_a_stale_one_misleads_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    let mut gallery = Gallery::create(&path, options(), NOW).unwrap();
    for person in 0..20 {
        enrolled(&mut gallery, &format!("p{person}"), &face(person, 0));
    }
    assert!(gallery.save_index().unwrap());
    assert!(!gallery.save_index().unwrap());
    let index = dir.path().join("g.index");
    let saved = std::fs::read(&index).unwrap();

    // Faces since: the snapshot is gone on with. Other changes since: it is made anew.
    let (_, added) = enrolled(&mut gallery, "new", &face(77, 0));
    drop(gallery);
    let mut gallery = Gallery::open(&path).unwrap();
    let nearest = |gallery: &mut Gallery, who: u64| {
        let found = gallery.search(&face(who, 3).embedding, &SearchOptions::default());
        found.unwrap()[0].person
    };
    assert_eq!(nearest(&mut gallery, 77), added);
    assert!(gallery.save_index().unwrap());
    gallery.remove_person(added, NOW).unwrap();
    drop(gallery);
    let mut gallery = Gallery::open(&path).unwrap();
    assert_ne!(nearest(&mut gallery, 77), added);

    // Another gallery's snapshot, and one of the future, are not taken.
    let other_path = dir.path().join("other");
    let mut other = Gallery::create(&other_path, options(), NOW).unwrap();
    for person in 100..125 {
        enrolled(&mut other, &format!("p{person}"), &face(person, 0));
    }
    std::fs::write(dir.path().join("other.index"), saved).unwrap();
    drop(other);
    let mut other = Gallery::open(&other_path).unwrap();
    let found = nearest(&mut other, 110);
    assert_eq!(name_of(&other, found), "p110");
}

#[test]
fn halves_take_half_the_space_and_find_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let halved = GalleryOptions {
        precision: Precision::F16,
        ..options()
    };
    let mut gallery = Gallery::create(&dir.path().join("g"), halved, NOW).unwrap();
    let (id, person) = enrolled(&mut gallery, "Ada", &face(1, 0));
    let found = gallery
        .search(&vector(&face(1, 0)), &SearchOptions::default())
        .unwrap();
    assert_eq!((found[0].person, found[0].face), (person, Some(id)));
    assert!(found[0].score.value() > 0.999);
}

#[test]
fn files_that_are_no_galleries_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    assert!(matches!(
        Gallery::open(&path),
        Err(GalleryError::Missing { .. })
    ));
    for content in [&b""[..], b"a letter to a friend", &[0; 100_000]] {
        std::fs::write(&path, content).unwrap();
        let error = Gallery::open(&path).unwrap_err();
        assert!(
            error.to_string().contains(path.to_str().unwrap()),
            "{error}"
        );
        // An empty file is what a creation that was cut short leaves.
        match Gallery::create(&path, options(), NOW) {
            Ok(_) => assert_eq!(content, b""),
            Err(GalleryError::Exists { .. }) => assert_ne!(content, b""),
            Err(error) => panic!("{error}"),
        }
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_second_writer_goes_on_when_the_first_is_done_and_readers_see_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    let mut first = Gallery::create(&path, options(), NOW).unwrap();
    let mut second = Gallery::open(&path).unwrap();
    let probe = face(1, 3).embedding;
    enrolled(&mut first, "Ada", &face(1, 0));
    assert_eq!(
        second
            .search(&probe, &SearchOptions::default())
            .unwrap()
            .len(),
        1
    );
    enrolled(&mut second, "Bob", &face(2, 0));
    assert_eq!(
        first
            .search(&probe, &SearchOptions::default())
            .unwrap()
            .len(),
        2
    );
    assert_eq!(first.people().unwrap(), second.people().unwrap());
}

#[test]
fn a_link_in_a_chain_of_merges_goes_with_those_merged_into_it() {
    let (_dir, mut gallery) = gallery();
    let (_, ada) = enrolled(&mut gallery, "Ada", &face(1, 0));
    let (_, bob) = enrolled(&mut gallery, "Bob", &face(2, 0));
    let (_, cy) = enrolled(&mut gallery, "Cy", &face(3, 0));
    gallery.merge(ada, cy, NOW).unwrap();
    gallery.merge(bob, ada, NOW).unwrap();
    assert_eq!(gallery.person(ada).unwrap().n_faces, 2);
    assert_eq!(gallery.forget(ada, NOW).unwrap(), 2);
    let left = gallery.all_people().unwrap();
    assert_eq!(
        left.iter().map(|person| person.id).collect::<Vec<_>>(),
        [bob]
    );
    assert_eq!(left[0].n_faces, 1);
}
