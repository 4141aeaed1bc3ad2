//! `lineament dataset` on drawn images and, where they are at hand, on real crops.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;

use lineament::RgbImage;
use lineament_data::{
    Columns, DataLimits, LabelledSet, ListFormat, ListWriter, Sample, SetKind, Start,
};
use lineament_testkit::{DrawnFace, draw_faces};
use serde_json::Value;
use support::{
    code, models, no_face, one_face, run, run_with_models, stderr, stdout, two_faces, write_png,
};

fn json(output: &Output) -> Value {
    assert!(!output.stdout.is_empty(), "{}", stderr(output));
    serde_json::from_str(&stdout(output)).unwrap()
}

/// A picture of one colour, so that no two are equal.
fn plain(shade: u8) -> RgbImage {
    RgbImage::filled(8, 6, [shade, 90, 200])
}

/// `set/`: Ada with three images, Bob with two, Cem with one, and one of nobody known.
fn small_set(dir: &Path) {
    for (name, shade) in [
        ("Ada/1.png", 1),
        ("Ada/2.png", 2),
        ("Ada/10.png", 3),
        ("Bob/1.png", 4),
        ("Bob/2.png", 5),
        ("Cem/1.png", 6),
        ("somebody.png", 7),
    ] {
        write_png(&dir.join("set").join(name), &plain(shade));
    }
}

fn samples(path: &Path) -> Vec<Sample> {
    let set = LabelledSet::open(path, None, &DataLimits::default()).unwrap();
    set.samples().map(Result::unwrap).collect()
}

/// Who is shown, and the bytes of the image.
fn contents(path: &Path) -> Vec<(Option<String>, lineament_data::Picture)> {
    let content = |sample: Sample| {
        let picture = sample.image.read(&DataLimits::default()).unwrap();
        (sample.person.map(|person| person.to_string()), picture)
    };
    samples(path).into_iter().map(content).collect()
}

#[test]
fn every_subcommand_has_help() {
    let dir = tempfile::tempdir().unwrap();
    for command in [
        "info", "check", "convert", "align", "split", "dedupe", "overlap", "clean",
    ] {
        let output = run(dir.path(), &["dataset", command, "--help"]);
        assert_eq!(code(&output), 0, "{command}");
        assert!(stdout(&output).contains("Exit codes:"), "{command}");
    }
}

#[test]
fn info_counts() {
    let dir = tempfile::tempdir().unwrap();
    small_set(dir.path());
    let output = run(dir.path(), &["dataset", "info", "set", "--json"]);
    assert_eq!(code(&output), 0);
    let told = json(&output);
    assert_eq!(told["kind"], "folder");
    assert_eq!(told["counts"]["n_images"], 7);
    assert_eq!(told["counts"]["n_unlabelled"], 1);
    assert_eq!(told["counts"]["images_per_person"]["median"], 2.0);
    assert_eq!(told["counts"]["histogram"][0]["n_people"], 1);
    assert_eq!(told["look"]["sizes"]["8×6"], 7);
    let table = stdout(&run(dir.path(), &["dataset", "info", "set"]));
    assert!(table.contains("with one     1 people"), "{table}");
    assert!(table.contains("formats      PNG 100 %"), "{table}");
    let output = run(dir.path(), &["dataset", "info", "nowhere"]);
    assert_eq!(code(&output), 4);
    assert!(stderr(&output).contains("nowhere"));
}

