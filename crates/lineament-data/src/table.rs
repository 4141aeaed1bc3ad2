//! One line of a comma-separated table.
//!
//! A record is one line: a quoted field may hold commas and quotes, never a line break. A quote that
//! is left open thus costs one line, and not the rest of the file.

use crate::error::DataError;
use crate::lines::{Lines, shown};

/// The columns that the first line names, as `columns` finds them; `None` of it is an error that says
/// what header was `expected`.
pub(crate) fn read_header<T>(
    lines: &mut Lines,
    expected: &'static str,
    columns: impl FnOnce(&[String]) -> Option<T>,
) -> Result<T, DataError> {
    let path = lines.path().clone();
    let Some(line) = lines.next_line() else {
        return Err(DataError::line(&path, 1, expected, "an empty file"));
    };
    let line = line?;
    let header = split_fields(line.text).unwrap_or_default();
    columns(&header).ok_or_else(|| DataError::line(&path, line.number, expected, shown(line.text)))
}

/// The fields of a line (RFC 4180, section 2, without line breaks in fields); `None` when a quote is
/// left open or text follows a closing one.
pub(crate) fn split_fields(line: &str) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = match rest.trim_start_matches(' ').strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(fields),
            None => return None,
        }
    }
}

/// The field whose opening quote lies before `text`, and what follows its closing quote.
fn quoted_field(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (inside, after) = rest.split_once('"')?;
        field.push_str(inside);
        match after.strip_prefix('"') {
            Some(escaped) => {
                field.push('"');
                rest = escaped;
            }
            None => return Some((field, after.trim_start_matches(' '))),
        }
    }
}

/// The fields as one line without its end; `None` when a field holds a line break.
pub(crate) fn join_fields<'a>(fields: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut line = String::new();
    for (idx, field) in fields.into_iter().enumerate() {
        if field.contains(['\n', '\r']) {
            return None;
        }
        if idx > 0 {
            line.push(',');
        }
        if field.contains([',', '"']) || field.starts_with(' ') {
            line.push('"');
            line.push_str(&field.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(field);
        }
    }
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_joined_is_split(fields in prop::collection::vec("[a-c ,\"é]{0,6}", 1..5)) {
            let line = join_fields(fields.iter().map(String::as_str)).unwrap();
            prop_assert_eq!(split_fields(&line).unwrap(), fields);
        }
    }

    #[test]
    fn an_open_quote_is_no_line() {
        assert_eq!(split_fields("a,\"b"), None);
        assert_eq!(split_fields("\"a\"b,c"), None);
        assert_eq!(split_fields("n1, \"A_B\" ,3").unwrap(), ["n1", "A_B", "3"]);
        assert_eq!(split_fields("").unwrap(), [""]);
        assert_eq!(join_fields(["a\nb"]), None);
    }
}
