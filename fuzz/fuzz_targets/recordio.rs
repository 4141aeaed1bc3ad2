//! Any bytes as a RecordIO set, with and without the index that lies beside it: images that can be
//! read, or errors that name a file; the records end.
//! What follows the last four zero bytes is the index.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lineament_data::sets::read_ranges;
use lineament_data::{DataLimits, LabelledSet, SetKind};

const LIMITS: DataLimits = DataLimits {
    max_list_bytes: 1 << 20,
    max_image_bytes: 1 << 20,
    max_container_bytes: 1 << 20,
    max_entries: 10_000,
};

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("lineament-fuzz-rec-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a place for temporary files");
    folder
});

fuzz_target!(|bytes: &[u8]| {
    let [records, index] = [FOLDER.join("train.rec"), FOLDER.join("train.idx")];
    let split = bytes.windows(4).rposition(|window| window == [0; 4]);
    std::fs::write(&records, bytes).expect("a place for temporary files");
    // A missing index is another way to read the set.
    let _ = std::fs::remove_file(&index);
    if let Some(split) = split.filter(|split| split + 4 < bytes.len()) {
        std::fs::write(&index, &bytes[split + 4..]).expect("a place for temporary files");
    }
    read(&records);
    let _ = std::fs::remove_file(&index);
    read(&records);
});

fn read(records: &std::path::Path) {
    let n_bytes = std::fs::metadata(records).expect("it was written").len();
    let folder = FOLDER.to_str().expect("UTF-8");
    let Ok(set) = LabelledSet::open(records, Some(SetKind::RecordIo), &LIMITS) else {
        return;
    };
    let mut n_samples = 0;
    for sample in set.samples() {
        n_samples += 1;
        assert!(n_samples <= n_bytes + 1, "the records do not end");
        match sample {
            Ok(sample) => {
                assert!(sample.person.is_some());
                assert!(sample.image.read(&LIMITS).is_ok(), "{sample:?}");
            }
            Err(error) => assert!(error.to_string().contains(folder), "{error}"),
        }
    }
    if let Err(error) = read_ranges(records, &LIMITS) {
        assert!(error.to_string().contains(folder), "{error}");
    }
}
