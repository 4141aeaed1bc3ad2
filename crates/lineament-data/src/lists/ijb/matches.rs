//! Which templates are compared.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::template::Template;
use crate::error::DataError;
use crate::limits::DataLimits;
use crate::lines::{Lines, shown};
use crate::sets::Place;

/// A comparison of two templates. It is small: IJB-C has 15.7 million.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemplatePair {
    /// Index of the first template.
    pub first: u32,
    /// Index of the second template.
    pub second: u32,
    /// One person, or two.
    pub mated: bool,
}

/// The comparisons that the list at `path` makes of `templates`.
///
/// A line holds the numbers of two templates, and 1 or 0 for mated or not, or else the subjects of
/// both tell. Commas or spaces separate them.
///
/// # Errors
/// [`DataError::Line`] for a line that is no match, a template that is not among those given, one
/// without a subject where there is no label, a label that contradicts the subjects, a template with
/// itself, and a match that occurs twice in either order; [`DataError::Limit`]; [`DataError::Io`].
pub fn read_matches(
    path: &Path,
    templates: &[Template],
    limits: &DataLimits,
) -> Result<Vec<TemplatePair>, DataError> {
    let limit = |what, limit, got| DataError::Limit {
        path: path.to_owned(),
        what,
        limit,
        got,
    };
    if u32::try_from(templates.len()).is_err() {
        let got = templates.len() as u64;
        return Err(limit("templates", u64::from(u32::MAX), got));
    }
    let numbers = templates.iter().map(|template| template.number).zip(0..);
    let by_number: HashMap<u64, u32> = numbers.collect();
    let mut lines = Lines::of_list(path, limits.max_list_bytes)?;
    let mut pairs = Vec::new();
    let mut known = HashSet::new();
    while let Some(line) = lines.next_line() {
        let line = line?;
        let at = Place {
            path,
            line: line.number,
        };
        if pairs.len() as u64 >= limits.max_entries {
            let got = pairs.len() as u64 + 1;
            return Err(limit("matches of a list", limits.max_entries, got));
        }
        let (numbers, label) = numbers_and_label(at, line.text)?;
        let [first, second] = indices(at, numbers, &by_number)?;
        if !known.insert((first.min(second), first.max(second))) {
            return Err(at.error("a match that is not in the list yet", shown(line.text)));
        }
        let subjects = [first, second].map(|idx| templates[idx as usize].subject);
        pairs.push(TemplatePair {
            first,
            second,
            mated: is_mated(at, label, subjects)?,
        });
    }
    Ok(pairs)
}

fn numbers_and_label(at: Place<'_>, text: &str) -> Result<([u64; 2], Option<bool>), DataError> {
    let bad = || at.error("two templates, and 0, 1 or nothing", shown(text));
    let words: Vec<&str> = text
        .split([',', ' ', '\t'])
        .filter(|word| !word.is_empty())
        .collect();
    let (first, second, label) = match *words {
        [first, second] => (first, second, None),
        [first, second, "0"] => (first, second, Some(false)),
        [first, second, "1"] => (first, second, Some(true)),
        _ => return Err(bad()),
    };
    match (first.parse(), second.parse()) {
        (Ok(first), Ok(second)) => Ok(([first, second], label)),
        _ => Err(bad()),
    }
}

fn indices(
    at: Place<'_>,
    [first, second]: [u64; 2],
    by_number: &HashMap<u64, u32>,
) -> Result<[u32; 2], DataError> {
    if first == second {
        return Err(at.error("two templates", format!("template {first} twice")));
    }
    let index = |number| {
        let unknown = || at.error("a template of the lists", format!("template {number}"));
        by_number.get(&number).copied().ok_or_else(unknown)
    };
    Ok([index(first)?, index(second)?])
}

fn is_mated(
    at: Place<'_>,
    label: Option<bool>,
    subjects: [Option<u64>; 2],
) -> Result<bool, DataError> {
    let by_subject = match subjects {
        [Some(first), Some(second)] => Some(first == second),
        _ => None,
    };
    match (label, by_subject) {
        (Some(label), Some(by_subject)) if label != by_subject => {
            let expected = format!("{} by the subjects", u8::from(by_subject));
            Err(at.error(expected, u8::from(label).to_string()))
        }
        (Some(mated), _) | (None, Some(mated)) => Ok(mated),
        (None, None) => Err(at.error("a label, or templates of known subjects", "neither")),
    }
}
