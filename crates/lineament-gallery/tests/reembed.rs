//! Moving a gallery to another model: face by face, and all or nothing in the end.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use lineament_core::{Embedding, EmbeddingSpace};
use lineament_gallery::{
    FaceId, FacesLeft, Gallery, GalleryError, GalleryOptions, Precision, SearchOptions, check,
};
use support::{NOW, enrolled, face, gallery, noise, options};

const DIMENSION: usize = 20;

fn other() -> GalleryOptions {
    GalleryOptions {
        space: EmbeddingSpace::new("other@2"),
        dimension: DIMENSION,
        precision: Precision::F16,
        model_sha256: [9; 32],
    }
}

/// The embedding of a face by the other model.
fn moved(face: FaceId) -> Embedding {
    let values = noise(face.0 as u64 + 500).take(DIMENSION).collect();
    Embedding::from_raw(other().space, values).unwrap()
}

fn move_some(gallery: &mut Gallery, n: usize) {
    for face in gallery.faces_to_move(FaceId(0), n).unwrap() {
        gallery
            .move_faces(&[(face.id, moved(face.id))], NOW)
            .unwrap();
    }
}

#[test]
fn the_old_space_serves_until_the_move_is_finished() {
    let (dir, mut gallery) = gallery();
    let path = dir.path().join("g");
    let faces: Vec<FaceId> = (0..6)
        .map(|i| enrolled(&mut gallery, &format!("person {}", i % 3), &face(i % 3, i)).0)
        .collect();
    let begun = gallery.begin_move(&other(), NOW).unwrap();
    assert_eq!((begun.n_done, begun.n_left), (0, 6));
    move_some(&mut gallery, 2);
    drop(gallery);
    // Another process goes on, where the first was cut short.
    let mut gallery = Gallery::open(&path).unwrap();
    let under_way = gallery.begin_move(&other(), NOW).unwrap();
    assert_eq!((under_way.n_done, under_way.n_left), (2, 4));
    let found = gallery.search(&face(1, 1).embedding, &SearchOptions::default());
    assert_eq!(found.unwrap()[0].face, Some(faces[1]));
    let error = gallery.finish_move(FacesLeft::Refuse, NOW).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no embedding of other@2 yet: 4 faces"),
        "{error}"
    );
    gallery.remove_face(faces[5], NOW).unwrap();
    let (late, _) = enrolled(&mut gallery, "late", &face(7, 7));
    move_some(&mut gallery, usize::MAX >> 1);
    let mut stale = Gallery::open(&path).unwrap();
    assert_eq!(gallery.finish_move(FacesLeft::Refuse, NOW).unwrap(), 0);
    assert_eq!(*gallery.options(), other());
    assert_eq!(gallery.current_move().unwrap(), None);
    for (mut reopened, fresh) in [(gallery, false), (Gallery::open(&path).unwrap(), true)] {
        let found = reopened
            .search(&moved(late), &SearchOptions::default())
            .unwrap();
        assert_eq!(found[0].face, Some(late), "opened afresh: {fresh}");
        assert!(found[0].score.value() > 0.999);
    }
    // Who opened it before does not compare embeddings of two models.
    let error = stale
        .search(&face(1, 1).embedding, &SearchOptions::default())
        .unwrap_err();
    assert!(matches!(error, GalleryError::Moved { .. }), "{error}");
    let error = stale.remove_face(faces[0], NOW).unwrap_err();
    assert!(matches!(error, GalleryError::Moved { .. }), "{error}");
    assert_eq!(check(&path).unwrap().problems, []);
}

#[test]
fn faces_whose_photos_are_gone_are_removed_when_asked() {
    let (dir, mut gallery) = gallery();
    for i in 0..4 {
        enrolled(&mut gallery, "Ada", &face(1, i));
    }
    gallery.begin_move(&other(), NOW).unwrap();
    move_some(&mut gallery, 3);
    assert_eq!(gallery.finish_move(FacesLeft::Remove, NOW).unwrap(), 1);
    let health = check(&dir.path().join("g")).unwrap();
    assert_eq!((health.problems, health.n_faces), (vec![], 3));
}

#[test]
fn a_move_is_to_one_model_and_can_be_given_up() {
    let (_dir, mut gallery) = gallery();
    let (id, _) = enrolled(&mut gallery, "Ada", &face(1, 0));
    let nowhere = gallery.move_faces(&[(id, moved(id))], NOW).unwrap_err();
    assert!(matches!(nowhere, GalleryError::NoMove), "{nowhere}");
    gallery.begin_move(&other(), NOW).unwrap();
    let elsewhere = GalleryOptions {
        precision: Precision::F32,
        ..other()
    };
    let error = gallery.begin_move(&elsewhere, NOW).unwrap_err().to_string();
    assert!(
        error.contains("moved to other@2 (f16), not to other@2 (f32)"),
        "{error}"
    );
    let own = face(1, 0).embedding;
    let error = gallery.move_faces(&[(id, own)], NOW).unwrap_err();
    assert!(
        matches!(error, GalleryError::SpaceMismatch { .. }),
        "{error}"
    );
    move_some(&mut gallery, 1);
    gallery.give_up_move(NOW).unwrap();
    assert_eq!(gallery.current_move().unwrap(), None);
    assert_eq!(*gallery.options(), options());
    let found = gallery.search(&face(1, 0).embedding, &SearchOptions::default());
    assert_eq!(found.unwrap()[0].face, Some(id));
}
