//! What goes out of a gallery comes back, and what cannot be is refused by its line.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::path::Path;

use lineament_gallery::{
    Face, Gallery, GalleryError, GalleryOptions, Imported, JsonLines, Person, check,
    write_json_lines,
};
use support::{NOW, enrolled, face, gallery, options};

fn exported(gallery: &Gallery) -> String {
    let mut out = Vec::new();
    write_json_lines(gallery, Path::new("out.jsonl"), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn import(gallery: &mut Gallery, text: &str) -> Result<Imported, GalleryError> {
    let lines = JsonLines::open(Path::new("in.jsonl"), text.as_bytes())?;
    let (source, options) = (lines.source().clone(), lines.header().options.clone());
    gallery.import(&source, &options, lines, NOW)
}

/// Ada with two faces, tags and notes; Bob, merged into Cy, who came later; Eve without faces.
fn full() -> (tempfile::TempDir, Gallery) {
    let (dir, mut gallery) = gallery();
    let (_, ada) = enrolled(&mut gallery, "Ada", &face(1, 0));
    enrolled(&mut gallery, "Ada", &face(1, 1));
    let (_, bob) = enrolled(&mut gallery, "Bob", &face(2, 0));
    let (_, cy) = enrolled(&mut gallery, "Cy \"the\" Ä", &face(3, 0));
    let (eves, _) = enrolled(&mut gallery, "Eve", &face(4, 0));
    gallery.remove_face(eves, NOW).unwrap();
    let tags = ["work".to_owned(), "family".to_owned()];
    gallery.describe(ada, &tags, "two\nlines", NOW).unwrap();
    gallery.merge(cy, bob, NOW).unwrap();
    (dir, gallery)
}

/// A person, the name of whom they are merged into, and their faces.
type Contents = (
    Person,
    Option<String>,
    Vec<(Face, Vec<f32>, Option<Vec<u8>>)>,
);

/// All people with their faces, without numbers, which are given anew.
fn contents(gallery: &Gallery) -> Vec<Contents> {
    let people = gallery.all_people().unwrap();
    let mut contents: Vec<_> = people
        .iter()
        .map(|person| {
            let target = person.merged_into;
            let target = target.map(|id| gallery.person(id).unwrap().name);
            let faces = gallery.faces(person.id).unwrap().into_iter();
            let faces = faces.map(|mut face| {
                let embedding = gallery.embedding(face.id).unwrap().values().to_vec();
                let thumbnail = gallery.thumbnail(face.id).unwrap();
                face.id.0 = 0;
                face.person.0 = 0;
                (face, embedding, thumbnail)
            });
            let mut faces: Vec<_> = faces.collect();
            faces.sort_by(|a, b| a.0.source.path.cmp(&b.0.source.path));
            let mut person = person.clone();
            person.id.0 = 0;
            person.merged_into = None;
            (person, target, faces)
        })
        .collect();
    contents.sort_by(|a, b| a.0.name.cmp(&b.0.name));
    contents
}

#[test]
fn json_lines_come_back_once() {
    let (dir, gallery) = full();
    let text = exported(&gallery);
    let path = dir.path().join("copy");
    let mut copy = Gallery::create(&path, options(), NOW).unwrap();
    let new = Imported {
        n_people: 4,
        n_faces: 4,
        ..Imported::default()
    };
    assert_eq!(import(&mut copy, &text).unwrap(), new);
    for (ours, theirs) in contents(&gallery).iter().zip(contents(&copy)) {
        assert_eq!((&ours.0, &ours.1), (&theirs.0, &theirs.1));
        for (a, b) in ours.2.iter().zip(&theirs.2) {
            assert_eq!(a.0, b.0);
            // Bringing an embedding to unit norm again moves the last bit.
            assert!(a.1.iter().zip(&b.1).all(|(a, b)| (a - b).abs() < 1e-6));
        }
        assert_eq!(ours.2.len(), theirs.2.len());
    }
    let n_changes = copy.stats().unwrap().n_changes;
    let known = Imported {
        n_people_known: 4,
        n_faces_known: 4,
        ..Imported::default()
    };
    assert_eq!(import(&mut copy, &text).unwrap(), known);
    assert_eq!(copy.stats().unwrap().n_changes, n_changes);
    assert_eq!(check(&path).unwrap().problems, []);
}

/// Makes a good line bad.
type Spoil<'a> = &'a dyn Fn(&str) -> String;

#[test]
fn a_bad_line_is_named_and_nothing_is_taken() {
    let (_from, gallery) = full();
    let text = exported(&gallery);
    let n_lines = text.lines().count();
    let cases: [(Spoil<'_>, &str); 5] = [
        (
            &|line| line[..line.len() - 9].to_owned(),
            "expected a person or a face",
        ),
        (
            &|line| line.replace("\"embedding\":[", "\"embedding\":[0.5,"),
            "32 numbers, this one has 33",
        ),
        (
            &|line| line.replace("\"person\":", "\"person\":9"),
            "that of a person in a row before",
        ),
        (
            &|line| line.replace("\"width\":", "\"width\":-"),
            "the box of a face",
        ),
        (
            &|line| format!("{{{}", " ".repeat(2 << 20)) + line,
            "expected a person or a face",
        ),
    ];
    for (spoil, words) in cases {
        let (_dir, mut into) = support::gallery();
        let lines = text.lines().enumerate().map(|(i, line)| {
            let last = i + 1 == n_lines;
            (if last { spoil(line) } else { line.to_owned() }) + "\n"
        });
        let error = import(&mut into, &lines.collect::<String>())
            .unwrap_err()
            .to_string();
        let place = format!("in.jsonl, line {n_lines}: ");
        assert!(
            error.starts_with(&place) && error.contains(words),
            "{error}"
        );
        assert_eq!(into.stats().unwrap().n_people, 0, "{words}");
    }
}

#[test]
fn other_files_and_spaces_are_refused() {
    let (_dir, mut into) = support::gallery();
    for text in ["", "{}", "no JSON at all", "{\"lineament_gallery\": 1}"] {
        let error = import(&mut into, text).unwrap_err().to_string();
        assert!(
            error.contains("header: expected that of an exported gallery"),
            "{error}"
        );
    }
    let (_from, gallery) = full();
    let text = exported(&gallery);
    let later = text.replacen("\"lineament_gallery\":1", "\"lineament_gallery\":2", 1);
    let error = import(&mut into, &later).unwrap_err().to_string();
    assert!(error.contains("use a newer program"), "{error}");
    let dir = tempfile::tempdir().unwrap();
    let other = GalleryOptions {
        space: lineament_core::EmbeddingSpace::new("other@1"),
        ..options()
    };
    let mut other = Gallery::create(&dir.path().join("g"), other, NOW).unwrap();
    let error = import(&mut other, &text).unwrap_err();
    assert!(
        matches!(error, GalleryError::SpaceMismatch { .. }),
        "{error}"
    );
}
