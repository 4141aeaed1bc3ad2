//! A writer killed at any moment loses nothing that it has acknowledged.
//!
//! Without arguments this is the test: it starts itself as a writer, reads the numbers of the faces
//! that the writer says are kept, kills it at a moment that a seed chooses, and looks at what is left.
//! `LINEAMENT_CRASH_ROUNDS` sets how often.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::print_stdout,
    reason = "the writer acknowledges on standard output"
)]

mod support;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lineament_gallery::{EnrollPolicy, Enrollment, FaceId, Gallery, GalleryError, check};
use support::{NOW, face, noise, options};

const ROUNDS: usize = 20;

fn main() {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("--write-to") => write_forever(Path::new(&arguments.next().unwrap())),
        Some("--create-in") => create_forever(Path::new(&arguments.next().unwrap())),
        _ => {
            survives_kills_while_created();
            survives_kills();
            survives_torn_logs();
        }
    }
}

/// Enrolls face after face, some two at once, removes and merges now and then; tells of every face
/// once it is kept.
fn write_forever(path: &Path) {
    let mut gallery = Gallery::open(path).unwrap();
    let first = gallery.stats().unwrap().n_changes;
    let mut out = std::io::stdout();
    for photo in first.. {
        let (name, new) = (format!("person {}", photo % 13), face(photo % 13, photo));
        let outcome = gallery.enroll(&name, &new, &EnrollPolicy::default(), NOW);
        let Enrollment::Enrolled { face: id, .. } = outcome.unwrap() else {
            panic!("the photo is new");
        };
        writeln!(out, "{id} {photo}").unwrap();
        out.flush().unwrap();
        if photo % 29 == 28 {
            let people = gallery.people().unwrap();
            gallery.merge(people[0].id, people[1].id, NOW).unwrap();
            gallery.unmerge(people[1].id, None, NOW).unwrap();
        }
        if photo % 64 == 63 {
            gallery.save_index().unwrap();
        }
    }
}

fn survives_kills() {
    let rounds = std::env::var("LINEAMENT_CRASH_ROUNDS");
    let rounds: usize = rounds.map_or(ROUNDS, |text| text.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    drop(Gallery::create(&path, options(), NOW).unwrap());
    let mut acknowledged: BTreeSet<(i64, u64)> = BTreeSet::new();
    for (round, moment) in noise(42).take(rounds).enumerate() {
        acknowledged.extend(killed_writer(&path, moment + 0.5));
        let health = check(&path).unwrap();
        assert!(
            health.problems.is_empty(),
            "round {round}: {:?}",
            health.problems
        );
        // At most the one change in flight was kept without having been acknowledged.
        let n_unsaid = health.n_faces - acknowledged.len();
        assert!(n_unsaid <= round + 1, "{n_unsaid} faces in round {round}");
        let gallery = Gallery::open(&path).unwrap();
        for &(id, photo) in &acknowledged {
            let kept = gallery.face(FaceId(id)).unwrap();
            assert_eq!(kept.source, face(photo % 13, photo).source, "round {round}");
        }
    }
    assert!(acknowledged.len() > rounds, "{}", acknowledged.len());
    println!(
        "{} faces acknowledged before {rounds} kills, none lost",
        acknowledged.len()
    );
}

/// Makes gallery after gallery, `0` and so on, and tells of each before it is begun.
fn create_forever(folder: &Path) {
    let mut out = std::io::stdout();
    for number in 0.. {
        writeln!(out, "{number}").unwrap();
        out.flush().unwrap();
        Gallery::create(&folder.join(format!("{number}")), options(), NOW).unwrap();
    }
}

/// A creation that is cut short leaves a gallery, or what can be created anew.
fn survives_kills_while_created() {
    let mut n_unmade = 0;
    for moment in noise(5).take(ROUNDS) {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = started("--create-in", dir.path());
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        lines.next().unwrap().unwrap();
        std::thread::sleep(Duration::from_secs_f32(0.04 * (moment + 0.5)));
        writer.kill().unwrap();
        writer.wait().unwrap();
        let begun = 1 + lines.map_while(Result::ok).count();
        let last = dir.path().join(format!("{}", begun - 1));
        match Gallery::open(&last) {
            Ok(_) => {}
            Err(GalleryError::Missing { .. }) => n_unmade += 1,
            Err(GalleryError::NotAGallery { found, .. }) if found.contains("create it again") => {
                n_unmade += 1;
                drop(Gallery::create(&last, options(), NOW).unwrap());
            }
            Err(error) => panic!("{error}"),
        }
        for number in 0..begun - 1 {
            let path = dir.path().join(format!("{number}"));
            assert_eq!(check(&path).unwrap().problems, [], "gallery {number}");
        }
    }
    println!("{n_unmade} of {ROUNDS} creations cut short");
}

fn started(what: &str, path: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let command = command.arg(what).arg(path).stdout(Stdio::piped());
    command.spawn().unwrap()
}

/// Lets a writer live for up to 40 ms after its first word; what it said.
fn killed_writer(path: &Path, moment: f32) -> Vec<(i64, u64)> {
    let mut writer = started("--write-to", path);
    let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    std::thread::sleep(Duration::from_secs_f32(0.04 * moment));
    writer.kill().unwrap();
    writer.wait().unwrap();
    let parse = |line: String| {
        let (id, photo) = line.split_once(' ')?;
        Some((id.parse().ok()?, photo.parse().ok()?))
    };
    // The kill may have cut the last line short: that is no acknowledgement.
    let rest = lines.map_while(Result::ok);
    std::iter::once(first)
        .chain(rest)
        .filter_map(parse)
        .collect()
}

/// A log that a power cut tore off at any byte gives a state that was acknowledged at some time.
fn survives_torn_logs() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    drop(Gallery::create(&path, options(), NOW).unwrap());
    let said = killed_writer(&path, 1.0);
    let log = dir.path().join("g-wal");
    let whole = std::fs::read(&log).unwrap();
    assert!(whole.len() > 4096, "the log holds changes");
    let torn = dir.path().join("torn");
    for share in noise(7).take(60) {
        let length = ((share + 0.5) * whole.len() as f32) as usize;
        std::fs::copy(&path, &torn).unwrap();
        std::fs::write(dir.path().join("torn-wal"), &whole[..length]).unwrap();
        let health = check(&torn).unwrap();
        assert!(
            health.problems.is_empty(),
            "{length} bytes: {:?}",
            health.problems
        );
        let gallery = Gallery::open(&torn).unwrap();
        let n_faces = gallery.stats().unwrap().n_faces;
        assert_eq!(n_faces, health.n_faces);
        // The faces are the first ones, without a gap.
        for &(id, _) in said.iter().take(n_faces) {
            gallery.face(FaceId(id)).unwrap();
        }
        drop(gallery);
        std::fs::remove_file(&torn).unwrap();
    }
}
