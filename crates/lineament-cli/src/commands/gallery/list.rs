//! `lineament gallery list`: the people.

use lineament_gallery::Person;
use serde_json::json;

use super::Target;
use crate::commands::models::{print, table};
use crate::exit::Exit;
use crate::failure::Failure;

pub(super) fn run(target: &Target, tag: Option<&str>) -> Result<Exit, Failure> {
    let mut people = target.open()?.people()?;
    let wanted = |person: &Person| tag.is_none_or(|tag| person.tags.iter().any(|t| t == tag));
    people.retain(wanted);
    let rows: Vec<[String; 4]> = people.iter().map(row).collect();
    print(
        target.style,
        || json!(people),
        |out| table(out, ["NUMBER", "NAME", "FACES", "TAGS"], &rows),
    )?;
    Ok(Exit::Success)
}

fn row(person: &Person) -> [String; 4] {
    [
        format!("#{}", person.id),
        person.name.clone(),
        person.n_faces.to_string(),
        person.tags.join(", "),
    ]
}
