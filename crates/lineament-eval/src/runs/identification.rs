//! Runs of searches.

use super::{count, error_curve, named, run, share, tar_figures};
use crate::error::EvalError;
use crate::identification::{DistractorReport, GalleriesReport, IdentificationReport};
use crate::report::{CurveKind, Figure, ReportCurve, ReportRun, Sample};
use std::collections::BTreeMap;

/// Ranks that a plot shows.
const N_RANKS: usize = 50;
const TOO_FEW: &str = "too few non-mated searches";

impl IdentificationReport {
    /// Figures with intervals by person, CMC, and FNIR over FPIR.
    ///
    /// # Errors
    /// None for a report as it was made.
    pub fn run(&self, title: &str) -> Result<ReportRun, EvalError> {
        Ok(ReportRun {
            intervals: Some(bootstrap(
                self.by_person.n_persons,
                self.by_person.bootstrap.n_replicates,
            )),
            figures: self.figures(),
            curves: self.curves(None)?,
            ..run(&self.about, title, self.sample(), self.failures.len())
        })
    }

    fn sample(&self) -> Sample {
        Sample::Searches {
            n_mated: self.n_mated,
            n_non_mated: self.n_non_mated,
        }
    }

    fn figures(&self) -> Vec<Figure> {
        let by_person = &self.by_person;
        let rate = |(rank, rate): (&usize, &f64)| {
            let interval = by_person.rank_ci.get(rank).copied().flatten();
            share(&format!("Rank-{rank} rate"), Some(*rate), interval, "")
        };
        let mut figures: Vec<Figure> = self.rank_rate.iter().map(rate).collect();
        for (key, fnir) in &self.at_fpir.fnir_at_fpir {
            let interval = by_person.fnir_ci.get(key).copied().flatten();
            let name = format!("FNIR at FPIR {}", named(key));
            figures.push(share(&name, *fnir, interval, TOO_FEW));
        }
        for (key, dir) in &self.at_fpir.dir_at_fpir {
            let name = format!("DIR at FPIR {}", named(key));
            figures.push(share(&name, *dir, None, TOO_FEW));
        }
        figures.push(count("Persons enrolled", self.n_gallery));
        figures
    }

    fn curves(&self, subset: Option<&str>) -> Result<Vec<ReportCurve>, EvalError> {
        let rates = self.cmc(N_RANKS.min(self.n_gallery)).into_iter().zip(1..);
        let mut curves = vec![ReportCurve {
            kind: CurveKind::Ranks,
            subset: subset.map(str::to_owned),
            points: rates.map(|(rate, rank)| [f64::from(rank), rate]).collect(),
            n_non_mated: None,
        }];
        if self.n_non_mated > 0 {
            let curve = self.fnir_fpir()?;
            curves.push(error_curve(
                CurveKind::OpenSet,
                subset,
                &curve,
                self.n_non_mated,
            ));
        }
        Ok(curves)
    }
}

impl GalleriesReport {
    /// Means over the galleries, and every gallery's figures and curves under its name.
    ///
    /// # Errors
    /// None for a report as it was made.
    pub fn run(&self, title: &str) -> Result<ReportRun, EvalError> {
        let reports = || self.galleries.values();
        let sample = Sample::Searches {
            n_mated: reports().map(|r| r.n_mated).sum(),
            n_non_mated: reports().map(|r| r.n_non_mated).sum(),
        };
        // A probe that fails, fails in every gallery.
        let n_failed = reports().map(|r| r.failures.len()).max().unwrap_or(0);
        let mut run = run(&self.about, title, sample, n_failed);
        let by_person = reports().next().map(|r| &r.by_person);
        run.intervals = by_person.map(|b| bootstrap(b.n_persons, b.bootstrap.n_replicates));
        for (rank, rate) in &self.mean.rank_rate {
            run.figures.push(share(
                &format!("Rank-{rank} rate, mean"),
                Some(*rate),
                None,
                "",
            ));
        }
        let means = [
            ("FNIR", &self.mean.fnir_at_fpir),
            ("DIR", &self.mean.dir_at_fpir),
        ];
        for (what, rates) in means {
            for (key, rate) in rates {
                let name = format!("{what} at FPIR {}, mean", named(key));
                run.figures.push(share(&name, *rate, None, TOO_FEW));
            }
        }
        for (name, report) in &self.galleries {
            let figures = report.figures().into_iter();
            run.figures.extend(figures.map(|f| Figure {
                name: format!("{}, {name}", f.name),
                ..f
            }));
            run.curves.extend(report.curves(Some(name))?);
        }
        Ok(run)
    }
}

impl DistractorReport {
    /// Rank-1 rates by number of distractors, and the verification.
    ///
    /// # Errors
    /// None for a report as it was made.
    pub fn run(&self, title: &str) -> Result<ReportRun, EvalError> {
        let sample = Sample::Searches {
            n_mated: self.n_searches,
            n_non_mated: 0,
        };
        let rank_1 = &self.rank_1;
        let rate = |(size, rate): (&usize, &f64)| {
            let interval = rank_1.rank_1_by_person.get(size).copied().flatten();
            share(
                &format!("Rank-1 rate, {size} distractors"),
                Some(*rate),
                interval,
                "",
            )
        };
        let mut figures: Vec<Figure> = rank_1.rank_1.iter().map(rate).collect();
        figures.extend(tar_figures(&self.at_fmr, &BTreeMap::new()));
        let points = rank_1.rank_1.iter();
        let distractors = ReportCurve {
            kind: CurveKind::Distractors,
            subset: None,
            points: points.map(|(size, rate)| [*size as f64, *rate]).collect(),
            n_non_mated: None,
        };
        let n_non_mated = self.scores.n_non_mated();
        let curve = self.scores.curve()?;
        let verification = error_curve(CurveKind::Verification, None, &curve, n_non_mated);
        Ok(ReportRun {
            intervals: Some(format!(
                "rank-1 rates by {}, TAR by Wilson",
                bootstrap(self.n_people, self.by_person.n_replicates)
            )),
            figures,
            curves: vec![distractors, verification],
            ..run(
                &self.about,
                title,
                sample,
                self.n_failed + self.n_distractors_failed,
            )
        })
    }
}

fn bootstrap(n_persons: usize, n_replicates: usize) -> String {
    format!("bootstrap of {n_persons} people with {n_replicates} replicates, 95 %")
}
