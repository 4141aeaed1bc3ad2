//! Disks that are full, and calls that fail.

use std::path::Path;
use std::process::{Command, Stdio};

use lineament_gallery::{EnrollPolicy, Gallery, GalleryError, check};

use crate::kills::PHOTOS_PER_ROUND;
use crate::ledger::{End, Ledger, heard};
use crate::support::{NOW, face, noise, options};
use crate::writer::{name_of, person_of};

/// One call in the life of a writer fails, by `strace`; the writer goes on.
pub(crate) fn of_single_calls(rounds: usize) {
    let works = Command::new("strace").args(["-qq", "true"]).output();
    if !works.is_ok_and(|output| output.status.success()) {
        println!("skipped: failing calls, for strace is not installed or may not trace");
        return;
    }
    let calls = ["pwrite64", "fdatasync", "fsync", "ftruncate"];
    let errors = ["EIO", "ENOSPC"];
    let (dir, mut ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
    let path = dir.path().join("g");
    drop(Gallery::create(&path, options(), NOW).unwrap());
    for (round, share) in (0..).zip(noise(23).take(rounds)) {
        let call = calls[round % calls.len()];
        let error = errors[round / calls.len() % errors.len()];
        // Of these calls, some come a hundred times in a short life, some a few times.
        let nth = 1 + ((share + 0.5) * [90.0, 40.0, 3.0, 3.0][round % calls.len()]) as usize;
        let fault = format!("inject={call}:error={error}:when={nth}");
        let first = (round as u64 * PHOTOS_PER_ROUND).to_string();
        let mut traced = Command::new("strace");
        traced.args(["-f", "-qq", "-o", "/dev/null"]);
        traced.args(["-e", &format!("trace={call}"), "-e", &fault]);
        traced.args(["timeout", "--signal=KILL", "0.3"]);
        traced.arg(std::env::current_exe().unwrap());
        traced.args(["--write-to", path.to_str().unwrap(), &first]);
        let said = heard(traced.stdout(Stdio::piped()).spawn().unwrap(), End::Own);
        ledger.hear(&said);
        ledger.settle(&path, &format!("{fault}, round {round}"));
    }
    let (n, n_told) = (ledger.n_said, ledger.failures.len());
    assert!(
        n > rounds && n_told > rounds / 8,
        "{n} changes, {n_told} failures"
    );
    println!("{n} changes acknowledged around {rounds} failing calls, {n_told} told, none lost");
}

/// No file may grow beyond some size, so that writes fail from then on.
pub(crate) fn of_file_size(rounds: usize) {
    let mut n_told = 0;
    for (round, share) in noise(31).take(rounds).enumerate() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("g");
        drop(Gallery::create(&path, options(), NOW).unwrap());
        // In units of 512 bytes. A new gallery has about 200 KB.
        let most = 200 + ((share + 0.5) * 2000.0) as usize;
        let script = format!("trap '' XFSZ; ulimit -f {most}; exec timeout -s KILL 0.3 \"$@\"");
        let mut limited = Command::new("sh");
        limited.args(["-c", &script, "sh"]);
        limited.arg(std::env::current_exe().unwrap());
        limited.args(["--write-to", path.to_str().unwrap(), "0"]);
        let mut ledger = Ledger::default();
        ledger.hear(&heard(
            limited.stdout(Stdio::piped()).spawn().unwrap(),
            End::Own,
        ));
        ledger.settle(&path, &format!("{most} units, round {round}"));
        n_told += usize::from(!ledger.failures.is_empty());
    }
    assert!(n_told > 0, "no writer met the limit");
    println!("{rounds} limits of file size, {n_told} met, nothing lost");
}

/// Starts itself in a small file system of its own.
pub(crate) fn of_a_full_disk() {
    let dir = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=8m none \"$1\" || exit 77; exec \"$0\" --fill \"$1\"";
    let status = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .arg(dir.path())
        .stderr(Stdio::null())
        .status();
    match status.map(|status| status.code()) {
        Ok(Some(0)) => println!("a full disk: told, nothing lost, and writing goes on with room"),
        Ok(Some(1 | 77)) | Err(_) => println!("skipped: a full disk, for none can be mounted"),
        other => panic!("{other:?}"),
    }
}

/// Fills the disk that `folder` is on with a gallery; then makes room, and goes on.
pub(crate) fn fill(folder: &Path) {
    let path = folder.join("g");
    let spare = folder.join("spare");
    std::fs::write(&spare, vec![0; 400 << 10]).unwrap();
    let mut gallery = Gallery::create(&path, options(), NOW).unwrap();
    let mut enroll = |photo: u64| {
        let new = face(person_of(photo), photo);
        gallery.enroll(&name_of(photo), &new, &EnrollPolicy::default(), NOW)
    };
    let mut n_kept = 0;
    let error = loop {
        match enroll(n_kept) {
            Ok(_) => n_kept += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, GalleryError::Storage { .. }), "{error}");
    assert!(error.to_string().contains("full"), "{error}");
    assert!(n_kept > 20, "{n_kept} faces");
    let health = check(&path).unwrap();
    assert_eq!((health.problems, health.n_faces), (vec![], n_kept as usize));
    std::fs::remove_file(&spare).unwrap();
    assert!(enroll(n_kept).is_ok());
    drop(gallery);
    let health = check(&path).unwrap();
    assert_eq!(
        (health.problems, health.n_faces),
        (vec![], n_kept as usize + 1)
    );
}
