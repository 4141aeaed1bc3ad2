//! Reports as runs of a page: their figures with intervals, and their curves.
//!
//! A run comes without label, settings, errors, notes and result, which the command that made it
//! knows.

mod blufr;
mod clusters;
mod detection;
mod fairness;
mod identification;
mod matches;
mod pairs;

use crate::about::About;
use crate::curve::Curve;
use crate::intervals::Interval;
use crate::pair_report::AtFmr;
use crate::report::{
    CurveKind, Figure, FigureValue, ReportCurve, ReportRun, Sample, Uncertainty, rate_name,
};
use std::collections::BTreeMap;

/// Points of a curve that can be told apart on a page.
const N_POINTS: usize = 600;

/// A run without figures.
fn run(about: &About, title: &str, sample: Sample, n_failed: usize) -> ReportRun {
    ReportRun {
        label: about.model.name.clone(),
        title: title.to_owned(),
        about: about.clone(),
        settings: Vec::new(),
        sample,
        n_failed,
        intervals: None,
        figures: Vec::new(),
        curves: Vec::new(),
        scores: None,
        groups: None,
        errors: Vec::new(),
        notes: Vec::new(),
        result: serde_json::Value::Null,
    }
}

/// A share with its interval; a dash, with the reason, where there is none.
fn share(name: &str, share: Option<f64>, interval: Option<Interval>, why: &str) -> Figure {
    let uncertainty = interval.map_or(Uncertainty::Unknown, Uncertainty::Interval);
    let value = match share {
        Some(share) => FigureValue::Share { share, uncertainty },
        None => FigureValue::Missing(why.to_owned()),
    };
    let name = name.to_owned();
    Figure { name, value }
}

fn number(name: &str, value: Option<f64>, places: usize, why: &str) -> Figure {
    let value = match value {
        Some(value) => FigureValue::Number { value, places },
        None => FigureValue::Missing(why.to_owned()),
    };
    let name = name.to_owned();
    Figure { name, value }
}

fn count(name: &str, n: usize) -> Figure {
    Figure {
        name: name.to_owned(),
        value: FigureValue::Count(n),
    }
}

/// A rate as its key names it, for people.
fn named(key: &str) -> String {
    key.parse().map_or_else(|_| key.to_owned(), rate_name)
}

/// TAR at every rate, with the intervals given or else Wilson's.
fn tar_figures(at_fmr: &AtFmr, intervals: &BTreeMap<String, Option<Interval>>) -> Vec<Figure> {
    let figure = |(key, tar): (&String, &Option<f64>)| {
        let interval = intervals.get(key).or_else(|| at_fmr.tar_ci.get(key));
        let name = format!("TAR at FMR {}", named(key));
        let interval = interval.copied().flatten();
        share(&name, *tar, interval, "too few non-mated comparisons")
    };
    at_fmr.tar_at_fmr.iter().map(figure).collect()
}

/// Both error rates, as a plot takes them.
fn error_curve(
    kind: CurveKind,
    subset: Option<&str>,
    curve: &Curve,
    n_non_mated: usize,
) -> ReportCurve {
    let points = curve.points(N_POINTS);
    ReportCurve {
        kind,
        subset: subset.map(str::to_owned),
        points: points.iter().map(|p| [p.fmr, p.fnmr]).collect(),
        n_non_mated: Some(n_non_mated),
    }
}
