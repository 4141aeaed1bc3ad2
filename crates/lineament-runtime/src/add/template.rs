//! What the files of one family have in common.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::error::RuntimeError;
use crate::manifest::{Channels, Family, Task, TensorLayout};

/// The name and the text of every template in `templates/`.
const SHIPPED: [(&str, &str); 6] = [
    ("arcface", include_str!("../../templates/arcface.toml")),
    (
        "retinaface",
        include_str!("../../templates/retinaface.toml"),
    ),
    ("scrfd", include_str!("../../templates/scrfd.toml")),
    (
        "scrfd-without-landmarks",
        include_str!("../../templates/scrfd-without-landmarks.toml"),
    ),
    ("ultraface", include_str!("../../templates/ultraface.toml")),
    ("yunet", include_str!("../../templates/yunet.toml")),
];

/// A test reads every shipped text, so none is left out here.
static TEMPLATES: LazyLock<Vec<Template>> =
    LazyLock::new(|| read().filter_map(Result::ok).collect());

/// What the files of one family have in common, for the manifest of a new one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Its name, by which it is chosen.
    #[serde(skip)]
    pub name: &'static str,
    /// What its models are for.
    pub task: Task,
    /// How their outputs are read.
    pub family: Family,
    pub(super) preference: i32,
    pub(super) input: InputTemplate,
    /// From each role to the tensor names that the family's documentation gives it.
    pub(super) roles: BTreeMap<String, Vec<String>>,
    pub(super) settings: toml::Table,
    #[serde(default)]
    pub(super) filled: BTreeMap<String, Fill>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InputTemplate {
    pub(super) layout: TensorLayout,
    pub(super) channels: Channels,
    pub(super) mean: [f32; 3],
    pub(super) std: [f32; 3],
    /// For a file whose width and height are dynamic.
    pub(super) multiple_of: u32,
}

/// Where a setting comes from that differs between the files of a family.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Fill {
    /// The model's name.
    ModelName,
    /// The last dimension of the tensor in this role.
    LastDimensionOf(String),
}

fn read() -> impl Iterator<Item = Result<Template, toml::de::Error>> {
    SHIPPED.iter().map(|(name, text)| {
        let template: Template = toml::from_str(text)?;
        Ok(Template { name, ..template })
    })
}

/// The families of which a new model can be added.
#[must_use]
pub fn templates() -> &'static [Template] {
    &TEMPLATES
}

/// The template called `name`.
///
/// # Errors
/// [`RuntimeError::UnknownTemplate`], listing those there are.
pub fn template(name: &str) -> Result<&'static Template, RuntimeError> {
    let found = TEMPLATES.iter().find(|t| t.name == name);
    found.ok_or_else(|| RuntimeError::UnknownTemplate {
        name: name.to_owned(),
        templates: names(),
    })
}

pub(super) fn names() -> Vec<String> {
    TEMPLATES.iter().map(|t| t.name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_template_is_read() {
        for (template, (name, _)) in read().zip(SHIPPED) {
            assert_eq!(template.unwrap().name, name);
        }
    }
}
