//! Any bytes as a packed list of pairs: an error that names the file, or pairs whose images lie in it.
//! No pickle imports, calls or allocates anything but data.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use lineament_data::bin::parse_pairs;
use lineament_data::{DataError, DataLimits, ImageSource};

const LIMITS: DataLimits = DataLimits {
    max_list_bytes: 1 << 20,
    max_image_bytes: 1 << 20,
    max_container_bytes: 1 << 20,
    max_entries: 10_000,
};

fuzz_target!(|bytes: &[u8]| {
    match parse_pairs(Path::new("pairs.bin"), bytes, &LIMITS) {
        Ok(read) => {
            assert_eq!(read.items.len(), 2 * read.pairs.len());
            assert!(read.pairs.iter().all(|pair| pair.fold < read.n_folds));
            for image in read.items.iter().flat_map(|item| &item.images) {
                let n_bytes = bytes.len() as u64;
                let is_inside = match image {
                    ImageSource::Slice { offset, length, .. } => offset + length <= n_bytes,
                    ImageSource::Memory(content) => !content.is_empty(),
                    _ => false,
                };
                assert!(is_inside, "{image:?}");
            }
        }
        Err(DataError::Io { .. }) => panic!("nothing is read"),
        Err(error) => assert!(error.to_string().starts_with("pairs.bin")),
    }
});
