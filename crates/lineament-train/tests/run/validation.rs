//! Lists of pairs that are judged between epochs.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use lineament_data::{DataLimits, bin, lists::lfw};
use lineament_eval::Seeded;
use lineament_train::run::checkpoint::Checkpoint;
use lineament_train::run::metrics::{Line, lines};
use lineament_train::run::{Unwatched, train};

use crate::support::{Place, SIDE, draw_people, threads, whole, write_png};

const LIST: &str =
    r#"validation.lists=[{ name = "strangers", pairs = "list.txt", crops = "strangers" }]"#;

/// Six people that no set holds, and twelve pairs of them, as LFW lists them.
fn strangers(place: &Place) {
    let folder = place.path("strangers");
    draw_people(&folder, 6);
    let mut list = "6\n".to_owned();
    for person in 0..6 {
        let name = format!("person-{person:02}");
        for picture in [0, 1] {
            let from = folder.join(&name).join(format!("{picture}.png"));
            let to = format!("{name}_{:04}.png", picture + 1);
            fs::rename(from, folder.join(&name).join(to)).unwrap();
        }
        writeln!(list, "{name}\t1\t2").unwrap();
    }
    for person in 0..6 {
        let next = (person + 1) % 6;
        writeln!(list, "person-{person:02}\t1\tperson-{next:02}\t2").unwrap();
    }
    fs::write(place.path("list.txt"), list).unwrap();
}

#[test]
fn a_list_is_judged_beside_the_people_held_out_and_changes_nothing() {
    let place = Place::new();
    strangers(&place);
    let run = whole(&place, &[LIST], 1);
    let read = lines(&fs::read_to_string(run.join("metrics.jsonl")).unwrap());
    let told: Vec<_> = (read.iter())
        .filter_map(|line| match line {
            Line::Validation(m) => Some((m.step, m.protocol.as_str(), m.n_pairs)),
            _ => None,
        })
        .collect();
    let expected = [
        (10, "held-out people", 40),
        (10, "strangers", 12),
        (20, "held-out people", 40),
        (20, "strangers", 12),
    ];
    assert_eq!(told, expected);
    let page = fs::read_to_string(run.join("curves.html")).unwrap();
    assert!(page.contains("accuracy, strangers"));
    let without = Place::new();
    let without = whole(&without, &[], 1);
    for file in ["best.safetensors", "step-000000020.safetensors"] {
        let of = |run: &Path| Checkpoint::read(&run.join("checkpoints").join(file)).unwrap();
        let (judged, alone) = (of(&run), of(&without));
        assert_eq!(judged.state.step, alone.state.step, "{file}");
        assert!(judged.model == alone.model, "{file}");
    }
}

/// Six pictures of noise, each beside its mirror image.
fn mirrored_noise(place: &Place) {
    let mut random = Seeded::new(3);
    let mut list = "6\n".to_owned();
    for picture in 0..6 {
        let name = format!("noise-{picture}");
        let folder = place.path("strangers").join(&name);
        fs::create_dir_all(&folder).unwrap();
        let n = (SIDE * SIDE) as usize;
        let pixels: Vec<[u8; 3]> = (0..n).map(|_| [random.below(256) as u8; 3]).collect();
        let rows = pixels.chunks_exact(SIDE as usize);
        let mirrored: Vec<[u8; 3]> = rows.flat_map(|row| row.iter().rev().copied()).collect();
        for (number, pixels) in [(1, &pixels), (2, &mirrored)] {
            write_png(
                &folder.join(format!("{name}_{number:04}.png")),
                pixels.as_flattened(),
            );
        }
        writeln!(list, "{name}\t1\t2").unwrap();
    }
    for picture in 0..6 {
        writeln!(list, "noise-{picture}\t1\tnoise-{}\t2", (picture + 1) % 6).unwrap();
    }
    fs::write(place.path("list.txt"), list).unwrap();
}

