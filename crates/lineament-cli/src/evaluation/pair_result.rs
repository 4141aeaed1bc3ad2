//! What a model reached under a pair protocol: as JSON, as figures, as the run of a report.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lineament_data::{ImageSource, Item};
use lineament_eval::report::{
    CurveKind, ErrorKind, ErrorPair, Figure, FigureValue, Picture, ReportCurve, ReportRun, Sample,
    ScoreDistribution, Uncertainty, rate_name,
};
use lineament_eval::{Interval, PairOutcome, PairReport};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::plural;

/// Points of a curve that can be told apart on a page.
const N_POINTS: usize = 600;
const N_BINS: usize = 60;

/// A report and the choices behind it; its JSON is what `--json` prints.
#[derive(Serialize)]
pub(crate) struct PairResult {
    #[serde(flatten)]
    report: PairReport,
    /// What the figures depend on further, by name.
    choices: BTreeMap<String, String>,
}

impl PairResult {
    pub(crate) fn new(report: PairReport, choices: Vec<(String, String)>) -> Self {
        Self {
            report,
            choices: choices.into_iter().collect(),
        }
    }

    /// Names of what failed to enrol.
    pub(crate) fn failures(&self) -> &[String] {
        &self.report.failures
    }

    /// The run of a report. `items` are those of the protocol.
    ///
    /// # Errors
    /// [`Exit::Internal`]: none for a report as it was made.
    pub(crate) fn run(&self, title: &str, items: &[Item]) -> Result<ReportRun, Failure> {
        let report = &self.report;
        let result = serde_json::to_value(self).map_err(|error| internal(&error))?;
        let scores = report.scores().map_err(|error| internal(&error))?;
        let curve = scores.curve().map_err(|error| internal(&error))?;
        let points = curve.points(N_POINTS);
        let errors = report.outcomes.iter().filter(|outcome| !outcome.correct);
        Ok(ReportRun {
            label: report.about.model.name.clone(),
            title: title.to_owned(),
            about: report.about.clone(),
            settings: self.choices.clone().into_iter().collect(),
            sample: Sample::Pairs {
                n_mated: report.n_mated,
                n_non_mated: report.n_non_mated,
            },
            n_failed: report.failures.len(),
            intervals: Some(intervals(report)),
            figures: figures(report),
            curves: vec![ReportCurve {
                kind: CurveKind::Verification,
                subset: None,
                points: points.iter().map(|p| [p.fmr, p.fnmr]).collect(),
                n_non_mated: Some(report.n_non_mated),
            }],
            // Where every comparison failed there is nothing to draw.
            scores: scores
                .histogram(N_BINS)
                .ok()
                .map(|histogram| ScoreDistribution {
                    histogram,
                    threshold: Some(report.threshold_mean),
                }),
            groups: None,
            errors: errors.map(|outcome| error(outcome, items)).collect(),
            notes: notes(report),
            result,
        })
    }
}

fn internal(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Internal, error.to_string())
}

fn intervals(report: &PairReport) -> String {
    match &report.by_identity {
        None => "Wilson's, 95 %".to_owned(),
        Some(by_identity) => format!(
            "bootstrap of {} with {} replicates, 95 %",
            plural(by_identity.n_persons, "person", "people"),
            by_identity.bootstrap.n_replicates
        ),
    }
}

fn figures(report: &PairReport) -> Vec<Figure> {
    let accuracy = Uncertainty::StandardError(report.accuracy_se);
    let mut figures = vec![
        share("Accuracy", report.accuracy, accuracy),
        number("Threshold", report.threshold_mean, 4),
    ];
    let on_dev = report.on_dev.as_ref();
    figures.extend(on_dev.map(|dev| {
        share(
            "Accuracy on the development list",
            dev.accuracy,
            Uncertainty::Unknown,
        )
    }));
    let best = report.best_on_test.as_ref();
    figures.extend(
        best.map(|best| share("Best at any threshold", best.accuracy, Uncertainty::Unknown)),
    );
    figures.push(number("AUC", report.auc, 5));
    figures.push(match report.eer {
        Some(rate) => share("EER", rate, Uncertainty::Unknown),
        None => missing("EER", "too much failed"),
    });
    figures.extend(tar_figures(report));
    figures.push(count("Pairs that failed", report.n_failed));
    figures
}

