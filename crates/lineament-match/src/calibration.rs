//! Scores as probabilities, and thresholds at a wanted false match rate.

use crate::error::{MatchError, check_finite, check_length};
use crate::features::{Features, check_both_kinds};
use crate::logistic::{fit_logistic, sigmoid};
use serde::{Deserialize, Serialize};

/// Expected errors below which a rate is not to be trusted (rule of 30, Doddington et al. 2000).
const MIN_ERRORS: f64 = 30.0;
/// Quantile of the normal distribution for a two-sided interval of 95 %.
const Z_95: f64 = 1.959_963_984_540_054;

/// p(mated | score) = σ(slope · score + offset).
///
/// Source: Platt 1999, with his targets (n₊ + 1)/(n₊ + 2) and 1/(n₋ + 2), which keep the slope
/// finite where no score is on the wrong side.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Platt {
    /// Log-odds per unit of score.
    pub slope: f64,
    /// Log-odds at score 0.
    pub offset: f64,
}

impl Platt {
    /// The curve of greatest likelihood for scores and whether each is of a mated pair.
    ///
    /// # Errors
    /// Scores of one kind only, not finite, or all the same.
    pub fn fit(scores: &[f64], mated: &[bool]) -> Result<Self, MatchError> {
        check_length("labels", scores.len(), mated.len())?;
        check_both_kinds(mated)?;
        check_finite("a score", scores)?;
        let n_mated = mated.iter().filter(|m| **m).count() as f64;
        let n_non_mated = mated.len() as f64 - n_mated;
        let target = |is_mated: &bool| match is_mated {
            true => (n_mated + 1.0) / (n_mated + 2.0),
            false => 1.0 / (n_non_mated + 2.0),
        };
        let targets: Vec<f64> = mated.iter().map(target).collect();
        // Standard scores: the Newton steps then do not depend on the scale of the matcher.
        let cohort = crate::normalize::CohortStatistics::new(scores)?;
        let standard = scores.iter().map(|s| cohort.normalize(*s)).collect();
        let unit = fit_logistic(&Features::new(1, standard)?, &targets, 0.0)?;
        let slope = unit.weights[0] / cohort.standard_deviation;
        let offset = unit.bias - slope * cohort.mean;
        Ok(Self { slope, offset })
    }

    /// Probability that a pair of this score is mated, at the share of mated pairs it was fitted on.
    #[must_use]
    pub fn probability(&self, score: f64) -> f64 {
        sigmoid(self.slope * score + self.offset)
    }
}

/// A rate and where it lies with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateInterval {
    /// Errors over comparisons.
    pub rate: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl RateInterval {
    /// The rate of `n_errors` in `n`, `n` at least 1, with Wilson's interval (Wilson 1927).
    #[must_use]
    pub fn wilson(n_errors: usize, n: usize) -> Self {
        let (total, z2) = (n as f64, Z_95 * Z_95);
        let rate = n_errors as f64 / total;
        let centre = rate + z2 / (2.0 * total);
        let half = Z_95 * (rate * (1.0 - rate) / total + z2 / (4.0 * total * total)).sqrt();
        let scale = 1.0 + z2 / total;
        Self {
            rate,
            low: ((centre - half) / scale).max(0.0),
            high: ((centre + half) / scale).min(1.0),
        }
    }
}

/// A threshold and the false match rate measured at it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OperatingThreshold {
    /// A pair is accepted where its score is at least this.
    pub threshold: f64,
    /// False match rate on the scores given; never above the one asked for.
    pub fmr: RateInterval,
}

/// The smallest threshold at which no more than `target` of the non-mated scores are accepted.
///
/// # Errors
/// A target outside (0, 1), scores that are not finite, and [`MatchError::TooFewComparisons`]
/// where fewer than 30 false matches are expected.
pub fn threshold_at_fmr(non_mated: &[f64], target: f64) -> Result<OperatingThreshold, MatchError> {
    if !(target > 0.0 && target < 1.0) {
        return Err(MatchError::OutOfRange {
            what: "a target false match rate",
            expected: "between 0 and 1, both excluded",
            got: target,
        });
    }
    check_finite("a score", non_mated)?;
    // A rate of 0.001 is not exactly that in binary; the allowance is far below one comparison.
    let expected_errors = non_mated.len() as f64 * target + 1e-6;
    if expected_errors < MIN_ERRORS {
        return Err(MatchError::TooFewComparisons {
            rate: target,
            expected: (MIN_ERRORS / target - 1e-6).ceil() as usize,
            got: non_mated.len(),
        });
    }
    let mut descending = non_mated.to_vec();
    descending.sort_by(|a, b| b.total_cmp(a));
    let first_refused = descending[expected_errors as usize];
    let n_errors = descending.partition_point(|s| *s > first_refused);
    Ok(OperatingThreshold {
        threshold: first_refused.next_up(),
        fmr: RateInterval::wilson(n_errors, non_mated.len()),
    })
}
