//! Runs of groups of people.

use super::{number, run, share};
use crate::fairness::FairnessReport;
use crate::report::{GroupRate, GroupRates, ReportRun, Sample};

impl FairnessReport {
    /// Error rates of every group, and how far they differ.
    #[must_use]
    pub fn run(&self, title: &str) -> ReportRun {
        let [fmr, fnmr] = [self.all.fmr, self.all.fnmr];
        let sample = Sample::Pairs {
            n_mated: fnmr.map_or(0, |p| p.n),
            n_non_mated: fmr.map_or(0, |p| p.n),
        };
        let spreads = [("FMR", &self.fmr_spread), ("FNMR", &self.fnmr_spread)];
        let ratios = spreads.map(|(rate, spread)| {
            let name = format!("Greatest over least {rate}");
            let why = match spread.least {
                Some(_) => "the least is 0",
                None => "fewer than two groups",
            };
            number(&name, spread.ratio, 2, why)
        });
        let [fmr, fnmr] = [("FMR of all", fmr), ("FNMR of all", fnmr)].map(|(name, rate)| {
            share(
                name,
                rate.map(|p| p.rate),
                rate.map(|p| p.interval),
                "no pairs",
            )
        });
        let mut figures = vec![number("Threshold", Some(self.threshold), 4, ""), fmr, fnmr];
        figures.extend(ratios);
        figures.push(number(
            "GARBE, α = ½",
            self.garbe,
            4,
            "fewer than two groups",
        ));
        let groups = self.groups.iter().map(|group| GroupRate {
            name: group.name.clone(),
            fmr: group.fmr,
            fnmr: group.fnmr,
        });
        ReportRun {
            intervals: Some("Wilson's, 95 %".to_owned()),
            figures,
            groups: Some(GroupRates {
                column: self.column.clone(),
                threshold: self.threshold,
                groups: groups.collect(),
            }),
            ..run(&self.about, title, sample, self.n_failed)
        }
    }
}
