//! `models list`, `info` and `verify`: what is in the model folder and whether it is whole.

use std::io::{self, Write};

use lineament_runtime::{ManifestOrigin, ModelFile, ModelStore};
use serde_json::{Value, json};

use super::print;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::Style;

pub(super) fn list(store: &ModelStore, style: Style) -> Result<Exit, Failure> {
    let rows: Vec<[String; 5]> = store.models().iter().map(row).collect();
    print(
        style,
        || listing(store),
        |out| {
            table(out, ["NAME", "TASK", "FAMILY", "SHA-256", "LICENCE"], &rows)?;
            for file in store.unusable() {
                writeln!(out, "not usable: {}: {}", file.path.display(), file.reason)?;
            }
            Ok(())
        },
    )?;
    Ok(Exit::Success)
}

fn row(model: &ModelFile) -> [String; 5] {
    let manifest = &model.manifest;
    let hash = manifest.sha256.to_string();
    [
        manifest.name.clone(),
        manifest.task.to_string(),
        manifest.family.to_string(),
        hash.get(..12).unwrap_or(&hash).to_owned(),
        manifest.licence.clone(),
    ]
}

fn listing(store: &ModelStore) -> Value {
    let unusable = store.unusable().iter();
    json!({
        "models": store.models().iter().map(description).collect::<Vec<_>>(),
        "unusable": unusable
            .map(|file| json!({"path": file.path, "reason": file.reason}))
            .collect::<Vec<_>>(),
    })
}

fn description(model: &ModelFile) -> Value {
    let mut description = json!(model.manifest);
    if let Value::Object(fields) = &mut description {
        let origin = match model.origin {
            ManifestOrigin::Beside => "beside",
            ManifestOrigin::Shipped => "shipped",
            ManifestOrigin::Memory => "memory",
        };
        fields.insert("path".to_owned(), json!(model.path()));
        fields.insert("manifest".to_owned(), json!(origin));
    }
    description
}

pub(super) fn info(store: &ModelStore, name: &str, style: Style) -> Result<Exit, Failure> {
    let model = named(store, name)?;
    let manifest = model
        .manifest
        .to_toml()
        .map_err(|error| Failure::new(Exit::Models, error.to_string()))?;
    let engine = check(model).ok();
    print(
        style,
        || {
            let mut description = description(model);
            description["engine"] = json!(engine);
            description
        },
        |out| {
            if let Some(path) = model.path() {
                writeln!(out, "# {}", path.display())?;
            }
            if let Some(engine) = &engine {
                writeln!(out, "# runs on {engine}")?;
            }
            write!(out, "{manifest}")
        },
    )?;
    Ok(Exit::Success)
}

fn named<'a>(store: &'a ModelStore, name: &str) -> Result<&'a ModelFile, Failure> {
    let found = store
        .models()
        .iter()
        .find(|model| model.manifest.name == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = store
            .models()
            .iter()
            .map(|m| m.manifest.name.as_str())
            .collect();
        Failure::new(Exit::Models, format!("there is no model {name}"))
            .help(format!("there are: {}", names.join(", ")))
    })
}

pub(super) fn verify(
    store: &ModelStore,
    name: Option<&str>,
    style: Style,
) -> Result<Exit, Failure> {
    let models: Vec<&ModelFile> = match name {
        Some(name) => vec![named(store, name)?],
        None => store.models().iter().collect(),
    };
    let mut checks: Vec<(String, Check)> = models
        .iter()
        .map(|model| (model.manifest.name.clone(), check(model)))
        .collect();
    if name.is_none() {
        let unusable = store.unusable().iter();
        checks.extend(unusable.map(|f| (f.path.display().to_string(), Err(f.reason.clone()))));
    }
    print(
        style,
        || json!(checks.iter().map(verdict).collect::<Vec<_>>()),
        |out| {
            for (name, check) in &checks {
                match check {
                    Ok(engine) => writeln!(out, "{name}: good, runs on {engine}")?,
                    Err(problem) => writeln!(out, "{name}: {problem}")?,
                }
            }
            Ok(())
        },
    )?;
    let all_good = checks.iter().all(|(_, check)| check.is_ok());
    Ok(if all_good {
        Exit::Success
    } else {
        Exit::Models
    })
}

fn verdict((name, check): &(String, Check)) -> Value {
    let (engine, problem) = (check.as_ref().ok(), check.as_ref().err());
    json!({"name": name, "good": check.is_ok(), "problem": problem, "engine": engine})
}

/// What runs a model, or what is wrong with it.
type Check = Result<String, String>;

/// Loads a model as a run would.
fn check(model: &ModelFile) -> Check {
    let loaded = model.load(&lineament::EngineOptions::default());
    let loaded = loaded.map_err(|error| error.to_string())?;
    Ok(loaded.engine.to_string())
}

pub(crate) fn table<const N: usize>(
    out: &mut dyn Write,
    header: [&str; N],
    rows: &[[String; N]],
) -> io::Result<()> {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([header[column].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let header = header.map(str::to_owned);
    for row in std::iter::once(&header).chain(rows) {
        let cells = row.iter().zip(&widths);
        let line: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        writeln!(out, "{}", line.join("  ").trim_end())?;
    }
    Ok(())
}
