//! Any text through the readers of protocol lists: an error that names the list, or pairs that fit.
//! The first byte says which reader; a reader of two lists takes the second from after a zero byte.

#![no_main]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lineament_data::lists::ijb::{self, Form, Release, Source};
use lineament_data::lists::{cfp, csv_pairs, lfw, lfw_people, megaface, ytf};
use lineament_data::{DataError, DataLimits, Item, PairProtocol};

const LIMITS: DataLimits = DataLimits {
    max_list_bytes: 1 << 20,
    max_image_bytes: 1 << 20,
    max_container_bytes: 1 << 20,
    max_entries: 1000,
};

/// A folder of a few empty images, in which the lists are written.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("lineament-fuzz-lists-{}", std::process::id()));
    for name in [
        "A/A_0001.jpg",
        "A/A_0002.jpg",
        "B/B_0001.jpg",
        "A/0/0.1.jpg",
        "A/1/1.1.jpg",
        "B/0/0.1.jpg",
    ] {
        write(&folder.join(name), b"");
    }
    let profiles = b"1 ../A/0/0.1.jpg\n2 ../B/0/0.1.jpg\n";
    write(&folder.join("Protocol/Pair_list_P.txt"), profiles);
    for fold in 1..=10 {
        for file in ["same", "diff"] {
            write(
                &folder.join(format!("Protocol/Split/FP/{fold:02}/{file}.txt")),
                b"",
            );
        }
    }
    folder
});

fn write(path: &Path, content: &[u8]) {
    let folder = path.parent().expect("it has one");
    std::fs::create_dir_all(folder).expect("a place for temporary files");
    std::fs::write(path, content).expect("a place for temporary files");
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&reader, content)) = bytes.split_first() else {
        return;
    };
    let folder = FOLDER.as_path();
    let mut parts = content.splitn(2, |&byte| byte == 0);
    let lists = list_names(reader).map(|name| folder.join(name));
    for list in &lists {
        write(list, parts.next().unwrap_or_default());
    }
    if let Err(error) = read(reader, &lists, folder) {
        assert!(
            error.to_string().contains(folder.to_str().expect("UTF-8")),
            "{error}"
        );
    }
});

fn list_names(reader: u8) -> [&'static str; 2] {
    match reader {
        3 => ["Protocol/Split/FP/01/same.txt", "Protocol/Pair_list_F.txt"],
        4 => ["ijbc_face_tid_mid.txt", "ijbc_name_5pts_score.txt"],
        _ => ["list", "matches"],
    }
}

fn read(reader: u8, [list, second]: &[PathBuf; 2], images: &Path) -> Result<(), DataError> {
    match reader {
        0 => {
            let read = csv_pairs::read_pairs(list, images, &LIMITS)?;
            assert!(
                read.groups
                    .is_none_or(|groups| groups.len() == read.protocol.pairs.len())
            );
            check(&read.protocol);
        }
        1 => check(&ytf::read_splits(
            list,
            ytf::Labels::Original,
            images,
            &LIMITS,
        )?),
        2 => check(&ytf::read_splits(
            list,
            ytf::Labels::Corrected,
            images,
            &LIMITS,
        )?),
        3 => check(&cfp::read_pairs(
            images,
            cfp::Views::FrontalProfile,
            &LIMITS,
        )?),
        4 => {
            let source = Source {
                release: Release::C,
                form: Form::Packed,
                lists: images,
                images,
            };
            ijb::read_verification(&source, &LIMITS)?;
        }
        5 => check(&lfw::read_pairs(list, images, &LIMITS)?),
        6 => lfw_people::read_people(list, images, &LIMITS)?
            .iter()
            .for_each(|fold| check_items(fold)),
        7 => check_items(&megaface::read_list(list, Some(images), &LIMITS)?),
        8 => assert!(!megaface::Noises::read(list, &LIMITS)?.contains("#")),
        _ => {
            let templates = ijb::read_templates(list, images, &LIMITS)?;
            assert!(templates.iter().all(|template| !template.media.is_empty()));
            ijb::read_matches(second, &templates, &LIMITS)?;
        }
    }
    Ok(())
}

fn check_items(items: &[Item]) {
    assert!(items.iter().all(|item| !item.images.is_empty()));
}

fn check(protocol: &PairProtocol) {
    check_items(&protocol.items);
    let mut n_in_fold = vec![0; protocol.n_folds];
    for pair in &protocol.pairs {
        assert!(pair.first != pair.second);
        let person = |idx: usize| protocol.items[idx].person.as_ref();
        if let (Some(a), Some(b)) = (person(pair.first), person(pair.second)) {
            assert_eq!(a == b, pair.mated);
        }
        n_in_fold[pair.fold] += 1;
    }
    assert!(!n_in_fold.is_empty() && n_in_fold.iter().all(|&n| n > 0));
}
