//! An encrypted gallery with any bytes changed: whatever is done with it ends, in an error or not; what is read
//! of it with its secret is what was written; and what is saved of it is a sound gallery.

#![no_main]

use std::collections::HashSet;
use std::path::Path;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use lineament_core::{Embedding, EmbeddingSpace, Rect};
use lineament_gallery::{
    ENTROPY_BYTES, EnrollPolicy, ExportRow, FaceQuality, Gallery, GalleryError, GalleryOptions,
    LockCost, NewFace, Precision, Secret, Source, check_with, is_encrypted, salvage_with,
};

#[path = "../support/gallery.rs"]
mod support;

const DIMENSION: usize = 8;
const N_FACES: u8 = 12;

/// A whole encrypted gallery, and all that it says.
struct Original {
    bytes: Vec<u8>,
    said: HashSet<String>,
}

// Changes of single bytes, five bytes each: where, and to what.
fuzz_target!(|changes: &[u8]| {
    static ORIGINAL: OnceLock<Original> = OnceLock::new();
    let original = ORIGINAL.get_or_init(make);
    let (path, saved) = (support::folder().join("g"), support::folder().join("saved"));
    support::remove(&path);
    support::remove(&saved);
    let mut bytes = original.bytes.clone();
    let (fives, _) = changes.as_chunks::<5>();
    for [a, b, c, d, to] in fives {
        let place = u32::from_le_bytes([*a, *b, *c, *d]) as usize % bytes.len();
        bytes[place] = *to;
    }
    let is_whole = bytes == original.bytes;
    std::fs::write(&path, bytes).expect("a place for temporary files");
    let sound = check_with(&path, Some(&secret())).is_ok_and(|health| health.problems.is_empty());
    if let Ok(rescued) = salvage_with(&path, &saved, Some(&options()), Some(&secret()), support::NOW)
    {
        let sealed = is_encrypted(&saved).expect("a gallery");
        let health = check_with(&saved, sealed.then(secret).as_ref()).expect("a gallery");
        assert!(health.problems.is_empty(), "{:?}", health.problems);
        assert_eq!(health.n_faces, rescued.n_faces);
    }
    let read = said_by(&path);
    assert!(read.is_ok() || !sound, "{read:?}");
    if let Ok(read) = read {
        assert!(read.is_subset(&original.said), "something else was read");
        assert!(!is_whole || read == original.said);
    }
});

fn make() -> Original {
    let path = support::folder().join("original");
    support::remove(&path);
    let mut gallery = Gallery::create(&path, options(), support::NOW).expect("a new gallery");
    for number in 0..N_FACES {
        let name = format!("somebody {}", number % 4);
        let enrolled = gallery.enroll(&name, &face(number), &EnrollPolicy::default(), support::NOW);
        let _ = enrolled.expect("a face that is taken");
    }
    let cost = LockCost {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };
    let entropy = [9; ENTROPY_BYTES];
    let sealed = gallery.encrypt(&secret(), cost, &entropy, support::NOW);
    sealed.expect("an encrypted gallery");
    drop(gallery);
    Original {
        said: said_by(&path).expect("a whole gallery"),
        bytes: std::fs::read(&path).expect("a whole gallery"),
    }
}

/// What the file says of people and faces that a secret keeps.
fn said_by(path: &Path) -> Result<HashSet<String>, GalleryError> {
    let gallery = Gallery::open_with(path, Some(&secret()))?;
    let mut said = HashSet::new();
    // How embeddings are to be read is not sealed: the same bytes are other numbers in another precision.
    if *gallery.options() != options() {
        return Ok(said);
    }
    gallery.export(|row| {
        let (row, picture) = match row {
            ExportRow::Person(person) => {
                let seen = (person.id, person.name, person.tags, person.notes);
                (format!("{seen:?}"), None)
            }
            ExportRow::Face(row) => {
                let face = row.face;
                let picture = row.thumbnail.map(|picture| format!("{:?} {picture:?}", face.id));
                let seen = (face.id, face.rect, face.landmarks, face.quality, face.source);
                (format!("{seen:?} {:?}", row.embedding), picture)
            }
        };
        said.insert(row);
        // By itself: that a row is gone, a picture's too, is no secret's to tell.
        said.extend(picture);
        Ok(())
    })?;
    Ok(said)
}

fn face(number: u8) -> NewFace {
    let values = (0..DIMENSION).map(|i| f32::from(number) + 1.0 + (i as f32).sin());
    let space = EmbeddingSpace::new("test@1");
    NewFace {
        embedding: Embedding::from_raw(space, values.collect()).expect("a direction"),
        rect: Rect::from_corners(1.0, 2.0, 30.0, 40.0),
        landmarks: None,
        quality: FaceQuality::default(),
        source: Source {
            path: format!("{number}.jpg"),
            sha256: [number; 32],
        },
        thumbnail: number.is_multiple_of(3).then(|| vec![number; 200]),
    }
}

fn secret() -> Secret {
    Secret::new(b"correct horse battery staple".to_vec()).expect("long enough")
}

fn options() -> GalleryOptions {
    GalleryOptions {
        space: EmbeddingSpace::new("test@1"),
        dimension: DIMENSION,
        precision: Precision::F32,
        model_sha256: [7; 32],
    }
}
