//! Galleries and faces for tests.
#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod traces;

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use lineament_core::{Embedding, EmbeddingSpace, Landmarks, Point, Rect};
use lineament_gallery::{
    EnrollPolicy, Enrollment, FaceId, FaceQuality, Gallery, GalleryOptions, NewFace, PersonId,
    Precision, Source, UnixSeconds,
};

pub(crate) const NOW: UnixSeconds = UnixSeconds(1_800_000_000);
pub(crate) const DIMENSION: usize = 32;

pub(crate) fn options() -> GalleryOptions {
    GalleryOptions {
        space: EmbeddingSpace::new("test@1"),
        dimension: DIMENSION,
        precision: Precision::F32,
        model_sha256: [7; 32],
    }
}

/// An empty gallery and the folder it lies in.
pub(crate) fn gallery() -> (tempfile::TempDir, Gallery) {
    let dir = tempfile::tempdir().unwrap();
    let gallery = Gallery::create(&dir.path().join("g"), options(), NOW).unwrap();
    (dir, gallery)
}

/// Numbers in −0.5 … 0.5 that depend on the seed alone.
pub(crate) fn noise(seed: u64) -> impl Iterator<Item = f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    })
    .skip(8)
}

/// A face of a made-up person in a made-up photo: faces of one person score about 0.9.
pub(crate) fn face(person: u64, photo: u64) -> NewFace {
    let own = noise(person + 1);
    let here = noise((person + 1) * 1_000_003 + photo + 17);
    let values = own.zip(here).map(|(a, b)| a + 0.35 * b).take(DIMENSION);
    let embedding = Embedding::from_raw(options().space, values.collect()).unwrap();
    let mut sha256 = [0; 32];
    sha256[..8].copy_from_slice(&person.to_le_bytes());
    sha256[8..16].copy_from_slice(&photo.to_le_bytes());
    sha256[31] = 1;
    NewFace {
        embedding,
        rect: Rect::from_corners(10.5, 20.25, 90.0, 130.0),
        landmarks: Some(Landmarks::from_array(std::array::from_fn(|i| {
            Point::new(20.0 + i as f32, 40.5 - i as f32)
        }))),
        quality: FaceQuality {
            detection_score: 0.93,
            sharpness: Some(120.5),
            brightness: None,
            objections: Vec::new(),
        },
        source: Source {
            path: format!("photos/{person}/{photo}.jpg"),
            sha256,
        },
        thumbnail: photo.is_multiple_of(2).then(|| picture(person, photo, 600)),
    }
}

/// Bytes that stand for a picture of a face.
pub(crate) fn picture(person: u64, photo: u64, n_bytes: usize) -> Vec<u8> {
    let values = noise((person + 3) * 1_000_033 + photo);
    values
        .map(|value| (value * 256.0) as i32 as u8)
        .take(n_bytes)
        .collect()
}

pub(crate) fn vector(face: &NewFace) -> Embedding {
    face.embedding.clone()
}

/// Enrolls a face that must be taken.
pub(crate) fn enrolled(gallery: &mut Gallery, name: &str, face: &NewFace) -> (FaceId, PersonId) {
    match gallery
        .enroll(name, face, &EnrollPolicy::default(), NOW)
        .unwrap()
    {
        Enrollment::Enrolled { face, person, .. } => (face, person),
        other => panic!("{other:?}"),
    }
}

/// Writes both indexes beside the file.
pub(crate) fn save_indexes(gallery: &mut Gallery) {
    gallery.save_index().unwrap();
    gallery
        .build_approximate_index(NonZeroUsize::MIN, &mut |_, _| ControlFlow::Continue(()))
        .unwrap();
}

pub(crate) fn name_of(gallery: &Gallery, person: PersonId) -> String {
    gallery.person(person).unwrap().name
}
