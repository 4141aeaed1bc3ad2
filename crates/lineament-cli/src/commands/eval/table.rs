//! `lineament eval table`: the published figures, and one's own beside them.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use lineament_eval::published::{Published, published};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::args::eval::Table;
use crate::evaluation::results::lines;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::{Style, style};

/// The protocols that the published figures are of.
const LFW: &str = "lfw-view2";
const YTF: &str = "ytf";

/// What a pair protocol gave, as `--json` prints it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Outcome {
    protocol: String,
    model: Model,
    flip: String,
    matcher: String,
    center: String,
    pca: Option<usize>,
    accuracy: f64,
    accuracy_se: f64,
    n_failed: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Model {
    name: String,
    sha256: String,
}

/// A row of one's own: a model with a matcher.
#[derive(Debug, Serialize)]
struct Own<'a> {
    model: &'a Model,
    method: String,
    lfw: Option<&'a Outcome>,
    ytf: Option<&'a Outcome>,
}

/// Everything that is shown.
#[derive(Serialize)]
struct Shown<'a> {
    published: Vec<Published>,
    own: Vec<Own<'a>>,
    /// Results under protocols that nothing is published of here.
    other: Vec<&'a Outcome>,
}

/// Shows the table.
pub(super) fn run(args: &Table) -> Result<Exit, Failure> {
    let mut outcomes = Vec::new();
    for path in &args.results {
        outcomes.extend(read(path)?);
    }
    let is_listed = |outcome: &&Outcome| [LFW, YTF].contains(&outcome.protocol.as_str());
    let (listed, other) = outcomes.iter().partition::<Vec<_>, _>(is_listed);
    let shown = Shown {
        published: published(),
        own: rows(&listed),
        other,
    };
    let mut out = io::stdout().lock();
    match style(args.json) {
        Style::Json => serde_json::to_writer(&mut out, &shown)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out)),
        Style::People => shown.tell(&mut out),
    }
    .map_err(|error| Failure::stdout(&error))?;
    Ok(Exit::Success)
}

/// The results in a report, or in lines that `--json` printed.
fn read(path: &Path) -> Result<Vec<Outcome>, Failure> {
    let bad = |what: String| {
        Failure::new(Exit::BadInput, format!("{}: {what}", path.display())).help(
            "give the report.json of `lineament eval … --report DIR`, or what `--json` printed",
        )
    };
    let text = fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
    let values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    let mut outcomes = Vec::new();
    for value in values {
        let value = value.map_err(|error| bad(format!("not JSON: {error}")))?;
        let runs = value.get("runs").and_then(Value::as_array);
        let results: Vec<&Value> = match runs {
            Some(runs) => runs.iter().filter_map(|run| run.get("result")).collect(),
            None => vec![&value],
        };
        let results = results.into_iter().map(Outcome::deserialize);
        outcomes.extend(results.filter_map(Result::ok));
    }
    match outcomes.is_empty() {
        true => Err(bad("holds no result of a pair protocol".to_owned())),
        false => Ok(outcomes),
    }
}

/// One row for each model and method; of two results of one protocol the later counts.
fn rows<'a>(outcomes: &[&'a Outcome]) -> Vec<Own<'a>> {
    let mut rows: Vec<Own<'a>> = Vec::new();
    for outcome in outcomes {
        let method = outcome.method();
        let is_its = |row: &Own<'_>| row.model == &outcome.model && row.method == method;
        let idx = rows.iter().position(is_its).unwrap_or_else(|| {
            rows.push(Own {
                model: &outcome.model,
                method,
                lfw: None,
                ytf: None,
            });
            rows.len() - 1
        });
        match outcome.protocol.as_str() {
            LFW => rows[idx].lfw = Some(outcome),
            _ => rows[idx].ytf = Some(outcome),
        }
    }
    rows
}

impl Outcome {
    fn method(&self) -> String {
        let mut parts = vec![self.matcher.clone(), format!("flip {}", self.flip)];
        if self.center != "off" {
            parts.push(format!("centred on {}", self.center));
        }
        parts.extend(self.pca.map(|d| format!("PCA {d}")));
        parts.join(", ")
    }

