//! What a search among distractors gave.

use crate::about::About;
use crate::error::{EvalError, check_at_least};
use crate::intervals::{Bootstrap, Interval, Proportion, bootstrap_by_identity};
use crate::pair_report::AtFmr;
use crate::stream::StreamedScores;
use serde::Serialize;
use std::collections::BTreeMap;

/// What is asked of a search among distractors.
#[derive(Debug, Clone, PartialEq)]
pub struct DistractorOptions {
    /// Numbers of distractors at which the rank-1 rate is wanted, rising.
    pub sizes: Vec<usize>,
    /// False match rates at which the true acceptance is wanted, all distractors compared.
    pub fmr_targets: Vec<f64>,
    /// Draws for the intervals by person.
    pub bootstrap: Bootstrap,
}

impl Default for DistractorOptions {
    /// 10, 100, …, 10⁶ distractors, TAR at FMR 1e-4, 1e-5 and 1e-6, 1000 replicates of seed 0.
    fn default() -> Self {
        Self {
            sizes: (1..=6).map(|exponent| 10_usize.pow(exponent)).collect(),
            fmr_targets: vec![1e-4, 1e-5, 1e-6],
            bootstrap: Bootstrap {
                n_replicates: 1000,
                seed: 0,
            },
        }
    }
}

/// Figures among distractors; its JSON is what `lineament eval megaface` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DistractorReport {
    /// What was evaluated.
    #[serde(flatten)]
    pub about: About,
    /// Probes, those without a template among them.
    pub n_probes: usize,
    /// Their persons.
    pub n_people: usize,
    /// Searches: every probe with every other of its person as the mate in the gallery.
    pub n_searches: usize,
    /// Probes without a template: every search with them misses.
    pub n_failed: usize,
    /// Their names.
    pub failures: Vec<String>,
    /// Distractors, those without a template among them.
    pub n_distractors: usize,
    /// Distractors without a template: nobody is taken for them.
    pub n_distractors_failed: usize,
    /// Searches whose mate comes first.
    #[serde(flatten)]
    pub rank_1: RankOne,
    /// The draws behind the intervals by person.
    pub by_person: Bootstrap,
    /// Verification, every two probes of a person and every probe with every distractor compared.
    #[serde(flatten)]
    pub at_fmr: AtFmr,
    /// The scores of the latter, for curves.
    #[serde(skip)]
    pub scores: StreamedScores,
}

/// Figures by number of distractors, of those numbers that were reached.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankOne {
    /// Share of searches whose mate scores above all distractors; equal scores count against it.
    pub rank_1: BTreeMap<usize, f64>,
    /// Wilson's interval of it.
    pub rank_1_ci: BTreeMap<usize, Interval>,
    /// Its interval with the persons drawn again.
    pub rank_1_by_person: BTreeMap<usize, Option<Interval>>,
}

/// The searches of one person.
pub(super) struct Searches {
    pub(super) n: usize,
    /// Those that found the mate, at every size.
    pub(super) n_found: Vec<usize>,
}

impl RankOne {
    /// Of the first so many of the sizes.
    pub(super) fn new(
        searches: &[Searches],
        sizes: &[usize],
        bootstrap: Bootstrap,
    ) -> Result<Self, EvalError> {
        let n: usize = searches.iter().map(|s| s.n).sum();
        check_at_least("searches with a mate", 1, n)?;
        let rate = |i: usize| Proportion::new(searches.iter().map(|s| s.n_found[i]).sum(), n);
        let rates = (0..sizes.len()).map(rate);
        let rates = rates.collect::<Result<Vec<_>, EvalError>>()?;
        let people: Vec<(usize, usize)> = (0..searches.len()).map(|p| (p, p)).collect();
        let figures = |weights: &[f64]| {
            let weighted = searches.iter().zip(weights);
            let all: f64 = weighted.clone().map(|(s, w)| w * s.n as f64).sum();
            let found = |i: usize| weighted.clone().map(move |(s, w)| w * s.n_found[i] as f64);
            let rate = |i: usize| (all > 0.0).then(|| found(i).sum::<f64>() / all);
            (0..sizes.len()).map(rate).collect()
        };
        let intervals = bootstrap_by_identity(&people, bootstrap, figures)?;
        let sized = || sizes.iter().copied();
        Ok(Self {
            rank_1: sized().zip(rates.iter().map(|r| r.rate)).collect(),
            rank_1_ci: sized().zip(rates.iter().map(|r| r.interval)).collect(),
            rank_1_by_person: sized().zip(intervals).collect(),
        })
    }
}
