//! What searches gave, as it is printed and drawn.

use super::plan::SearchPlan;
use super::rejecter::Rejecter;
use super::search::{Gallery, SearchOutcome, Searching, open_set_scores};
use crate::about::About;
use crate::curve::Curve;
use crate::error::{EvalError, check_at_least};
use crate::identity_intervals::Order;
use crate::intervals::{Bootstrap, Interval, Proportion, bootstrap_by_identity};
use crate::labelled::LabelledSet;
use crate::pair_report::rate_key;
use crate::rates::TarAtFmr;
use crate::scores::ScoreSet;
use lineament_match::{FittedMatcher, Matcher};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How searches are made and what is made of them.
#[derive(Debug, Clone, PartialEq)]
pub struct IdentificationOptions {
    /// What gives the scores.
    pub matcher: FittedMatcher,
    /// What is compared with the threshold.
    pub rejecter: Rejecter,
    /// R of FNIR(N, R, T): a mate counts as found among so many candidates.
    pub rank: usize,
    /// Ranks at which the identification rate is wanted.
    pub ranks: Vec<usize>,
    /// False positive identification rates at which the misses are wanted.
    pub fpir_targets: Vec<f64>,
    /// Candidates that are kept of every search.
    pub n_candidates: usize,
    /// Draws for the intervals by person.
    pub bootstrap: Bootstrap,
}

impl Default for IdentificationOptions {
    /// Cosines, the first candidate, ranks 1, 5, 10, 20, FPIR 1e-2 and 1e-3, 1000 replicates of
    /// seed 0.
    fn default() -> Self {
        Self {
            matcher: FittedMatcher::Cosine,
            rejecter: Rejecter::Score,
            rank: 1,
            ranks: vec![1, 5, 10, 20],
            fpir_targets: vec![1e-2, 1e-3],
            n_candidates: 1,
            bootstrap: Bootstrap {
                n_replicates: 1000,
                seed: 0,
            },
        }
    }
}

/// The figures of closed-set and open-set identification; its JSON is what `lineament eval` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IdentificationReport {
    /// What was evaluated.
    #[serde(flatten)]
    pub about: About,
    /// Name of the matcher.
    pub matcher: &'static str,
    /// What the threshold is compared with.
    pub rejecter: &'static str,
    /// N: persons enrolled, those without a template among them.
    pub n_gallery: usize,
    /// Persons of the gallery without a template.
    pub n_gallery_failed: usize,
    /// Searches of persons who are enrolled.
    pub n_mated: usize,
    /// Searches of persons who are not.
    pub n_non_mated: usize,
    /// Probes without a template: a mated one is a miss in every figure, a non-mated one returns
    /// nobody.
    pub n_failed: usize,
    /// What failed to enrol, of the gallery and of the probes, by name.
    pub failures: Vec<String>,
    /// Share of mated searches with the mate within a rank, by rank (CMC).
    pub rank_rate: BTreeMap<usize, f64>,
    /// Wilson's interval of it.
    pub rank_ci: BTreeMap<usize, Interval>,
    /// R of the rates below.
    pub rank: usize,
    /// At the false positive identification rates asked for.
    #[serde(flatten)]
    pub at_fpir: AtFpir,
    /// Intervals that allow for searches sharing people.
    pub by_person: ByPerson,
    /// Every search, the mated ones first.
    #[serde(skip)]
    pub outcomes: Vec<SearchOutcome>,
}

/// Figures at wanted false positive identification rates, by rate (`1e-2`). The smallest threshold
/// whose FPIR does not exceed the rate; `None` where there are too few non-mated searches.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct AtFpir {
    /// FNIR(N, R, T): share of mated searches whose mate is not among the first R at T or above.
    pub fnir_at_fpir: BTreeMap<String, Option<f64>>,
    /// Wilson's interval of it.
    pub fnir_ci: BTreeMap<String, Option<Interval>>,
    /// Detection and identification rate: share of mated searches whose mate comes first, at T or
    /// above.
    pub dir_at_fpir: BTreeMap<String, Option<f64>>,
    /// Wilson's interval of the false positive identification rate at T.
    pub fpir_ci: BTreeMap<String, Option<Interval>>,
    /// T.
    pub threshold_at_fpir: BTreeMap<String, Option<f64>>,
    /// Whether at least 30 false positives were to be expected.
    pub supported: BTreeMap<String, bool>,
}

