//! `lineament cluster` on drawn photos, with the reference models.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::Path;

use serde_json::Value;
use support::{
    album, code, models, one_face, run_with_models, stderr, stdout, two_faces, write_png,
};

/// The face of `one_face` and the larger one of `two_faces` are one drawing; this tells the smaller.
const CLUSTER: [&str; 6] = ["cluster", "photos", "--out", "out", "--threshold", "0.6"];

fn results(folder: &Path) -> Value {
    let text = fs::read_to_string(folder.join("out/clusters.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The photos of each group, by its number.
fn groups(results: &Value) -> Vec<(u64, Vec<String>)> {
    let photos = |group: &Value| -> Vec<String> {
        let faces = group["faces"].as_array().unwrap().iter();
        let photo = |face: &Value| face["path"].as_str().unwrap().replace('\\', "/");
        faces.map(photo).collect()
    };
    let groups = results["groups"].as_array().unwrap().iter();
    groups
        .map(|group| (group["group"].as_u64().unwrap(), photos(group)))
        .collect()
}

#[test]
fn faces_of_one_person_are_together_and_those_of_one_photo_apart() {
    let Some(models) = models("cluster on drawn photos") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    album(dir.path());
    let output = run_with_models(dir.path(), &models, &CLUSTER);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(stderr(&output), "3 photos, 3 faces in 2 groups\n");
    let found = groups(&results(dir.path()));
    let paths = |paths: &[&str]| -> Vec<String> { paths.iter().map(|p| (*p).to_owned()).collect() };
    let expected = vec![
        (1, paths(&["photos/a.png", "photos/deep/b.png"])),
        (2, paths(&["photos/deep/b.png"])),
    ];
    assert_eq!(found, expected);
    let table = stdout(&output);
    let cells: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(cells[1][..2], ["1", "2"]);
    let csv = fs::read_to_string(dir.path().join("out/clusters.csv")).unwrap();
    assert!(
        csv.starts_with("group,path,face_idx,x,y,width,height,detection_score\n1,photos"),
        "{csv}"
    );
    assert_eq!(csv.lines().count(), 4);

    // At the laxest threshold all faces are one person's, but for those of one photo.
    let lax = [&CLUSTER[..5], &["-1"]].concat();
    for algorithm in ["linkage", "components", "dbscan"] {
        let output = run_with_models(
            dir.path(),
            &models,
            &[&lax[..], &["--algorithm", algorithm]].concat(),
        );
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert_eq!(groups(&results(dir.path())), found, "{algorithm}");
    }
}

#[test]
fn new_photos_join_old_groups_and_old_photos_are_not_read() {
    let Some(models) = models("clusters that grow") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    album(dir.path());
    let run = |more: &[&str]| run_with_models(dir.path(), &models, &[&CLUSTER[..], more].concat());
    run(&[]);
    // Numbers stay where the order of sizes changes; a copy is the photo that it is a copy of.
    fs::remove_file(dir.path().join("photos/a.png")).unwrap();
    write_png(&dir.path().join("photos/c/two.png"), &two_faces());
    let mut larger = one_face();
    larger.pixels_mut()[..600].fill(90);
    write_png(&dir.path().join("photos/z.png"), &larger);
    fs::write(dir.path().join("photos/bad.jpg"), "no photo").unwrap();
    let output = run(&["--json"]);
    assert_eq!(code(&output), 6, "{}", stderr(&output));
    let printed: Vec<Value> = stdout(&output)
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(
        printed,
        results(dir.path())["groups"].as_array().unwrap().clone()
    );
    let found = groups(&results(dir.path()));
    let of = |number| {
        found
            .iter()
            .find(|(n, _)| *n == number)
            .map(|(_, photos)| photos.len())
    };
    assert_eq!((of(1), of(2)), (Some(2), Some(1)), "{found:?}");
    let output = run(&[]);
    assert!(
        stderr(&output).contains("5 photos, 4 unchanged, 1 failed"),
        "{}",
        stderr(&output)
    );
    // Other options are another way of looking.
    let output = run(&["--max-side", "320"]);
    assert!(
        stderr(&output).contains("looked at again"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn what_the_user_confirmed_counts_before_all_else() {
    let Some(models) = models("confirmed pairs") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    album(dir.path());
    // So strict that only the two faces of one drawing are together.
    let strict = [&CLUSTER[..5], &["0.9"]].concat();
    let run = |more: &[&str]| run_with_models(dir.path(), &models, &[&strict[..], more].concat());
    let confirm = |pairs: &[&str], more: &[&str]| {
        let header = "relation,path_a,face_idx_a,path_b,face_idx_b";
        let text = [&[header], pairs].concat().join("\n");
        fs::write(dir.path().join("pairs.csv"), text).unwrap();
        run(&[&["--confirmed", "pairs.csv"], more].concat())
    };
    assert_eq!(code(&run(&[])), 0);
    let photos = || -> Vec<Vec<String>> {
        let found = groups(&results(dir.path()));
        found.into_iter().map(|(_, photos)| photos).collect()
    };
    let unconfirmed = photos();
    // One face is in `a`, the like of which is one in `b`; the other there is another's.
    let like = results(dir.path())["groups"][0]["faces"][1]["face_idx"].as_u64();
    let like = like.unwrap();
    let other = 1 - like;
    let sizes = || -> Vec<usize> { photos().iter().map(Vec::len).collect() };
    let different = &format!("different,photos/a.png,,photos/deep/b.png,{like}");
    let same = &format!("same,./photos/a.png,0,photos/deep/b.png,{other}");
    for algorithm in ["whispers", "linkage", "components"] {
        let algorithm = ["--algorithm", algorithm];
        let output = confirm(&[different], &algorithm);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert_eq!(sizes(), [1, 1, 1], "{algorithm:?}");
        confirm(&[different, same], &algorithm);
        let found = results(dir.path());
        let faces = found["groups"][0]["faces"].as_array().unwrap();
        let of = |face: &Value| {
            (
                face["path"].to_string().contains("b.png"),
                face["face_idx"].as_u64(),
            )
        };
        let faces: Vec<_> = faces.iter().map(of).collect();
        assert_eq!(
            faces,
            [(false, Some(0)), (true, Some(other))],
            "{algorithm:?}"
        );
        assert_eq!(sizes(), [2, 1], "{algorithm:?}");
        assert_eq!(found["confirmed"]["same"], 1);
        assert_eq!(found["confirmed"]["different"], 1);
    }
    // Later runs remember it, also for a photo that was moved.
    fs::rename(
        dir.path().join("photos/a.png"),
        dir.path().join("photos/moved.png"),
    )
    .unwrap();
    let output = run(&[]);
    assert!(
        stderr(&output).ends_with("3 faces in 2 groups; confirmed: 1 same, 1 different\n"),
        "{}",
        stderr(&output)
    );
    assert_eq!(groups(&results(dir.path()))[0].1[1], "photos/moved.png");
    // Those who are noise to DBSCAN, and faces of one photo, are one person's if somebody says so.
    let output = confirm(
        &["same,photos/deep/b.png,0,photos/deep/b.png,1"],
        &["--algorithm", "dbscan", "--min-points", "3"],
    );
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(sizes(), [2]);

    // What is wrong is told of, and what is remembered stays.
    let output = confirm(&["different,photos/moved.png,,photos/deep/b.png,2"], &[]);
    assert_eq!(code(&output), 4, "{}", stderr(&output));
    assert!(stderr(&output).contains("pairs.csv: line 2: no face 2 is in photos/deep/b.png"));
    let output = run(&[]);
    assert!(stderr(&output).contains("confirmed: 1 same, 0 different"));
    // A file without pairs takes all of it back.
    fs::rename(
        dir.path().join("photos/moved.png"),
        dir.path().join("photos/a.png"),
    )
    .unwrap();
    confirm(&[], &[]);
    assert_eq!(photos(), unconfirmed);
}

#[test]
fn groups_become_folders() {
    let Some(models) = models("folders of clusters") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    album(dir.path());
    let run = |more: &[&str]| run_with_models(dir.path(), &models, &[&CLUSTER[..], more].concat());
    let group = dir.path().join("out/groups/0001");
    let listed = || {
        let entries = fs::read_dir(&group).unwrap();
        let mut names: Vec<String> = entries
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(code(&run(&["--folders", "crops"])), 0);
    assert_eq!(listed(), ["a.jpg", "b.jpg"]);
    fs::write(group.join("mine.txt"), "a note").unwrap();
    if cfg!(unix) {
        assert_eq!(code(&run(&["--folders", "links"])), 0);
        assert_eq!(listed(), ["a.png", "b.png", "mine.txt"]);
        let photo = fs::read(dir.path().join("photos/a.png")).unwrap();
        assert_eq!(fs::read(group.join("a.png")).unwrap(), photo);
    }
}

#[test]
fn a_folder_of_something_else_is_left_alone() {
    let Some(models) = models("a folder in use") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    album(dir.path());
    fs::create_dir(dir.path().join("out")).unwrap();
    fs::write(dir.path().join("out/letter.txt"), "dear").unwrap();
    let output = run_with_models(dir.path(), &models, &CLUSTER);
    assert_eq!(code(&output), 7);
    assert!(
        stderr(&output).contains("is not empty"),
        "{}",
        stderr(&output)
    );
}
