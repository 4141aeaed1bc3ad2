//! `lineament album` on drawn photos, with the reference models; its page in a browser where there is one.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use support::{
    album, code, lineament, models, no_face, one_face, run_with_models, stderr, two_faces,
    write_png,
};

/// The face of `one_face` and the larger one of `two_faces` are one drawing; this tells the smaller.
const ALBUM: [&str; 4] = ["album", "photos", "--threshold", "0.6"];
/// A name that is markup wherever it is taken for it.
const HOSTILE: &str =
    "</script><script>document.title='taken'</script><img src=x onerror=alert(1)>\"&'";

fn page(folder: &Path) -> String {
    fs::read_to_string(folder.join("album/index.html")).unwrap()
}

/// What the page is made of.
fn data(folder: &Path) -> Value {
    let page = page(folder);
    let (_, rest) = page
        .split_once("<script type=\"application/json\" id=\"data\">")
        .unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

/// The key of a face, from the numbers of its photo and its own.
fn key(data: &Value, face: &Value) -> String {
    let photo = usize::try_from(face[0].as_u64().unwrap()).unwrap();
    format!(
        "{}-{}",
        data["photos"][photo]["id"].as_str().unwrap(),
        face[1]
    )
}

fn apply(folder: &Path, namings: &Value) -> Output {
    let file = json!({"lineament_names": 1, "names": namings});
    fs::write(folder.join("names.json"), file.to_string()).unwrap();
    // Names need no models.
    support::run(folder, &["album", "apply", "album", "names.json"])
}

fn names(data: &Value) -> Vec<(&str, usize)> {
    let people = data["people"].as_array().unwrap().iter();
    people
        .map(|person| {
            let faces = person["faces"].as_array().unwrap();
            (person["name"].as_str().unwrap(), faces.len())
        })
        .collect()
}

#[test]
fn the_known_are_named_and_strangers_can_be() {
    let Some(models) = models("an album of drawn photos") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    album(dir.path());
    write_png(&dir.path().join("people/Ada/1.png"), &one_face());
    let make = || {
        run_with_models(
            dir.path(),
            &models,
            &[&ALBUM[..], &["--known", "people"]].concat(),
        )
    };
    let output = make();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("3 photos, 3 faces: 2 with names (1 person), 1 stranger"),
        "{}",
        stderr(&output)
    );
    let found = data(dir.path());
    assert_eq!(names(&found), [("Ada", 2)]);
    assert_eq!(found["people"][0]["known_by"], "photos");
    for photo in found["photos"].as_array().unwrap() {
        let href = photo["href"].as_str().unwrap();
        assert!(dir.path().join("album").join(href).is_file(), "{href}");
        let small = format!("album/photos/{}.jpg", photo["id"].as_str().unwrap());
        assert!(dir.path().join(small).is_file());
    }

    let stranger = key(&found, &found["strangers"][0]["cover"]);
    assert!(
        dir.path()
            .join(format!("album/faces/{stranger}.jpg"))
            .is_file()
    );
    let output = apply(dir.path(), &json!([{"face": stranger, "name": " Grace "}]));
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(names(&data(dir.path())), [("Ada", 2), ("Grace", 1)]);
    // The next run keeps the name and reads no photo again.
    let output = make();
    assert!(
        stderr(&output).contains("3 photos, 3 unchanged"),
        "{}",
        stderr(&output)
    );
    assert_eq!(names(&data(dir.path())), [("Ada", 2), ("Grace", 1)]);
    // A new photo of hers is hers.
    let mut other = two_faces();
    other.pixels_mut()[..900].fill(77);
    write_png(&dir.path().join("photos/new.png"), &other);
    make();
    assert_eq!(names(&data(dir.path())), [("Ada", 3), ("Grace", 2)]);
    // Whom the user named may get another name; whom the photos name may not, but for a face.
    let ada = key(&found, &found["people"][0]["cover"]);
    let output = apply(
        dir.path(),
        &json!([{"face": stranger, "name": "Gracie"}, {"face": ada, "name": "Eve"}]),
    );
    assert_eq!(code(&output), 6);
    assert!(
        stderr(&output).contains("Eve: the person has a name from the known people"),
        "{}",
        stderr(&output)
    );
    assert_eq!(names(&data(dir.path())), [("Ada", 3), ("Gracie", 2)]);
    let output = apply(
        dir.path(),
        &json!([{"face": ada, "name": "Ada's twin", "scope": "face"}]),
    );
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        names(&data(dir.path()))
            .iter()
            .any(|(name, _)| *name == "Ada's twin")
    );
}