/// 95 % intervals of [`crate::bootstrap_by_identity`] with the probes' persons drawn again; the
/// gallery stays as it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ByPerson {
    /// The draws.
    #[serde(flatten)]
    pub bootstrap: Bootstrap,
    /// Persons drawn from.
    pub n_persons: usize,
    /// Of the identification rate.
    pub rank_ci: BTreeMap<usize, Option<Interval>>,
    /// Of the misses, the threshold found anew in every replicate.
    pub fnir_ci: BTreeMap<String, Option<Interval>>,
}

/// Searches a gallery as the plan says.
///
/// A mated probe without a template, or whose mate has none, misses; a non-mated one returns
/// nobody.
///
/// # Errors
/// Material that does not fit together, a gallery without any template, no mated searches, and
/// what the matcher or the rejecter refuses.
pub fn identify(
    about: About,
    set: LabelledSet<'_>,
    plan: &SearchPlan,
    options: &IdentificationOptions,
) -> Result<IdentificationReport, EvalError> {
    set.check()?;
    plan.check(set.persons)?;
    check_at_least("the rank of a search", 1, options.rank)?;
    let gallery = Gallery::new(set, plan)?;
    let how = Searching {
        matcher: &options.matcher,
        rejecter: &options.rejecter,
        n_candidates: options.n_candidates,
    };
    let outcomes = gallery.search(set, plan, &how)?;
    let within = |rank: &usize| {
        let n = outcomes.iter().filter(|o| o.is_within(*rank)).count();
        Ok((*rank, Proportion::new(n, plan.mated.len())?))
    };
    let ranks: BTreeMap<usize, Proportion> = options
        .ranks
        .iter()
        .map(within)
        .collect::<Result<_, EvalError>>()?;
    let at_fpir = AtFpir::new(&outcomes, options.rank, &options.fpir_targets)?;
    let items = plan.gallery.iter().flat_map(|e| &e.items).copied();
    Ok(IdentificationReport {
        about,
        matcher: options.matcher.name(),
        rejecter: options.rejecter.name(),
        n_gallery: plan.gallery.len(),
        n_gallery_failed: gallery.n_failed(),
        n_mated: plan.mated.len(),
        n_non_mated: plan.non_mated.len(),
        n_failed: set.failures(plan.probes()).len(),
        failures: set.failures(items.chain(plan.probes())),
        rank_rate: ranks.iter().map(|(r, p)| (*r, p.rate)).collect(),
        rank_ci: ranks.iter().map(|(r, p)| (*r, p.interval)).collect(),
        rank: options.rank,
        by_person: by_person(&outcomes, set.persons, options, &at_fpir)?,
        at_fpir,
        outcomes,
    })
}

impl IdentificationReport {
    /// The scores of open-set searches, for curves and histograms: a comparison is a search, FMR is
    /// FPIR and FNMR is FNIR.
    ///
    /// # Errors
    /// None for a report as it was made.
    pub fn scores(&self) -> Result<ScoreSet, EvalError> {
        open_set_scores(&self.outcomes, self.rank)
    }

    /// FNIR over FPIR at every threshold, as FNMR and FMR of the points.
    ///
    /// # Errors
    /// [`EvalError::TooFew`] where there are no non-mated searches.
    pub fn fnir_fpir(&self) -> Result<Curve, EvalError> {
        self.scores()?.curve()
    }

