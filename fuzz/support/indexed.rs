//! A gallery with an index beside it, and other bytes in the place of that.

use std::path::PathBuf;

use lineament_core::{Embedding, EmbeddingSpace, Rect};
use lineament_gallery::{
    EnrollPolicy, FaceQuality, Gallery, GalleryOptions, Match, NewFace, Precision, Source,
};

#[path = "gallery.rs"]
mod gallery;

const DIMENSION: usize = 4;
/// More than a block of the exact index, so that some of it is mapped.
const N_FACES: usize = 300;
/// The layout's name, and where what its checksum covers begins.
const MAGIC_BYTES: usize = 8;
const PREFIX_BYTES: usize = MAGIC_BYTES + 4;

/// A gallery, the place of its index, and the bytes of that.
pub struct Indexed {
    pub gallery: PathBuf,
    index: PathBuf,
    sound: Vec<u8>,
}

impl Indexed {
    /// A new gallery with the index that `save` writes, in the file of this extension.
    pub fn new(extension: &str, save: impl FnOnce(&mut Gallery)) -> Self {
        let path = gallery::folder().join("indexed");
        gallery::remove(&path);
        let options = GalleryOptions {
            space: space(),
            dimension: DIMENSION,
            precision: Precision::F32,
            model_sha256: [7; 32],
        };
        let mut made = Gallery::create(&path, options, gallery::NOW).expect("a new gallery");
        for i in 0..N_FACES {
            let name = format!("person {}", i / 2);
            let done = made.enroll(&name, &face(i), &EnrollPolicy::default(), gallery::NOW);
            let _ = done.expect("a face that is taken");
        }
        save(&mut made);
        let index = path.with_extension(extension);
        let sound = std::fs::read(&index).expect("its file");
        Self {
            gallery: path,
            index,
            sound,
        }
    }

    /// Writes the index with `bytes` and a checksum that fits them. The first says how much of a sound file stands before
    /// the others: most random files are refused by their first bytes.
    pub fn write(&self, bytes: &[u8]) {
        let (kept, bytes) = bytes.split_first().unwrap_or((&0, &[]));
        let kept = usize::from(*kept) * self.sound.len() / 255;
        let mut file = [&self.sound[..kept], bytes].concat();
        if file.len() > PREFIX_BYTES {
            let crc = crc32fast::hash(&file[PREFIX_BYTES..]);
            file[MAGIC_BYTES..PREFIX_BYTES].copy_from_slice(&crc.to_le_bytes());
        }
        std::fs::write(&self.index, file).expect("a place for temporary files");
    }
}

/// Whoever is found is in the gallery, with their exact score.
pub fn assert_exact(gallery: &Gallery, probe: &Embedding, found: Vec<Match>) {
    for found in found {
        let face = found.face.expect("a face");
        let embedding = gallery.embedding(face).expect("one of the gallery");
        let score = probe.score(&embedding).expect("one space");
        assert!((score.value() - found.score.value()).abs() < 1e-5);
    }
}

fn space() -> EmbeddingSpace {
    EmbeddingSpace::new("test@1")
}

pub fn face(i: usize) -> NewFace {
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
