//! Runs of matches of templates.

use super::{error_curve, number, run, share, tar_figures};
use crate::error::EvalError;
use crate::report::{CurveKind, ReportRun, Sample, ScoreDistribution};
use crate::templates::MatchReport;

const N_BINS: usize = 60;

impl MatchReport {
    /// TAR at FMR, AUC and EER, ROC and DET, scores.
    ///
    /// # Errors
    /// None for a report as it was made.
    pub fn run(&self, title: &str) -> Result<ReportRun, EvalError> {
        let sample = Sample::Pairs {
            n_mated: self.n_mated,
            n_non_mated: self.n_non_mated,
        };
        let mut figures = tar_figures(&self.at_fmr, &self.tar_by_identity);
        figures.push(number("AUC", Some(self.auc), 5, ""));
        figures.push(share("EER", self.eer, None, "too much failed"));
        let curve = error_curve(
            CurveKind::Verification,
            None,
            &self.scores.curve()?,
            self.n_non_mated,
        );
        let method = self.by_identity.map_or_else(
            || "Wilson's, 95 %".to_owned(),
            |b| {
                format!(
                    "bootstrap by identity with {} replicates, 95 %",
                    b.n_replicates
                )
            },
        );
        // Where every match failed there is nothing to draw.
        let histogram = self.scores.histogram(N_BINS).ok();
        Ok(ReportRun {
            intervals: Some(method),
            figures,
            curves: vec![curve],
            scores: histogram.map(|histogram| ScoreDistribution {
                histogram,
                threshold: None,
            }),
            ..run(&self.about, title, sample, self.failures.len())
        })
    }
}
