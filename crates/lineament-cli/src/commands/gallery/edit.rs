//! Changes of people by hand: `rename`, `describe`, `merge`, `unmerge`, `remove`, `forget`.

use lineament_gallery::{FaceId, Gallery};
use serde_json::json;

use super::{Target, now, tell, who, who_merged};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::plural;

pub(super) fn rename(target: &Target, person: &str, name: &str) -> Result<Exit, Failure> {
    let mut gallery = target.open()?;
    let id = who(&gallery, person)?;
    gallery.rename(id, name, now())?;
    let words = format!("{person} is called {} now", gallery.person(id)?.name);
    tell_of(target, &gallery, id, &words)
}

pub(super) fn describe(
    target: &Target,
    person: &str,
    tags: Vec<String>,
    notes: Option<String>,
) -> Result<Exit, Failure> {
    let mut gallery = target.open()?;
    let old = gallery.person(who(&gallery, person)?)?;
    let tags = if tags.is_empty() { old.tags } else { tags };
    let notes = notes.unwrap_or(old.notes);
    gallery.describe(old.id, &tags, &notes, now())?;
    tell_of(
        target,
        &gallery,
        old.id,
        &format!("{} is described", old.name),
    )
}

pub(super) fn merge(target: &Target, kept: &str, gone: &str) -> Result<Exit, Failure> {
    let mut gallery = target.open()?;
    let (kept, gone) = (who(&gallery, kept)?, who(&gallery, gone)?);
    gallery.merge(kept, gone, now())?;
    let names = (gallery.person(gone)?.name, gallery.person(kept)?.name);
    let words = format!(
        "the faces of {} (#{gone}) are those of {} now",
        names.0, names.1
    );
    tell_of(target, &gallery, kept, &words)
}

pub(super) fn unmerge(target: &Target, person: &str, name: Option<&str>) -> Result<Exit, Failure> {
    let mut gallery = target.open()?;
    let id = who_merged(&gallery, person)?;
    gallery.unmerge(id, name, now())?;
    let words = format!("{} stands alone again", gallery.person(id)?.name);
    tell_of(target, &gallery, id, &words)
}

pub(super) fn remove(
    target: &Target,
    person: Option<&str>,
    face: Option<i64>,
) -> Result<Exit, Failure> {
    let mut gallery = target.open()?;
    let (n_faces, words) = match (person, face) {
        (_, Some(face)) => {
            gallery.remove_face(FaceId(face), now())?;
            (1, format!("face {face} is removed"))
        }
        (Some(person), None) => {
            let old = gallery.person(who(&gallery, person)?)?;
            gallery.remove_person(old.id, now())?;
            let faces = plural(old.n_faces, "face", "faces");
            (old.n_faces, format!("{} is removed with {faces}", old.name))
        }
        (None, None) => return Err(Failure::usage("name a person, or a face with --face")),
    };
    tell(target.style, json!({"removed_faces": n_faces}), &words)
}

pub(super) fn forget(target: &Target, person: &str) -> Result<Exit, Failure> {
    let mut gallery = target.open()?;
    let id = who(&gallery, person)?;
    let n_faces = gallery.forget(id, now())?;
    let faces = plural(n_faces, "face", "faces");
    let words = format!("#{id} is forgotten with {faces}; backups and exports were not touched");
    tell(target.style, json!({"forgotten_faces": n_faces}), &words)
}

/// Tells people in `words`, and programs what has become of the person.
fn tell_of(
    target: &Target,
    gallery: &Gallery,
    person: lineament_gallery::PersonId,
    words: &str,
) -> Result<Exit, Failure> {
    tell(target.style, json!(gallery.person(person)?), words)
}
