//! What came of a reproduction, beside what was published.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lineament_eval::PairReport;
use serde::Serialize;

/// The comparison of a system's variants.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The system and its paper.
    pub system: &'static str,
    /// What it was judged on.
    pub protocol: String,
    /// What the last column of the published figures is, with its source.
    pub published_is: &'static str,
    /// A row for each variant.
    pub rows: Vec<Variant>,
    /// What else is to be known.
    pub notes: Vec<String>,
}

/// One variant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Variant {
    /// What it is.
    pub name: String,
    /// The mean accuracy over seeds, in per cent.
    pub accuracy_percent: f64,
    /// Its standard error: over seeds where there are several, else √(p (1 − p) / n) of the pairs.
    pub se_percent: f64,
    /// How many.
    pub n_seeds: usize,
    /// What the paper reports, in per cent.
    pub published_percent: Option<f64>,
    /// Further figures, means over seeds, by what they are.
    pub others: BTreeMap<String, f64>,
}

/// What was measured of one variant with one seed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured {
    pub(super) name: String,
    pub(super) published_percent: Option<f64>,
    accuracy: f64,
    accuracy_se: f64,
    pub(super) others: BTreeMap<String, f64>,
}

impl Measured {
    pub(super) fn new(name: &str, published_percent: Option<f64>, report: &PairReport) -> Self {
        Self {
            name: name.to_owned(),
            published_percent,
            accuracy: report.accuracy,
            accuracy_se: report.accuracy_se,
            others: BTreeMap::new(),
        }
    }
}

/// The mean of several seeds, and its standard error; of one seed, the error it came with.
pub(super) fn mean_and_error(of_seeds: &[(f64, f64)]) -> Option<(f64, f64)> {
    let n = of_seeds.len() as f64;
    let mean = of_seeds.iter().map(|(value, _)| value).sum::<f64>() / n;
    let squares: f64 = of_seeds.iter().map(|(v, _)| (v - mean).powi(2)).sum();
    match of_seeds {
        [] => None,
        [(value, error)] => Some((*value, *error)),
        _ => Some((mean, (squares / (n - 1.0) / n).sqrt())),
    }
}

/// A row for each name, in the order in which names first came.
pub(super) fn variants(measured: &[Measured]) -> Vec<Variant> {
    let mut names: Vec<&str> = Vec::new();
    for name in measured.iter().map(|m| m.name.as_str()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let variant = |name: &str| {
        let its: Vec<&Measured> = measured.iter().filter(|m| m.name == name).collect();
        let figures: Vec<_> = its.iter().map(|m| (m.accuracy, m.accuracy_se)).collect();
        let (mean, error) = mean_and_error(&figures)?;
        let mut others = BTreeMap::new();
        for (what, value) in its.iter().flat_map(|m| &m.others) {
            *others.entry(what.clone()).or_insert(0.0) += value / its.len() as f64;
        }
        Some(Variant {
            name: name.to_owned(),
            accuracy_percent: 100.0 * mean,
            se_percent: 100.0 * error,
            n_seeds: its.len(),
            published_percent: its[0].published_percent,
            others,
        })
    };
    names.into_iter().filter_map(variant).collect()
}

impl Report {
    /// The report as a Markdown table with its notes.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut others: Vec<&String> = self.rows.iter().flat_map(|r| r.others.keys()).collect();
        others.sort();
        others.dedup();
        let mut text = format!("# {}\n\n{}.\n\n", self.system, self.protocol);
        let heads: String = others.iter().map(|what| format!(" {what} |")).collect();
        let rules = "---|".repeat(4 + others.len());
        // Writing to a string never fails.
        let _ = writeln!(
            text,
            "| variant | accuracy | seeds |{heads} published |\n|{rules}"
        );
        for row in &self.rows {
            let value = |what: &&String| match row.others.get(*what) {
                Some(value) => format!(" {value:.3} |"),
                None => " – |".to_owned(),
            };
            let _ = writeln!(
                text,
                "| {} | {:.2} % ± {:.2} | {} |{} {} |",
                row.name,
                row.accuracy_percent,
                row.se_percent,
                row.n_seeds,
                others.iter().map(value).collect::<String>(),
                row.published_percent
                    .map_or("–".to_owned(), |p| format!("{p:.2} %")),
            );
        }
        let _ = writeln!(text, "\nPublished: {}.", self.published_is);
        for note in &self.notes {
            let _ = writeln!(text, "\n{note}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(name: &str, accuracy: f64) -> Measured {
        Measured {
            name: name.to_owned(),
            published_percent: (name == "a").then_some(97.5),
            accuracy,
            accuracy_se: 0.004,
            others: [("VAL".to_owned(), accuracy / 2.0)].into(),
        }
    }

    #[test]
    fn seeds_become_one_row() {
        let rows = variants(&[measured("a", 0.90), measured("b", 0.8), measured("a", 0.94)]);
        let report = Report {
            system: "A system",
            protocol: "ten pairs".to_owned(),
            published_is: "of others",
            rows,
            notes: vec!["Chosen: none.".to_owned()],
        };
        let text = report.markdown();
        // Two values ±2 about their mean: s = 2√2, over √2.
        assert!(
            text.contains("| a | 92.00 % ± 2.00 | 2 | 0.460 | 97.50 % |"),
            "{text}"
        );
        assert!(
            text.contains("| b | 80.00 % ± 0.40 | 1 | 0.400 | – |"),
            "{text}"
        );
        assert!(
            text.contains(
                "| variant | accuracy | seeds | VAL | published |\n|---|---|---|---|---|\n"
            )
        );
        assert!(text.ends_with("Chosen: none.\n"));
    }
}
