//! Any bytes through the reader of MAT-files: an error or a benchmark whose indices are right.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use lineament_data::lists::blufr;
use lineament_data::{DataError, DataLimits};

fuzz_target!(|bytes: &[u8]| {
    let limits = DataLimits {
        max_entries: 100_000,
        ..DataLimits::default()
    };
    // Images are not looked for in a benchmark of none.
    match blufr::parse(
        Path::new("blufr.mat"),
        bytes,
        Path::new("/nowhere"),
        &limits,
    ) {
        Ok(read) => assert!(read.items.is_empty() && !read.trials.is_empty()),
        Err(DataError::Io { .. }) => panic!("nothing is read"),
        Err(error) => assert!(error.to_string().starts_with("blufr.mat")),
    }
});