    /// Share of mated searches with the mate within rank 1, 2, …, `n_ranks` (CMC).
    #[must_use]
    pub fn cmc(&self, n_ranks: usize) -> Vec<f64> {
        let mut n_at = vec![0_usize; n_ranks];
        let ranks = self.outcomes.iter().filter_map(|o| o.rank);
        ranks
            .filter(|rank| *rank <= n_ranks)
            .for_each(|rank| n_at[rank - 1] += 1);
        let mut sum = 0;
        let share = |n: &usize| {
            sum += n;
            sum as f64 / self.n_mated as f64
        };
        n_at.iter().map(share).collect()
    }
}

impl AtFpir {
    /// The figures at each target that the searches can measure.
    fn new(outcomes: &[SearchOutcome], rank: usize, targets: &[f64]) -> Result<Self, EvalError> {
        let scores = open_set_scores(outcomes, rank)?;
        let first = open_set_scores(outcomes, 1)?;
        let mut table = Self::default();
        for target in targets {
            let found = scores.tar_where_measurable(*target)?;
            let first = first.tar_where_measurable(*target)?;
            table.add(rate_key(*target), found, first)?;
        }
        Ok(table)
    }

    fn add(
        &mut self,
        key: String,
        found: Option<TarAtFmr>,
        first: Option<TarAtFmr>,
    ) -> Result<(), EvalError> {
        let missed = |f: TarAtFmr| Proportion::new(f.tar.n - f.tar.count, f.tar.n);
        let missed = found.map(missed).transpose()?;
        self.fnir_at_fpir
            .insert(key.clone(), missed.map(|m| m.rate));
        self.fnir_ci.insert(key.clone(), missed.map(|m| m.interval));
        self.dir_at_fpir
            .insert(key.clone(), first.map(|f| f.tar.rate));
        self.fpir_ci
            .insert(key.clone(), found.map(|f| f.fmr.interval));
        self.threshold_at_fpir
            .insert(key.clone(), found.map(|f| f.threshold));
        self.supported
            .insert(key, found.is_some_and(|f| f.supported));
        Ok(())
    }
}

fn by_person(
    outcomes: &[SearchOutcome],
    persons: &[usize],
    options: &IdentificationOptions,
    at_fpir: &AtFpir,
) -> Result<ByPerson, EvalError> {
    let of_search = |o: &SearchOutcome| (persons[o.probe], persons[o.probe]);
    let of_searches: Vec<_> = outcomes.iter().map(of_search).collect();
    let order = Order::new(
        outcomes
            .iter()
            .map(|o| (o.score_within(options.rank), o.is_mated)),
    );
    let figures = |weights: &[f64]| {
        let mated = || outcomes.iter().zip(weights).filter(|(o, _)| o.is_mated);
        let total: f64 = mated().map(|(_, w)| w).sum();
        let rates = options.ranks.iter().map(|rank| {
            let within = mated().filter(|(o, _)| o.is_within(*rank));
            (total > 0.0).then(|| within.map(|(_, w)| w).sum::<f64>() / total)
        });
        let misses = options.fpir_targets.iter();
        // A rate that the searches cannot measure has no interval either.
        let misses = misses.map(|target| {
            at_fpir
                .fnir_at_fpir
                .get(&rate_key(*target))
                .copied()
                .flatten()?;
            order.tar_at_fmr(*target, weights).map(|tar| 1.0 - tar)
        });
        rates.chain(misses).collect()
    };
    let mut intervals =
        bootstrap_by_identity(&of_searches, options.bootstrap, figures)?.into_iter();
    let everyone: BTreeSet<usize> = of_searches.iter().map(|(p, _)| *p).collect();
    let keys = options.fpir_targets.iter().map(|t| rate_key(*t));
    Ok(ByPerson {
        bootstrap: options.bootstrap,
        n_persons: everyone.len(),
        rank_ci: options
            .ranks
            .iter()
            .copied()
            .zip(intervals.by_ref())
            .collect(),
        fnir_ci: keys.zip(intervals).collect(),
    })
}
