//! Runs of clusterings.

use super::{count, run, share};
use crate::clusters::ClusterReport;
use crate::report::{ReportRun, Sample};

impl ClusterReport {
    /// Precision, recall and F, pairwise and BCubed.
    #[must_use]
    pub fn run(&self, title: &str) -> ReportRun {
        let sample = Sample::Images {
            n_images: self.n_images,
            n_people: self.n_people,
        };
        let mut run = run(&self.about, title, sample, self.n_failed);
        for (name, rates) in [("Pairwise", &self.pairwise), ("BCubed", &self.bcubed)] {
            let figures = [
                ("F", rates.f, rates.f_ci),
                ("precision", rates.precision, rates.precision_ci),
                ("recall", rates.recall, rates.recall_ci),
            ];
            let figures = figures.map(|(what, rate, interval)| {
                share(&format!("{name} {what}"), Some(rate), interval, "")
            });
            run.figures.extend(figures);
        }
        run.figures.push(count("Clusters", self.n_clusters));
        run.figures
            .push(count("Images in no cluster", self.n_unclustered));
        run.intervals = Some(format!(
            "bootstrap of {} people with {} replicates, 95 %",
            self.n_people, self.by_person.n_replicates
        ));
        run
    }
}
