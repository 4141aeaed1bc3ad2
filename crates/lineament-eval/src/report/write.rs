//! The files of a report, each of which appears whole or not at all.

use super::markdown::markdown_report;
use super::page::page;
use super::run::ReportRun;
use crate::error::{EvalError, check_at_least};
use serde::Serialize;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where the parts of a report were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFiles {
    /// The page, `report.html`.
    pub page: PathBuf,
    /// Its plots, in their order on the page.
    pub plots: Vec<PathBuf>,
    /// The table, `report.md`.
    pub markdown: PathBuf,
    /// Everything as data, `report.json`.
    pub json: PathBuf,
}

#[derive(Serialize)]
struct JsonReport<'a> {
    format: &'static str,
    version: u32,
    runs: &'a [ReportRun],
}

/// Writes a report of these runs into the folder `dir`, which is made if need be. Runs of one
/// protocol stand side by side. The same runs give the same files.
///
/// # Errors
/// [`EvalError::TooFew`] for no runs, [`EvalError::Io`] for what cannot be written.
pub fn write_report(dir: &Path, runs: &[ReportRun]) -> Result<ReportFiles, EvalError> {
    check_at_least("runs of a report", 1, runs.len())?;
    fs::create_dir_all(dir).map_err(|error| EvalError::io(dir, error))?;
    let absolute = std::path::absolute(dir).map_err(|error| EvalError::io(dir, error))?;
    let (html, plots) = page(runs, &absolute);
    let mut plot_files = Vec::with_capacity(plots.len());
    for plot in &plots {
        let svg = format!("{}\n", plot.picture);
        plot_files.push(put(dir, &format!("{}.svg", plot.stem), &svg)?);
    }
    let json_file = dir.join("report.json");
    let report = JsonReport {
        format: "lineament-report",
        version: 1,
        runs,
    };
    let json = serde_json::to_string_pretty(&report)
        .map_err(|error| EvalError::io(&json_file, io::Error::other(error)))?;
    Ok(ReportFiles {
        plots: plot_files,
        markdown: put(dir, "report.md", &markdown_report(runs))?,
        json: put(dir, "report.json", &format!("{json}\n"))?,
        page: put(dir, "report.html", &html)?,
    })
}

/// Writes a file beside its place and puts it there.
fn put(dir: &Path, name: &str, text: &str) -> Result<PathBuf, EvalError> {
    let path = dir.join(name);
    let part = dir.join(format!("{name}.part"));
    fs::write(&part, text).map_err(|error| EvalError::io(&part, error))?;
    fs::rename(&part, &path).map_err(|error| EvalError::io(&path, error))?;
    Ok(path)
}
