//! Any bytes as the approximate index of a gallery: it is used or not, and whoever is found is in the gallery
//! with their exact score.

#![no_main]

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lineament_gallery::{Gallery, SearchMode, SearchOptions, USUAL_BREADTH};
use support::Indexed;

#[path = "../support/indexed.rs"]
mod support;

static HERE: LazyLock<Indexed> = LazyLock::new(|| {
    Indexed::new("graph", |gallery| {
        let go_on = &mut |_, _| ControlFlow::Continue(());
        let build = gallery.build_approximate_index(NonZeroUsize::MIN, go_on);
        build.expect("an index");
    })
});

fuzz_target!(|bytes: &[u8]| {
    HERE.write(bytes);
    let mut gallery = Gallery::open(&HERE.gallery).expect("a sound gallery");
    let options = SearchOptions {
        k: 3,
        mode: SearchMode::Approximate {
            breadth: USUAL_BREADTH,
        },
        ..SearchOptions::default()
    };
    let probe = support::face(5).embedding;
    let found = gallery.search(&probe, &options).expect("an answer");
    support::assert_exact(&gallery, &probe, found);
});
