//! Runs of BLUFR.

use super::{named, run, share};
use crate::blufr::{BlufrReport, OverTrials, TrialFigures};
use crate::report::{Figure, ReportRun, Sample};
use std::collections::BTreeMap;

impl BlufrReport {
    /// µ − σ over the trials, and both by themselves.
    #[must_use]
    pub fn run(&self, title: &str) -> ReportRun {
        let of_all = |of: fn(&TrialFigures) -> usize| self.trials.iter().map(of).sum();
        let sample = Sample::Pairs {
            n_mated: of_all(|t| t.n_mated),
            n_non_mated: of_all(|t| t.n_non_mated),
        };
        let mut run = run(&self.about, title, sample, self.failures.len());
        run.figures = figures("VR at", &self.vr_at_far);
        run.figures
            .extend(figures("Rank-1 DIR at", &self.dir_at_far));
        run
    }
}

fn figures(what: &str, rates: &BTreeMap<String, OverTrials>) -> Vec<Figure> {
    let figures = rates.iter().flat_map(|(key, over)| {
        let OverTrials {
            mean,
            deviation,
            mean_less_deviation,
        } = over;
        let named = |of: &str| format!("{what} FAR {}, {of}", named(key));
        [
            ("µ − σ", mean_less_deviation),
            ("µ", mean),
            ("σ", deviation),
        ]
        .map(|(of, figure)| share(&named(of), Some(*figure), None, ""))
    });
    figures.collect()
}
