//! `lineament eval` beyond pairs, on drawn faces and networks of random weights.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lineament_data::DataLimits;
use lineament_data::lists::megaface::read_features;
use lineament_testkit::draw_faces;
use serde_json::{Value, json};
use support::bench::{eval, face, json, told, write_embedders};
use support::{code, run, stderr, stdout, write_png};

const N_PEOPLE: usize = 6;
const N_IMAGES: usize = 3;

/// `set/`: people with images that are all the same, so that every score with a mate is 1; one
/// person of a single image; and one image of nobody known.
fn copies(folder: &Path) {
    write_embedders(folder, &["random_embedder"]);
    for person in 0..N_PEOPLE {
        for number in 0..N_IMAGES {
            draw(&folder.join(format!("set/P{person}/{number}.png")), person);
        }
    }
    draw(&folder.join("set/Alone/0.png"), N_PEOPLE);
    draw(&folder.join("set/nobody.png"), N_PEOPLE + 1);
}

fn draw(path: &Path, person: usize) {
    write_png(path, &draw_faces(128, 128, &[face(person, 1)]));
}

#[test]
fn every_protocol_has_help() {
    let dir = tempfile::tempdir().unwrap();
    let protocols = [
        "identify", "cluster", "detect", "fairness", "megaface", "ijbb", "ijbc", "blufr",
    ];
    for protocol in protocols {
        let output = run(dir.path(), &["eval", protocol, "--help"]);
        assert_eq!(code(&output), 0, "{protocol}");
        assert!(stdout(&output).contains("Exit codes:"), "{protocol}");
    }
}

