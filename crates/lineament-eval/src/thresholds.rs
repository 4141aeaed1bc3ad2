//! The threshold that makes the fewest errors.

use crate::curve::Curve;
use crate::error::EvalError;
use crate::scores::ScoreSet;
use lineament_match::{FittedMatcher, Matcher};
use serde::Serialize;

/// Where the threshold of greatest accuracy is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Thresholds {
    /// Between all neighbouring scores: the middle of the best gap, the lowest of equally good
    /// ones. Where it is best to accept everything, the least score; to accept nothing, the number
    /// just above the greatest.
    Exact,
    /// At squared distances d of 0, 0.01, …, 3.99 between features of unit norm, accepted where
    /// smaller than d; the least of equally good ones. As in FaceNet's public code, on which
    /// InsightFace's is modelled.
    Grid,
}

/// A threshold and how many comparisons it decides rightly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BestThreshold {
    /// Accepted where the score is at least this.
    pub threshold: f64,
    /// Mated comparisons accepted, and non-mated ones refused. A failed comparison is an error,
    /// whichever it is.
    pub n_correct: usize,
}

impl ScoreSet {
    /// The threshold of greatest accuracy on these scores, of `matcher`.
    ///
    /// # Errors
    /// No comparisons of one kind; [`EvalError::GridNeedsDistance`].
    pub fn best_threshold(
        &self,
        thresholds: Thresholds,
        matcher: &FittedMatcher,
    ) -> Result<BestThreshold, EvalError> {
        match thresholds {
            Thresholds::Exact => Ok(best_gap(self, &self.curve()?)),
            Thresholds::Grid => Ok(best_on_grid(self, &grid(matcher)?)),
        }
    }

    /// Comparisons that a threshold decides rightly; no failed ones.
    #[must_use]
    pub fn n_correct(&self, threshold: f64) -> usize {
        let n_made = self.non_mated.descending().len();
        self.mated.n_accepted(threshold) + n_made - self.non_mated.n_accepted(threshold)
    }
}

fn best_gap(scores: &ScoreSet, curve: &Curve) -> BestThreshold {
    let n_made = scores.non_mated.descending().len();
    let n_correct = |i: usize| {
        let step = &curve.steps()[i];
        step.n_mated + n_made - step.n_non_mated
    };
    // Of equal ones the last, whose threshold is the lowest.
    let best = (0..curve.steps().len()).max_by_key(|i| n_correct(*i));
    let best = best.unwrap_or(0);
    let greatest_refused = curve.steps().get(best + 1).map(|s| s.threshold);
    BestThreshold {
        threshold: middle(greatest_refused, curve.steps()[best].threshold),
        n_correct: n_correct(best),
    }
}

/// A threshold that refuses the one and accepts the other.
fn middle(refused: Option<f64>, accepted: f64) -> f64 {
    match refused {
        None => accepted,
        Some(refused) if accepted == f64::INFINITY => refused.next_up(),
        Some(refused) => {
            let middle = refused + (accepted - refused) / 2.0;
            match middle > refused {
                true => middle,
                false => accepted,
            }
        }
    }
}

fn best_on_grid(scores: &ScoreSet, grid: &[f64]) -> BestThreshold {
    // Of equal ones the last, so the least distance comes last.
    let candidates = grid.iter().rev().map(|threshold| BestThreshold {
        threshold: *threshold,
        n_correct: scores.n_correct(*threshold),
    });
    let nothing = BestThreshold {
        threshold: f64::MAX,
        n_correct: scores.non_mated.descending().len(),
    };
    candidates.max_by_key(|b| b.n_correct).unwrap_or(nothing)
}

/// The scores that are just above those of the grid's distances, which are to be refused.
fn grid(matcher: &FittedMatcher) -> Result<Vec<f64>, EvalError> {
    let score = match matcher {
        FittedMatcher::Cosine => |distance: f64| 1.0 - distance / 2.0,
        FittedMatcher::SquaredEuclidean => |distance: f64| -distance,
        // In their place features are of unit norm.
        FittedMatcher::Placed { matcher, .. } => return grid(matcher),
        learned => {
            let matcher = learned.name();
            return Err(EvalError::GridNeedsDistance { matcher });
        }
    };
    let distances = (0..400).map(|i| f64::from(i) * 0.01);
    Ok(distances.map(|d| score(d).next_up()).collect())
}
