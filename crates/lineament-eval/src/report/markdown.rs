//! The figures as Markdown: one row a run, for a README.

use super::escape::{markdown, markdown_code};
use super::group::{Group, groups};
use super::run::ReportRun;
use super::tables;
use std::fmt::{self, Write as _};

/// Tables of all figures, what they are counted on, and the commands that make them again.
pub(super) fn markdown_report(runs: &[ReportRun]) -> String {
    let mut text = String::new();
    for group in groups(runs) {
        // Writing to a string does not fail.
        let _ = section(&mut text, &group);
    }
    text
}

fn section(text: &mut String, group: &Group<'_>) -> fmt::Result {
    if !text.is_empty() {
        text.push('\n');
    }
    writeln!(text, "## {}\n", markdown(group.title))?;
    let names = tables::names(group);
    let head: String = names
        .iter()
        .map(|name| format!(" {} |", markdown(name)))
        .collect();
    writeln!(text, "| Model |{head}")?;
    writeln!(text, "|---|{}", "---|".repeat(names.len()))?;
    for run in &group.runs {
        let cells = names.iter().map(|name| tables::figure(run, name));
        let cells: String = cells
            .map(|cell| format!(" {} |", markdown(&cell)))
            .collect();
        writeln!(text, "| {} |{cells}", markdown(&run.label))?;
    }
    writeln!(text, "\n{}", markdown(&tables::caption(group)))?;
    for run in &group.runs {
        let model = &run.about.model;
        let (label, name) = (markdown(&run.label), markdown(&model.name));
        writeln!(
            text,
            "\n{label}: model {name}, SHA-256 {}\n",
            markdown(&model.sha256)
        )?;
        write!(text, "{}", markdown_code(&run.about.command))?;
        for note in &run.notes {
            writeln!(text, "\n{}", markdown(note))?;
        }
    }
    Ok(())
}
