//! What a pair protocol gave, as it is printed and drawn.

use crate::about::About;
use crate::error::EvalError;
use crate::intervals::{Bootstrap, Interval};
use crate::pairs::{Centering, Pair};
use crate::rates::TarAtFmr;
use crate::scores::ScoreSet;
use crate::thresholds::Thresholds;
use serde::Serialize;
use std::collections::BTreeMap;

/// The figures of a pair protocol; its JSON is what `lineament eval` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairReport {
    /// What was evaluated.
    #[serde(flatten)]
    pub about: About,
    /// Name of the matcher.
    pub matcher: &'static str,
    /// Centring.
    pub center: Centering,
    /// Principal components kept.
    pub pca: Option<usize>,
    /// Where thresholds were looked for.
    pub thresholds: Thresholds,
    /// Comparisons, failed ones among them.
    pub n_pairs: usize,
    /// Mated ones.
    pub n_mated: usize,
    /// Non-mated ones.
    pub n_non_mated: usize,
    /// Comparisons that failed since a side has no template. Each is an error in every figure.
    pub n_failed: usize,
    /// What failed to enrol, by name.
    pub failures: Vec<String>,
    /// Persons that occur in more than one fold, where persons are known: what is learned on the
    /// other folds has then seen people of the fold it is judged on.
    pub n_persons_in_several_folds: Option<usize>,
    /// Mean over folds of the share decided rightly, at the threshold that is best on the others.
    pub accuracy: f64,
    /// Its standard error: over folds, [`crate::mean_and_standard_error`]; with a single test set
    /// √(p (1 − p) / n).
    pub accuracy_se: f64,
    /// Wilson's interval of the share over all folds together.
    pub accuracy_ci: Interval,
    /// Mean of the folds' thresholds.
    pub threshold_mean: f64,
    /// Area under the ROC of the scores of all folds, each by its own fold's matcher.
    pub auc: f64,
    /// Equal error rate of the same scores; `None` where so much failed that there is none.
    pub eer: Option<f64>,
    /// At the false match rates asked for.
    #[serde(flatten)]
    pub at_fmr: AtFmr,
    /// Every fold.
    pub folds: Vec<FoldFigures>,
    /// Intervals that allow for pairs sharing people, where persons are known.
    pub by_identity: Option<ByIdentity>,
    /// With a development set: what its own best threshold, which is the one used, reaches on it.
    pub on_dev: Option<FoldFigures>,
    /// The best that any threshold could reach on a single test set, chosen by looking at it: not a
    /// result, a bound.
    pub best_on_test: Option<BestOnTest>,
    /// Every comparison, in the order of the list.
    #[serde(skip)]
    pub outcomes: Vec<PairOutcome>,
}

/// Figures at wanted false match rates, by rate (`1e-3`). The smallest threshold whose FMR does
/// not exceed the rate; `None` where there are too few comparisons to measure it.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct AtFmr {
    /// True acceptance rate.
    pub tar_at_fmr: BTreeMap<String, Option<f64>>,
    /// Wilson's interval of it.
    pub tar_ci: BTreeMap<String, Option<Interval>>,
    /// Wilson's interval of the false match rate at that threshold.
    pub fmr_ci: BTreeMap<String, Option<Interval>>,
    /// The threshold.
    pub threshold_at_fmr: BTreeMap<String, Option<f64>>,
    /// Whether at least 30 false matches were to be expected.
    pub supported: BTreeMap<String, bool>,
}

/// One fold, judged at the threshold of the others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FoldFigures {
    /// Share decided rightly.
    pub accuracy: f64,
    /// Accepted where the score is at least this.
    pub threshold: f64,
    /// Comparisons decided rightly.
    pub n_correct: usize,
    /// Comparisons.
    pub n: usize,
}

/// 95 % intervals of [`crate::bootstrap_by_identity`], thresholds of folds held.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ByIdentity {
    /// The draws.
    #[serde(flatten)]
    pub bootstrap: Bootstrap,
    /// Persons drawn from.
    pub n_persons: usize,
    /// Of the share decided rightly.
    pub accuracy_ci: Option<Interval>,
    /// Of the true acceptance rate, its threshold found anew in every replicate.
    pub tar_ci: BTreeMap<String, Option<Interval>>,
    /// Of the false match rate at the threshold reported.
    pub fmr_ci: BTreeMap<String, Option<Interval>>,
}

/// The greatest accuracy at any threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BestOnTest {
    /// Share decided rightly.
    pub accuracy: f64,
    /// The threshold.
    pub threshold: f64,
}

/// One comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairOutcome {
    /// The pair.
    pub pair: Pair,
    /// Its score; `None` where a side has no template.
    pub score: Option<f64>,
    /// The threshold of its fold.
    pub threshold: f64,
    /// Whether it was decided rightly; never where it failed.
    pub correct: bool,
}

impl PairOutcome {
    pub(crate) fn new(pair: Pair, score: Option<f64>, threshold: f64) -> Self {
        let is_correct = |s: f64| (s >= threshold) == pair.mated;
        Self {
            pair,
            score,
            threshold,
            correct: score.is_some_and(is_correct),
        }
    }
}

impl PairReport {
    /// The scores of all comparisons, for curves and histograms.
    ///
    /// # Errors
    /// None for a report as it was made.
    pub fn scores(&self) -> Result<ScoreSet, EvalError> {
        ScoreSet::from_labelled(self.outcomes.iter().map(|o| (o.score, o.pair.mated)))
    }

    /// At most `n` wrongly decided comparisons, the furthest on the wrong side of its threshold
    /// first; those that failed are not among them.
    #[must_use]
    pub fn worst_errors(&self, n: usize) -> Vec<PairOutcome> {
        let distance = |o: &PairOutcome| o.score.map_or(0.0, |s| (s - o.threshold).abs());
        let is_error = |o: &&PairOutcome| !o.correct && o.score.is_some();
        let mut errors: Vec<_> = self.outcomes.iter().filter(is_error).copied().collect();
        errors.sort_by(|a, b| distance(b).total_cmp(&distance(a)));
        errors.truncate(n);
        errors
    }
}

impl AtFmr {
    /// The figures at each target that the scores can measure.
    ///
    /// # Errors
    /// Targets outside (0, 1), or no mated comparisons.
    pub fn new(scores: &ScoreSet, targets: &[f64]) -> Result<Self, EvalError> {
        let mut table = Self::default();
        for target in targets {
            table.add(rate_key(*target), scores.tar_where_measurable(*target)?);
        }
        Ok(table)
    }

    pub(crate) fn add(&mut self, key: String, found: Option<TarAtFmr>) {
        let tar = found.map(|f| f.tar);
        self.tar_at_fmr.insert(key.clone(), tar.map(|t| t.rate));
        self.tar_ci.insert(key.clone(), tar.map(|t| t.interval));
        let fmr_ci = found.map(|f| f.fmr.interval);
        self.fmr_ci.insert(key.clone(), fmr_ci);
        let threshold = found.map(|f| f.threshold);
        self.threshold_at_fmr.insert(key.clone(), threshold);
        self.supported
            .insert(key, found.is_some_and(|f| f.supported));
    }
}

/// A rate as it is written as a key: 0.001 is `1e-3`.
#[must_use]
pub fn rate_key(rate: f64) -> String {
    format!("{rate:e}")
}
