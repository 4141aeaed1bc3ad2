//! `lineament gallery stats`, `check`, `compact` and `backup`.

use std::path::Path;

use lineament_gallery::{ENTROPY_BYTES, LockCost, check_with, salvage_with};
use serde_json::json;

use super::{Target, now, secret, tell};
use crate::commands::models::print;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::plural;

pub(super) fn stats(target: &Target) -> Result<Exit, Failure> {
    let stats = target.open()?.stats()?;
    let options = &stats.options;
    print(
        target.style,
        || json!(stats),
        |out| {
            writeln!(
                out,
                "people    {} and {} merged",
                stats.n_people, stats.n_merged
            )?;
            writeln!(out, "faces     {}", stats.n_faces)?;
            writeln!(
                out,
                "space     {}, {} numbers of {:?}",
                options.space, options.dimension, options.precision
            )?;
            let encrypted = if stats.is_encrypted { "yes" } else { "no" };
            writeln!(out, "encrypted {encrypted}")?;
            writeln!(out, "changes   {}", stats.n_changes)?;
            writeln!(
                out,
                "bytes     {}, {} free",
                stats.n_bytes, stats.n_free_bytes
            )
        },
    )?;
    Ok(Exit::Success)
}

/// A damaged gallery is bad input, also when all could be saved.
pub(super) fn check(target: &Target, new: Option<&Path>) -> Result<Exit, Failure> {
    let (path, key_file) = (target.path.as_path(), target.key_file.as_deref());
    let (health, saved) = secret::with_secret(path, key_file, |secret| {
        let health = check_with(path, secret)?;
        let saved = new.map(|new| salvage_with(path, new, None, secret, now()));
        Ok((health, saved.transpose()?))
    })?;
    print(
        target.style,
        || json!({"health": health, "salvaged": saved}),
        |out| {
            for problem in &health.problems {
                writeln!(out, "{problem}")?;
            }
            let verdict = match health.problems.len() {
                0 => "sound".to_owned(),
                n => plural(n, "problem", "problems"),
            };
            let people = plural(health.n_people, "person", "people");
            let faces = plural(health.n_faces, "face", "faces");
            writeln!(out, "{people}, {faces}: {verdict}")?;
            if let (Some(saved), Some(new)) = (&saved, new) {
                let people = plural(saved.n_people, "person", "people");
                let faces = plural(saved.n_faces, "face", "faces");
                writeln!(out, "saved to {}: {people}, {faces}", new.display())?;
            }
            Ok(())
        },
    )?;
    Ok(match health.problems.is_empty() {
        true => Exit::Success,
        false => Exit::BadInput,
    })
}

pub(super) fn encrypt(target: &Target, new_key_file: Option<&Path>) -> Result<Exit, Failure> {
    let mut gallery = target.open()?;
    let secret = secret::new(&gallery, new_key_file, target.key_file.as_deref())?;
    let mut entropy = [0; ENTROPY_BYTES];
    getrandom::fill(&mut entropy).map_err(|error| {
        let message = format!("the system gives no random numbers: {error}");
        Failure::new(Exit::Internal, message)
    })?;
    gallery.encrypt(&secret, LockCost::default(), &entropy, now())?;
    let words = format!(
        "{} is encrypted; backups and exports made before are not",
        target.path.display()
    );
    tell(target.style, json!({"encrypted": true}), &words)
}

pub(super) fn decrypt(target: &Target) -> Result<Exit, Failure> {
    target.open()?.decrypt(now())?;
    let words = format!("{} is not encrypted any more", target.path.display());
    tell(target.style, json!({"encrypted": false}), &words)
}

pub(super) fn compact(target: &Target) -> Result<Exit, Failure> {
    let n_bytes = target.open()?.compact()?;
    let words = format!("{} given back", plural(n_bytes as usize, "byte", "bytes"));
    tell(target.style, json!({"bytes_given_back": n_bytes}), &words)
}

pub(super) fn backup(target: &Target, to: &Path) -> Result<Exit, Failure> {
    target.open()?.backup(to)?;
    let words = format!("{} is a copy of {}", to.display(), target.path.display());
    tell(target.style, json!({"path": to}), &words)
}
