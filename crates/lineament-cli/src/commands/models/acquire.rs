//! `models add` and `models pull`: model files come into the folder whole, or not at all.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use lineament_runtime::{
    Description, Download, ModelLimits, NewModel, ProgressSink, Sha256, known_model, template,
};
use serde_json::json;

use super::{failure, print};
use crate::args::models::{Add, Pull};
use crate::batch::say;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::settings::Style;

pub(super) fn add(args: Add, folder: &Path, style: Style) -> Result<Exit, Failure> {
    let file = args.file.clone();
    let description = description(args)?;
    let model = lineament_runtime::add(folder, &file, &description, ModelLimits::default())
        .map_err(|error| failure(&error))?;
    let name = &model.manifest.name;
    print(
        style,
        || json!({"name": name, "path": model.path(), "sha256": model.manifest.sha256}),
        |out| writeln!(out, "{name} is in {}", folder.display()),
    )?;
    Ok(Exit::Success)
}

fn description(args: Add) -> Result<Description, Failure> {
    let Some(family) = args.family else {
        return Ok(Description::Known);
    };
    let stem = args
        .file
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    Ok(Description::New(NewModel {
        name: args.name.or(stem).unwrap_or_default(),
        template: template(&family).map_err(|error| failure(&error))?,
        outputs: outputs(&args.outputs)?,
        licence: args.licence,
        provenance: args.provenance,
        preference: args.preference,
    }))
}

fn outputs(pairs: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let pair = |text: &String| {
        let (role, tensor) = text
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("--output takes ROLE=TENSOR, not {text}")))?;
        Ok((role.to_owned(), tensor.to_owned()))
    };
    pairs.iter().map(pair).collect()
}

pub(super) fn pull(
    args: &Pull,
    folder: &Path,
    style: Style,
    interrupt: &Interrupt,
) -> Result<Exit, Failure> {
    let sha256: Sha256 = args.sha256.parse().map_err(|_| {
        Failure::usage("--sha256 takes the 64 hexadecimal digits of the file's SHA-256")
    })?;
    let download = Download {
        url: args.url.clone(),
        sha256,
        file: file_name(args)?,
        max_bytes: ModelLimits::default().max_bytes,
    };
    let watcher = Watcher::new(interrupt);
    let pulled = lineament_runtime::pull(&download, folder, &watcher);
    watcher.bar.finish_and_clear();
    let path = pulled.map_err(|error| failure(&error))?;
    let known = known_model(sha256).map(|manifest| manifest.name.as_str());
    print(
        style,
        || json!({"path": path, "sha256": sha256, "name": known}),
        |out| match known {
            Some(name) => writeln!(out, "{name} is in {}", folder.display()),
            None => writeln!(out, "{} is there", path.display()),
        },
    )?;
    let described = path.with_extension("toml").exists();
    if known.is_none() && !described && style == Style::People {
        say(&format!(
            "help: the file is no well-known model; `lineament models add {} --family NAME` makes \
             it usable",
            path.display()
        ));
    }
    Ok(Exit::Success)
}

/// The name of the file in the folder: as asked for, else from the address.
fn file_name(args: &Pull) -> Result<String, Failure> {
    let address = args.url.split(['?', '#']).next().unwrap_or_default();
    let last = address.rsplit('/').next().unwrap_or_default();
    let name = args.file.as_deref().unwrap_or(last);
    let plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if !plain || !name.ends_with(".onnx") || name.starts_with('.') {
        return Err(
            Failure::usage(format!("\"{name}\" cannot be the name of a model file"))
                .help("name one that ends in .onnx with --file"),
        );
    }
    Ok(name.to_owned())
}

/// Shows how much has arrived, and stops the download on Ctrl-C.
struct Watcher<'a> {
    bar: ProgressBar,
    interrupt: &'a Interrupt,
}

impl<'a> Watcher<'a> {
    fn new(interrupt: &'a Interrupt) -> Self {
        let bar = if std::io::stderr().is_terminal() {
            ProgressBar::new(0)
        } else {
            ProgressBar::hidden()
        };
        let template = "{wide_bar} {bytes}/{total_bytes} · {bytes_per_sec} · {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        Self { bar, interrupt }
    }
}

impl ProgressSink for Watcher<'_> {
    fn advance(&self, done_bytes: u64, total_bytes: Option<u64>) -> ControlFlow<()> {
        if let Some(total_bytes) = total_bytes {
            self.bar.set_length(total_bytes);
        }
        self.bar.set_position(done_bytes);
        if self.interrupt.is_set() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of(url: &str, file: Option<&str>) -> Result<String, Failure> {
        file_name(&Pull {
            url: url.to_owned(),
            sha256: String::new(),
            file: file.map(str::to_owned),
        })
    }

    #[test]
    fn file_names_come_from_the_address_and_stay_in_the_folder() {
        assert_eq!(
            name_of("https://a.b/c/d.onnx?download=1", None).unwrap(),
            "d.onnx"
        );
        assert_eq!(name_of("https://a.b/c/", Some("x.onnx")).unwrap(), "x.onnx");
        for (url, file) in [
            ("https://a.b/c/", None),
            ("https://a.b/c.zip", None),
            ("https://a.b/c.onnx", Some("../c.onnx")),
            ("https://a.b/c.onnx", Some(".onnx")),
        ] {
            assert_eq!(name_of(url, file).unwrap_err().exit(), Exit::Usage);
        }
    }

    #[test]
    fn outputs_are_pairs() {
        let given = ["embedding=683".to_owned()];
        assert_eq!(outputs(&given).unwrap()["embedding"], "683");
        assert!(outputs(&["683".to_owned()]).is_err());
    }
}
