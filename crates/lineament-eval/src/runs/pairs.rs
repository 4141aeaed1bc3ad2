//! Runs of pair protocols.

use super::{count, error_curve, named, number, run, share, tar_figures};
use crate::error::EvalError;
use crate::pair_report::PairReport;
use crate::report::{
    CurveKind, Figure, FigureValue, ReportRun, Sample, ScoreDistribution, Uncertainty,
};
use std::collections::BTreeMap;

const N_BINS: usize = 60;

impl PairReport {
    /// Accuracy, thresholds, AUC, EER and TAR at FMR; ROC and DET, scores; what limits the figures.
    ///
    /// # Errors
    /// None for a report as it was made.
    pub fn run(&self, title: &str) -> Result<ReportRun, EvalError> {
        let sample = Sample::Pairs {
            n_mated: self.n_mated,
            n_non_mated: self.n_non_mated,
        };
        let scores = self.scores()?;
        let curve = scores.curve()?;
        let kind = CurveKind::Verification;
        // Where every comparison failed there is nothing to draw.
        let histogram = scores.histogram(N_BINS).ok();
        Ok(ReportRun {
            intervals: Some(self.intervals()),
            figures: self.figures(),
            curves: vec![error_curve(kind, None, &curve, self.n_non_mated)],
            scores: histogram.map(|histogram| ScoreDistribution {
                histogram,
                threshold: Some(self.threshold_mean),
            }),
            notes: self.notes(),
            ..run(&self.about, title, sample, self.failures.len())
        })
    }

    fn intervals(&self) -> String {
        self.by_identity.as_ref().map_or_else(
            || "Wilson's, 95 %".to_owned(),
            |by_identity| {
                let (n, n_replicates) = (by_identity.n_persons, by_identity.bootstrap.n_replicates);
                format!("bootstrap of {n} people with {n_replicates} replicates, 95 %")
            },
        )
    }

    fn figures(&self) -> Vec<Figure> {
        let accuracy = FigureValue::Share {
            share: self.accuracy,
            uncertainty: Uncertainty::StandardError(self.accuracy_se),
        };
        let mut figures = vec![
            Figure {
                name: "Accuracy".to_owned(),
                value: accuracy,
            },
            number("Threshold", Some(self.threshold_mean), 4, ""),
        ];
        let on_dev = self.on_dev.map(|dev| dev.accuracy);
        let best = self.best_on_test.map(|best| best.accuracy);
        let bounds = [
            ("Accuracy on the development list", on_dev),
            ("Best at any threshold", best),
        ];
        let bounds = bounds
            .into_iter()
            .filter(|(_, accuracy)| accuracy.is_some());
        figures.extend(bounds.map(|(name, accuracy)| share(name, accuracy, None, "")));
        figures.push(number("AUC", Some(self.auc), 5, ""));
        figures.push(share("EER", self.eer, None, "too much failed"));
        let by_identity = self.by_identity.as_ref();
        let intervals = by_identity.map_or_else(BTreeMap::new, |b| b.tar_ci.clone());
        figures.extend(tar_figures(&self.at_fmr, &intervals));
        figures.push(count("Pairs that failed", self.n_failed));
        figures
    }

    fn notes(&self) -> Vec<String> {
        let at_fmr = &self.at_fmr;
        let is_weak = |key: &&String| {
            let is_measured = at_fmr.tar_at_fmr.get(*key).copied().flatten().is_some();
            is_measured && at_fmr.supported.get(*key) == Some(&false)
        };
        let weak: Vec<String> = at_fmr
            .tar_at_fmr
            .keys()
            .filter(is_weak)
            .map(|k| named(k))
            .collect();
        let mut notes = Vec::new();
        if !weak.is_empty() {
            notes.push(format!(
                "Fewer than 30 false matches were to be expected at FMR {}: TAR there rests on few \
                 comparisons.",
                weak.join(", ")
            ));
        }
        match self.n_persons_in_several_folds {
            None | Some(0) => {}
            Some(n) => notes.push(format!(
                "People who occur in more than one fold: {n}. What is learned on some folds has seen \
                 them."
            )),
        }
        notes
    }
}