/// TAR at every rate, the greatest rate first.
fn tar_figures(report: &PairReport) -> Vec<Figure> {
    let at_fmr = &report.at_fmr;
    let by_identity = report.by_identity.as_ref();
    let interval = |key: &str| -> Option<Interval> {
        let intervals = by_identity.map_or(&at_fmr.tar_ci, |by_identity| &by_identity.tar_ci);
        intervals.get(key).copied().flatten()
    };
    let rates = at_fmr.tar_at_fmr.iter();
    let mut rates: Vec<(f64, &String, Option<f64>)> = rates
        .filter_map(|(key, tar)| Some((key.parse().ok()?, key, *tar)))
        .collect();
    rates.sort_by(|a, b| b.0.total_cmp(&a.0));
    let figure = |(rate, key, tar): (f64, &String, Option<f64>)| {
        let name = format!("TAR at FMR {}", rate_name(rate));
        match tar {
            Some(tar) => share(
                &name,
                tar,
                interval(key).map_or(Uncertainty::Unknown, Uncertainty::Interval),
            ),
            None => missing(&name, "too few non-mated pairs"),
        }
    };
    rates.into_iter().map(figure).collect()
}

fn share(name: &str, share: f64, uncertainty: Uncertainty) -> Figure {
    figure(name, FigureValue::Share { share, uncertainty })
}

fn number(name: &str, value: f64, places: usize) -> Figure {
    figure(name, FigureValue::Number { value, places })
}

fn count(name: &str, n: usize) -> Figure {
    figure(name, FigureValue::Count(n))
}

fn missing(name: &str, why: &str) -> Figure {
    figure(name, FigureValue::Missing(why.to_owned()))
}

fn figure(name: &str, value: FigureValue) -> Figure {
    Figure {
        name: name.to_owned(),
        value,
    }
}

fn notes(report: &PairReport) -> Vec<String> {
    let mut notes = Vec::new();
    let supported = &report.at_fmr.supported;
    let weak = supported
        .iter()
        .filter(|(key, is)| !**is && report.at_fmr.tar_at_fmr[*key].is_some());
    let weak: Vec<String> = weak
        .filter_map(|(key, _)| key.parse().ok().map(rate_name))
        .collect();
    if !weak.is_empty() {
        notes.push(format!(
            "Fewer than 30 false matches were to be expected at FMR {}: TAR there rests on few \
             comparisons.",
            weak.join(", ")
        ));
    }
    if let Some(n) = report.n_persons_in_several_folds.filter(|n| *n > 0) {
        notes.push(format!(
            "{} in more than one fold: what is learned on some folds has seen them.",
            plural(n, "person occurs", "people occur")
        ));
    }
    notes
}

fn error(outcome: &PairOutcome, items: &[Item]) -> ErrorPair {
    ErrorPair {
        kind: match outcome.pair.mated {
            true => ErrorKind::FalseNonMatch,
            false => ErrorKind::FalseMatch,
        },
        first: picture(&items[outcome.pair.first]),
        second: picture(&items[outcome.pair.second]),
        score: outcome.score,
        threshold: outcome.threshold,
    }
}

/// An item's image, of a video the one in the middle.
fn picture(item: &Item) -> Picture {
    let file = match item.images.get(item.images.len() / 2) {
        Some(ImageSource::File(path)) => Some(absolute(path)),
        _ => None,
    };
    Picture {
        name: item.name.clone(),
        file,
    }
}

/// The path from the root; one that cannot be made so is left as it is.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
