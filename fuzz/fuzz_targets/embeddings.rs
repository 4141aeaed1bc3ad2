//! Any bytes as embeddings in a `.npz` file: an error that names it, or rows of one length.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lineament_data::{DataLimits, EmbeddingFile};

const LIMITS: DataLimits = DataLimits {
    max_list_bytes: 1 << 20,
    max_image_bytes: 1 << 20,
    max_container_bytes: 1 << 22,
    max_entries: 1000,
};

static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    std::env::temp_dir().join(format!("lineament-fuzz-{}.npz", std::process::id()))
});

fuzz_target!(|bytes: &[u8]| {
    std::fs::write(&*FILE, bytes).expect("a place for temporary files");
    match EmbeddingFile::read(&FILE, &LIMITS) {
        Ok(file) => {
            assert!(file.len() <= 1000);
            let row = file.get("a");
            assert!(row.is_none_or(|row| row.plain.iter().all(|v| v.is_finite())));
        }
        Err(error) => {
            let path = FILE.to_str().expect("UTF-8");
            assert!(error.to_string().contains(path), "{error}");
        }
    }
});
