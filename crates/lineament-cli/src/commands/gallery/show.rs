//! `lineament gallery show`: all about a person.

use std::path::Path;

use lineament_gallery::{Face, Gallery, Person};
use serde_json::json;

use super::{Target, who};
use crate::batch::say;
use crate::commands::models::{print, table};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::plural;

pub(super) fn run(
    target: &Target,
    person: &str,
    thumbnails: Option<&Path>,
) -> Result<Exit, Failure> {
    let gallery = target.open()?;
    let person = gallery.person(who(&gallery, person)?)?;
    let faces = gallery.faces(person.id)?;
    let mut merged = gallery.all_people()?;
    merged.retain(|other| other.merged_into == Some(person.id));
    let rows: Vec<[String; 4]> = faces.iter().map(row).collect();
    print(
        target.style,
        || json!({"person": person, "merged": merged, "faces": faces}),
        |out| {
            writeln!(out, "{}", title(&person))?;
            for other in &merged {
                writeln!(out, "merged: {} (#{})", other.name, other.id)?;
            }
            if !person.notes.is_empty() {
                writeln!(out, "{}", person.notes)?;
            }
            table(out, ["FACE", "SCORE", "QUALITY", "PHOTO"], &rows)
        },
    )?;
    if let Some(folder) = thumbnails {
        write_thumbnails(&gallery, &faces, folder)?;
    }
    Ok(Exit::Success)
}

/// Writes the pictures of the faces that have one.
fn write_thumbnails(gallery: &Gallery, faces: &[Face], folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| Failure::write(folder, &error))?;
    let mut n_written = 0;
    for face in faces {
        if let Some(png) = gallery.thumbnail(face.id)? {
            let path = folder.join(format!("{}.png", face.id));
            std::fs::write(&path, png).map_err(|error| Failure::write(&path, &error))?;
            n_written += 1;
        }
    }
    let of = plural(faces.len(), "face", "faces");
    say(&format!(
        "{n_written} of {of} have a picture, now in {}",
        folder.display()
    ));
    Ok(())
}

fn title(person: &Person) -> String {
    let faces = plural(person.n_faces, "face", "faces");
    let mut title = format!("{} (#{}): {faces}", person.name, person.id);
    if !person.tags.is_empty() {
        title += &format!("; {}", person.tags.join(", "));
    }
    title
}

fn row(face: &Face) -> [String; 4] {
    let quality = match face.quality.objections.as_slice() {
        [] => "good".to_owned(),
        objections => objections.join(", "),
    };
    [
        face.id.to_string(),
        format!("{:.2}", face.quality.detection_score),
        quality,
        face.source.path.clone(),
    ]
}
