//! Which group everybody belongs to: comma-separated text with a column `person` (or `identity`) and a
//! column for each way of grouping.

use std::collections::BTreeMap;
use std::path::Path;

use super::cells_of;
use crate::error::DataError;
use crate::limits::DataLimits;
use crate::lines::{Lines, shown};
use crate::sets::{PERSON_COLUMNS, Place};
use crate::table::split_fields;

/// The group of every person by the column `column` of the list at `path`. Whoever has an empty cell
/// is in no group; a person may come in many lines that agree.
///
/// # Errors
/// [`DataError::Line`] for a header without the columns, a line that is not one, and a person of two
/// groups; [`DataError::Limit`]; [`DataError::Io`].
pub fn read_groups(
    path: &Path,
    column: &str,
    limits: &DataLimits,
) -> Result<BTreeMap<String, String>, DataError> {
    let mut lines = Lines::of_list(path, limits.max_list_bytes)?;
    let header = match lines.next_line() {
        Some(line) => split_fields(line?.text).unwrap_or_default(),
        None => Vec::new(),
    };
    let find = |name: &str| header.iter().position(|cell| cell.trim() == name);
    let person_column = PERSON_COLUMNS.into_iter().find_map(find);
    let (Some(person_column), Some(group_column)) = (person_column, find(column)) else {
        let expected = format!("a header with the columns person and {column}");
        return Err(DataError::line(path, 1, expected, shown(&header.join(","))));
    };
    let mut groups = BTreeMap::new();
    while let Some(line) = lines.next_line() {
        let line = line?;
        let at = Place {
            path,
            line: line.number,
        };
        let cells = cells_of(at, line.text, header.len())?;
        let [person, group] = [person_column, group_column].map(|column| cells[column].trim());
        if person.is_empty() || group.is_empty() {
            continue;
        }
        let before = groups
            .entry(person.to_owned())
            .or_insert_with(|| group.to_owned());
        if before != group {
            let expected = format!("{person} in the group {before}, as before");
            return Err(at.error(expected, group));
        }
        if groups.len() as u64 > limits.max_entries {
            return Err(DataError::Limit {
                path: path.to_owned(),
                what: "people of a list",
                limit: limits.max_entries,
                got: groups.len() as u64,
            });
        }
    }
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<BTreeMap<String, String>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read_groups(file.path(), "age", &DataLimits::default()).map_err(|e| e.to_string())
    }

    #[test]
    fn people_have_one_group_or_none() {
        let groups = read("age,identity\nold,Ada\nyoung,Bob\n,Eve\nold,Ada\n").unwrap();
        let expected = [("Ada", "old"), ("Bob", "young")];
        let expected = expected.map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(groups, BTreeMap::from(expected));
        let error = read("person,age\nAda,old\nAda,young\n").unwrap_err();
        assert!(
            error.contains("line 3: expected Ada in the group old"),
            "{error}"
        );
        let error = read("person,size\nAda,1\n").unwrap_err();
        assert!(error.contains("line 1") && error.contains("age"), "{error}");
        assert!(read("person,age\nAda\n").unwrap_err().contains("line 2"));
        assert!(read("").is_err());
    }
}