/// Where outputs of both are added, a picture and its mirror image are the same face.
#[test]
fn mirror_images_are_looked_at_where_the_configuration_says_so() {
    let auc_with = |flip: &str| {
        let place = Place::new();
        mirrored_noise(&place);
        let run = whole(&place, &[LIST, flip], 1);
        let read = lines(&fs::read_to_string(run.join("metrics.jsonl")).unwrap());
        let judged = read.into_iter().filter_map(|line| match line {
            Line::Validation(m) if m.protocol == "strangers" => Some(m.auc),
            _ => None,
        });
        judged.collect::<Vec<_>>()
    };
    let (sum, none) = (
        auc_with("input.flip=\"sum\""),
        auc_with("input.flip=\"none\""),
    );
    assert_eq!(sum, [1.0, 1.0]);
    assert!(
        none.len() == 2 && none.iter().all(|auc| *auc < 1.0),
        "{none:?}"
    );
}

/// The pairs of the list as a `.bin`, which holds its images, and no longer the images themselves.
fn strangers_in_a_bin(place: &Place) {
    strangers(place);
    let limits = DataLimits::default();
    let (list, crops) = (place.path("list.txt"), place.path("strangers"));
    let mut protocol = lfw::read_pairs(&list, &crops, &limits).unwrap();
    // A `.bin` has ten blocks of pairs; of twelve the first two hold two.
    protocol.n_folds = 10;
    for (idx, pair) in protocol.pairs.iter_mut().enumerate() {
        pair.fold = if idx < 4 { idx / 2 } else { idx - 2 };
    }
    bin::write_pairs(&place.path("strangers.bin"), &protocol, &limits).unwrap();
    fs::remove_dir_all(crops).unwrap();
}

#[test]
fn the_pairs_of_a_bin_are_judged_as_those_of_its_list() {
    let (listed, binned) = (Place::new(), Place::new());
    strangers(&listed);
    strangers_in_a_bin(&binned);
    let bin = r#"validation.lists=[{ name = "strangers", pairs = "strangers.bin" }]"#;
    let [by_list, by_bin] = [(&listed, LIST), (&binned, bin)].map(|(place, list)| {
        let run = whole(place, &[list], 1);
        let read = lines(&fs::read_to_string(run.join("metrics.jsonl")).unwrap());
        let judged = read.into_iter().filter_map(|line| match line {
            Line::Validation(m) if m.protocol == "strangers" => Some((m.step, m.n_pairs, m.auc)),
            _ => None,
        });
        judged.collect::<Vec<_>>()
    });
    assert_eq!(by_list.len(), 2);
    assert_eq!(by_list, by_bin);
    let told = {
        let place = Place::new();
        fs::write(place.path("strangers.bin"), b"no pickle").unwrap();
        let run = train(
            place.config(&[bin]),
            &place.path("run"),
            threads(1),
            &mut Unwatched,
        );
        run.unwrap_err().to_string()
    };
    assert!(told.contains("strangers.bin"), "{told}");
}

#[test]
fn a_list_alone_tells_which_checkpoint_is_best() {
    let place = Place::new();
    strangers(&place);
    let run = whole(&place, &[LIST, "validation.n_pairs=0"], 1);
    assert!(run.join("checkpoints/best.safetensors").is_file());
}

#[test]
fn what_is_wrong_with_a_list_is_told_before_the_first_step() {
    let place = Place::new();
    strangers(&place);
    let told = |fields: &[&str]| {
        let config = place.config(fields);
        let run = train(config, &place.path("run"), threads(1), &mut Unwatched);
        run.unwrap_err().to_string()
    };
    assert!(told(&[&LIST.replace("list.txt", "no.txt")]).contains("no.txt"));
    assert!(told(&[&LIST.replace("\"strangers\" }", "\"people\" }")]).contains("person-00"));
    let few = told(&[LIST, "validation.n_pairs=0", "validation.folds=7"]);
    assert!(few.contains("6 mated and 6 non-mated pairs"), "{few}");
    for person in 0..6 {
        let folder = place.path(&format!("strangers/person-{person:02}"));
        for picture in [1, 2] {
            let name = format!("person-{person:02}_{picture:04}.png");
            fs::write(folder.join(name), b"no picture").unwrap();
        }
    }
    let unreadable = told(&[LIST]);
    assert!(
        unreadable.contains("none of the first images"),
        "{unreadable}"
    );
}
