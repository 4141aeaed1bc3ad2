//! The names that were typed into an album, as its page saves them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use crate::exit::Exit;
use crate::failure::Failure;

/// Longest file that is read, in bytes: names for a hundred thousand strangers.
const MAX_BYTES: u64 = 16 << 20;
/// Longest name, in bytes, as in a gallery.
const MAX_NAME_BYTES: usize = 256;

/// What a page saved.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File1 {
    /// The version of this format: 1.
    lineament_names: u32,
    names: Vec<Naming>,
}

/// A name for the person of a face.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Naming {
    /// The face, by its key in words.
    pub(crate) face: String,
    pub(crate) name: String,
    /// Whom the name is for.
    #[serde(default)]
    pub(crate) scope: Scope,
}

/// Which faces a name is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scope {
    /// All that are the same person's as this face.
    #[default]
    Person,
    /// This face alone.
    Face,
}

/// The names in the file.
///
/// # Errors
/// [`Exit::BadInput`], saying where, for a file that is none of ours, and for a name that is empty, too
/// long or holds control characters.
pub(crate) fn read(path: &Path) -> Result<Vec<Naming>, Failure> {
    let bad = |what: String| Failure::new(Exit::BadInput, format!("{}: {what}", path.display()));
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| {
            bad(error.to_string()).help("name the file that the album's page saved")
        })?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(bad(format!(
            "longer than the {MAX_BYTES} bytes that names take at most"
        )));
    }
    parse(&bytes).map_err(|what| {
        bad(what).help("save the names again on the album's page, and name that file")
    })
}

fn parse(bytes: &[u8]) -> Result<Vec<Naming>, String> {
    let file: File1 = serde_json::from_slice(bytes)
        .map_err(|error| format!("not the names of an album: {error}"))?;
    if file.lineament_names != 1 {
        let got = file.lineament_names;
        return Err(format!(
            "names of version {got}; this program reads version 1"
        ));
    }
    let mut names = file.names;
    for (i, naming) in names.iter_mut().enumerate() {
        naming.name = clean(&naming.name).map_err(|what| format!("name {}: {what}", i + 1))?;
    }
    Ok(names)
}

/// The name without blanks around it.
fn clean(name: &str) -> Result<String, String> {
    let name = name.trim();
    if name.is_empty() {
        return Err("empty".to_owned());
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(format!(
            "{} bytes long, {MAX_NAME_BYTES} at most",
            name.len()
        ));
    }
    match name.chars().any(char::is_control) {
        true => Err(format!("{name:?} holds a control character")),
        false => Ok(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_saves_is_read() {
        let text = r#"{"lineament_names": 1, "names": [
            {"face": "ab-0", "name": " Ada "},
            {"face": "ab-1", "name": "<Grace>", "scope": "face"}
        ]}"#;
        let names = parse(text.as_bytes()).unwrap();
        assert_eq!(
            (names[0].name.as_str(), names[0].scope),
            ("Ada", Scope::Person)
        );
        assert_eq!(
            (names[1].name.as_str(), names[1].scope),
            ("<Grace>", Scope::Face)
        );
    }

    #[test]
    fn anything_else_is_told_of() {
        let of = |naming: &str| format!(r#"{{"lineament_names": 1, "names": [{naming}]}}"#);
        let long = "x".repeat(257);
        for (text, told) in [
            (String::new(), "not the names"),
            ("[]".to_owned(), "not the names"),
            (
                r#"{"lineament_names": 2, "names": []}"#.to_owned(),
                "version 2",
            ),
            (of(r#"{"face": "a", "name": "  "}"#), "name 1: empty"),
            (of(r#"{"face": "a", "name": "a\nb"}"#), "control character"),
            (
                of(&format!(r#"{{"face": "a", "name": "{long}"}}"#)),
                "257 bytes",
            ),
            (
                of(r#"{"face": "a", "name": "b", "more": 1}"#),
                "unknown field",
            ),
        ] {
            let error = parse(text.as_bytes()).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap_err().exit(), Exit::BadInput);
        let path = folder.path().join("n.json");
        File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert_eq!(read(&path).unwrap_err().exit(), Exit::BadInput);
    }
}
