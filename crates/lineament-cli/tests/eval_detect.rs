//! `lineament eval detect`, on drawn faces and on photos.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Output;

use lineament_testkit::{DrawnFace, draw_faces};
use serde_json::{Value, json};
use support::bench::{json, told};
use support::{code, models, run, run_with_models, stderr, stdout, write_png};

/// `lineament eval detect` with the words of `line`.
fn detect(folder: &Path, line: &str) -> Output {
    let line = format!("eval detect {line} --models models --cache cache");
    run(folder, &line.split_whitespace().collect::<Vec<_>>())
}

#[test]
fn marked_faces_are_looked_for() {
    let dir = tempfile::tempdir().unwrap();
    let asset =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference/assets/random_yunet.onnx");
    fs::create_dir_all(dir.path().join("new")).unwrap();
    fs::copy(asset, dir.path().join("new/random_yunet.onnx")).unwrap();
    let add = "models add new/random_yunet.onnx --family yunet --models models";
    let output = run(dir.path(), &add.split(' ').collect::<Vec<_>>());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    write_png(
        &dir.path().join("a.png"),
        &draw_faces(160, 120, &[DrawnFace::at(80.0, 60.0, 90.0)]),
    );
    write_png(&dir.path().join("b.png"), &draw_faces(160, 120, &[]));
    fs::write(dir.path().join("c.png"), "not an image").unwrap();
    let list = "file,x,y,width,height,subset,ignore\na.png,40,20,80,90,easy,\na.png,1,1,5,5,,1\n\
                b.png,,,,,,\nc.png,4,4,20,20,hard,\n";
    fs::write(dir.path().join("faces.csv"), list).unwrap();
    let output = detect(dir.path(), "faces.csv --iou 0.5,0.3 --at-score 0.5 --json");
    assert!(told(&output, 6).starts_with("error: c.png: "));
    let result: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(result["protocol"], "detect-faces");
    assert_eq!(result["model"]["name"], "random_yunet");
    assert_eq!(
        (&result["n_images"], &result["n_faces"]),
        (&3.into(), &2.into())
    );
    assert_eq!(result["failures"], json!(["c.png"]));
    assert_eq!(result["ap"]["hard"], 0.0, "its image cannot be read");
    assert_eq!(
        result["by_iou"].as_array().unwrap().len(),
        6,
        "two overlaps, all and two subsets"
    );
    let again = detect(dir.path(), "faces.csv --iou 0.5,0.3 --at-score 0.5 --json");
    assert_eq!(stdout(&again), stdout(&output), "from the cache");
    let theirs = detect(dir.path(), "faces.csv --rules wider_eval --json");
    let theirs: Value = serde_json::from_str(&stdout(&theirs)).unwrap();
    assert_eq!(
        (&result["rules"], &theirs["rules"]),
        (&"plain".into(), &"wider_eval".into())
    );
    assert!(
        theirs["choices"]["Rules"]
            .as_str()
            .unwrap()
            .contains("eval_tools")
    );
    assert_eq!(theirs["n_detections"], result["n_detections"]);
    let output = detect(dir.path(), "faces.csv --report report");
    assert!(stdout(&output).starts_with("Face detection: 3 images with 2 faces\n"));
    assert!(stdout(&output).contains("1 marked face may be found or not"));
    let page = fs::read_to_string(dir.path().join("report/report.html")).unwrap();
    assert!(page.contains("<svg"));
    for (line, expected, says) in [
        ("faces.csv --iou 1", 2, "--iou"),
        ("faces.csv --subset easy.mat", 2, "WIDER FACE"),
        ("faces.csv --images .", 2, "--images"),
        ("faces.csv --rules wider_eval --at-score 1", 2, "--at-score"),
        ("faces.csv --detector a --detector a", 2, "twice"),
        ("missing.xml", 4, "missing.xml"),
        ("bad.xml", 4, "bad.xml, line 1: expected <dataset>"),
        ("people.csv", 2, "columns x, y, width and height"),
    ] {
        fs::write(dir.path().join("bad.xml"), "<faces/>").unwrap();
        fs::write(dir.path().join("people.csv"), "file,person\na.png,Ada\n").unwrap();
        assert!(
            told(&detect(dir.path(), line), expected).contains(says),
            "{line}"
        );
    }
}

#[test]
fn drawn_faces_are_found_and_measured() {
    let Some(models) = models("detection of drawn faces") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let mut list = "file,x,y,width,height\n".to_owned();
    for i in 0..3 {
        let name = format!("{i}.png");
        let drawn = DrawnFace::at(150.0 + 10.0 * i as f32, 120.0, 130.0);
        write_png(&dir.path().join(&name), &draw_faces(320, 240, &[drawn]));
        writeln!(list, "{name},{},64,100,120", 100 + 10 * i).unwrap();
    }
    fs::write(dir.path().join("faces.csv"), list).unwrap();
    let args = [
        "eval",
        "detect",
        "faces.csv",
        "--iou",
        "0.4",
        "--no-cache",
        "--json",
        "--detector",
    ];
    for detector in ["yunet_n_dynamic", "ultraface_rfb_640"] {
        let args = [&args[..], &[detector]].concat();
        let result = json(&run_with_models(dir.path(), &models, &args));
        assert_eq!(result["n_faces"], 3);
        assert!(
            result["ap"]["all"].as_f64().unwrap() > 0.9,
            "{detector}: {result}"
        );
    }
}

#[test]
fn crowds_are_found() {
    let Some(models) = models("detection in photos with marked faces") else {
        return;
    };
    let list = models.join("../data/photos/boxes-dlib/testing_with_face_landmarks.xml");
    let list = list.canonicalize().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let args = [
        "eval",
        "detect",
        list.to_str().unwrap(),
        "--no-cache",
        "--json",
        "--detector",
        "yunet_n_dynamic",
    ];
    let result = json(&run_with_models(dir.path(), &models, &args));
    assert_eq!(
        (&result["n_images"], &result["n_faces"]),
        (&5.into(), &25.into())
    );
    assert!(result["ap"]["all"].as_f64().unwrap() > 0.98, "{result}");
    assert!(
        result["landmarks"]["nme"].as_f64().unwrap() < 0.06,
        "{result}"
    );
}
