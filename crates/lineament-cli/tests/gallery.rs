//! `lineament gallery`: people kept, changed, moved and forgotten; with the models, also embedded again.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::Path;

use lineament_testkit::{DrawnFace, draw_faces};
use serde_json::{Value, json};
use support::{code, models, one_face, run, run_with_models, stderr, stdout, write_png};

/// An exported gallery of made-up people: Ada with two faces, Bob, and Cy who is merged into him.
fn export() -> String {
    let header = json!({
        "lineament_gallery": 1,
        "space": "test@1",
        "dimension": 4,
        "precision": "f32",
        "model_sha256": "00".repeat(32),
    });
    let person = |id: u32, name: &str, tags: Value, merged_into: Option<u32>| {
        json!({"person": {
            "id": id, "name": name, "tags": tags, "notes": "a\nb", "created_at": 7,
            "merged_into": merged_into, "n_faces": 0,
        }})
    };
    let face = |id: u32, person: u32, embedding: [f32; 4]| {
        json!({"face": {
            "id": id, "person": person, "enrolled_at": 9,
            "box": {"x": 1.5, "y": 2.0, "width": 30.0, "height": 40.0},
            "landmarks": null,
            "quality": {
                "detection_score": 0.9, "sharpness": 12.5, "brightness": null,
                "objections": ["blurred"],
            },
            "source": {"path": format!("{id}.jpg"), "sha256": format!("{id:064x}")},
            "embedding": embedding,
            "thumbnail": (id == 2).then_some("iVBORw0KGgo="),
        }})
    };
    let rows = [
        header,
        person(1, "Ada", json!(["family"]), None),
        person(2, "Bob \"B\" Ä", json!([]), None),
        person(3, "Cy", json!([]), Some(2)),
        face(1, 1, [1.0, 0.0, 0.0, 0.0]),
        face(2, 1, [0.8, 0.6, 0.0, 0.0]),
        face(3, 2, [0.0, 0.0, 1.0, 0.0]),
        face(4, 3, [0.0, 0.0, 0.6, 0.8]),
    ];
    rows.map(|row| format!("{row}\n")).concat()
}

/// A folder with the gallery `people.lineament` of [`export`].
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("in.jsonl"), export()).unwrap();
    let args = [
        "gallery",
        "import",
        "in.jsonl",
        "--gallery",
        "people.lineament",
    ];
    let output = run(dir.path(), &args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    dir
}

