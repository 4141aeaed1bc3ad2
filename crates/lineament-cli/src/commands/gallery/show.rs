//! `lineament gallery show`: all about a person.

use lineament_gallery::{Face, Person};
use serde_json::json;

use super::{Target, who};
use crate::commands::models::{print, table};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::plural;

pub(super) fn run(target: &Target, person: &str) -> Result<Exit, Failure> {
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
    Ok(Exit::Success)
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
