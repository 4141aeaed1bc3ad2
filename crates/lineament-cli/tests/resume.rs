//! Runs that are cut short: by a crash, by Ctrl-C, by a reader that goes away.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use support::{album, code, lineament, models, one_face, run_with_models, stderr, write_png};

#[test]
fn a_resumed_detection_equals_an_uninterrupted_one() {
    let Some(models) = models("resuming detect") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    album(dir.path());
    fs::write(dir.path().join("photos/bad.jpg"), "not a photo").unwrap();
    let run = |args: &[&str]| run_with_models(dir.path(), &models, args);
    let detect = ["detect", "photos", "--out", "faces.jsonl"];
    let resume = [&detect[..], &["--resume"]].concat();
    assert_eq!(code(&run(&detect)), 6);
    let path = dir.path().join("faces.jsonl");
    let whole = fs::read(&path).unwrap();
    let first_line = whole.iter().position(|b| *b == b'\n').unwrap();
    for kept in [
        0,
        first_line / 2,
        first_line + 1,
        first_line + 9,
        whole.len() - 1,
        whole.len(),
    ] {
        fs::write(&path, &whole[..kept]).unwrap();
        let output = run(&resume);
        assert_eq!(code(&output), 6, "{}", stderr(&output));
        assert!(fs::read(&path).unwrap() == whole, "cut at {kept}");
    }
    let output = run(&[&resume[..], &["--max-side", "320"]].concat());
    assert_eq!(code(&output), 7);
    assert!(
        stderr(&output).contains("max_side_px was 640, is 320"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn resumed_embeddings_equal_uninterrupted_ones() {
    let Some(models) = models("resuming embed") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    album(dir.path());
    let run = |args: &[&str]| run_with_models(dir.path(), &models, args);
    for file in ["e.npy", "e.parquet", "e.jsonl"] {
        let embed = ["embed", "photos", "--out", file];
        let resume = [&embed[..], &["--resume"]].concat();
        // A folder in the place of the file keeps the run from finishing, and so its journal.
        let path = dir.path().join(file);
        fs::create_dir(&path).unwrap();
        assert_eq!(code(&run(&embed)), 7);
        fs::remove_dir(&path).unwrap();
        let journal = dir.path().join(format!("{file}.part.jsonl"));
        let half = fs::read(&journal).unwrap();
        assert_eq!(
            code(&run(&embed)),
            2,
            "an unfinished run is not thrown away"
        );
        assert_eq!(code(&run(&resume)), 0);
        assert!(!journal.exists());
        let whole = fs::read(&path).unwrap();

        fs::remove_file(&path).unwrap();
        fs::write(&journal, &half[..half.len() * 2 / 3]).unwrap();
        assert_eq!(code(&run(&resume)), 0);
        assert!(fs::read(&path).unwrap() == whole, "{file}");
        assert!(stderr(&run(&resume)).contains("is complete"));
    }
}

/// Forty photos, so that a run lasts.
fn many_photos(folder: &Path) {
    write_png(&folder.join("photos/0.png"), &one_face());
    for idx in 1..40 {
        fs::copy(
            folder.join("photos/0.png"),
            folder.join(format!("photos/{idx}.png")),
        )
        .unwrap();
    }
}

#[test]
#[cfg(unix)]
fn ctrl_c_keeps_what_was_done() {
    let Some(models) = models("Ctrl-C") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    many_photos(dir.path());
    let detect = ["detect", "photos", "--threads", "1", "--out"];
    let child = lineament(dir.path())
        .env("LINEAMENT_MODELS", &models)
        .args(detect)
        .arg("half.jsonl")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let path = dir.path().join("half.jsonl");
    let n_lines = || fs::read_to_string(&path).map_or(0, |text| text.lines().count());
    let patience = Instant::now() + Duration::from_secs(60);
    while n_lines() < 3 && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(2));
    }
    let pid = child.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 130, "{}", stderr(&output));
    let told = stderr(&output);
    assert!(
        told.contains("interrupted after") && told.contains("--resume"),
        "{told}"
    );
    assert!(n_lines() < 41);

    let run = |args: &[&str]| -> Output { run_with_models(dir.path(), &models, args) };
    assert_eq!(
        code(&run(&[&detect[..], &["half.jsonl", "--resume"]].concat())),
        0
    );
    assert_eq!(code(&run(&[&detect[..], &["whole.jsonl"]].concat())), 0);
    let whole = fs::read(dir.path().join("whole.jsonl")).unwrap();
    assert!(fs::read(&path).unwrap() == whole);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let Some(models) = models("a closed pipe") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    many_photos(dir.path());
    let mut child = lineament(dir.path())
        .env("LINEAMENT_MODELS", &models)
        .args(["detect", "photos", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((code(&output), stderr(&output).as_str()), (0, ""));
}
