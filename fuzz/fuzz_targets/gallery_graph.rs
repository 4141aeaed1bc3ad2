//! Any bytes as the approximate index of a gallery: it is used or not, and whoever is found is in the gallery
//! with their exact score.

#![no_main]

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lineament_core::{Embedding, EmbeddingSpace, Rect};
use lineament_gallery::{
    EnrollPolicy, FaceQuality, Gallery, GalleryOptions, NewFace, Precision, SearchMode,
    SearchOptions, Source, USUAL_BREADTH,
};

#[path = "../support/gallery.rs"]
mod support;

const DIMENSION: usize = 4;
const N_FACES: usize = 24;
/// The layout's name, and where what its checksum covers begins.
const MAGIC_BYTES: usize = 8;
const PREFIX_BYTES: usize = MAGIC_BYTES + 4;

/// A gallery with an index, and the bytes of that.
static HERE: LazyLock<(PathBuf, Vec<u8>)> = LazyLock::new(|| {
    let path = support::folder().join("indexed");
    support::remove(&path);
    let options = GalleryOptions {
        space: space(),
        dimension: DIMENSION,
        precision: Precision::F32,
        model_sha256: [7; 32],
    };
    let mut gallery = Gallery::create(&path, options, support::NOW).expect("a new gallery");
    for i in 0..N_FACES {
        let name = format!("person {}", i / 2);
        let done = gallery.enroll(&name, &face(i), &EnrollPolicy::default(), support::NOW);
        let _ = done.expect("a face that is taken");
    }
    let build = gallery.build_approximate_index(NonZeroUsize::MIN, &mut |_, _| ControlFlow::Continue(()));
    build.expect("an index");
    let bytes = std::fs::read(graph_of(&path)).expect("its file");
    (path, bytes)
});

fuzz_target!(|bytes: &[u8]| {
    let (path, sound) = &*HERE;
    // The first byte says how much of a sound file stands before the others: most random files are refused
    // by their first bytes.
    let (kept, bytes) = bytes.split_first().unwrap_or((&0, &[]));
    let kept = usize::from(*kept) * sound.len() / 255;
    let mut file = [&sound[..kept], bytes].concat();
    if file.len() > PREFIX_BYTES {
        let crc = crc32fast::hash(&file[PREFIX_BYTES..]);
        file[MAGIC_BYTES..PREFIX_BYTES].copy_from_slice(&crc.to_le_bytes());
    }
    std::fs::write(graph_of(path), file).expect("a place for temporary files");
    let mut gallery = Gallery::open(path).expect("a sound gallery");
    let options = SearchOptions {
        k: 3,
        mode: SearchMode::Approximate {
            breadth: USUAL_BREADTH,
        },
        ..SearchOptions::default()
    };
    let probe = face(5).embedding;
    let found = gallery.search(&probe, &options).expect("an answer");
    for found in found {
        let face = found.face.expect("a face");
        let embedding = gallery.embedding(face).expect("one of the gallery");
        let score = probe.score(&embedding).expect("one space");
        assert!((score.value() - found.score.value()).abs() < 1e-5);
    }
});

fn graph_of(path: &std::path::Path) -> PathBuf {
    path.with_extension("graph")
}

fn space() -> EmbeddingSpace {
    EmbeddingSpace::new("test@1")
}

fn face(i: usize) -> NewFace {
    let angle = i as f32;
    let values = vec![angle.sin(), angle.cos(), (1.7 * angle).sin(), (0.3 * angle).cos()];
    NewFace {
        embedding: Embedding::from_raw(space(), values).expect("a vector"),
        rect: Rect::from_corners(0.0, 0.0, 10.0, 10.0),
        landmarks: None,
        quality: FaceQuality::default(),
        source: Source {
            path: format!("{i}.jpg"),
            sha256: [i as u8; 32],
        },
        thumbnail: None,
    }
}
