//! Processes that are killed at any moment.

use std::time::Duration;

use lineament_gallery::{Gallery, GalleryError, check};

use crate::ROUNDS;
use crate::ledger::{End, Ledger, heard, itself};
use crate::support::{NOW, noise, options};

/// Longest life of a writer after its first words.
const MOST_MS: f32 = 200.0;
/// Photo numbers of a round; a writer uses fewer.
pub(crate) const PHOTOS_PER_ROUND: u64 = 4096;

pub(crate) fn while_written(rounds: usize) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    drop(Gallery::create(&path, options(), NOW).unwrap());
    let mut ledger = Ledger::default();
    for (round, moment) in (0..).zip(noise(42).take(rounds)) {
        let first = (round * PHOTOS_PER_ROUND).to_string();
        let mut writer = itself(&["--write-to", path.to_str().unwrap(), &first]);
        let moment = Duration::from_secs_f32(MOST_MS * (moment + 0.5) / 1000.0);
        ledger.hear(&heard(writer.spawn().unwrap(), End::After(moment)));
        ledger.settle(&path, &format!("kill {round}"));
    }
    assert_eq!(ledger.failures, [""; 0]);
    assert!(ledger.n_said > rounds, "{}", ledger.n_said);
    let n = ledger.n_said;
    println!("{n} changes acknowledged before {rounds} kills, none lost");
}

/// A creation that is cut short leaves a gallery, or what can be created anew.
pub(crate) fn while_created() {
    let mut n_unmade = 0;
    for moment in noise(5).take(ROUNDS) {
        let dir = tempfile::tempdir().unwrap();
        let creator = itself(&["--create-in", dir.path().to_str().unwrap()]).spawn();
        let moment = Duration::from_secs_f32(0.04 * (moment + 0.5));
        let begun = heard(creator.unwrap(), End::After(moment)).len();
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
