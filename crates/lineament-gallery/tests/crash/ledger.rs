//! What a gallery must hold, by the words of those who wrote it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lineament_gallery::{Gallery, check};

use crate::support::face;
use crate::writer::{name_of, person_of};

/// Faces that were acknowledged, and changes of which only the beginning was heard.
#[derive(Debug, Default, Clone)]
pub(crate) struct Ledger {
    /// The photo of each face.
    faces: BTreeMap<i64, u64>,
    /// Photos that may or may not have been enrolled.
    maybe_enrolled: BTreeSet<u64>,
    /// Faces that may or may not have been removed.
    maybe_removed: BTreeSet<i64>,
    /// Changes acknowledged.
    pub(crate) n_said: usize,
    /// Failures told.
    pub(crate) failures: Vec<String>,
}

impl Ledger {
    /// Takes down what a writer said. A last line that was cut short says nothing.
    pub(crate) fn hear(&mut self, lines: &[String]) {
        let mut begun: Option<&str> = None;
        for line in lines {
            let (sign, rest) = line.split_at(line.len().min(1));
            let rest = rest.trim();
            match (sign, begun.take()) {
                ("+" | "-", earlier) => {
                    self.doubt(earlier);
                    begun = Some(line);
                }
                ("=", Some(enrolment)) => {
                    self.n_said += 1;
                    let photo = enrolment[1..].trim().parse().unwrap();
                    self.faces.insert(rest.parse().unwrap(), photo);
                }
                (".", Some(removal)) => {
                    self.n_said += 1;
                    for face in numbers(removal) {
                        self.faces.remove(&face);
                    }
                }
                ("!", earlier) => {
                    self.doubt(earlier);
                    self.failures.push(rest.to_owned());
                }
                _ => panic!("{line:?} in {lines:?}"),
            }
        }
        self.doubt(begun);
    }

    fn doubt(&mut self, begun: Option<&str>) {
        match begun.map(|line| line.split_at(1)) {
            Some(("+", photo)) => {
                self.maybe_enrolled.insert(photo.trim().parse().unwrap());
            }
            Some(_) => self.maybe_removed.extend(begun.map(numbers).unwrap()),
            None => {}
        }
    }

    /// Compares the gallery with the ledger: it is sound, every face is there as it was given, and there
    /// is nothing else but what was in flight. Afterwards nothing is in doubt.
    pub(crate) fn settle(&mut self, path: &Path, when: &str) {
        let health = check(path).unwrap();
        assert_eq!(health.problems, [], "{when}");
        let gallery = Gallery::open(path).unwrap();
        let mut found = BTreeMap::new();
        for person in gallery.all_people().unwrap() {
            for kept in gallery.faces(person.id).unwrap() {
                let photo = kept.source.path.rsplit(['/', '.']).nth(1).unwrap();
                let photo: u64 = photo.parse().unwrap();
                let given = face(person_of(photo), photo);
                let owner = gallery.person(kept.person).unwrap();
                assert_eq!(owner.name, name_of(photo), "{when}");
                assert_eq!(kept.source, given.source, "{when}");
                assert_eq!((kept.rect, kept.landmarks), (given.rect, given.landmarks));
                let kept_embedding = gallery.embedding(kept.id).unwrap();
                assert_eq!(kept_embedding.values(), given.embedding.values(), "{when}");
                found.insert(kept.id.0, photo);
            }
        }
        assert_eq!(health.n_faces, found.len(), "{when}");
        for (id, photo) in &self.faces {
            let there = found.get(id) == Some(photo);
            let removed = self.maybe_removed.contains(id) && !found.contains_key(id);
            assert!(there || removed, "face {id} of photo {photo}, {when}");
        }
        for (id, photo) in &found {
            let known = self.faces.contains_key(id) || self.maybe_enrolled.contains(photo);
            assert!(
                known,
                "face {id} of photo {photo} was never heard of, {when}"
            );
        }
        self.faces = found;
        self.maybe_enrolled.clear();
        self.maybe_removed.clear();
    }
}

fn numbers(removal: &str) -> Vec<i64> {
    let words = removal[1..].split_whitespace();
    words.map(|word| word.parse().unwrap()).collect()
}

/// This program with these arguments, its words to be heard.
pub(crate) fn itself(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(arguments).stdout(Stdio::piped());
    command
}

/// When a process is killed.
#[derive(Clone, Copy)]
pub(crate) enum End {
    /// Never: it ends by itself.
    Own,
    /// So long after its first words.
    After(Duration),
    /// After as many lines.
    Lines(usize),
}

/// What a process says until it ends.
pub(crate) fn heard(mut child: Child, end: End) -> Vec<String> {
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    let n_lines = if let End::Lines(n) = end { n } else { 1 };
    for _ in 0..n_lines {
        out.read_line(&mut text).unwrap();
    }
    if let End::After(moment) = end {
        std::thread::sleep(moment);
    }
    if !matches!(end, End::Own) {
        child.kill().unwrap();
    }
    out.read_to_string(&mut text).unwrap();
    child.wait().unwrap();
    // Without its end, a last line may lack digits.
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    text[..whole].lines().map(str::to_owned).collect()
}