/// What `lineament gallery LINE --json` says; the last word of the line may have spaces.
fn gallery(folder: &Path, words: &[&str]) -> Value {
    let args = [&["gallery"], words, &["--json"]].concat();
    let output = run(folder, &args);
    assert_eq!(code(&output), 0, "{words:?}: {}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

fn names(folder: &Path) -> Vec<(String, u64)> {
    let people = gallery(folder, &["list"]);
    let of = |person: &Value| {
        let name = person["name"].as_str().unwrap().to_owned();
        (name, person["n_faces"].as_u64().unwrap())
    };
    people.as_array().unwrap().iter().map(of).collect()
}

#[test]
fn people_are_listed_shown_and_changed() {
    let dir = folder();
    let folder = dir.path();
    let table = stdout(&run(folder, &["gallery", "list"]));
    insta::assert_snapshot!("gallery_list", table);
    let table = stdout(&run(folder, &["gallery", "show", "Ada"]));
    insta::assert_snapshot!("gallery_show", table);
    assert_eq!(
        gallery(folder, &["list", "--tag", "family"])
            .as_array()
            .unwrap()
            .len(),
        1
    );

    gallery(folder, &["unmerge", "Cy"]);
    gallery(folder, &["rename", "Cy", "Eve"]);
    gallery(folder, &["merge", "Ada", "Eve"]);
    assert_eq!(
        names(folder),
        [("Ada".to_owned(), 3), ("Bob \"B\" Ä".to_owned(), 1)]
    );
    let described = gallery(
        folder,
        &["describe", "#2", "--tag", "work", "--notes", "new"],
    );
    assert_eq!(
        (&described["tags"], &described["notes"]),
        (&json!(["work"]), &json!("new"))
    );
    gallery(folder, &["remove", "--face", "3"]);
    gallery(folder, &["remove", "#2"]);
    assert_eq!(names(folder), [("Ada".to_owned(), 3)]);
    assert_eq!(gallery(folder, &["forget", "Ada"])["forgotten_faces"], 3);
    assert_eq!(names(folder), []);
    let bytes = fs::read(folder.join("people.lineament")).unwrap();
    assert!(!bytes.windows(3).any(|window| window == b"Ada"));
}

#[test]
fn exports_come_back_through_both_formats() {
    let dir = folder();
    let folder = dir.path();
    gallery(folder, &["export", "out.jsonl"]);
    let first = fs::read_to_string(folder.join("out.jsonl")).unwrap();
    gallery(folder, &["export", "out.parquet"]);
    let done = gallery(folder, &["import", "out.parquet", "--gallery", "copy"]);
    assert_eq!(
        (&done["n_people"], &done["n_faces"]),
        (&json!(3), &json!(4))
    );
    gallery(folder, &["export", "copy.jsonl", "--gallery", "copy"]);
    assert_eq!(
        fs::read_to_string(folder.join("copy.jsonl")).unwrap(),
        first
    );
    let again = gallery(folder, &["import", "out.jsonl"]);
    assert_eq!(
        (&again["n_people"], &again["n_faces_known"]),
        (&json!(0), &json!(4))
    );
    // Existing files are left as they are, and other formats are refused.
    for name in ["out.parquet", "out.csv"] {
        assert_eq!(
            code(&run(folder, &["gallery", "export", name])),
            2,
            "{name}"
        );
    }
    fs::write(folder.join("bad.parquet"), b"PAR1 and no more PAR1").unwrap();
    let output = run(folder, &["gallery", "import", "bad.parquet"]);
    assert_eq!(code(&output), 4);
    assert!(
        stderr(&output).contains("expected a Parquet file"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_file_is_measured_checked_copied_and_salvaged() {
    let dir = folder();
    let folder = dir.path();
    let stats = gallery(folder, &["stats"]);
    assert_eq!(
        (&stats["n_people"], &stats["n_merged"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(gallery(folder, &["check"])["health"]["problems"], json!([]));
    gallery(folder, &["compact"]);
    gallery(folder, &["backup", "copy"]);
    assert_eq!(
        gallery(folder, &["stats", "--gallery", "copy"])["n_faces"],
        4
    );

    let path = folder.join("copy");
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes
        .windows(5)
        .position(|window| window == b"3.jpg")
        .unwrap();
    bytes[at] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let args = [
        "gallery",
        "check",
        "--gallery",
        "copy",
        "--salvage",
        "saved",
    ];
    let output = run(folder, &args);
    assert_eq!(code(&output), 4);
    let told = stdout(&output);
    assert!(
        told.contains("face 3: face 3: its checksum does not fit"),
        "{told}"
    );
    assert!(told.contains("saved to saved: 3 people, 3 faces"), "{told}");
    assert_eq!(
        gallery(folder, &["stats", "--gallery", "saved"])["n_faces"],
        3
    );
}

#[test]
fn what_cannot_be_is_said() {
    let dir = folder();
    let folder = dir.path();
    for (words, exit, said) in [
        (
            &["list", "--gallery", "none"][..],
            4,
            "lineament gallery init",
        ),
        (&["show", "Zoe"], 2, "knows nobody called \"Zoe\""),
        (&["rename", "Ada", "Bob \"B\" Ä"], 2, "merge the two"),
        (&["merge", "Ada", "Ada"], 2, "into themself"),
        (&["unmerge", "Ada"], 2, "is merged into anybody"),
        (&["backup", "in.jsonl"], 2, "exists already"),
        (&["enroll", "in.jsonl"], 2, "give --name"),
        (
            &["identify", "in.jsonl", "--fpir", "1.5"],
            2,
            "between 0 and 1",
        ),
        (&["list", "--gallery", "in.jsonl"], 4, "is not a gallery"),
    ] {
        let output = run(folder, &[&["gallery"], words].concat());
        assert_eq!(code(&output), exit, "{words:?}: {}", stderr(&output));
        assert!(
            stderr(&output).contains(said),
            "{words:?}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn a_gallery_is_embedded_again_from_its_photos() {
    let Some(models) = models("embedding a gallery again") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let mut other = DrawnFace::at(160.0, 120.0, 140.0);
    other.skin = [120, 80, 60];
    write_png(&folder.join("known/Ada.png"), &one_face());
    let bob = folder.join("known/Bob.png");
    write_png(&bob, &draw_faces(320, 240, &[other]));
    let call = |words: &[&str]| {
        let words = [&["gallery"], words, &["--json"]].concat();
        run_with_models(folder, &models, &words)
    };
    let said = |words: &[&str]| -> Value {
        let output = call(words);
        assert_eq!(code(&output), 0, "{words:?}: {}", stderr(&output));
        serde_json::from_str(&stdout(&output)).unwrap()
    };
    said(&["init", "--gallery", "people.lineament"]);
    let enrolled = call(&["enroll", "known", "--accept-poor"]);
    assert_eq!(code(&enrolled), 0, "{}", stderr(&enrolled));
    assert_eq!(said(&["re-embed"])["n_removed"], 0);

    // The same embedder in another precision is a move, too.
    let moved = said(&["re-embed", "--precision", "f16"]);
    assert_eq!(moved["options"]["precision"], "f16");
    let found = said(&["identify", "known/Ada.png", "--fpir", "0.05"]);
    assert_eq!(found["faces"][0]["name"], "Ada");

    fs::remove_file(&bob).unwrap();
    let stuck = call(&["re-embed"]);
    assert_eq!(code(&stuck), 4, "{}", stderr(&stuck));
    assert!(
        stderr(&stuck).contains("no embedding of "),
        "{}",
        stderr(&stuck)
    );
    assert_eq!(said(&["stats"])["precision"], "f16");
    said(&["re-embed", "--give-up"]);
    let moved = said(&["re-embed", "--remove-missing"]);
    assert_eq!(
        (&moved["n_removed"], &moved["options"]["precision"]),
        (&json!(1), &json!("f32"))
    );
    assert_eq!(said(&["check"])["health"]["n_faces"], 1);
}

#[test]
fn pictures_in_a_gallery_stand_for_photos_that_are_gone() {
    let Some(models) = models("pictures in a gallery") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let call = |words: &[&str]| {
        let words = [&["gallery"], words, &["--json"]].concat();
        run_with_models(folder, &models, &words)
    };
    let said = |words: &[&str]| -> Value {
        let output = call(words);
        assert_eq!(code(&output), 0, "{words:?}: {}", stderr(&output));
        serde_json::from_str(&stdout(&output)).unwrap_or_default()
    };
    let embedding = |file: &str| {
        said(&["export", file]);
        let lines = fs::read_to_string(folder.join(file)).unwrap();
        fs::remove_file(folder.join(file)).unwrap();
        let face: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
        face["face"]["embedding"].clone()
    };
    said(&["init", "--gallery", "people.lineament"]);
    let photo = folder.join("Ada.png");
    for size in ["31", "257"] {
        let refused = call(&["enroll", "Ada.png", "--name", "Ada", "--thumbnails", size]);
        assert_eq!(code(&refused), 2);
    }
    for (size, is_enough) in [("64", false), ("112", true), ("200", true)] {
        write_png(&photo, &one_face());
        let enroll = ["enroll", "Ada.png", "--name", "Ada", "--accept-poor"];
        said(&[&enroll[..], &["--thumbnails", size]].concat());
        said(&["show", "Ada", "--thumbnails", "pictures"]);
        let pictures: Vec<_> = fs::read_dir(folder.join("pictures")).unwrap().collect();
        assert_eq!(pictures.len(), 1);
        let bytes = fs::read(pictures[0].as_ref().unwrap().path()).unwrap();
        let side = u32::from_be_bytes(bytes[16..20].try_into().unwrap());
        assert_eq!(side.to_string(), size);
        let before = embedding("before.jsonl");
        fs::remove_file(&photo).unwrap();
        let moved = call(&["re-embed", "--precision", "f16"]);
        assert_eq!(code(&moved) == 0, is_enough, "{size}: {}", stderr(&moved));
        if is_enough {
            assert!(
                stderr(&moved).contains("1 face is embedded from the gallery's pictures"),
                "{}",
                stderr(&moved)
            );
            said(&["re-embed"]);
            let after = embedding("after.jsonl");
            let values = |of: &Value| -> Vec<f64> {
                let values = of.as_array().unwrap().iter();
                values.map(|value| value.as_f64().unwrap()).collect()
            };
            let pairs = values(&before).into_iter().zip(values(&after));
            let score: f64 = pairs.map(|(a, b)| a * b).sum();
            let least = if size == "112" { 1.0 - 1e-6 } else { 0.97 };
            assert!(score >= least, "{size}: {score}");
        } else {
            said(&["re-embed", "--give-up"]);
        }
        said(&["forget", "Ada"]);
        fs::remove_dir_all(folder.join("pictures")).unwrap();
    }
}

#[test]
fn an_encrypted_gallery_opens_with_its_secret_alone() {
    let dir = folder();
    fs::write(dir.path().join("key"), [7; 32]).unwrap();
    fs::write(dir.path().join("other"), [8; 32]).unwrap();
    let gallery = |args: &[&str]| run(dir.path(), &[&["gallery"], args].concat());
    let with_passphrase = |passphrase: &str, args: &[&str]| {
        let mut command = support::lineament(dir.path());
        let command = command.env("LINEAMENT_GALLERY_PASSPHRASE", passphrase);
        command.arg("gallery").args(args).output().unwrap()
    };
    let plain = stdout(&gallery(&["list"]));
    let output = gallery(&["encrypt", "--key-file", "key"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(stdout(&gallery(&["list", "--key-file", "key"])), plain);
    let stats = stdout(&gallery(&["stats", "--key-file", "key"]));
    assert!(stats.contains("encrypted yes"), "{stats}");
    for (args, told) in [
        (&["list"][..], "the passphrase cannot be asked for"),
        (
            &["list", "--key-file", "other"],
            "this is not the passphrase or key file of people.lineament",
        ),
        (
            &["check", "--key-file", "other"],
            "this is not the passphrase or key file",
        ),
        (&["list", "--key-file", "none"], "the key file none: "),
    ] {
        let output = gallery(args);
        assert_ne!(code(&output), 0, "{args:?}");
        assert!(
            stderr(&output).contains(told),
            "{args:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains("help: ") || args.len() > 2,
            "{}",
            stderr(&output)
        );
    }
    let bytes = fs::read(dir.path().join("people.lineament")).unwrap();
    assert!(!bytes.windows(3).any(|window| window == b"Ada"));
    // A salvaged gallery has the same secret; a backup too; an export has none.
    assert_eq!(
        code(&gallery(&[
            "check",
            "--key-file",
            "key",
            "--salvage",
            "saved"
        ])),
        0
    );
    assert_eq!(code(&gallery(&["backup", "copy", "--key-file", "key"])), 0);
    for copy in ["saved", "copy"] {
        assert_eq!(code(&gallery(&["list", "--gallery", copy])), 2, "{copy}");
        let args = ["list", "--gallery", copy, "--key-file", "key"];
        assert_eq!(stdout(&gallery(&args)), plain, "{copy}");
    }
    // Another secret in its place: a passphrase, and none.
    fs::write(dir.path().join("passphrase"), "correct horse").unwrap();
    let args = [
        "encrypt",
        "--key-file",
        "key",
        "--new-key-file",
        "passphrase",
    ];
    assert_eq!(code(&gallery(&args)), 0);
    assert_eq!(stdout(&with_passphrase("correct horse", &["list"])), plain);
    let wrong = with_passphrase("correct house", &["list"]);
    assert_eq!(code(&wrong), 4);
    assert!(stderr(&wrong).contains("help: "), "{}", stderr(&wrong));
    assert_eq!(code(&with_passphrase("correct horse", &["decrypt"])), 0);
    assert_eq!(stdout(&gallery(&["list"])), plain);
    let output = gallery(&["decrypt"]);
    assert!(
        stderr(&output).contains("is not encrypted"),
        "{}",
        stderr(&output)
    );
    let short = with_passphrase("short", &["encrypt"]);
    assert_eq!(code(&short), 2, "{}", stderr(&short));
}
