//! Files that a power cut left half written.

use std::fs;
use std::path::{Path, PathBuf};

use lineament_gallery::{Gallery, check};

use crate::ledger::{End, Ledger, heard, itself};
use crate::support::{NOW, noise, options};

/// Fields of a write-ahead log (sqlite.org/fileformat.html, section 4).
const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;

/// A gallery whose writer was killed, so that its log still holds changes.
struct Killed {
    _dir: tempfile::TempDir,
    path: PathBuf,
    file: Vec<u8>,
    log: Vec<u8>,
    ledger: Ledger,
}

fn killed() -> Killed {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    drop(Gallery::create(&path, options(), NOW).unwrap());
    let writer = itself(&["--write-to", path.to_str().unwrap(), "0"]).spawn();
    let said = heard(writer.unwrap(), End::Lines(60));
    let mut ledger = Ledger::default();
    ledger.hear(&said);
    let file = fs::read(&path).unwrap();
    let log = fs::read(beside(&path, "-wal")).unwrap();
    assert!(log.len() > 4096, "the log holds changes");
    Killed {
        _dir: dir,
        path,
        file,
        log,
        ledger,
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

impl Killed {
    fn leave(&self, file: &[u8], log: &[u8]) {
        let _ = fs::remove_file(beside(&self.path, "-shm"));
        fs::write(&self.path, file).unwrap();
        fs::write(beside(&self.path, "-wal"), log).unwrap();
    }
}

/// A log that ends at any byte, or of which any byte did not reach the disk, gives a state that was
/// acknowledged at some time, and no other.
pub(crate) fn logs(rounds: usize) {
    let killed = killed();
    let mut n_found = Vec::new();
    for (i, share) in noise(7).take(2 * rounds).enumerate() {
        let mut log = killed.log.clone();
        let at = ((share + 0.5) * log.len() as f32) as usize;
        match i % 2 {
            0 => log.truncate(at),
            _ => log[at] ^= 1 << (at % 8),
        }
        killed.leave(&killed.file, &log);
        let health = check(&killed.path).unwrap();
        assert_eq!(health.problems, [], "byte {at} of the log");
        let gallery = Gallery::open(&killed.path).unwrap();
        assert_eq!(gallery.stats().unwrap().n_faces, health.n_faces);
        n_found.push((at, health.n_faces));
    }
    n_found.sort_unstable();
    assert!(n_found.first().unwrap().1 < n_found.last().unwrap().1);
    println!("{} torn logs, each a state that was", n_found.len());
}

/// Pages that were being copied from the log to the file when the power went are read from the log:
/// nothing is lost, whatever is in their place.
pub(crate) fn checkpoints(rounds: usize) {
    let killed = killed();
    let page_bytes = u32::from_be_bytes(killed.log[8..12].try_into().unwrap()) as usize;
    let frames = killed.log[HEADER_BYTES..].chunks_exact(FRAME_HEADER_BYTES + page_bytes);
    let pages: Vec<usize> = frames
        .map(|frame| u32::from_be_bytes(frame[..4].try_into().unwrap()) as usize - 1)
        .collect();
    for (round, share) in noise(11).take(rounds).enumerate() {
        let mut file = killed.file.clone();
        let torn = ((share + 0.5) * page_bytes as f32) as usize;
        for page in pages.iter().skip(round % 3).step_by(3) {
            let start = page * page_bytes;
            if start + page_bytes <= file.len() {
                file[start + torn..start + page_bytes].fill(0xA5);
            }
        }
        killed.leave(&file, &killed.log);
        killed
            .ledger
            .clone()
            .settle(&killed.path, &format!("torn checkpoint {round}"));
    }
    println!("{rounds} torn checkpoints, nothing lost");
}