#[test]
fn check_tells_everything_that_is_broken() {
    let dir = tempfile::tempdir().unwrap();
    small_set(dir.path());
    let check = |path: &str| run(dir.path(), &["dataset", "check", path, "--json"]);
    assert_eq!(code(&check("set")), 0);
    let png = fs::read(dir.path().join("set/Ada/1.png")).unwrap();
    fs::write(dir.path().join("set/Bob/cut.png"), &png[..png.len() / 2]).unwrap();
    fs::write(dir.path().join("set/Bob/hers.png"), &png).unwrap();
    fs::create_dir(dir.path().join("set/Dee")).unwrap();
    let output = check("set");
    assert_eq!(code(&output), 6);
    let told = json(&output);
    let problems = told["problems"].as_array().unwrap();
    let kinds: Vec<&str> = problems
        .iter()
        .map(|p| p["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["undecodable", "shared_image", "empty_person"]);
    assert_eq!(problems[0]["name"], "Bob/cut.png");
    assert_eq!(problems[2]["name"], "Dee");

    fs::write(
        dir.path().join("list.csv"),
        "file,person\nset/Ada/1.png,Ada\ngone.png,Ada\n",
    )
    .unwrap();
    let output = check("list.csv");
    assert_eq!(code(&output), 6);
    let message = json(&output)["problems"][0]["message"].to_string();
    assert!(message.contains("list.csv, line 3"), "{message}");
}

#[test]
fn a_cut_record_is_told_of_by_its_place() {
    let dir = tempfile::tempdir().unwrap();
    small_set(dir.path());
    let convert = [
        "dataset", "convert", "set", "--out", "rec", "--to", "recordio",
    ];
    assert_eq!(code(&run(dir.path(), &convert)), 0);
    assert_eq!(code(&run(dir.path(), &["dataset", "check", "rec"])), 0);
    let records = dir.path().join("rec/train.rec");
    let whole = fs::read(&records).unwrap();
    fs::write(&records, &whole[..whole.len() / 2]).unwrap();
    let output = run(dir.path(), &["dataset", "check", "rec"]);
    assert_eq!(code(&output), 6);
    assert!(
        stderr(&output).contains("train.rec, byte "),
        "{}",
        stderr(&output)
    );
}

#[test]
fn sets_go_from_container_to_container() {
    let dir = tempfile::tempdir().unwrap();
    small_set(dir.path());
    let convert = |from: &str, to: &[&str]| {
        let output = run(
            dir.path(),
            &[&["dataset", "convert", from, "--out"], to].concat(),
        );
        assert_eq!(code(&output), 0, "{from} {to:?}: {}", stderr(&output));
        stdout(&output)
    };
    let known: Vec<_> = contents(&dir.path().join("set"))
        .into_iter()
        .filter(|(person, _)| person.is_some())
        .collect();
    let told = convert("set", &["lists/a.csv"]);
    assert_eq!(told, "lists/a.csv: 7 images\n");
    convert("lists/a.csv", &["b.parquet"]);
    let told = convert("b.parquet", &["c", "--to", "recordio"]);
    assert!(told.contains("1 of nobody known left out"), "{told}");
    convert("c", &["d.tsv"]);
    convert("d.tsv", &["e", "--to", "folder"]);
    for set in ["c", "d.tsv", "e"] {
        assert_eq!(contents(&dir.path().join(set)), known, "{set}");
    }
    for again in ["lists/a.csv", "d.tsv"] {
        let output = run(dir.path(), &["dataset", "convert", "set", "--out", again]);
        assert_eq!(code(&output), 7, "{again} is not replaced");
    }
    let folder = ["dataset", "convert", "set", "--to", "folder", "--out"];
    assert_eq!(code(&run(dir.path(), &[&folder[..], &["e"]].concat())), 7);
    assert_eq!(
        code(&run(dir.path(), &[&folder[..], &["set/in"]].concat())),
        2
    );
    assert_eq!(
        code(&run(
            dir.path(),
            &["dataset", "convert", "set", "--out", "x"]
        )),
        2
    );
}

#[test]
fn a_conversion_that_was_killed_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    small_set(dir.path());
    let convert = |set: &str, out: &str, more: &[&str]| {
        run(
            dir.path(),
            &[&["dataset", "convert", set, "--out", out], more].concat(),
        )
    };
    let list = "file,person\nset/Ada/1.png,Ada\nset/Bob/1.png,Bob\nset/Cem/1.png,Cem\n";
    fs::write(dir.path().join("some.csv"), list).unwrap();
    assert_eq!(code(&convert("some.csv", "whole.tsv", &[])), 0);
    let whole = fs::read(dir.path().join("whole.tsv")).unwrap();
    let part = dir.path().join("half.tsv.part");
    for kept in [0, 1, whole.len() / 2, whole.len() - 1] {
        fs::write(&part, &whole[..kept]).unwrap();
        let refused = convert("some.csv", "half.tsv", &[]);
        assert_eq!(code(&refused), 7, "an unfinished run is not thrown away");
        let output = convert("some.csv", "half.tsv", &["--resume"]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(
            fs::read(dir.path().join("half.tsv")).unwrap() == whole,
            "cut at {kept}"
        );
        fs::remove_file(dir.path().join("half.tsv")).unwrap();
    }
}

#[test]
fn people_are_split_by_the_seed() {
    let dir = tempfile::tempdir().unwrap();
    small_set(dir.path());
    let split = |out: &str, more: &[&str]| {
        run(
            dir.path(),
            &[&["dataset", "split", "set", "--out", out, "--json"], more].concat(),
        )
    };
    let output = split("parts", &["--val", "1", "--min-images", "2", "--seed", "5"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let told = json(&output);
    assert_eq!(told["parts"][0]["n_people"], 2);
    assert_eq!(told["parts"][1]["n_people"], 1);
    let [train, val] =
        ["train", "val"].map(|part| samples(&dir.path().join(format!("parts/{part}.csv"))));
    assert_eq!(train.len() + val.len(), 7);
    let person = val[0].person.clone().unwrap();
    assert!(["Ada", "Bob"].contains(&&*person));
    assert!(
        val.iter()
            .all(|sample| sample.split.as_deref() == Some("val"))
    );
    assert!(
        train
            .iter()
            .all(|sample| sample.person.as_ref() != Some(&person))
    );
    assert_eq!(code(&split("parts", &[])), 7, "lists are not replaced");
    split("again", &["--val", "1", "--min-images", "2", "--seed", "5"]);
    assert_eq!(
        fs::read(dir.path().join("again/val.csv")).unwrap(),
        fs::read(dir.path().join("parts/val.csv")).unwrap()
    );
    assert_eq!(code(&split("many", &["--val", "9"])), 4);
    assert_eq!(code(&split("odd", &["--val", "1.5"])), 2);

    let convert = ["dataset", "convert", "set", "--out", "faces.tsv"];
    assert_eq!(code(&run(dir.path(), &convert)), 0);
    let output = run(
        dir.path(),
        &["dataset", "split", "faces.tsv", "--out", "no"],
    );
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("dataset convert"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn copies_are_told_and_left_out_of_a_list() {
    let dir = tempfile::tempdir().unwrap();
    small_set(dir.path());
    let copy = |from: &str, to: &str| {
        fs::copy(
            dir.path().join("set").join(from),
            dir.path().join("set").join(to),
        )
        .unwrap();
    };
    copy("Ada/1.png", "Ada/11.png");
    copy("Bob/2.png", "Cem/2.png");
    let dedupe = [
        "dataset",
        "dedupe",
        "set",
        "--json",
        "--cleaned",
        "clean.csv",
    ];
    let output = run(dir.path(), &dedupe);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let told = json(&output);
    assert_eq!(told["groups"].as_array().unwrap().len(), 2);
    assert_eq!(told["groups"][0]["images"][0]["kept"], true);
    assert_eq!(told["groups"][1]["images"][0]["kept"], false);
    let names: Vec<String> = samples(&dir.path().join("clean.csv"))
        .into_iter()
        .map(|s| s.name)
        .collect();
    let expected = [
        "somebody.png",
        "Ada/1.png",
        "Ada/2.png",
        "Ada/10.png",
        "Bob/1.png",
        "Cem/1.png",
    ];
    assert_eq!(names, expected.map(|name| format!("set/{name}")));
    assert!(
        dir.path().join("set/Ada/11.png").exists(),
        "nothing is deleted"
    );
    assert_eq!(code(&run(dir.path(), &dedupe)), 7);
    assert_eq!(
        code(&run(dir.path(), &["dataset", "dedupe", "set", "--near=2"])),
        2
    );
}

#[test]
fn what_two_sets_share_is_told() {
    let dir = tempfile::tempdir().unwrap();
    small_set(dir.path());
    write_png(&dir.path().join("other/bob/new.png"), &plain(50));
    write_png(&dir.path().join("other/Eve/1.png"), &plain(2));
    let output = run(
        dir.path(),
        &["dataset", "overlap", "set", "other", "--json"],
    );
    assert_eq!(code(&output), 0);
    let told = json(&output);
    assert_eq!(told["images"].as_array().unwrap().len(), 1);
    assert_eq!(told["images"][0]["first"]["name"], "Ada/2.png");
    assert_eq!(told["images"][0]["second"]["person"], "Eve");
    assert_eq!(told["by_name"][0]["first"], "Bob");
    assert_eq!(told["by_name"][0]["second"], "bob");
    assert_eq!(told["by_face"], Value::Null);
}

#[test]
fn a_set_is_aligned_and_a_killed_run_goes_on() {
    let Some(models) = models("dataset align") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    write_png(&dir.path().join("set/Ada/a.png"), &one_face());
    write_png(&dir.path().join("set/Bob/b.png"), &two_faces());
    write_png(&dir.path().join("set/Bob/none.png"), &no_face());
    let align = |out: &str, more: &[&str]| {
        let args = [&["dataset", "align", "set", "--out", out][..], more].concat();
        run_with_models(dir.path(), &models, &args)
    };
    let output = align("whole", &[]);
    assert_eq!(code(&output), 6, "{}", stderr(&output));
    assert!(stderr(&output).contains("Bob/none.png: no face was found"));
    let crops = samples(&dir.path().join("whole"));
    let names: Vec<&str> = crops.iter().map(|sample| sample.name.as_str()).collect();
    assert_eq!(names, ["Ada/a.png", "Bob/b.png"]);
    for crop in &crops {
        // Drawn faces are not quite people's: the landmarks lie near the template's.
        let eye = crop.landmarks.unwrap().left_eye;
        assert!(
            (eye.x - 38.3).abs() < 6.0 && (eye.y - 51.7).abs() < 6.0,
            "{eye:?}"
        );
    }
    assert_eq!(code(&align("whole", &["--resume"])), 7, "it is complete");

    let journal = fs::read(dir.path().join("whole/faces.jsonl")).unwrap();
    let list = fs::read(dir.path().join("whole/list.csv")).unwrap();
    for kept in [journal.len() / 2, journal.len() - 1] {
        let half = dir.path().join("half");
        fs::create_dir_all(&half).unwrap();
        fs::write(half.join("faces.jsonl"), &journal[..kept]).unwrap();
        assert_eq!(
            code(&align("half", &[])),
            7,
            "an unfinished run is not thrown away"
        );
        assert_eq!(code(&align("half", &["--resume"])), 6);
        assert!(
            fs::read(half.join("faces.jsonl")).unwrap() == journal,
            "cut at {kept}"
        );
        assert!(
            fs::read(half.join("list.csv")).unwrap() == list,
            "cut at {kept}"
        );
        fs::remove_dir_all(half).unwrap();
    }
    let output = align("whole2", &["--template", "sphereface"]);
    assert_eq!(code(&output), 6);
}

#[test]
fn copies_that_were_changed_are_found_by_their_faces() {
    let Some(models) = models("dataset dedupe --near") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut other = DrawnFace::at(150.0, 120.0, 130.0);
    other.skin = [120, 80, 60];
    other.hair = [230, 200, 90];
    let brighter = |image: &RgbImage| {
        let pixels = image.pixels().iter().map(|value| value.saturating_add(3));
        RgbImage::new(image.width(), image.height(), pixels.collect()).unwrap()
    };
    write_png(&dir.path().join("set/Ada/a.png"), &one_face());
    write_png(&dir.path().join("set/Ada/b.png"), &brighter(&one_face()));
    write_png(
        &dir.path().join("set/Bob/c.png"),
        &draw_faces(320, 240, &[other]),
    );
    let dedupe = [
        "dataset",
        "dedupe",
        "set",
        "--json",
        "--near=0.97",
        "--cache",
        "cache",
    ];
    let output = run_with_models(dir.path(), &models, &dedupe);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let told = json(&output);
    assert_eq!(told["groups"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told["groups"][0]["kind"], "near");
    assert_eq!(told["groups"][0]["images"][1]["name"], "Ada/b.png");
    assert_eq!(told["n_dropped"], 1);
}

/// A list of six images each of four people, with one of them filed under the next person and one
/// person under two names.
fn noisy_list(train: &Path, list: &Path) -> (String, [String; 2]) {
    let set = LabelledSet::open(train, Some(SetKind::CsvList), &DataLimits::default()).unwrap();
    let mut people: Vec<(String, Vec<Sample>)> = Vec::new();
    for sample in set.samples().map(Result::unwrap) {
        let Some(person) = sample.person.as_deref() else {
            continue;
        };
        match people.iter_mut().find(|(name, _)| name == person) {
            Some((_, images)) => images.push(sample),
            None => people.push((person.to_owned(), vec![sample])),
        }
        if people
            .iter()
            .filter(|(_, images)| images.len() >= 8)
            .count()
            == 4
        {
            break;
        }
    }
    people.retain(|(_, images)| images.len() >= 8);
    let columns = Columns {
        landmarks: true,
        attributes: set.columns().attributes,
        ..Columns::default()
    };
    let mut writer = ListWriter::create(list, ListFormat::Csv, &columns, Start::Afresh).unwrap();
    let names: Vec<String> = people.iter().map(|(name, _)| name.clone()).collect();
    let mut moved = String::new();
    for (person_idx, (name, images)) in people.iter().enumerate() {
        for (image_idx, image) in images.iter().take(8).enumerate() {
            let mut image = image.clone();
            if (person_idx, image_idx) == (0, 3) {
                image.person = Some(names[1].as_str().into());
                moved.clone_from(&image.name);
            } else if person_idx == 3 && image_idx % 2 == 0 {
                image.person = Some(format!("{name} again").into());
            }
            writer.append_in_place(&image).unwrap();
        }
    }
    writer.finish().unwrap();
    (moved, [names[3].clone(), format!("{} again", names[3])])
}

#[test]
fn a_moved_image_and_a_person_of_two_names_are_found() {
    let Some(models) = models("dataset clean") else {
        return;
    };
    let train = models.with_file_name("data").join("train/list.csv");
    if !train.is_file() {
        return lineament_testkit::say_skipped("dataset clean on real crops");
    }
    let dir = tempfile::tempdir().unwrap();
    let (moved, twice) = noisy_list(&train, &dir.path().join("noisy.csv"));
    let faces = ["--faces", "aligned", "--cache", "cache", "--json"];
    let clean = [
        "dataset",
        "clean",
        "noisy.csv",
        "--out",
        "found",
        "--cleaned",
        "clean.csv",
        "--merge",
    ];
    let output = run_with_models(dir.path(), &models, &[&clean[..], &faces].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let told = json(&output);
    let suggestions = told["suggestions"].as_array().unwrap();
    let found = suggestions
        .iter()
        .find(|one| one["name"].as_str().unwrap().ends_with(&moved));
    assert_eq!(found.unwrap()["suggestion"], "other_person", "{told:#}");
    let pairs = told["alike"].as_array().unwrap();
    assert_eq!(pairs.len(), 1, "{told:#}");
    assert_eq!(pairs[0]["people"], serde_json::json!(twice));
    let written = fs::read_to_string(dir.path().join("found/suggestions.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), told);
    assert_eq!(
        samples(&dir.path().join("found/suggestions.csv")).len(),
        suggestions.len()
    );
    let cleaned = samples(&dir.path().join("clean.csv"));
    assert!(cleaned.iter().all(|sample| !sample.name.ends_with(&moved)));
    assert!(
        cleaned
            .iter()
            .all(|sample| sample.person.as_deref() != Some(&twice[1]))
    );

    let overlap = ["dataset", "overlap", "noisy.csv", "clean.csv", "--by-face"];
    let output = run_with_models(dir.path(), &models, &[&overlap[..], &faces].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let by_face = json(&output)["by_face"].as_array().unwrap().len();
    assert_eq!(
        by_face, 5,
        "four people, one of them with two names in the first set"
    );
}
