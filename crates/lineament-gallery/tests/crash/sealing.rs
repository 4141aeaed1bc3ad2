//! Galleries that are encrypted and decrypted until somebody ends it.

use std::path::Path;
use std::time::Duration;

use lineament_gallery::{
    ENTROPY_BYTES, EnrollPolicy, ExportRow, Gallery, GalleryError, LockCost, Secret, check_with,
};

use crate::ledger::{End, heard, itself};
use crate::support::traces::{n_present, of_face};
use crate::support::{NOW, face, noise, options};
use crate::writer::say;

const N_FACES: u64 = 200;
/// Longest life of a process after its first words.
const MOST_MS: f32 = 120.0;
const CHEAP: LockCost = LockCost {
    memory_kib: 8,
    passes: 1,
    lanes: 1,
};

/// Encrypts and decrypts in turn, each time with another key, and says so.
pub(crate) fn seal_forever(path: &Path) {
    let mut gallery = open(path).0;
    for seed in (0..=u8::MAX).cycle() {
        let done = match gallery.is_encrypted() {
            true => gallery.decrypt(NOW),
            false => {
                let entropy: [u8; ENTROPY_BYTES] =
                    std::array::from_fn(|i| seed.wrapping_add(i as u8));
                gallery.encrypt(&secret(), CHEAP, &entropy, NOW)
            }
        };
        done.unwrap();
        say("=");
    }
}

pub(crate) fn kills(rounds: usize) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g");
    let mut gallery = Gallery::create(&path, options(), NOW).unwrap();
    for photo in 0..N_FACES {
        let outcome = gallery.enroll("Ada", &face(1, photo), &EnrollPolicy::default(), NOW);
        let _ = outcome.unwrap();
    }
    let whole = contents(&gallery);
    drop(gallery);
    let traces: Vec<_> = (0..N_FACES)
        .flat_map(|photo| of_face(&face(1, photo)))
        .collect();
    let (mut n_sealed, mut n_changes) = (0, 0);
    for (round, moment) in noise(77).take(rounds).enumerate() {
        let child = itself(&["--seal", path.to_str().unwrap()]).spawn();
        let moment = Duration::from_secs_f32(MOST_MS * (moment + 0.5) / 1000.0);
        n_changes += heard(child.unwrap(), End::After(moment)).len();
        let (gallery, secret) = open(&path);
        assert!(contents(&gallery) == whole, "kill {round}");
        let health = check_with(&path, secret.as_ref()).unwrap();
        assert_eq!(health.problems, [], "kill {round}");
        if secret.is_some() {
            n_sealed += 1;
            assert_eq!(n_present(dir.path(), &traces[..40]), 0, "kill {round}");
        }
    }
    println!(
        "{n_changes} encryptions and decryptions before {rounds} kills, nothing lost; encrypted after {n_sealed}"
    );
}

/// The gallery, and its secret if it needs one now.
fn open(path: &Path) -> (Gallery, Option<Secret>) {
    match Gallery::open(path) {
        Ok(gallery) => (gallery, None),
        Err(GalleryError::Locked { .. }) => {
            let secret = secret();
            let gallery = Gallery::open_with(path, Some(&secret)).unwrap();
            (gallery, Some(secret))
        }
        Err(error) => panic!("{error}"),
    }
}

fn secret() -> Secret {
    Secret::new(b"a passphrase".to_vec()).unwrap()
}

fn contents(gallery: &Gallery) -> Vec<ExportRow> {
    let mut rows = Vec::new();
    let take = |row| {
        rows.push(row);
        Ok(())
    };
    gallery.export(take).unwrap();
    rows
}
