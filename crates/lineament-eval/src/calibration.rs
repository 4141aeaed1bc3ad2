//! From a protocol's scores to what a product needs: a probability, and thresholds to rely on.

use crate::error::EvalError;
use crate::intervals::Interval;
use crate::scores::ScoreSet;
use lineament_match::{Platt, threshold_at_fmr};
use serde::Serialize;

/// A calibration of one matcher on one protocol's comparisons.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// From a score to the probability of one person, at the protocol's share of mated pairs.
    pub platt: Platt,
    /// A threshold for every false match rate wanted.
    pub thresholds: Vec<CalibratedThreshold>,
}

/// A threshold at a wanted false match rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CalibratedThreshold {
    /// The rate wanted.
    pub target: f64,
    /// The smallest threshold whose measured rate is not above it.
    pub threshold: f64,
    /// The rate measured there.
    pub fmr: f64,
    /// Wilson's interval of it.
    pub fmr_ci: Interval,
}

/// Calibrates on the comparisons that did not fail, since a threshold is only ever asked about
/// those.
///
/// # Errors
/// Scores of one kind only, and through [`EvalError::Match`] a rate at which fewer than 30 false
/// matches are to be expected.
pub fn calibrate(scores: &ScoreSet, fmr_targets: &[f64]) -> Result<Calibration, EvalError> {
    let (mated, non_mated) = (scores.mated.descending(), scores.non_mated.descending());
    let all = [mated, non_mated].concat();
    let labels: Vec<bool> = (0..all.len()).map(|i| i < mated.len()).collect();
    let at = |target: &f64| {
        let found = threshold_at_fmr(non_mated, *target)?;
        Ok(CalibratedThreshold {
            target: *target,
            threshold: found.threshold,
            fmr: found.fmr.rate,
            fmr_ci: Interval {
                low: found.fmr.low,
                high: found.fmr.high,
            },
        })
    };
    Ok(Calibration {
        platt: Platt::fit(&all, &labels)?,
        thresholds: fmr_targets
            .iter()
            .map(at)
            .collect::<Result<_, EvalError>>()?,
    })
}
