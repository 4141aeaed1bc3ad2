//! Elements of an XML file, in their order, with their lines.

use std::collections::BTreeMap;
use std::path::Path;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

use crate::error::DataError;
use crate::limits::DataLimits;
use crate::lines::check_size;
use crate::sets::Place;

/// Elements within elements that are followed.
const MAX_DEPTH: usize = 16;

/// A piece of an element.
pub(super) enum Piece {
    /// It starts, with these attributes.
    Start(BTreeMap<String, String>),
    /// Some of the text in it.
    Text(String),
    /// It ends.
    End,
}

/// The text of the file at `path`.
pub(super) fn read(path: &Path, limits: &DataLimits) -> Result<String, DataError> {
    check_size(path, limits.max_list_bytes)?;
    let bytes = std::fs::read(path).map_err(|error| DataError::io(path, error))?;
    String::from_utf8(bytes).map_err(|error| {
        let sound = error.utf8_error().valid_up_to();
        let line = line_at(&error.as_bytes()[..sound]);
        DataError::line(
            path,
            line,
            "UTF-8 text",
            "bytes that are not; save it as UTF-8",
        )
    })
}

/// Gives every piece of `text`, the content of the file at `path`, to `take`, with the names of the
/// elements around it, its own the last.
pub(super) fn for_each_piece(
    path: &Path,
    text: &str,
    mut take: impl FnMut(Place<'_>, &[String], Piece) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut names: Vec<String> = Vec::new();
    let (mut position, mut line) = (0, 1);
    loop {
        let event = reader.read_event();
        let next = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
        let at = Place { path, line };
        line += line_at(&text.as_bytes()[position..next]) - 1;
        position = next;
        match event.map_err(|error| bad(at, &error))? {
            Event::Start(element) if names.len() < MAX_DEPTH => {
                names.push(element.name().as_ref().to_owned());
                take(at, &names, Piece::Start(attributes(at, &element)?))?;
            }
            Event::Start(_) => {
                let expected = format!("elements {MAX_DEPTH} deep at most");
                return Err(at.error(expected, "a deeper one"));
            }
            Event::Text(inside) => {
                take(at, &names, Piece::Text(inside.into_inner().into_owned()))?;
            }
            Event::GeneralRef(name) => {
                let inside = format!("&{};", &*name);
                let inside = unescape(&inside).map_err(|error| bad(at, &error))?;
                take(at, &names, Piece::Text(inside.into_owned()))?;
            }
            Event::End(_) => {
                take(at, &names, Piece::End)?;
                names.pop();
            }
            Event::Eof if names.is_empty() => return Ok(()),
            Event::Eof => {
                let expected = format!("the end of <{}>", names.join("><"));
                return Err(at.error(expected, "the end of the file"));
            }
            _ => {}
        }
    }
}

fn attributes(
    at: Place<'_>,
    element: &BytesStart<'_>,
) -> Result<BTreeMap<String, String>, DataError> {
    let attribute = |attribute: Result<quick_xml::events::attributes::Attribute<'_>, _>| {
        let attribute = attribute.map_err(|error| bad(at, &error))?;
        let value = unescape(&attribute.value).map_err(|error| bad(at, &error))?;
        Ok((attribute.key.as_ref().to_owned(), value.into_owned()))
    };
    element.attributes().map(attribute).collect()
}

fn bad(at: Place<'_>, error: &dyn std::fmt::Display) -> DataError {
    at.error("XML", error.to_string())
}

/// The line, counted from 1, that follows these bytes.
fn line_at(before: &[u8]) -> u64 {
    1 + before.iter().filter(|byte| **byte == b'\n').count() as u64
}
