//! Any text as the lists of labelled sets: samples that make sense, or errors that name a file.
//! The first byte says which kind of set; its lists are separated by zero bytes.

#![no_main]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lineament_data::sets::Property;
use lineament_data::{DataLimits, LabelledSet, SetKind};

const LIMITS: DataLimits = DataLimits {
    max_list_bytes: 1 << 20,
    max_image_bytes: 1 << 16,
    max_container_bytes: 1 << 20,
    max_entries: 1000,
};

/// Kinds of sets, and their lists.
const KINDS: [(SetKind, &[&str]); 6] = [
    (SetKind::CsvList, &["list.csv"]),
    (SetKind::MsCelebTsv, &["faces.tsv"]),
    (
        SetKind::CelebA,
        &[
            "identity_CelebA.txt",
            "list_attr_celeba.txt",
            "list_eval_partition.txt",
            "list_bbox_celeba.txt",
            "list_landmarks_celeba.txt",
        ],
    ),
    (
        SetKind::FaceScrub,
        &["facescrub_actors.txt", "facescrub_actresses.txt"],
    ),
    (
        SetKind::VggFace2,
        &[
            "identity_meta.csv",
            "loose_bb_train.csv",
            "loose_landmark_train.csv",
        ],
    ),
    (SetKind::ParquetList, &["list.parquet"]),
];

/// Images that the lists of the seeds name.
const IMAGES: [&str; 7] = [
    "a.png",
    "b.png",
    "img_celeba/000001.jpg",
    "img_celeba/000002.jpg",
    "actors/faces/Ada_Byron/Ada_Byron_2_3.png",
    "train/n000002/0001_01.jpg",
    "train/n000002/0002_01.jpg",
];

static FOLDERS: LazyLock<Vec<PathBuf>> = LazyLock::new(|| {
    let root = std::env::temp_dir().join(format!("lineament-fuzz-sets-{}", std::process::id()));
    let folders = KINDS.map(|(kind, _)| root.join(kind.name()));
    for folder in &folders {
        for image in IMAGES {
            write(&folder.join(image), b"\x89PNG");
        }
    }
    folders.into()
});

fn write(path: &Path, content: &[u8]) {
    let folder = path.parent().expect("it has one");
    std::fs::create_dir_all(folder).expect("a place for temporary files");
    std::fs::write(path, content).expect("a place for temporary files");
}

fuzz_target!(
    init: {
        // libfuzzer's hook aborts before the reader of Parquet lists can turn a panic of its crate into
        // an error. One of our own still aborts.
        std::panic::set_hook(Box::new(|panic| {
            let inside = panic.location().is_some_and(|at| at.file().contains("/parquet-"));
            if !inside {
                eprintln!("{panic}");
                std::process::abort();
            }
        }));
    },
    |bytes: &[u8]| read(bytes)
);

fn read(bytes: &[u8]) {
    let Some((&choice, content)) = bytes.split_first() else {
        return;
    };
    let choice = usize::from(choice) % KINDS.len();
    let (kind, lists) = KINDS[choice];
    let folder = &FOLDERS[choice];
    let mut parts = content.splitn(lists.len(), |&byte| byte == 0);
    for list in lists {
        write(&folder.join(list), parts.next().unwrap_or_default());
    }
    let told = |text: String| assert!(text.contains(folder.to_str().expect("UTF-8")), "{text}");
    // Every list but that of a folder is opened by its name.
    let path = match lists {
        [one] => folder.join(one),
        _ => folder.clone(),
    };
    match LabelledSet::open(&path, Some(kind), &LIMITS) {
        Ok(set) => check(&set, content.len(), told),
        Err(error) => told(error.to_string()),
    }
    write(&folder.join("property"), content);
    if let Err(error) = Property::read(&folder.join("property"), &LIMITS) {
        told(error.to_string());
    }
}

fn check(set: &LabelledSet, n_bytes: usize, told: impl Fn(String)) {
    let columns = set.columns();
    // A table may pack equal rows into few bytes.
    let most = (n_bytes + IMAGES.len()).max(LIMITS.max_entries as usize);
    for (idx, sample) in set.samples().enumerate() {
        assert!(idx <= most, "the samples do not end");
        let sample = match sample {
            Ok(sample) => sample,
            Err(error) => {
                told(error.to_string());
                continue;
            }
        };
        assert!(sample.person.is_none_or(|person| !person.is_empty()));
        assert!(
            sample
                .face
                .is_none_or(|face| face.width >= 0.0 && face.height >= 0.0)
        );
        let is_known = |name| columns.attributes.contains(name);
        assert!(sample.attributes.keys().all(is_known));
        if let Err(error) = sample.image.read(&LIMITS) {
            told(error.to_string());
        }
    }
}
