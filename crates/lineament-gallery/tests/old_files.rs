//! Galleries that earlier versions wrote open, with all that they hold.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use lineament_gallery::{Gallery, GalleryError, SearchOptions, check, salvage};
use rusqlite::Connection;
use support::{NOW, enrolled, face, options};

const V1: &str = include_str!("files/v1.sql");
const V2: &str = include_str!("files/v2.sql");
const V3: &str = include_str!("files/v3.sql");

#[test]
fn a_file_of_version_1_opens() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    Connection::open(&path).unwrap().execute_batch(V1).unwrap();
    assert_eq!(check(&path).unwrap().problems, []);
    let mut gallery = Gallery::open(&path).unwrap();
    assert_eq!(*gallery.options(), options());
    let people = gallery.people().unwrap();
    let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
    assert_eq!(names, ["Ada", "Bob O'Neill"]);
    let ada = &people[0];
    assert_eq!((ada.n_faces, ada.notes.as_str()), (3, "two\nlines"));
    assert_eq!(ada.tags, ["family", "Ärzte"]);
    let bob = gallery.faces(people[1].id).unwrap();
    assert_eq!(bob[0].quality.objections, ["blurred"]);
    assert_eq!(bob[0].landmarks, None);
    assert_eq!(
        gallery.faces(ada.id).unwrap()[0].landmarks,
        face(1, 0).landmarks
    );
    let found = gallery
        .search(&face(1, 9).embedding, &SearchOptions::default())
        .unwrap();
    assert_eq!(found[0].person, ada.id);
    let twin = gallery.all_people().unwrap()[2].id;
    gallery.unmerge(twin, None, NOW).unwrap();
    assert_eq!(gallery.find("A.").unwrap(), twin);
    enrolled(&mut gallery, "Eve", &face(5, 0));
    assert_eq!(check(&path).unwrap().problems, []);
}

#[test]
fn a_file_of_version_2_opens_with_the_move_that_is_under_way() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    Connection::open(&path).unwrap().execute_batch(V2).unwrap();
    assert_eq!(check(&path).unwrap().problems, []);
    let gallery = Gallery::open(&path).unwrap();
    let under_way = gallery.current_move().unwrap().unwrap();
    assert_eq!(under_way.to.space.to_string(), "other@1");
    assert_eq!((under_way.n_done, under_way.n_left), (2, 2));
    assert!(!gallery.is_encrypted());
    assert_eq!(gallery.people().unwrap().len(), 2);
    assert_eq!(check(&path).unwrap().problems, []);
}

#[test]
fn a_file_of_version_3_opens_and_takes_pictures() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    Connection::open(&path).unwrap().execute_batch(V3).unwrap();
    assert_eq!(check(&path).unwrap().problems, []);
    let saved = dir.path().join("saved");
    assert_eq!(salvage(&path, &saved, None, NOW).unwrap().problems, []);
    let mut gallery = Gallery::open(&path).unwrap();
    let people = gallery.people().unwrap();
    for old in gallery.faces(people[0].id).unwrap() {
        assert_eq!(gallery.thumbnail(old.id).unwrap(), None);
    }
    let new = face(5, 0);
    let (id, _) = enrolled(&mut gallery, "Eve", &new);
    assert!(new.thumbnail.is_some());
    assert_eq!(gallery.thumbnail(id).unwrap(), new.thumbnail);
    assert_eq!(check(&path).unwrap().problems, []);
}

#[test]
fn a_file_of_a_later_version_is_refused_by_its_number() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    let db = Connection::open(&path).unwrap();
    db.execute_batch(V1).unwrap();
    db.pragma_update(None, "user_version", 999).unwrap();
    drop(db);
    let error = Gallery::open(&path).unwrap_err();
    assert!(
        matches!(error, GalleryError::NewerVersion { found: 999, .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains(path.to_str().unwrap()),
        "{error}"
    );
    assert!(matches!(
        check(&path),
        Err(GalleryError::NewerVersion { .. })
    ));
}

#[test]
fn a_database_of_something_else_is_no_gallery() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    let db = Connection::open(&path).unwrap();
    db.execute_batch("CREATE TABLE recipe (name TEXT)").unwrap();
    drop(db);
    let error = Gallery::open(&path).unwrap_err();
    assert!(matches!(error, GalleryError::NotAGallery { .. }), "{error}");
}
