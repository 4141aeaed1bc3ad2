//! Several processes that use one gallery.

use lineament_gallery::{Gallery, SearchOptions};

use crate::ledger::{End, Ledger, heard, itself};
use crate::support::{NOW, enrolled, face, options};
use crate::writer::{name_of, person_of};

/// Two writers take turns; who reads meanwhile finds what was there when they began.
pub(crate) fn two_writers_and_a_reader() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    let mut gallery = Gallery::create(&path, options(), NOW).unwrap();
    let photo = 9_000_000;
    let first = face(person_of(photo), photo);
    let (id, _) = enrolled(&mut gallery, &name_of(photo), &first);
    drop(gallery);
    let mut ledger = Ledger::default();
    ledger.hear(&[format!("+ {photo}"), format!("= {id}")]);
    let writers = ["0", "1000000"].map(|first| {
        let writer = itself(&["--enroll-in", path.to_str().unwrap(), first]).spawn();
        std::thread::spawn(move || heard(writer.unwrap(), End::Lines(40)))
    });
    let mut n_reads = 0;
    while writers.iter().any(|writer| !writer.is_finished()) {
        let mut reader = Gallery::open(&path).unwrap();
        let found = reader.search(&first.embedding, &SearchOptions::default());
        assert_eq!(found.unwrap()[0].face, Some(id));
        n_reads += 1;
    }
    for writer in writers {
        ledger.hear(&writer.join().unwrap());
    }
    ledger.settle(&path, "after two writers");
    assert!(ledger.n_said > 3, "the writers came to nothing");
    // On a slow disk the one may wait for the other until it is told so.
    let told = |why: &String| why.contains("being written by another process");
    assert!(ledger.failures.iter().all(told), "{:?}", ledger.failures);
    let n = ledger.n_said;
    println!("{n} changes of two writers at once, none lost; {n_reads} reads meanwhile");
}

/// A writer that waits longer than it should is told who is in the way, and the file is as it was.
pub(crate) fn a_second_writer_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    drop(Gallery::create(&path, options(), NOW).unwrap());
    let first = rusqlite::Connection::open(&path).unwrap();
    first.execute_batch("BEGIN IMMEDIATE").unwrap();
    let second = itself(&["--write-to", path.to_str().unwrap(), "0"]).spawn();
    // It says what it begins, and after five seconds that it could not.
    let said = heard(second.unwrap(), End::Lines(2));
    let told = said.iter().find(|line| line.starts_with('!')).unwrap();
    assert!(told.contains("being written by another process"), "{told}");
    first.execute_batch("ROLLBACK").unwrap();
    let mut ledger = Ledger::default();
    ledger.settle(&path, "after a writer was told");
    println!("a second writer waited and was told");
}
