//! Any bytes through the reader of feature files: an error or finite numbers, as many as the bytes hold.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use lineament_data::DataError;
use lineament_data::lists::megaface::parse_features;

fuzz_target!(|bytes: &[u8]| {
    match parse_features(Path::new("face.bin"), bytes) {
        Ok(feature) => {
            let again: Vec<u8> = feature
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            assert_eq!(again, bytes[16..]);
            assert!(!feature.is_empty() && feature.iter().all(|value| value.is_finite()));
        }
        Err(DataError::Bytes { offset, .. }) => assert!(offset <= bytes.len() as u64),
        Err(error) => panic!("{error}"),
    }
});
