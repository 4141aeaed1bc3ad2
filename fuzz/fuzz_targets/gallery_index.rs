//! Any bytes as the index beside a gallery: a search answers or says what is wrong, and whoever is found is in the
//! gallery with their exact score.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lineament_gallery::{Gallery, SearchOptions};
use support::Indexed;

#[path = "../support/indexed.rs"]
mod support;

static HERE: LazyLock<Indexed> = LazyLock::new(|| {
    Indexed::new("index", |gallery| {
        gallery.save_index().expect("an index");
    })
});

fuzz_target!(|bytes: &[u8]| {
    HERE.write(bytes);
    let mut gallery = Gallery::open(&HERE.gallery).expect("a sound gallery");
    let options = SearchOptions {
        k: 3,
        ..SearchOptions::default()
    };
    let probe = support::face(5).embedding;
    if let Ok(found) = gallery.search(&probe, &options) {
        support::assert_exact(&gallery, &probe, found);
    }
});
