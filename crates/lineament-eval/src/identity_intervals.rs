//! The intervals by identity of a pair report's figures.

use crate::error::EvalError;
use crate::intervals::{Bootstrap, bootstrap_by_identity};
use crate::pair_report::{AtFmr, ByIdentity, PairOutcome, rate_key};
use std::collections::BTreeSet;

/// Draws the identities again for accuracy, TAR and FMR.
pub(crate) fn by_identity(
    outcomes: &[PairOutcome],
    persons: &[usize],
    targets: &[f64],
    at_fmr: &AtFmr,
    bootstrap: Bootstrap,
) -> Result<ByIdentity, EvalError> {
    let of_pair = |o: &PairOutcome| (persons[o.pair.first], persons[o.pair.second]);
    let of_pairs: Vec<_> = outcomes.iter().map(of_pair).collect();
    let order = Order::new(outcomes.iter().map(|o| (o.score, o.pair.mated)));
    let keys: Vec<String> = targets.iter().map(|t| rate_key(*t)).collect();
    let thresholds = keys
        .iter()
        .map(|k| at_fmr.threshold_at_fmr.get(k).copied().flatten());
    let points: Vec<_> = targets.iter().copied().zip(thresholds).collect();
    let figures = |weights: &[f64]| {
        let tars = points
            .iter()
            .map(|(target, threshold)| threshold.and_then(|_| order.tar_at_fmr(*target, weights)));
        let fmrs = points
            .iter()
            .map(|(_, threshold)| threshold.and_then(|t| order.fmr(t, weights)));
        let accuracy = std::iter::once(accuracy(outcomes, weights));
        accuracy.chain(tars).chain(fmrs).collect()
    };
    let mut intervals = bootstrap_by_identity(&of_pairs, bootstrap, figures)?.into_iter();
    let everyone: BTreeSet<usize> = of_pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
    Ok(ByIdentity {
        bootstrap,
        n_persons: everyone.len(),
        accuracy_ci: intervals.next().flatten(),
        tar_ci: keys.iter().cloned().zip(intervals.by_ref()).collect(),
        fmr_ci: keys.iter().cloned().zip(intervals).collect(),
    })
}

fn accuracy(outcomes: &[PairOutcome], weights: &[f64]) -> Option<f64> {
    let correct = outcomes.iter().zip(weights).filter(|(o, _)| o.correct);
    share(correct.map(|(_, w)| w).sum(), weights.iter().sum())
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

/// Comparisons of each kind by falling score, failed ones last.
pub(crate) struct Order {
    mated: Vec<(usize, f64)>,
    non_mated: Vec<(usize, f64)>,
}

impl Order {
    /// Of scores, `None` where a comparison failed, each with whether it is of a mated pair.
    pub(crate) fn new(scores: impl Iterator<Item = (Option<f64>, bool)> + Clone) -> Self {
        let of_kind = |mated: bool| {
            let scores = scores.clone().enumerate();
            let scores = scores.filter(|(_, (_, is_mated))| *is_mated == mated);
            let mut scores: Vec<_> = scores
                .map(|(i, (score, _))| (i, score.unwrap_or(f64::NEG_INFINITY)))
                .collect();
            scores.sort_by(|a, b| b.1.total_cmp(&a.1));
            scores
        };
        Self {
            mated: of_kind(true),
            non_mated: of_kind(false),
        }
    }

    fn fmr(&self, threshold: f64, weights: &[f64]) -> Option<f64> {
        accepted(&self.non_mated, |s| s >= threshold, weights)
    }

    pub(crate) fn tar_at_fmr(&self, target: f64, weights: &[f64]) -> Option<f64> {
        let total = total(&self.non_mated, weights);
        let mut sum = 0.0;
        let refused = self.non_mated.iter().find(|(i, _)| {
            sum += weights[*i];
            sum / total > target
        });
        // Equal scores are refused together.
        let refused = refused.map_or(f64::NEG_INFINITY, |(_, score)| *score);
        accepted(&self.mated, |s| s > refused, weights)
    }
}

fn total(scores: &[(usize, f64)], weights: &[f64]) -> f64 {
    scores.iter().map(|(i, _)| weights[*i]).sum()
}

fn accepted(scores: &[(usize, f64)], is: impl Fn(f64) -> bool, weights: &[f64]) -> Option<f64> {
    let first_refused = scores.partition_point(|(_, s)| is(*s));
    share(
        total(&scores[..first_refused], weights),
        total(scores, weights),
    )
}
