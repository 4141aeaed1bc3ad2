//! `lineament eval` on drawn crops and a network of random weights, and on real photos where there are any.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Output;

use lineament_testkit::draw_faces;
use serde_json::Value;
use support::bench::{eval, face, json, write_embedders};
use support::{code, models, run, run_with_models, stderr, stdout, write_png};

const N_FOLDS: usize = 3;
/// People of each fold, and images of each of them.
const N_PEOPLE: usize = 4;
const N_IMAGES: usize = 3;

/// A model folder of the network of random weights under these names, and drawn crops of people.
fn bench(folder: &Path, models: &[&str]) {
    write_embedders(folder, models);
    for person in 0..N_FOLDS * N_PEOPLE {
        for number in 1..=N_IMAGES {
            let path = folder.join(format!("images/{}", image(person, number)));
            write_png(&path, &draw_faces(128, 128, &[face(person, number)]));
        }
    }
}

fn image(person: usize, number: usize) -> String {
    format!("P{person}/P{person}_{number:04}.png")
}

/// The pairs of a fold: (person, image, person, image).
fn pairs_of(fold: usize) -> [[(usize, usize, usize, usize); N_PEOPLE]; 2] {
    let first = fold * N_PEOPLE;
    let mated = std::array::from_fn(|i| (first + i, 1, first + i, 2 + i % 2));
    let non_mated = std::array::from_fn(|i| (first + i, 2, first + (i + 1) % N_PEOPLE, 3));
    [mated, non_mated]
}

/// The list of View 2, or with one fold of View 1.
fn lfw_list(folds: std::ops::Range<usize>) -> String {
    let mut list = match folds.len() {
        1 => format!("{N_PEOPLE}\n"),
        n => format!("{n}\t{N_PEOPLE}\n"),
    };
    for fold in folds {
        let [mated, non_mated] = pairs_of(fold);
        for (a, i, _, j) in mated {
            writeln!(list, "P{a}\t{i}\t{j}").unwrap();
        }
        for (a, i, b, j) in non_mated {
            writeln!(list, "P{a}\t{i}\tP{b}\t{j}").unwrap();
        }
    }
    list
}

fn csv_list() -> String {
    let mut list = "first,second,mated,fold\n".to_owned();
    for fold in 0..N_FOLDS {
        for (pairs, mated) in pairs_of(fold).into_iter().zip([1, 0]) {
            for (a, i, b, j) in pairs {
                writeln!(list, "{},{},{mated},{fold}", image(a, i), image(b, j)).unwrap();
            }
        }
    }
    list
}

/// The result without what differs between two commands that are to give the same.
fn figures(output: &Output) -> Value {
    let mut result = json(output);
    for key in [
        "command",
        "protocol",
        "declaration",
        "by_identity",
        "n_persons_in_several_folds",
    ] {
        result.as_object_mut().unwrap().remove(key);
    }
    result
}

const VIEW_2: &str = "lfw --images images --pairs pairs.txt";

#[test]
fn folds_are_judged_at_the_threshold_of_the_others() {
    let dir = tempfile::tempdir().unwrap();
    bench(dir.path(), &["random_embedder"]);
    fs::write(dir.path().join("pairs.txt"), lfw_list(0..N_FOLDS)).unwrap();
    let output = eval(dir.path(), &format!("{VIEW_2} --json"));
    let result = json(&output);
    for key in [
        "accuracy",
        "accuracy_se",
        "threshold_mean",
        "auc",
        "eer",
        "fmr_ci",
        "command",
    ] {
        assert!(result.get(key).is_some(), "{key}");
    }
    assert_eq!(result["protocol"], "lfw-view2");
    assert_eq!(
        (&result["n_pairs"], &result["n_failed"]),
        (&24.into(), &0.into())
    );
    assert_eq!(result["model"]["name"], "random_embedder");
    assert_eq!(result["folds"].as_array().unwrap().len(), N_FOLDS);
    assert!(result["tar_at_fmr"]["1e-3"].is_null(), "12 pairs");
    assert_eq!(result["choices"]["Faces"], "aligned images");
    // From the cache, the same to the last digit; without it as well.
    let again = eval(dir.path(), &format!("{VIEW_2} --json"));
    assert_eq!(stdout(&again), stdout(&output));
    let words =
        format!("eval {VIEW_2} --json --models models --faces aligned --no-cache --threads 1");
    let afresh = run(dir.path(), &words.split(' ').collect::<Vec<_>>());
    assert_eq!(figures(&afresh), figures(&output));
    // The same pairs as another list.
    fs::write(dir.path().join("list.csv"), csv_list()).unwrap();
    let as_csv = eval(dir.path(), "pairs list.csv --images images --json");
    assert_eq!(figures(&as_csv), figures(&output));
}

