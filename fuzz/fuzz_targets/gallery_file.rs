//! Any bytes as a gallery: whatever is done with it ends, in an error or not, and what is saved of it is
//! a sound gallery.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use lineament_core::EmbeddingSpace;
use lineament_gallery::{
    Filter, Gallery, GalleryError, GalleryOptions, Precision, SearchBy, SearchOptions, check,
    salvage,
};

#[path = "../support/gallery.rs"]
mod support;

fuzz_target!(|bytes: &[u8]| {
    let (path, saved) = (support::folder().join("g"), support::folder().join("saved"));
    support::remove(&path);
    support::remove(&saved);
    std::fs::write(&path, bytes).expect("a place for temporary files");
    let sound = check(&path).is_ok_and(|health| health.problems.is_empty());
    let rescued = salvage(&path, &saved, Some(&options()), support::NOW);
    if let Ok(rescued) = &rescued {
        let health = check(&saved).expect("a gallery");
        assert!(health.problems.is_empty(), "{:?}", health.problems);
        assert_eq!(health.n_faces, rescued.n_faces);
    }
    let used = use_all_of(&path);
    assert!(used.is_ok() || !sound, "{used:?}");
});

fn use_all_of(path: &Path) -> Result<(), GalleryError> {
    let mut gallery = Gallery::open(path)?;
    gallery.stats()?;
    gallery.audit(usize::MAX)?;
    let mut probe = None;
    for person in gallery.all_people()? {
        for face in gallery.faces(person.id)? {
            probe = Some(gallery.embedding(face.id)?);
        }
    }
    let Some(probe) = probe else {
        return Ok(());
    };
    for by in [SearchBy::Face, SearchBy::Person, SearchBy::Template] {
        let options = SearchOptions {
            by,
            filter: Filter::Tag("family".to_owned()),
            ..SearchOptions::default()
        };
        gallery.search(&probe, &options)?;
    }
    gallery.export(|_| Ok(()))?;
    gallery.compact()?;
    Ok(())
}

fn options() -> GalleryOptions {
    GalleryOptions {
        space: EmbeddingSpace::new("test@1"),
        dimension: 32,
        precision: Precision::F32,
        model_sha256: [7; 32],
    }
}
