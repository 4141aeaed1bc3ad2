//! `lineament gallery stats`, `check`, `compact` and `backup`.

use std::path::Path;

use lineament_gallery::{check as check_file, salvage};
use serde_json::json;

use super::{Target, now, tell};
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
    let health = check_file(&target.path)?;
    let saved = new
        .map(|new| salvage(&target.path, new, None, now()))
        .transpose()?;
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