    /// `99.10 ± 0.13`, in per cent.
    fn in_per_cent(&self) -> String {
        let [accuracy, error] = [self.accuracy, self.accuracy_se].map(|share| 100.0 * share);
        format!("{accuracy:.2} ± {error:.2}")
    }
}

impl Shown<'_> {
    fn tell(&self, out: &mut impl Write) -> io::Result<()> {
        let head = ["METHOD", "MODELS", "TRAINED ON", "LFW %", "YTF %"].map(str::to_owned);
        let mut rows = vec![head];
        rows.extend(self.published.iter().map(published_row));
        rows.extend(self.own.iter().map(own_row));
        let column = |i: usize| rows.iter().map(|row| row[i].clone()).collect();
        for line in lines(&(0..5).map(column).collect::<Vec<Vec<String>>>()) {
            writeln!(out, "{line}")?;
        }
        if self.other.is_empty() {
            return Ok(());
        }
        writeln!(
            out,
            "\nUnder other protocols, of which nothing stands above:"
        )?;
        for outcome in &self.other {
            let (protocol, model) = (&outcome.protocol, &outcome.model.name);
            let (method, accuracy) = (outcome.method(), outcome.in_per_cent());
            writeln!(out, "{protocol}: {model} ({method}) {accuracy}")?;
        }
        Ok(())
    }
}

fn published_row(row: &Published) -> [String; 5] {
    let ytf = row.ytf_percent.map(|percent| format!("{percent:.1}"));
    [
        row.method.to_owned(),
        row.n_models.to_string(),
        row.training.to_owned(),
        format!("{:.2}", row.lfw_percent),
        ytf.unwrap_or_else(none),
    ]
}

fn own_row(row: &Own<'_>) -> [String; 5] {
    let figure = |outcome: Option<&Outcome>| outcome.map_or_else(none, Outcome::in_per_cent);
    [
        format!("{} ({})", row.model.name, row.method),
        "1".to_owned(),
        none(),
        figure(row.lfw),
        figure(row.ytf),
    ]
}

fn none() -> String {
    "–".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(protocol: &str, matcher: &str) -> Outcome {
        Outcome {
            protocol: protocol.to_owned(),
            model: Model {
                name: "a".to_owned(),
                sha256: "0".to_owned(),
            },
            flip: "sum".to_owned(),
            matcher: matcher.to_owned(),
            center: "off".to_owned(),
            pca: None,
            accuracy: 0.991,
            accuracy_se: 0.0013,
            n_failed: 0,
        }
    }

    #[test]
    fn both_protocols_of_a_model_share_a_row() {
        let outcomes = [
            outcome(LFW, "cosine"),
            outcome(YTF, "lda"),
            outcome(YTF, "cosine"),
        ];
        let outcomes: Vec<&Outcome> = outcomes.iter().collect();
        let rows = rows(&outcomes);
        assert_eq!(rows.len(), 2);
        assert_eq!(
            own_row(&rows[0]),
            [
                "a (cosine, flip sum)",
                "1",
                "–",
                "99.10 ± 0.13",
                "99.10 ± 0.13"
            ]
        );
        assert!(rows[1].lfw.is_none() && rows[1].ytf.is_some());
    }

    #[test]
    fn results_come_from_reports_and_from_lines() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("results.json");
        let line = serde_json::to_string(&outcome(LFW, "cosine")).unwrap();
        for text in [
            format!("{line}\n{line}\n"),
            format!("{{\"runs\": [{{\"result\": {line}}}, {{\"result\": {line}}}]}}"),
        ] {
            fs::write(&file, text).unwrap();
            assert_eq!(read(&file).unwrap().len(), 2);
        }
        for text in ["", "{}", "{\n1"] {
            fs::write(&file, text).unwrap();
            assert_eq!(read(&file).unwrap_err().exit(), Exit::BadInput, "{text}");
        }
    }
}
