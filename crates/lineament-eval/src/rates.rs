//! True acceptance at a wanted false match rate.

use crate::error::{EvalError, check_rate};
use crate::intervals::Proportion;
use crate::scores::{ScoreSet, Scores};
use serde::Serialize;

/// Expected errors from which a rate is to be trusted (rule of 30, Doddington et al. 2000).
const RULE_OF_30: usize = 30;

/// What is accepted at a wanted false match rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TarAtFmr {
    /// The false match rate asked for.
    pub target: f64,
    /// The smallest threshold whose FMR is not above the target: the number just above the
    /// greatest non-mated score that is refused.
    pub threshold: f64,
    /// Share of mated comparisons accepted there, 1 − FNMR.
    pub tar: Proportion,
    /// Share of non-mated comparisons accepted there; never above the target.
    pub fmr: Proportion,
    /// Whether at least 30 false matches were to be expected, the least that a rate should rest on.
    pub supported: bool,
}

impl ScoreSet {
    /// TAR at the smallest threshold whose FMR ≤ `target`, never the nearest.
    ///
    /// A rate is measured where at least one false match is allowed: that takes 1/`target`
    /// non-mated comparisons. Below 30 allowed it is given but marked as not supported.
    ///
    /// # Errors
    /// A target outside (0, 1), [`EvalError::TooFewComparisons`], or no mated comparisons.
    pub fn tar_at_fmr(&self, target: f64) -> Result<TarAtFmr, EvalError> {
        let non_mated = self.non_mated.descending();
        tar_at_fmr(target, &self.mated, non_mated, self.non_mated.n())
    }

    /// The same; `None` where there are too few non-mated comparisons to measure the rate.
    pub(crate) fn tar_where_measurable(&self, target: f64) -> Result<Option<TarAtFmr>, EvalError> {
        measurable(self.tar_at_fmr(target))
    }
}

/// `None` for a rate that there are too few comparisons to measure.
pub(crate) fn measurable(
    found: Result<TarAtFmr, EvalError>,
) -> Result<Option<TarAtFmr>, EvalError> {
    match found {
        Err(EvalError::TooFewComparisons { .. }) => Ok(None),
        found => found.map(Some),
    }
}

/// The same where only the greatest non-mated scores of `n_non_mated` are at hand, greatest first:
/// all of them, or at least one more than the target allows.
pub(crate) fn tar_at_fmr(
    target: f64,
    mated: &Scores,
    non_mated: &[f64],
    n_non_mated: usize,
) -> Result<TarAtFmr, EvalError> {
    check_rate("a target false match rate", target)?;
    let n_allowed = n_allowed(target, n_non_mated);
    if n_allowed == 0 {
        return Err(EvalError::TooFewComparisons {
            rate: target,
            expected: n_measurable(target),
            got: n_non_mated,
        });
    }
    // Where every score may be accepted, only failed comparisons are refused.
    let greatest_refused = non_mated.get(n_allowed);
    let threshold = greatest_refused.map_or(f64::MIN, |s| s.next_up());
    let n_accepted = non_mated.partition_point(|s| *s >= threshold);
    Ok(TarAtFmr {
        target,
        threshold,
        tar: Proportion::new(mated.n_accepted(threshold), mated.n())?,
        fmr: Proportion::new(n_accepted, n_non_mated)?,
        supported: n_allowed >= RULE_OF_30,
    })
}

/// The greatest k with k/n ≤ rate, divided in `f64`: 3/3000 is 0.001 to the last bit.
pub(crate) fn n_allowed(rate: f64, n: usize) -> usize {
    let is_allowed = |k: usize| k as f64 / n as f64 <= rate;
    let near = (rate * n as f64) as usize;
    let candidates = [near + 1, near, near.saturating_sub(1)];
    candidates.into_iter().find(|k| is_allowed(*k)).unwrap_or(0)
}

/// The least n with 1/n ≤ rate.
fn n_measurable(rate: f64) -> usize {
    let near = rate.recip() as usize;
    match 1.0 / near as f64 <= rate {
        true => near,
        false => near + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_rates_allow_whole_counts() {
        for (rate, n, k) in [
            (0.001, 3000, 3),
            (0.1, 10, 1),
            (0.1, 9, 0),
            (0.3, 10, 3),
            (1e-6, 100_000_000, 100),
            (1e-6, 999_999, 0),
            (0.07, 100, 7),
            (0.29, 100, 29),
            (0.1, 0, 0),
        ] {
            assert_eq!(n_allowed(rate, n), k, "{rate} of {n}");
        }
        for (rate, n) in [
            (0.001, 1000),
            (1e-6, 1_000_000),
            (0.3, 4),
            (0.1, 10),
            (0.999, 2),
        ] {
            assert_eq!(n_measurable(rate), n, "{rate}");
        }
    }
}
