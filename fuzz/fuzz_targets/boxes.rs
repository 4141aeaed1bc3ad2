//! Any text through the readers of marked faces: an error that names the list, or faces with an area.
//! The first byte says which reader.

#![no_main]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lineament_data::boxes::{self, BoxSet, WiderSubset};
use lineament_data::lists::groups;
use lineament_data::{DataError, DataLimits};

const LIMITS: DataLimits = DataLimits {
    max_list_bytes: 1 << 20,
    max_image_bytes: 1 << 20,
    max_container_bytes: 1 << 20,
    max_entries: 1000,
};

/// A folder of a few empty images, in which the lists are written.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("lineament-fuzz-boxes-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a place for temporary files");
    for name in ["a.jpg", "b.jpg"] {
        std::fs::write(folder.join(name), b"").expect("a place for temporary files");
    }
    folder
});

fuzz_target!(|bytes: &[u8]| {
    let Some((&reader, content)) = bytes.split_first() else {
        return;
    };
    let list = FOLDER.join("list");
    std::fs::write(&list, content).expect("a place for temporary files");
    match read(reader, &list, content) {
        Ok(set) => check(&set),
        Err(error) => assert!(error.to_string().contains("list"), "{error}"),
    }
});

fn read(reader: u8, list: &Path, content: &[u8]) -> Result<BoxSet, DataError> {
    let images = FOLDER.as_path();
    match reader {
        0 => boxes::read_wider(list, images, &[WiderSubset::Flags], &LIMITS),
        1 => boxes::read_dlib(list, images, &LIMITS),
        2 => {
            let text = String::from_utf8_lossy(content);
            let annotation = boxes::parse_voc(list, &text)?;
            assert!(!annotation.file.is_empty());
            assert!(annotation.faces.iter().all(|face| face.rect.is_valid()));
            Ok(BoxSet::default())
        }
        3 => {
            groups::read_groups(list, "age", &LIMITS)?;
            Ok(BoxSet::default())
        }
        _ => {
            boxes::read_subset(list, &LIMITS)?;
            Ok(BoxSet::default())
        }
    }
}

fn check(set: &BoxSet) {
    for face in set.images.iter().flat_map(|image| &image.faces) {
        assert!(face.rect.is_valid());
        assert!(
            face.subsets
                .iter()
                .all(|subset| *subset < set.subsets.len())
        );
    }
}
