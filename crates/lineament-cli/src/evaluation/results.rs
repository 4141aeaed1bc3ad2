//! What evaluations show: a table or JSON, and a report where one is wanted.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use lineament_eval::Proportion;
use lineament_eval::report::{
    FigureValue, GroupRates, ReportRun, Sample, Uncertainty, write_report,
};

use crate::batch::say;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::plural;
use crate::settings::Style;

/// Names of failures that people are shown of a model; the JSON has all.
const N_LISTED: usize = 20;

/// Takes the results of one model after the other.
pub(crate) struct Results<'a> {
    style: Style,
    /// The folder of the report, if one is wanted.
    report: Option<&'a Path>,
    runs: Vec<ReportRun>,
    /// Names of what failed to enrol, of every run.
    failures: Vec<Vec<String>>,
    n_unreadable: usize,
}

impl<'a> Results<'a> {
    /// None yet. The folder of the report is made now rather than after an hour's work.
    pub(crate) fn new(style: Style, report: Option<&'a Path>) -> Result<Self, Failure> {
        if let Some(folder) = report {
            fs::create_dir_all(folder).map_err(|error| Failure::write(folder, &error))?;
        }
        Ok(Self {
            style,
            report,
            runs: Vec::new(),
            failures: Vec::new(),
            n_unreadable: 0,
        })
    }

    /// One more model: its run, what failed to enrol, and how many images could not be read.
    pub(crate) fn add(
        &mut self,
        run: ReportRun,
        failures: &[String],
        n_unreadable: usize,
    ) -> Result<(), Failure> {
        if self.style == Style::Json {
            writeln!(io::stdout().lock(), "{}", run.result)
                .map_err(|error| Failure::stdout(&error))?;
        }
        self.runs.push(run);
        self.failures.push(failures.to_vec());
        self.n_unreadable += n_unreadable;
        Ok(())
    }

    /// Shows the table, writes the report, and tells how it went.
    pub(crate) fn finish(self) -> Result<Exit, Failure> {
        if self.style == Style::People {
            self.tell(&mut io::stdout().lock())
                .map_err(|error| Failure::stdout(&error))?;
        }
        if let Some(folder) = self.report {
            let files = write_report(folder, &self.runs)
                .map_err(|error| Failure::new(Exit::Output, error.to_string()))?;
            say(&format!("report: {}", files.page.display()));
        }
        Ok(match self.n_unreadable {
            0 => Exit::Success,
            _ => Exit::SomeFailed,
        })
    }

    /// A table for each protocol, in the order in which they came.
    fn tell(&self, out: &mut impl Write) -> io::Result<()> {
        let mut told: Vec<&str> = Vec::new();
        for first in &self.runs {
            let protocol = first.about.protocol.as_str();
            if told.contains(&protocol) {
                continue;
            }
            if !told.is_empty() {
                writeln!(out)?;
            }
            told.push(protocol);
            let all = self.runs.iter().zip(&self.failures);
            let own: Vec<_> = all
                .filter(|(run, _)| run.about.protocol == protocol)
                .collect();
            tell_protocol(out, first, &own)?;
        }
        Ok(())
    }
}

fn tell_protocol(
    out: &mut impl Write,
    first: &ReportRun,
    runs: &[(&ReportRun, &Vec<String>)],
) -> io::Result<()> {
    writeln!(out, "{}: {}\n", first.title, in_words(first.sample))?;
    let of_table: Vec<&ReportRun> = runs.iter().map(|(run, _)| *run).collect();
    for line in table(&of_table) {
        writeln!(out, "{line}")?;
    }
    for (run, failures) in runs {
        if let Some(groups) = &run.groups {
            writeln!(out, "\n{}:", run.label)?;
            for line in lines(&group_columns(groups)) {
                writeln!(out, "{line}")?;
            }
        }
        tell_failures(out, run, failures)?;
        for note in &run.notes {
            writeln!(out, "\n{}: {note}", run.label)?;
        }
    }
    Ok(())
}

