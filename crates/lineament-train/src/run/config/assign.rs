//! Fields set from the command line.

use crate::error::TrainError;
use toml::{Table, Value};

/// Sets the field that `assignment` names: `a.b=3`, `sources.0.path="x"`. The value is TOML where it
/// can be read as such, else text.
pub(super) fn apply(table: &mut Table, assignment: &str) -> Result<(), TrainError> {
    let problem = |reason: String| TrainError::ConfigSyntax {
        origin: format!("--set {assignment}"),
        reason,
    };
    let (path, value) = assignment
        .split_once('=')
        .ok_or_else(|| problem("expected FIELD=VALUE, as in schedule.rate=0.05".to_owned()))?;
    let mut keys: Vec<&str> = path.trim().split('.').collect();
    let last = keys.pop().unwrap_or_default();
    let mut table = table;
    let mut seen = Vec::new();
    while !keys.is_empty() {
        let key = keys.remove(0);
        seen.push(key);
        let entry = table
            .entry(key)
            .or_insert_with(|| Value::Table(Table::new()));
        let list_place = keys.first().and_then(|k| k.parse::<usize>().ok());
        let inner = match (entry, list_place) {
            (Value::Array(list), Some(place)) => {
                seen.push(keys.remove(0));
                list.get_mut(place)
            }
            (other, _) => Some(other),
        };
        table = match inner {
            Some(Value::Table(table)) => table,
            _ => {
                return Err(problem(format!("{} is no table", seen.join("."))));
            }
        };
    }
    table.insert(last.to_owned(), parse(value.trim()));
    Ok(())
}

fn parse(text: &str) -> Value {
    let document = format!("value = {text}");
    let parsed = toml::from_str::<Table>(&document).ok();
    parsed
        .and_then(|mut t| t.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_what_is_there_and_what_is_not() {
        let mut table: Table = toml::from_str("a = 1\nlist = [{ b = 2 }]").unwrap();
        let assignments = [
            "a=3",
            "c.d = 1e-3",
            "list.0.b=true",
            "path=/a b/c",
            "words=[\"x\", \"y\"]",
        ];
        for assignment in assignments {
            apply(&mut table, assignment).unwrap();
        }
        let expected = "a = 3\nlist = [{ b = true }]\nc = { d = 1e-3 }\npath = \"/a b/c\"\nwords = [\"x\", \"y\"]";
        assert_eq!(table, toml::from_str::<Table>(expected).unwrap());
    }

    #[test]
    fn says_what_cannot_be_set() {
        let mut table: Table = toml::from_str("a = 1\nlist = [{ b = 2 }]").unwrap();
        for (assignment, told) in [
            ("a", "FIELD=VALUE"),
            ("a.b=1", "a is no table"),
            ("list.7.b=1", "list.7 is no table"),
        ] {
            let error = apply(&mut table, assignment).unwrap_err().to_string();
            assert!(
                error.contains(told) && error.contains(assignment),
                "{error}"
            );
        }
    }
}