#[test]
fn copies_of_a_face_are_identified() {
    let dir = tempfile::tempdir().unwrap();
    copies(dir.path());
    let output = eval(dir.path(), "identify set --unknown 0.5 --fpir 0.2 --json");
    let result = json(&output);
    assert_eq!(result["protocol"], "identify-set");
    assert_eq!(result["n_gallery"], 3);
    // Two images each of the three enrolled; three each of the others, and the one alone.
    assert_eq!(result["n_mated"], 6);
    assert_eq!(result["n_non_mated"], 10);
    assert_eq!(result["rank_rate"], json!({"1": 1.0, "5": 1.0, "10": 1.0}));
    assert_eq!(result["fnir_at_fpir"]["2e-1"], 0.0);
    assert_eq!(result["dir_at_fpir"]["2e-1"], 1.0);
    assert_eq!(result["n_failed"], 0);
    assert_eq!(result["choices"]["Faces"], "aligned images");
    assert!(result["command"].as_str().unwrap().contains("identify set"));
    let again = eval(dir.path(), "identify set --unknown 0.5 --fpir 0.2 --json");
    assert_eq!(stdout(&again), stdout(&output), "from the cache");
    let people = eval(dir.path(), "identify set --fpir 0.2 --report report");
    let table = stdout(&people);
    assert!(table.starts_with("Identification: 16 searches, 6 mated and 10 non-mated\n"));
    assert!(table.contains("Rank-5 rate") && table.contains("1 image shows nobody known"));
    let page = fs::read_to_string(dir.path().join("report/report.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("identify set"));
}

#[test]
fn a_gallery_of_its_own_is_searched() {
    let dir = tempfile::tempdir().unwrap();
    copies(dir.path());
    for person in [0, 1] {
        draw(&dir.path().join(format!("known/P{person}/a.png")), person);
    }
    fs::write(dir.path().join("set/P0/0.png"), "not an image").unwrap();
    let output = eval(dir.path(), "identify set --gallery known --fpir 0.2 --json");
    assert!(told(&output, 6).starts_with("error: P0/0.png: "));
    let result: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(result["n_gallery"], 2);
    assert_eq!(
        (&result["n_mated"], &result["n_non_mated"]),
        (&6.into(), &13.into())
    );
    assert_eq!(result["failures"], json!(["P0/0.png"]));
    // A probe that cannot be read is a miss.
    let rate = result["rank_rate"]["1"].as_f64().unwrap();
    assert!((rate - 5.0 / 6.0).abs() < 1e-12, "{rate}");
    let output = eval(dir.path(), "identify set --gallery known --shots 2");
    assert!(told(&output, 2).contains("--gallery"));
}

#[test]
fn other_rejecters_decide_otherwise() {
    let dir = tempfile::tempdir().unwrap();
    copies(dir.path());
    let line = "identify set --fpir 0.2 --tail-size 2 --reject-by probe-tail --unknown 0.2 --json";
    let result = json(&eval(dir.path(), line));
    assert_eq!(result["rejecter"], "probe-tail");
    assert_eq!(result["rank_rate"]["1"], 1.0);
    let output = eval(dir.path(), "identify set --reject-by open-max");
    assert!(told(&output, 2).contains("20 images of each person enrolled, and --shots is 1"));
    let output = eval(dir.path(), "identify set --fpir 0");
    assert!(told(&output, 2).contains("--fpir"));
    let output = eval(dir.path(), "identify set --shots 9");
    assert!(told(&output, 2).contains("persons with more items than shots"));
}

#[test]
fn copies_of_a_face_are_clusters() {
    let dir = tempfile::tempdir().unwrap();
    copies(dir.path());
    fs::write(dir.path().join("set/P5/2.png"), "not an image").unwrap();
    for algorithm in ["whispers", "linkage", "dbscan", "hdbscan", "components"] {
        let option = match algorithm {
            "hdbscan" => "--min-group 2",
            _ => "--threshold 0.999999",
        };
        let line = format!("cluster set --algorithm {algorithm} {option} --json");
        let output = eval(dir.path(), &line);
        assert!(told(&output, 6).contains("P5/2.png"), "{algorithm}");
        let result: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(result["n_images"], 20);
        assert_eq!(result["n_unlabelled"], 1);
        assert_eq!(result["n_people"], 7);
        assert_eq!(result["failures"], json!(["P5/2.png"]));
        // Without a threshold, an image of nobody else belongs to the group that it leaves last.
        let n_joined = if algorithm == "hdbscan" { 3.0 } else { 0.0 };
        let precision = result["pairwise"]["precision"].as_f64().unwrap();
        assert!(
            (precision - 16.0 / (16.0 + n_joined)).abs() < 1e-12,
            "{algorithm}: {precision}"
        );
        // 16 of 18 pairs; of 19 images all are found by all, but for those of P5.
        let recall = |of: &str| result[of]["recall"].as_f64().unwrap();
        assert!(
            (recall("pairwise") - 16.0 / 18.0).abs() < 1e-12,
            "{algorithm}"
        );
        assert!(
            (recall("bcubed") - (16.0 + 5.0 / 3.0) / 19.0).abs() < 1e-12,
            "{algorithm}"
        );
    }
    let output = eval(
        dir.path(),
        "cluster set --algorithm hdbscan --threshold 0.5",
    );
    assert!(told(&output, 2).contains("HDBSCAN has no threshold"));
    let table = stdout(&eval(dir.path(), "cluster set --threshold 0.999999"));
    assert!(
        table.starts_with("Clustering: 20 images of 7 people\n"),
        "{table}"
    );
    assert!(table.contains("1 failed to enrol, each a cluster of its own:\n  P5/2.png\n"));
    let output = eval(dir.path(), "cluster set");
    assert!(
        told(&output, 2).contains("--threshold"),
        "there is no calibration"
    );
    let line = "cluster set --algorithm linkage --max-faces 5 --threshold 0.5";
    assert!(told(&eval(dir.path(), line), 2).contains("average linkage takes 5 rows at most"));
}

/// Pairs of three groups of two people each: within a group and across.
fn pairs(folder: &Path) {
    let mut list = "first,second,mated,first_person,second_person\n".to_owned();
    for person in 0..N_PEOPLE {
        writeln!(
            list,
            "P{person}/0.png,P{person}/1.png,1,P{person},P{person}"
        )
        .unwrap();
        let other = person ^ 1;
        writeln!(list, "P{person}/0.png,P{other}/2.png,0,P{person},P{other}").unwrap();
        let across = (person + 2) % N_PEOPLE;
        writeln!(
            list,
            "P{person}/1.png,P{across}/2.png,0,P{person},P{across}"
        )
        .unwrap();
    }
    fs::write(folder.join("pairs.csv"), list).unwrap();
    let groups = "person,age\nP0,old\nP1,old\nP2,young\nP3,young\nP4,\nP5,\n";
    fs::write(folder.join("groups.csv"), groups).unwrap();
}

#[test]
fn groups_have_their_own_rates() {
    let dir = tempfile::tempdir().unwrap();
    copies(dir.path());
    pairs(dir.path());
    fs::write(dir.path().join("set/P2/0.png"), "not an image").unwrap();
    let line = "fairness pairs.csv --images set --groups groups.csv --by age --json";
    let output = eval(dir.path(), &format!("{line} --threshold 0.999999"));
    assert!(told(&output, 6).contains("P2/0.png"));
    let result: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(result["column"], "age");
    assert_eq!(result["n_pairs"], 18);
    assert_eq!(result["n_failed"], 2);
    assert_eq!(result["across"]["fmr"]["n"], 2);
    let names: Vec<&Value> = [0, 1]
        .iter()
        .map(|i| &result["groups"][i]["name"])
        .collect();
    assert_eq!(names, ["old", "young"]);
    // One of two mated pairs of the young failed.
    assert_eq!(result["groups"][0]["fnmr"]["rate"], 0.0);
    assert_eq!(result["groups"][1]["fnmr"]["rate"], 0.5);
    assert_eq!(result["groups"][1]["fmr"]["rate"], 0.0);
    assert_eq!(result["fnmr_spread"]["greatest"], "young");
    let for_people = line.replace("--json", "--threshold 0.999999");
    let table = eval(dir.path(), &for_people);
    let table = stdout(&table);
    let row = |name: &str| {
        table
            .lines()
            .find(|l| l.starts_with(name))
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        row("AGE").split_whitespace().collect::<Vec<_>>(),
        ["AGE", "FMR", "FNMR"]
    );
    assert!(row("young").contains("50.00"), "{table}");
    // Everybody is accepted.
    let result = eval(dir.path(), &format!("{line} --threshold -1"));
    let result: Value = serde_json::from_str(&stdout(&result)).unwrap();
    assert_eq!(result["groups"][0]["fmr"]["rate"], 1.0);
    let output = eval(dir.path(), &format!("{line} --matcher siamese"));
    assert!(told(&output, 2).contains("--matcher-file"));
    let folds = fs::read_to_string(dir.path().join("pairs.csv")).unwrap();
    let folds = folds.lines().enumerate().map(|(i, row)| match i {
        0 => format!("{row},fold\n"),
        _ => format!("{row},{}\n", (i - 1) / 9),
    });
    fs::write(dir.path().join("pairs.csv"), folds.collect::<String>()).unwrap();
    for method in ["--matcher siamese", "--center folds", "--pca 2 --whiten"] {
        let output = eval(dir.path(), &format!("{line} {method} --fmr 0.5"));
        let result: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(result["n_pairs"], 18, "{method}");
        assert!(
            result["all"]["fmr"]["rate"].as_f64().unwrap() <= 0.5,
            "{method}"
        );
        let is_siamese = result["choices"]["Matcher"] == "siamese";
        assert_eq!(is_siamese, method.contains("siamese"));
    }
    let output = eval(dir.path(), "fairness pairs.csv --images set");
    assert!(told(&output, 2).contains("pairs.csv names no groups"));
    let output = eval(dir.path(), &line.replace("--by age", "--by size"));
    assert!(told(&output, 4).contains("groups.csv, line 1: expected a header with"));
    fs::write(dir.path().join("groups.csv"), "person,age\nSomebody,old\n").unwrap();
    assert!(told(&eval(dir.path(), line), 4).contains("nobody in pairs is in a group"));
    let two = "first,second,mated,group\nP0/0.png,P0/1.png,1,a\nP0/0.png,P1/0.png,0,b\n";
    fs::write(dir.path().join("pairs.csv"), two).unwrap();
    let output = eval(dir.path(), "fairness pairs.csv --images set");
    assert!(told(&output, 4).contains("pairs.csv, line 3: expected P0/0.png in the group a"));
}

#[test]
fn mates_are_found_among_distractors() {
    let dir = tempfile::tempdir().unwrap();
    copies(dir.path());
    let list = |people: std::ops::Range<usize>, numbers: std::ops::Range<usize>| {
        let of = people.flat_map(|p| numbers.clone().map(move |n| (p, n)));
        let (paths, ids): (Vec<String>, Vec<String>) = of
            .map(|(p, n)| (format!("P{p}/{n}.png"), format!("P{p}")))
            .unzip();
        json!({"path": paths, "id": ids}).to_string()
    };
    fs::write(dir.path().join("probes.json"), list(0..3, 0..2)).unwrap();
    fs::write(dir.path().join("others.json"), list(3..6, 0..3)).unwrap();
    fs::write(dir.path().join("noises.txt"), "# left out\nP5/2.png\n").unwrap();
    fs::write(dir.path().join("set/P4/2.png"), "not an image").unwrap();
    let line = "megaface --probes probes.json --probe-images set --distractors others.json \
                --distractor-images set --distractor-noises noises.txt --sizes 2,8,100";
    let output = eval(dir.path(), &format!("{line} --json --write-features out"));
    assert!(told(&output, 6).contains("P4/2.png"));
    let result: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(result["n_probes"], 6);
    assert_eq!(result["n_searches"], 6);
    assert_eq!(
        (&result["n_distractors"], &result["n_distractors_failed"]),
        (&8.into(), &1.into())
    );
    assert_eq!(
        result["rank_1"],
        json!({"2": 1.0, "8": 1.0}),
        "100 were not reached"
    );
    assert_eq!(result["distractor_failures"], json!(["P4/2.png"]));
    assert_eq!(
        result["choices"]["Left out as noise"],
        "0 probes, 1 distractors"
    );
    let feature = |name: &str| {
        let path = dir.path().join(format!("out/{name}.bin"));
        read_features(&path, &DataLimits::default()).unwrap()
    };
    assert_eq!(feature("P0/0.png"), feature("P0/1.png"));
    assert_ne!(feature("P0/0.png"), feature("P3/0.png"));
    assert!(!dir.path().join("out/P5/2.png.bin").exists());
    // The files that were written, as another program's.
    let lists = "megaface --probes probes.json --distractors others.json \
                 --distractor-noises noises.txt --sizes 2,8,100";
    let output = eval_given(dir.path(), &format!("{lists} --features out --json"));
    // A file that is not there is a face that was not found.
    let again = json(&output);
    assert_eq!(again["distractor_failures"], json!(["P4/2.png"]));
    for key in [
        "n_probes",
        "n_searches",
        "n_distractors",
        "rank_1",
        "tar_at_far",
    ] {
        assert_eq!(again[key], result[key], "{key}");
    }
    assert_eq!(again["choices"]["Faces"], "features in out");
    let output = eval_given(dir.path(), &format!("{lists} --features out --flip sum"));
    assert!(told(&output, 2).contains("mirror images"));
    fs::write(dir.path().join("out/P0/0.png.bin"), "not a feature").unwrap();
    let output = eval_given(dir.path(), &format!("{lists} --features out"));
    assert!(told(&output, 6).contains("P0/0.png.bin, byte 0"));
    let output = eval(dir.path(), &line.replace("2,8,100", "8,2"));
    assert!(told(&output, 2).contains("--sizes"));
    fs::write(
        dir.path().join("others.json"),
        "{\"path\": [\"a.png\"], \"id\": [1]}",
    )
    .unwrap();
    assert!(told(&eval(dir.path(), line), 4).contains("others.json, entry 0"));
}

#[test]
fn embeddings_of_another_program_are_evaluated() {
    let dir = tempfile::tempdir().unwrap();
    copies(dir.path());
    pairs(dir.path());
    let golden = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../reference/golden/data_embeddings.json"
    );
    let golden: Value = serde_json::from_str(&fs::read_to_string(golden).unwrap()).unwrap();
    let bytes = BASE64.decode(golden["files"][0]["npz_base64"].as_str().unwrap());
    fs::write(dir.path().join("theirs.npz"), bytes.unwrap()).unwrap();
    let line = "fairness pairs.csv --images set --groups groups.csv --by age --fmr 0.5 --json";
    let output = eval_given(dir.path(), &format!("{line} --embeddings theirs.npz"));
    // One of them says that no face was found.
    let result = json(&output);
    let failures = result["failures"].as_array().unwrap();
    assert!(failures.contains(&"P1/1.png".into()), "{failures:?}");
    assert_eq!(result["model"]["name"], "theirs");
    assert_eq!(result["model"]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(result["choices"]["Faces"], "embeddings of theirs.npz");
    assert_eq!(
        (&result["flip"], &result["n_failed"]),
        (&"sum".into(), &2.into())
    );
    let output = eval_given(dir.path(), "cluster set --embeddings theirs.npz");
    assert!(told(&output, 2).contains("calibration"));
    let output = eval_given(dir.path(), "cluster set --embeddings pairs.csv");
    assert!(told(&output, 4).contains("pairs.csv"));
}

/// `lineament eval` without a network.
fn eval_given(folder: &Path, line: &str) -> Output {
    let words: Vec<&str> = std::iter::once("eval")
        .chain(line.split_whitespace())
        .collect();
    run(folder, &words)
}

/// Lists of IJB-C over `set/`: a gallery of P0 and one of P1, probes of both and of P2.
fn ijb_lists(folder: &Path) {
    let header = "TEMPLATE_ID,SUBJECT_ID,FILENAME,SIGHTING_ID\n";
    let list = |rows: &[&str]| format!("{header}{}\n", rows.join("\n"));
    let files = [
        (
            "1N_gallery_G1",
            list(&["1,70,P0/0.png,a", "1,70,P0/1.png,b"]),
        ),
        ("1N_gallery_G2", list(&["2,71,P1/0.png,c"])),
        (
            "1N_probe_mixed",
            list(&[
                "3,70,P0/2.png,d",
                "4,71,P1/1.png,e",
                "4,71,P1/2.png,e",
                "5,72,P2/0.png,f",
            ]),
        ),
        ("11_G1_G2_matches", "1,3\n1,4\n2,4\n2,3\n1,5\n".to_owned()),
    ];
    for (name, text) in files {
        let path = folder.join(format!("lists/ijbc_{name}.csv"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn templates_are_compared_and_searched_for() {
    let dir = tempfile::tempdir().unwrap();
    copies(dir.path());
    ijb_lists(dir.path());
    let line = "ijbc --lists lists --images set";
    let output = eval(dir.path(), &format!("{line} --json"));
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let results: Vec<Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [verification, identification] = results.as_slice() else {
        unreachable!("one object for 1:1 and one for 1:N: {results:?}");
    };
    assert_eq!(verification["protocol"], "ijbc-verify");
    assert_eq!(verification["n_templates"], 5);
    assert_eq!(
        (&verification["n_mated"], &verification["n_non_mated"]),
        (&2.into(), &3.into())
    );
    assert_eq!(verification["auc"], 1.0);
    assert_eq!(identification["protocol"], "ijbc-identify");
    let galleries = &identification["galleries"];
    assert_eq!(galleries["G1"]["n_mated"], 1);
    assert_eq!(galleries["G1"]["n_non_mated"], 2);
    assert_eq!(galleries["G2"]["rank_rate"]["1"], 1.0);
    assert_eq!(identification["mean"]["rank_rate"]["1"], 1.0);
    // One task alone, for people; and templates without a face.
    fs::write(dir.path().join("set/P2/0.png"), "not an image").unwrap();
    let output = eval(dir.path(), &format!("{line} --task verify"));
    assert!(told(&output, 6).contains("P2/0.png"));
    let table = stdout(&output);
    assert!(
        table.starts_with("IJB-C, 1:1: 5 pairs, 2 mated and 3 non-mated\n"),
        "{table}"
    );
    assert!(
        table.contains("\n  template 5\n") && !table.contains("1:N"),
        "{table}"
    );
    let matches = dir.path().join("lists/ijbc_11_G1_G2_matches.csv");
    fs::write(matches, "1,3\n1,9\n").unwrap();
    let output = eval(dir.path(), line);
    assert!(told(&output, 4).contains("ijbc_11_G1_G2_matches.csv, line 2"));
    assert_eq!(
        code(&eval(dir.path(), "ijbb --lists lists --images set")),
        4
    );
}

#[test]
fn packed_templates_are_told_apart_by_the_galleries() {
    let dir = tempfile::tempdir().unwrap();
    copies(dir.path());
    ijb_lists(dir.path());
    let lists = dir.path().join("lists");
    let faces = [
        ("P0/0.png", 1, 1),
        ("P0/1.png", 1, 2),
        ("P1/0.png", 2, 3),
        ("P0/2.png", 3, 4),
        ("P1/1.png", 4, 5),
        ("P1/2.png", 4, 5),
        ("P2/0.png", 5, 6),
    ];
    let (mut names, mut points) = (String::new(), String::new());
    for (name, template, medium) in faces {
        writeln!(names, "{name} {template} {medium}").unwrap();
        writeln!(points, "{name} 40 50 80 50 60 75 45 90 75 90 0.9").unwrap();
    }
    fs::write(lists.join("ijbc_face_tid_mid.txt"), names).unwrap();
    fs::write(lists.join("ijbc_name_5pts_score.txt"), points).unwrap();
    let pairs = "1 3 1\n1 4 0\n2 4 1\n2 3 0\n1 5 0\n";
    fs::write(lists.join("ijbc_template_pair_label.txt"), pairs).unwrap();
    let auc = |form: &str| {
        let line = format!("ijbc --lists lists --images set --task verify --json --form {form}");
        json(&eval(dir.path(), &line))["auc"].clone()
    };
    assert_eq!(auc("packed"), auc("official"));
    // The packed lists come first where both are there; they need the others for who is who.
    fs::write(
        lists.join("ijbc_1N_gallery_G2.csv"),
        "TEMPLATE_ID,SUBJECT_ID,FILENAME\n",
    )
    .unwrap();
    let output = eval(dir.path(), "ijbc --lists lists --images set");
    assert!(told(&output, 4).contains("no list says whom template 2 shows"));
}

#[test]
fn trials_of_blufr_are_run() {
    let dir = tempfile::tempdir().unwrap();
    write_embedders(dir.path(), &["random_embedder"]);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference/golden");
    let golden = fs::read_to_string(golden.join("data_lists.json")).unwrap();
    let golden: Value = serde_json::from_str(&golden).unwrap();
    let case = &golden["blufr"]["mat"][0];
    fs::write(
        dir.path().join("blufr.mat"),
        BASE64.decode(case["file"].as_str().unwrap()).unwrap(),
    )
    .unwrap();
    let items = case["benchmark"]["items"].as_array().unwrap();
    for (i, item) in items.iter().enumerate() {
        let path = dir.path().join(item[2][0].as_str().unwrap());
        write_png(&path, &draw_faces(128, 128, &[face(i, 1)]));
    }
    let images = case["images"].as_str().unwrap();
    let line = format!("blufr --config blufr.mat --images {images}");
    let result = json(&eval(dir.path(), &format!("{line} --json")));
    assert_eq!(result["protocol"], "blufr");
    let trials = result["trials"].as_array().unwrap();
    assert_eq!(trials.len(), 2);
    // Of the test images of the first trial, two show Cy.
    assert_eq!(trials[0]["n_mated"], 1);
    assert_eq!(trials[0]["n_non_mated"], 5);
    assert_eq!(
        (
            &trials[0]["n_mated_searches"],
            &trials[0]["n_non_mated_searches"]
        ),
        (&1.into(), &1.into())
    );
    assert_eq!(
        result["vr_at_far"],
        json!({}),
        "five pairs cannot measure 0.1 %"
    );
    let output = eval(dir.path(), &format!("{line} --matcher siamese"));
    assert!(told(&output, 2).contains("learns from pairs"));
    let output = eval(dir.path(), "blufr --config blufr.mat --images nowhere");
    assert!(told(&output, 4).contains("Ada_0001.jpg"));
    fs::write(dir.path().join("blufr.mat"), "no matrix").unwrap();
    assert!(told(&eval(dir.path(), &line), 4).contains("blufr.mat, byte"));
}
