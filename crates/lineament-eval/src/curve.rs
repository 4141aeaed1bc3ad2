//! Both error rates at every threshold: EER, area, points to draw.

use crate::error::{EvalError, check_at_least};
use crate::scores::ScoreSet;
use serde::Serialize;

/// How many comparisons each threshold accepts.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    n_mated: usize,
    n_non_mated: usize,
    steps: Vec<Step>,
}

/// Comparisons accepted at a threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Step {
    pub(crate) threshold: f64,
    pub(crate) n_mated: usize,
    pub(crate) n_non_mated: usize,
}

/// One operating point, for ROC (1 − FNMR over FMR) and DET (FNMR over FMR).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Accepted where the score is at least this; ∞ at the point that accepts nothing, which JSON
    /// writes as null.
    pub threshold: f64,
    /// False match rate.
    pub fmr: f64,
    /// False non-match rate.
    pub fnmr: f64,
}

/// Where both error rates are equal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EqualErrorRate {
    /// The rate.
    pub rate: f64,
    /// The greatest score that, as threshold, has FMR ≥ FNMR.
    pub threshold: f64,
}

impl ScoreSet {
    /// The curve with a step at every distinct score.
    ///
    /// # Errors
    /// [`EvalError::TooFew`] where there are no comparisons of one kind.
    pub fn curve(&self) -> Result<Curve, EvalError> {
        let (mated, non_mated) = (self.mated.descending(), self.non_mated.descending());
        let (mut i, mut j) = (0, 0);
        let mut steps = Vec::with_capacity(mated.len() + non_mated.len());
        while let Some(threshold) = greater(mated.get(i), non_mated.get(j)) {
            i += mated[i..].iter().take_while(|s| **s == threshold).count();
            j += non_mated[j..]
                .iter()
                .take_while(|s| **s == threshold)
                .count();
            steps.push(Step {
                threshold,
                n_mated: i,
                n_non_mated: j,
            });
        }
        Curve::new(self.mated.n(), self.non_mated.n(), steps)
    }
}

fn greater(a: Option<&f64>, b: Option<&f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.max(*b)),
        (a, b) => a.or(b).copied(),
    }
}

impl Curve {
    /// The curve through `steps`, thresholds falling, among so many comparisons.
    pub(crate) fn new(
        n_mated: usize,
        n_non_mated: usize,
        mut steps: Vec<Step>,
    ) -> Result<Self, EvalError> {
        check_at_least("mated comparisons", 1, n_mated)?;
        check_at_least("non-mated comparisons", 1, n_non_mated)?;
        let nothing = Step {
            threshold: f64::INFINITY,
            n_mated: 0,
            n_non_mated: 0,
        };
        steps.insert(0, nothing);
        Ok(Self {
            n_mated,
            n_non_mated,
            steps,
        })
    }

    /// The steps, thresholds falling, first the one that accepts nothing.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Where FMR and FNMR are equal on the straight lines between neighbouring operating points;
    /// `None` where so many mated comparisons failed that FNMR stays above FMR at any threshold.
    #[must_use]
    pub fn eer(&self) -> Option<EqualErrorRate> {
        let mut before = self.point(&self.steps[0]);
        for step in &self.steps[1..] {
            let here = self.point(step);
            let (below, above) = (before.fnmr - before.fmr, here.fmr - here.fnmr);
            if above >= 0.0 {
                let share = below / (below + above);
                return Some(EqualErrorRate {
                    rate: before.fmr + share * (here.fmr - before.fmr),
                    threshold: here.threshold,
                });
            }
            before = here;
        }
        None
    }

    /// Area under the ROC: the probability that a mated comparison scores above a non-mated one,
    /// equal scores counting ½ (Mann and Whitney 1947). Failed comparisons are all equal.
    #[must_use]
    pub fn auc(&self) -> f64 {
        // Exact: twice the area, in comparisons of comparisons.
        let all = (self.n_mated, self.n_non_mated);
        let ends = self.steps[1..].iter().map(|s| (s.n_mated, s.n_non_mated));
        let (mut area, mut before) = (0_u128, (0, 0));
        for end in ends.chain([all]) {
            area += (end.1 - before.1) as u128 * (end.0 + before.0) as u128;
            before = end;
        }
        area as f64 / 2.0 / (self.n_mated as f64 * self.n_non_mated as f64)
    }

    /// At most `n_points` (at least 2) of the operating points, in order of rising FMR. Every one
    /// is exact. Where there are more steps than that, points are spaced evenly in the log-odds of
    /// both rates, so that curves look alike on linear, logarithmic and normal-deviate axes.
    #[must_use]
    pub fn points(&self, n_points: usize) -> Vec<CurvePoint> {
        let corners = self.corners();
        let kept = match corners.len() > n_points {
            true => self.spaced(&corners, n_points.max(2)),
            false => corners,
        };
        kept.iter().map(|s| self.point(s)).collect()
    }

    /// The steps without those in the middle of a vertical or a horizontal run.
    fn corners(&self) -> Vec<Step> {
        let is_straight = |a: &Step, b: &Step, c: &Step| {
            (a.n_mated == b.n_mated && b.n_mated == c.n_mated)
                || (a.n_non_mated == b.n_non_mated && b.n_non_mated == c.n_non_mated)
        };
        let last = self.steps.len() - 1;
        let is_corner = |i: &usize| {
            let i = *i;
            i == 0
                || i == last
                || !is_straight(&self.steps[i - 1], &self.steps[i], &self.steps[i + 1])
        };
        (0..=last)
            .filter(is_corner)
            .map(|i| self.steps[i])
            .collect()
    }

    fn spaced(&self, steps: &[Step], n_points: usize) -> Vec<Step> {
        // Grows from step to step: FMR rises while FNMR falls. Half a comparison keeps it finite.
        let log_odds = |k: usize, n: usize| ((k as f64 + 0.5) / ((n - k) as f64 + 0.5)).ln();
        let position = |s: &Step| {
            log_odds(s.n_non_mated, self.n_non_mated) + log_odds(s.n_mated, self.n_mated)
        };
        let last = steps.len() - 1;
        let low = position(&steps[0]);
        let width = (position(&steps[last]) - low) / (n_points - 2) as f64;
        let mut kept = steps[..last].to_vec();
        kept.dedup_by_key(|s| ((position(s) - low) / width) as usize);
        kept.push(steps[last]);
        kept
    }

    fn point(&self, step: &Step) -> CurvePoint {
        CurvePoint {
            threshold: step.threshold,
            fmr: step.n_non_mated as f64 / self.n_non_mated as f64,
            fnmr: (self.n_mated - step.n_mated) as f64 / self.n_mated as f64,
        }
    }
}