fn in_words(sample: Sample) -> String {
    let (n_mated, n_non_mated, what) = match sample {
        Sample::Pairs {
            n_mated,
            n_non_mated,
        } => (n_mated, n_non_mated, ["pair", "pairs"]),
        Sample::Searches {
            n_mated,
            n_non_mated,
        } => (n_mated, n_non_mated, ["search", "searches"]),
        Sample::Images { n_images, n_people } => {
            let images = plural(n_images, "image", "images");
            return format!("{images} of {}", plural(n_people, "person", "people"));
        }
        Sample::Faces { n_images, n_faces } => {
            let images = plural(n_images, "image", "images");
            return format!("{images} with {}", plural(n_faces, "face", "faces"));
        }
    };
    let all = plural(n_mated + n_non_mated, what[0], what[1]);
    format!("{all}, {n_mated} mated and {n_non_mated} non-mated")
}

/// One line a figure, one column a model.
fn table(runs: &[&ReportRun]) -> Vec<String> {
    let mut names: Vec<&str> = Vec::new();
    for figure in runs.iter().flat_map(|run| &run.figures) {
        if !names.contains(&figure.name.as_str()) {
            names.push(&figure.name);
        }
    }
    let cell = |run: &ReportRun, name: &str| {
        let figure = run.figures.iter().find(|figure| figure.name == name);
        figure.map_or_else(|| "–".to_owned(), |figure| figure.value.to_string())
    };
    let column = |run: &ReportRun| {
        let cells = names.iter().map(|name| cell(run, name));
        std::iter::once(run.label.clone()).chain(cells).collect()
    };
    let measures = std::iter::once("").chain(names.iter().copied());
    let mut columns: Vec<Vec<String>> = vec![measures.map(str::to_owned).collect()];
    columns.extend(runs.iter().copied().map(column));
    lines(&columns)
}

/// The groups of people and their error rates.
fn group_columns(rates: &GroupRates) -> [Vec<String>; 3] {
    let cell = |rate: Option<Proportion>| match rate {
        Some(Proportion { rate, interval, .. }) => {
            let uncertainty = Uncertainty::Interval(interval);
            let share = rate;
            FigureValue::Share { share, uncertainty }.to_string()
        }
        None => "–".to_owned(),
    };
    let mut columns = [
        rates.column.to_uppercase(),
        "FMR".to_owned(),
        "FNMR".to_owned(),
    ]
    .map(|head| vec![head]);
    for group in &rates.groups {
        columns[0].push(group.name.clone());
        columns[1].push(cell(group.fmr));
        columns[2].push(cell(group.fnmr));
    }
    columns
}

/// The rows of columns of one length, which stand side by side.
pub(crate) fn lines(columns: &[Vec<String>]) -> Vec<String> {
    let width = |column: &Vec<String>| column.iter().map(|c| c.chars().count()).max();
    let widths: Vec<usize> = columns.iter().map(|c| width(c).unwrap_or(0)).collect();
    let line = |row: usize| {
        let cells = columns.iter().zip(&widths);
        let cells: Vec<String> = cells.map(|(c, w)| format!("{:<w$}", c[row])).collect();
        cells.join("  ").trim_end().to_owned()
    };
    (0..columns[0].len()).map(line).collect()
}

fn tell_failures(out: &mut impl Write, run: &ReportRun, failures: &[String]) -> io::Result<()> {
    if failures.is_empty() {
        return Ok(());
    }
    let n = failures.len();
    let meaning = match run.sample {
        Sample::Pairs { .. } => "failed to enrol, and every pair with one counts as an error",
        Sample::Searches { .. } => "failed to enrol; a search of or for one finds nobody",
        Sample::Images { .. } => "failed to enrol, each a cluster of its own",
        Sample::Faces { .. } => "could not be read, and all of their faces are missed",
    };
    writeln!(out, "\n{}: {n} {meaning}:", run.label)?;
    for name in failures.iter().take(N_LISTED) {
        writeln!(out, "  {name}")?;
    }
    match n.saturating_sub(N_LISTED) {
        0 => Ok(()),
        rest => writeln!(out, "  and {rest} more; --json lists all"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let columns = [["", "EER"], ["a model", "1 %"], ["b", "0.5 %"]];
        let columns = columns.map(|column| column.map(str::to_owned).to_vec());
        assert_eq!(lines(&columns), ["     a model  b", "EER  1 %      0.5 %"]);
    }
}
