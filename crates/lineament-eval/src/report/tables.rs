//! Figures as tables: of the page and of the Markdown.

use super::element::{Element, block, inline};
use super::group::Group;
use super::numbers::{self, NONE, Spread, count, fixed};
use super::run::{Figure, FigureValue, GroupRates, ReportRun, Uncertainty};
use crate::intervals::Proportion;
use std::fmt;

/// The names of all figures, in the order in which they first occur.
pub(super) fn names<'a>(group: &Group<'a>) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for figure in group.runs.iter().flat_map(|run| &run.figures) {
        if !names.contains(&figure.name.as_str()) {
            names.push(&figure.name);
        }
    }
    names
}

/// A run's figure of this name as text; a dash where there is none.
pub(super) fn figure(run: &ReportRun, name: &str) -> String {
    let found = run.figures.iter().find(|f| f.name == name);
    found.map_or_else(|| NONE.to_owned(), |f| text(&f.value))
}

impl fmt::Display for FigureValue {
    /// As it stands in the tables: with its uncertainty, true minus signs and thin spaces.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&text(self))
    }
}

fn text(value: &FigureValue) -> String {
    match value {
        FigureValue::Share { share, uncertainty } => {
            let spread = match uncertainty {
                Uncertainty::Unknown => None,
                Uncertainty::StandardError(error) => Some(Spread::PlusMinus(*error)),
                Uncertainty::Interval(i) => Some(Spread::Between(i.low, i.high)),
            };
            numbers::share(*share, spread)
        }
        FigureValue::Number { value, places } => fixed(*value, *places),
        FigureValue::Count(n) => count(*n),
        FigureValue::Missing(reason) => format!("{NONE} ({reason})"),
    }
}

/// What the table's numbers are, and how far they can be trusted.
pub(super) fn caption(group: &Group<'_>) -> String {
    let mut text = group.basis();
    let mut figures = group.runs.iter().flat_map(|run| &run.figures);
    if figures.any(has_standard_error) {
        text.push_str(" After ±: the standard error.");
    }
    let mut methods: Vec<&str> = Vec::new();
    for method in group.runs.iter().filter_map(|run| run.intervals.as_deref()) {
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    if !methods.is_empty() {
        text.push_str(&format!(" Intervals: {}.", methods.join("; ")));
    }
    text
}

fn has_standard_error(figure: &Figure) -> bool {
    let FigureValue::Share { uncertainty, .. } = &figure.value else {
        return false;
    };
    matches!(uncertainty, Uncertainty::StandardError(_))
}

/// One column a run, one row a figure.
pub(super) fn figures_table(group: &Group<'_>) -> Element {
    let head = group.runs.iter().zip(group.labels()).map(|(run, label)| {
        let cell = inline("th").set("scope", "col").set("title", &run.label);
        cell.child(inline("bdi").text(label))
    });
    let head = block("tr")
        .child(inline("th").set("scope", "col").text("Measure"))
        .children(head);
    let rows = names(group).into_iter().map(|name| {
        let cells = group
            .runs
            .iter()
            .map(|run| inline("td").text(figure(run, name)));
        let name = inline("th").set("scope", "row").text(name);
        block("tr").child(name).children(cells)
    });
    table(head, rows)
}

/// One row a group, with the counts behind its rates.
pub(super) fn groups_table(rates: &GroupRates) -> Element {
    let heads = [&rates.column, "Non-mated", "FMR", "Mated", "FNMR"];
    let head = heads.map(|text| inline("th").set("scope", "col").text(text));
    let rows = rates.groups.iter().map(|group| {
        let name = inline("th")
            .set("scope", "row")
            .child(inline("bdi").text(&group.name));
        let cells = [group.fmr, group.fnmr].into_iter().flat_map(rate_cells);
        block("tr").child(name).children(cells)
    });
    table(block("tr").children(head), rows)
}

fn rate_cells(rate: Option<Proportion>) -> [Element; 2] {
    let (n, rate) = match rate {
        None => ("0".to_owned(), NONE.to_owned()),
        Some(p) => {
            let spread = Spread::Between(p.interval.low, p.interval.high);
            (count(p.n), numbers::share(p.rate, Some(spread)))
        }
    };
    [inline("td").text(n), inline("td").text(rate)]
}

/// A table that scrolls sideways where it is wider than the page.
fn table(head: Element, rows: impl Iterator<Item = Element>) -> Element {
    let table = block("table")
        .child(block("thead").child(head))
        .child(block("tbody").children(rows));
    block("div")
        .set("class", "scroll")
        .set("tabindex", "0")
        .set("role", "region")
        .set("aria-label", "Table; scrolls sideways")
        .child(table)
}
