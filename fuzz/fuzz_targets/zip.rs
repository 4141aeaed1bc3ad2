//! Any bytes as a zip archive of the images that a list names: images within the limits, or errors
//! that name a file. What is found can be written into a list and is found again.

#![no_main]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lineament_data::{
    Columns, DataLimits, LabelledSet, ListFormat, ListWriter, Picture, Sample, SetKind, Start,
};

const LIMITS: DataLimits = DataLimits {
    max_list_bytes: 1 << 20,
    max_image_bytes: 1 << 16,
    max_container_bytes: 1 << 20,
    max_entries: 1000,
};

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("lineament-fuzz-zip-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a place for temporary files");
    let list = "file,person\n00/0.png,A\n00/1.png,A\ncrops/a.png,\nfaces.zip/00/0.png,B\n";
    std::fs::write(folder.join("list.csv"), list).expect("a place for temporary files");
    folder
});

fuzz_target!(|bytes: &[u8]| {
    std::fs::write(FOLDER.join("faces.zip"), bytes).expect("a place for temporary files");
    let found: Vec<Sample> = samples(&FOLDER.join("list.csv"));
    let again = FOLDER.join("again.csv");
    let _ = std::fs::remove_file(&again);
    let columns = Columns::default();
    let mut list = ListWriter::create(&again, ListFormat::Csv, &columns, Start::Resume)
        .expect("a place for temporary files");
    for sample in &found {
        list.append_in_place(sample).expect("it lies in an archive");
    }
    list.finish().expect("a place for temporary files");
    let read_again = samples(&again);
    assert_eq!(read_again.len(), found.len());
    for (sample, again) in found.iter().zip(&read_again) {
        assert_eq!(sample.image, again.image);
    }
});

fn samples(list: &Path) -> Vec<Sample> {
    let set = LabelledSet::open(list, Some(SetKind::CsvList), &LIMITS).expect("the list is good");
    let folder = FOLDER.to_str().expect("UTF-8");
    let told = |text: String| assert!(text.contains(folder), "{text}");
    let mut found = Vec::new();
    for sample in set.samples() {
        match sample {
            Ok(sample) => {
                match sample.image.read(&LIMITS) {
                    Ok(Picture::Encoded(bytes)) => {
                        assert!(bytes.len() as u64 <= LIMITS.max_image_bytes)
                    }
                    Ok(Picture::Rgb(_)) => panic!("an archive holds files"),
                    Err(error) => told(error.to_string()),
                }
                found.push(sample);
            }
            Err(error) => told(error.to_string()),
        }
    }
    found
}