#[test]
fn known_photos_that_did_not_change_are_not_looked_at_again() {
    let Some(models) = models("the known people of an album") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    album(dir.path());
    let known = dir.path().join("people/Ada/1.png");
    write_png(&known, &one_face());
    let make = || {
        let words = [&ALBUM[..], &["--known", "people"]].concat();
        run_with_models(dir.path(), &models, &words)
    };
    assert_eq!(code(&make()), 0);
    let first = data(dir.path());
    // Whoever reads the file again sees no photo in it.
    let (bytes, modified) = (
        fs::read(&known).unwrap(),
        fs::metadata(&known).unwrap().modified().unwrap(),
    );
    fs::write(&known, vec![0; bytes.len()]).unwrap();
    let file = fs::File::options().write(true).open(&known).unwrap();
    file.set_modified(modified).unwrap();
    assert_eq!(code(&make()), 0);
    assert_eq!(names(&data(dir.path())), names(&first));
    file.set_modified(modified + std::time::Duration::from_secs(2))
        .unwrap();
    let output = make();
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    // A photo that was moved is known by its bytes; one that is gone is forgotten.
    fs::remove_file(&known).unwrap();
    write_png(&dir.path().join("people/Ada/2.png"), &one_face());
    assert_eq!(code(&make()), 0);
    assert_eq!(names(&data(dir.path())), names(&first));
    let without = run_with_models(dir.path(), &models, &ALBUM);
    assert_eq!(code(&without), 0);
    assert_eq!(names(&data(dir.path())), []);
}

