//! Any bytes as an export in Parquet: an error that names the file and changes nothing, or a sound
//! gallery in which importing the same again finds nothing new.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/lineament-cli/src/commands/gallery/parquet/read.rs"]
mod read;
#[path = "../support/gallery.rs"]
mod support;

/// The Parquet crate panics at some broken pages, and the reader catches that; the fuzzer's hook would
/// end the process first. Panics that nobody catches are still found.
static CAUGHT: LazyLock<()> = LazyLock::new(|| std::panic::set_hook(Box::new(|_| ())));

fuzz_target!(|bytes: &[u8]| {
    LazyLock::force(&CAUGHT);
    let path = support::folder().join(support::SHOWN);
    std::fs::write(&path, bytes).expect("a place for temporary files");
    support::import(|| {
        let rows = read::Rows::open(&path)?;
        Ok((rows.source().clone(), rows.options().clone(), rows))
    });
});