#[test]
fn what_cannot_be_read_counts_as_an_error() {
    let dir = tempfile::tempdir().unwrap();
    bench(dir.path(), &["random_embedder"]);
    fs::write(dir.path().join("pairs.txt"), lfw_list(0..N_FOLDS)).unwrap();
    fs::write(dir.path().join("images").join(image(0, 1)), "not an image").unwrap();
    let output = eval(dir.path(), &format!("{VIEW_2} --json"));
    assert_eq!(code(&output), 6, "{}", stderr(&output));
    assert!(stderr(&output).starts_with("error: P0/P0_0001.png: "));
    let result: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(result["failures"], serde_json::json!(["P0/P0_0001.png"]));
    assert_eq!(result["n_failed"], 1);
    let output = eval(dir.path(), VIEW_2);
    let told = stdout(&output);
    assert!(
        told.contains("1 failed to enrol") && told.contains("\n  P0/P0_0001.png\n"),
        "{told}"
    );
}

#[test]
fn models_stand_side_by_side_and_in_a_report() {
    let dir = tempfile::tempdir().unwrap();
    bench(dir.path(), &["one", "two"]);
    fs::write(dir.path().join("pairs.txt"), lfw_list(0..N_FOLDS)).unwrap();
    let line = format!("{VIEW_2} --embedder one --embedder two --report out/report");
    let output = eval(dir.path(), &line);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let table = stdout(&output);
    let head = table.lines().nth(2).unwrap();
    assert_eq!(head.split_whitespace().collect::<Vec<_>>(), ["one", "two"]);
    assert!(stderr(&output).ends_with("report: out/report/report.html\n"));
    let report = dir.path().join("out/report");
    let page = fs::read_to_string(report.join("report.html")).unwrap();
    // Pictures are read from where they are, and the command is there to be run again.
    assert!(!page.contains("data:image"));
    assert!(page.contains("--embedder one --embedder two"));
    if page.contains("<img") {
        assert!(page.contains("src=\"../../images/P"), "pictures by link");
    }
    for file in ["report.md", "report.json"] {
        assert!(
            fs::read_to_string(report.join(file))
                .unwrap()
                .contains("two"),
            "{file}"
        );
    }
    // The report feeds the table of published figures.
    let output = run(dir.path(), &["eval", "table", "out/report/report.json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let table = stdout(&output);
    assert_eq!(table.lines().count(), 1 + 16 + 2, "{table}");
    assert!(table.contains("one (cosine, flip off)"), "{table}");
}

#[test]
fn a_matcher_of_view_1_is_saved_and_used() {
    let dir = tempfile::tempdir().unwrap();
    bench(dir.path(), &["random_embedder"]);
    fs::write(dir.path().join("pairs.txt"), lfw_list(0..2)).unwrap();
    fs::write(dir.path().join("pairsDevTrain.txt"), lfw_list(0..1)).unwrap();
    fs::write(dir.path().join("pairsDevTest.txt"), lfw_list(1..2)).unwrap();
    let line = "lfw --images images --pairs pairsDevTest.txt --json";
    let of_file = format!("{line} --matcher-file m.json");
    // The centre and a projection are part of what is saved.
    for method in [
        "--center folds --pca 3",
        "--matcher siamese --center folds",
        "--matcher siamese",
    ] {
        let view_1 = format!("{line} {method}");
        let learned = json(&eval(dir.path(), &view_1));
        assert_eq!(learned["protocol"], "lfw-view1");
        assert_eq!(learned["on_dev"]["n"], 8);
        let saved = eval(dir.path(), &format!("{view_1} --save-matcher m.json"));
        assert_eq!(
            json(&saved)["threshold_mean"],
            learned["threshold_mean"],
            "saving changes nothing"
        );
        let used = json(&eval(dir.path(), &of_file));
        for key in ["accuracy", "auc", "threshold_mean", "matcher", "folds"] {
            assert_eq!(used[key], learned[key], "{method}: {key}");
        }
    }
    let other_length = format!("{of_file} --flip concat");
    let output = eval(dir.path(), &other_length);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("m.json was fitted on features of 32 values, these have 64"),
        "{}",
        stderr(&output)
    );
    fs::write(dir.path().join("m.json"), "{}").unwrap();
    assert_eq!(code(&eval(dir.path(), &of_file)), 4);
}

#[test]
fn videos_are_compared_in_three_ways() {
    let dir = tempfile::tempdir().unwrap();
    bench(dir.path(), &["random_embedder"]);
    let mut splits = "split number, pair number, first, second, same\n".to_owned();
    for fold in 0..N_FOLDS {
        let mut row = 0;
        for (pairs, mated) in pairs_of(fold).into_iter().zip([1, 0]) {
            for (a, i, b, j) in pairs {
                row += 1;
                let split = fold + 1;
                writeln!(splits, "{split}, {row}, P{a}/{i}, P{b}/{j}, {mated}").unwrap();
                for (person, video) in [(a, i), (b, j)] {
                    for frame in 0..3 {
                        let name = format!("videos/P{person}/{video}/{video}.{frame}.png");
                        let face = face(person, 2 * video + frame);
                        let picture = draw_faces(128, 128, &[face]);
                        write_png(&dir.path().join(name), &picture);
                    }
                }
            }
        }
    }
    fs::write(dir.path().join("splits.txt"), splits).unwrap();
    let line = "ytf --videos videos --splits splits.txt --json --video-score";
    let auc = |how: &str| {
        let result = json(&eval(dir.path(), &format!("{line} {how}")));
        assert_eq!(result["protocol"], "ytf");
        assert_eq!(result["n_pairs"], 24);
        result["threshold_mean"].as_f64().unwrap()
    };
    // The best of the scores is above their mean; one frame alone is all three at once.
    assert!(auc("best-frame") > auc("all-frames"));
    let ways = ["mean", "best-frame", "all-frames"];
    let of_one_frame = ways.map(|how| auc(&format!("{how} --frames 1")));
    for threshold in of_one_frame {
        assert!(
            (threshold - of_one_frame[0]).abs() < 1e-12,
            "{of_one_frame:?}"
        );
    }
    let output = eval(dir.path(), &format!("{line} best-frame --matcher siamese"));
    assert_eq!(code(&output), 2, "{}", stderr(&output));
}

#[test]
fn what_cannot_be_is_told_before_the_work() {
    let dir = tempfile::tempdir().unwrap();
    bench(dir.path(), &["random_embedder"]);
    fs::write(dir.path().join("pairs.txt"), lfw_list(0..2)).unwrap();
    fs::write(dir.path().join("bad.txt"), "1\nP0\t1\t2\nP0\t1\tP1\n").unwrap();
    fs::write(dir.path().join("lost.txt"), "1\nP0\t1\t9\n").unwrap();
    fs::write(dir.path().join("list.csv"), csv_list()).unwrap();
    fs::write(dir.path().join("a.bin"), "no pickle").unwrap();
    for (line, expected, says) in [
        (
            "lfw --images images --pairs bad.txt",
            4,
            "bad.txt, line 3: expected",
        ),
        (
            "lfw --images images --pairs lost.txt",
            4,
            "lost.txt, line 2: expected",
        ),
        (
            "lfw --images images --pairs pairs.txt --view 1",
            2,
            "list of View 2",
        ),
        (
            "lfw --images images --pairs pairs.txt --save-matcher m",
            2,
            "View 1",
        ),
        ("bin a.bin", 4, "a.bin, byte 0"),
        (
            "pairs list.csv --images images --matcher lda",
            2,
            "who is who",
        ),
        (
            "pairs list.csv --images images --matcher lda --thresholds grid",
            2,
            "grid",
        ),
        (
            "pairs list.csv --images images --pca 500",
            2,
            "at least 500 needed",
        ),
        ("table pairs.txt", 4, "pairs.txt: "),
    ] {
        let output = match line.starts_with("table") {
            true => run(dir.path(), &["eval", "table", "pairs.txt"]),
            false => eval(dir.path(), line),
        };
        assert_eq!(code(&output), expected, "{line}: {}", stderr(&output));
        assert!(
            stderr(&output).contains(says),
            "{line}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn the_published_table_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    let table = stdout(&run(dir.path(), &["eval", "table"]));
    let ends: Vec<&str> = [0, 1, 16].map(|i| table.lines().nth(i).unwrap()).to_vec();
    insta::assert_snapshot!(ends.join("\n"), @r"
    METHOD                  MODELS  TRAINED ON  LFW %  YTF %
    DeepFace                3       4M          97.35  91.4
    SphereFace              1       WebFace     99.42  95.0
    ");
}

/// So many mated and as many non-mated pairs of a list of View 1.
fn start_of(list: &Path, n: usize) -> String {
    let list = fs::read_to_string(list).unwrap();
    let mut lines = list.lines();
    let n_mated: usize = lines.next().unwrap().trim().parse().unwrap();
    let pairs: Vec<&str> = lines.collect();
    let (mated, non_mated) = pairs.split_at(n_mated);
    let kept: Vec<&str> = mated[..n].iter().chain(&non_mated[..n]).copied().collect();
    format!("{n}\n{}\n", kept.join("\n"))
}

#[test]
fn photos_of_view_1_are_told_apart() {
    let Some(models) = models("LFW View 1 on real photos") else {
        return;
    };
    let lfw = models.join("../data/lfw-view1").canonicalize().unwrap();
    let dir = tempfile::tempdir().unwrap();
    for (name, n) in [("pairsDevTrain.txt", 12), ("pairsDevTest.txt", 6)] {
        fs::write(dir.path().join(name), start_of(&lfw.join(name), n)).unwrap();
    }
    let (images, crops) = (lfw.join("images"), lfw.join("crops"));
    let args = [
        "eval",
        "lfw",
        "--images",
        images.to_str().unwrap(),
        "--pairs",
        "pairsDevTest.txt",
        "--dev-images",
        crops.to_str().unwrap(),
        "--dev-faces",
        "aligned",
        "--cache",
        "cache",
        "--json",
    ];
    let output = run_with_models(dir.path(), &models, &args);
    let result = json(&output);
    assert_eq!(result["n_pairs"], 12);
    assert_eq!(result["n_failed"], 0);
    assert!(result["accuracy"].as_f64().unwrap() > 0.9, "{result}");
    assert!(result["on_dev"]["accuracy"].as_f64().unwrap() > 0.9);
    let again = run_with_models(dir.path(), &models, &args);
    assert_eq!(stdout(&again), stdout(&output));
}
