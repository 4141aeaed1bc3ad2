//! What TOML's types alone do not rule out.

use toml::Value;

use super::Manifest;
use crate::error::RuntimeError;

/// The longest name, in bytes.
const MAX_NAME: usize = 128;
/// The longest text, in bytes.
const MAX_TEXT: usize = 4096;
/// The most outputs.
const MAX_OUTPUTS: usize = 256;

/// A field, what is expected of it and what stands there.
struct Wrong(String, &'static str, String);

impl Manifest {
    pub(super) fn check(&self, origin: &str) -> Result<(), RuntimeError> {
        let checked = self
            .check_names()
            .and_then(|()| self.check_input())
            .and_then(|()| self.check_outputs())
            .and_then(|()| finite_table("settings", &self.settings))
            .and_then(|()| match &self.calibration {
                Some(table) => finite_table("calibration", table),
                None => Ok(()),
            });
        checked.map_err(|Wrong(field, expected, got)| RuntimeError::ManifestField {
            manifest: origin.to_owned(),
            field,
            expected: expected.to_owned(),
            got,
        })
    }

    fn check_names(&self) -> Result<(), Wrong> {
        ensure(
            is_plain(&self.name),
            "name",
            "1 to 128 letters, digits, \".\", \"_\" or \"-\"",
            &self.name,
        )?;
        ensure(
            is_file_name(&self.file),
            "file",
            "a file name without folders, at most 128 bytes",
            &self.file,
        )?;
        for (field, text) in [("licence", &self.licence), ("provenance", &self.provenance)] {
            ensure(
                !text.is_empty() && text.len() <= MAX_TEXT,
                field,
                "a text of 1 to 4096 bytes",
                text,
            )?;
        }
        Ok(())
    }

    fn check_input(&self) -> Result<(), Wrong> {
        let input = &self.input;
        ensure(
            is_tensor_name(&input.name),
            "input.name",
            TENSOR_NAME,
            &input.name,
        )?;
        let mean = input.mean.iter().all(|v| v.is_finite());
        ensure(
            mean,
            "input.mean",
            "three finite numbers",
            &format!("{:?}", input.mean),
        )?;
        let std = input.std.iter().all(|v| v.is_normal() && *v > 0.0);
        ensure(
            std,
            "input.std",
            "three finite numbers above 0",
            &format!("{:?}", input.std),
        )
    }

    fn check_outputs(&self) -> Result<(), Wrong> {
        let count = self.outputs.len();
        ensure(
            (1..=MAX_OUTPUTS).contains(&count),
            "outputs",
            "1 to 256 roles",
            &count.to_string(),
        )?;
        for (role, tensor) in &self.outputs {
            ensure(
                is_plain(role),
                "outputs",
                "roles of 1 to 128 letters, digits, \".\", \"_\" or \"-\"",
                role,
            )?;
            ensure(
                is_tensor_name(tensor),
                &format!("outputs.{role}"),
                TENSOR_NAME,
                tensor,
            )?;
        }
        Ok(())
    }
}

const TENSOR_NAME: &str = "a tensor's name of 1 to 128 bytes";

fn ensure(holds: bool, field: &str, expected: &'static str, got: &str) -> Result<(), Wrong> {
    if holds {
        return Ok(());
    }
    let shown: String = got.chars().take(80).collect();
    Err(Wrong(field.to_owned(), expected, format!("{shown:?}")))
}

fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=MAX_NAME).contains(&name.len()) && name.chars().all(plain)
}

fn is_file_name(name: &str) -> bool {
    let reserved = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':');
    (1..=MAX_NAME).contains(&name.len()) && !name.starts_with('.') && !name.contains(reserved)
}

fn is_tensor_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && !name.contains(char::is_control)
}

/// Refuses infinities and NaN, which no measurement gives.
fn finite_table(field: &str, table: &toml::Table) -> Result<(), Wrong> {
    let mut entries = table.iter();
    entries.try_for_each(|(key, value)| finite(&format!("{field}.{key}"), value))
}

fn finite(field: &str, value: &Value) -> Result<(), Wrong> {
    match value {
        Value::Float(number) => ensure(
            number.is_finite(),
            field,
            "a finite number",
            &number.to_string(),
        ),
        Value::Array(items) => items.iter().try_for_each(|item| finite(field, item)),
        Value::Table(table) => finite_table(field, table),
        Value::String(_) | Value::Integer(_) | Value::Boolean(_) | Value::Datetime(_) => Ok(()),
    }
}
