//! Any bytes as an export of JSON Lines: an error that names the file and changes nothing, or a sound
//! gallery in which importing the same again finds nothing new.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use lineament_gallery::{GalleryError, JsonLines};

#[path = "../support/gallery.rs"]
mod support;

fuzz_target!(|bytes: &[u8]| {
    support::import(|| {
        let lines = JsonLines::open(Path::new(support::SHOWN), bytes)?;
        let options = lines.header().options.clone();
        Ok::<_, GalleryError>((lines.source().clone(), options, lines))
    });
});
