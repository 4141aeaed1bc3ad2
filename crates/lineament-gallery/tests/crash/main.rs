//! A writer that dies, or whose disk fails it, loses nothing that it has acknowledged.
//!
//! Without arguments this is the test: it starts itself as a writer, keeps a ledger of what the writer
//! says, ends it or lets its writes fail at moments that seeds choose, and compares what is left with
//! the ledger. `LINEAMENT_CRASH_ROUNDS` sets how often.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::print_stdout,
    reason = "the writer acknowledges on standard output"
)]

mod faults;
mod kills;
mod ledger;
mod sealing;
#[path = "../support/mod.rs"]
mod support;
mod together;
mod torn;
mod writer;

use std::path::Path;

use crate::writer::Habit;

/// Rounds when nobody asks for more.
const ROUNDS: usize = 20;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["--write-to", path, first] => {
            writer::write(Path::new(path), first.parse().unwrap(), Habit::Everything);
        }
        ["--enroll-in", path, first] => {
            writer::write(Path::new(path), first.parse().unwrap(), Habit::Enroll);
        }
        ["--create-in", folder] => writer::create_forever(Path::new(folder)),
        ["--seal", path] => sealing::seal_forever(Path::new(path)),
        ["--fill", folder] => faults::fill(Path::new(folder)),
        _ => test(),
    }
}

fn test() {
    let rounds = std::env::var("LINEAMENT_CRASH_ROUNDS");
    let rounds: usize = rounds.map_or(ROUNDS, |text| text.parse().unwrap());
    kills::while_created();
    kills::while_written(rounds);
    sealing::kills(rounds);
    faults::of_single_calls(rounds);
    faults::of_file_size(rounds);
    faults::of_a_full_disk();
    torn::logs(rounds);
    torn::checkpoints(rounds);
    together::two_writers_and_a_reader();
    together::a_second_writer_is_told();
}