#[test]
fn names_that_make_no_sense_are_refused() {
    let Some(models) = models("names for an album") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let output = apply(dir.path(), &json!([]));
    assert_eq!(code(&output), 4);
    assert!(
        stderr(&output).contains("album is no album"),
        "{}",
        stderr(&output)
    );
    album(dir.path());
    run_with_models(dir.path(), &models, &ALBUM);
    let output = apply(dir.path(), &json!([{"face": "0-0", "name": "Nobody"}]));
    assert_eq!(code(&output), 4);
    assert!(
        stderr(&output).contains("the album has no face 0-0"),
        "{}",
        stderr(&output)
    );
    fs::write(dir.path().join("names.json"), "{").unwrap();
    let output = support::run(dir.path(), &["album", "apply", "album", "names.json"]);
    assert_eq!(code(&output), 4);
    assert!(
        stderr(&output).contains("not the names of an album"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn broken_photos_empty_folders_and_nobody() {
    let Some(models) = models("albums of little") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("photos")).unwrap();
    let run = || run_with_models(dir.path(), &models, &ALBUM);
    assert_eq!(code(&run()), 4);
    write_png(&dir.path().join("photos/wall.png"), &no_face());
    assert_eq!(code(&run()), 0);
    let found = data(dir.path());
    assert_eq!(
        (&found["people"], &found["strangers"]),
        (&json!([]), &json!([]))
    );
    for (name, bytes) in [
        ("a.jpg", &b"\xff\xd8\xff\xe0 and no more"[..]),
        ("b.png", b""),
        ("c.gif", b"GIF89a"),
    ] {
        fs::write(dir.path().join("photos").join(name), bytes).unwrap();
    }
    let output = run();
    assert_eq!(code(&output), 6);
    assert!(
        stderr(&output).contains("error: photos/a.jpg: "),
        "{}",
        stderr(&output)
    );
    assert_eq!(data(dir.path())["n_failed"], 3);
    // A slip costs nothing: what is remembered stays.
    let before = page(dir.path());
    for (slip, told) in [
        ("fotos", "fotos does not exist"),
        ("photos/a.jpg", "no photo could be read"),
    ] {
        let args = [&["album", slip], &ALBUM[2..]].concat();
        let output = run_with_models(dir.path(), &models, &args);
        assert_eq!(code(&output), 4);
        assert!(stderr(&output).contains(told), "{}", stderr(&output));
        assert!(page(dir.path()) == before);
    }
    let elsewhere = [&ALBUM[..], &["--out", "photos/wall.png"]].concat();
    let output = run_with_models(dir.path(), &models, &elsewhere);
    assert_eq!(code(&output), 7);
    assert!(
        stderr(&output).contains("is a file, not a folder"),
        "{}",
        stderr(&output)
    );
    // What is gone from the folder is gone from the album.
    for name in ["a.jpg", "b.png", "c.gif", "wall.png"] {
        fs::remove_file(dir.path().join("photos").join(name)).unwrap();
    }
    write_png(&dir.path().join("photos/face.png"), &one_face());
    assert_eq!(code(&run()), 0);
    assert_eq!(
        fs::read_dir(dir.path().join("album/photos"))
            .unwrap()
            .count(),
        1
    );
}

/// Photos of one face each, no two alike.
fn many_photos(folder: &Path, n: u8) {
    for number in 0..n {
        let mut photo = one_face();
        photo.pixels_mut()[..3].fill(number);
        write_png(&folder.join(format!("photos/{number}.png")), &photo);
    }
}

#[test]
#[cfg(unix)]
fn an_album_that_is_killed_goes_on_where_it_was() {
    let Some(models) = models("an album that is killed") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    many_photos(dir.path(), 48);
    let mut child = lineament(dir.path())
        .env("LINEAMENT_MODELS", &models)
        .args(ALBUM)
        .args(["--threads", "1", "--progress", "json"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let events = BufReader::new(child.stderr.take().unwrap()).lines();
    let n_done = |line: &str| serde_json::from_str::<Value>(line).ok()?["done"].as_u64();
    let half_way = events
        .map_while(Result::ok)
        .find(|line| n_done(line) >= Some(20));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(half_way.is_some());
    assert!(!dir.path().join("album/index.html").exists());
    let output = run_with_models(dir.path(), &models, &ALBUM);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let told = stderr(&output);
    let (_, rest) = told.split_once("48 photos, ").unwrap();
    let n_unchanged: usize = rest.split_once(" unchanged").unwrap().0.parse().unwrap();
    assert!((16..48).contains(&n_unchanged), "{told}");
    let whole = tempfile::tempdir().unwrap();
    many_photos(whole.path(), 48);
    run_with_models(whole.path(), &models, &ALBUM);
    // The command that takes names says where the album is.
    let anywhere = |folder: &Path| page(folder).replace(folder.to_str().unwrap(), "");
    assert!(anywhere(dir.path()) == anywhere(whole.path()));
}

/// The page as a browser has it after its script ran, if there is a browser.
fn in_browser(folder: &Path, view: &str) -> Option<String> {
    let page = folder.join("album/index.html").canonicalize().unwrap();
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
        .arg(format!(
            "--user-data-dir={}",
            folder.join("browser").display()
        ))
        .arg(format!("file://{}#/{view}", page.display()))
        .output()
        .ok()
        .filter(|output| output.status.success());
    if output.is_none() {
        let line = "skipped: the album's page in a browser, for there is no chromium\n";
        let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
    }
    output.map(|output| String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_page_is_true_to_hostile_names() {
    let Some(models) = models("hostile names") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let file = "a '&\"<img src=x onerror=alert(1)>#%3F?.png";
    let file = if cfg!(windows) { "a '&#%3F.png" } else { file };
    write_png(&dir.path().join("photos").join(file), &two_faces());
    write_png(&dir.path().join("photos/z.png"), &one_face());
    assert_eq!(code(&run_with_models(dir.path(), &models, &ALBUM)), 0);
    let found = data(dir.path());
    let face = key(&found, &found["strangers"][0]["cover"]);
    assert_eq!(
        code(&apply(
            dir.path(),
            &json!([{"face": face, "name": HOSTILE}])
        )),
        0
    );
    assert_eq!(names(&data(dir.path())), [(HOSTILE, 2)]);
    assert!(!page(dir.path()).contains("<img src=x"));
    for (view, title) in [
        ("", "Photo album"),
        ("person/0", ""),
        ("photo/0", "Photo album"),
        ("search/onerror", ""),
    ] {
        let Some(dom) = in_browser(dir.path(), view) else {
            return;
        };
        let head = dom
            .split_once("<title>")
            .unwrap()
            .1
            .split_once("</title>")
            .unwrap()
            .0;
        assert_ne!(head, "taken", "{view}");
        assert!(title.is_empty() || head == title, "{view}: {head}");
        let escaped = "&lt;/script&gt;&lt;script&gt;document.title='taken'";
        assert!(dom.contains(escaped), "{view}: {dom}");
    }
    let dom = in_browser(dir.path(), "photos").unwrap();
    assert_eq!(dom.matches("class=\"photo\"").count(), 2);
}
