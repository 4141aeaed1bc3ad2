//! Scores of mated and of non-mated comparisons, failed ones among them.

use crate::error::{EvalError, check_at_least, check_length};
use crate::intervals::Proportion;
use serde::Serialize;

/// Scores of one kind of comparison. A comparison that failed, because a face was not found, has
/// the score −∞: it is never accepted, and it counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// Finite, greatest first.
    descending: Vec<f64>,
    n_failed: usize,
}

impl Scores {
    /// The scores in any order.
    ///
    /// # Errors
    /// [`EvalError::NonFinite`] for NaN and +∞.
    pub fn new(mut scores: Vec<f64>) -> Result<Self, EvalError> {
        let is_wrong = |s: &f64| s.is_nan() || *s == f64::INFINITY;
        if let Some(position) = scores.iter().position(is_wrong) {
            return Err(EvalError::NonFinite {
                what: "a score",
                position,
                got: scores[position],
            });
        }
        let n = scores.len();
        scores.retain(|s| s.is_finite());
        scores.sort_by(|a, b| b.total_cmp(a));
        Ok(Self {
            n_failed: n - scores.len(),
            descending: scores,
        })
    }

    /// Comparisons, failed ones among them.
    #[must_use]
    pub fn n(&self) -> usize {
        self.descending.len() + self.n_failed
    }

    /// Comparisons that failed.
    #[must_use]
    pub fn n_failed(&self) -> usize {
        self.n_failed
    }

    /// The scores of comparisons that did not fail, greatest first.
    #[must_use]
    pub fn descending(&self) -> &[f64] {
        &self.descending
    }

    /// Comparisons accepted: score ≥ threshold.
    #[must_use]
    pub fn n_accepted(&self, threshold: f64) -> usize {
        self.descending.partition_point(|s| *s >= threshold)
    }
}

/// What a protocol's comparisons gave.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreSet {
    /// Of comparisons of one person with itself.
    pub mated: Scores,
    /// Of comparisons of two persons.
    pub non_mated: Scores,
}

impl ScoreSet {
    /// The scores of both kinds, in any order, −∞ where a comparison failed.
    ///
    /// # Errors
    /// [`EvalError::NonFinite`] for NaN and +∞.
    pub fn new(mated: Vec<f64>, non_mated: Vec<f64>) -> Result<Self, EvalError> {
        Ok(Self {
            mated: Scores::new(mated)?,
            non_mated: Scores::new(non_mated)?,
        })
    }

    /// The scores, `None` where a comparison failed, each with whether it is of a mated pair.
    ///
    /// # Errors
    /// [`EvalError::NonFinite`] for NaN and ±∞.
    pub fn from_labelled(
        scores: impl IntoIterator<Item = (Option<f64>, bool)>,
    ) -> Result<Self, EvalError> {
        let (mut mated, mut non_mated) = (Vec::new(), Vec::new());
        for (position, (score, is_mated)) in scores.into_iter().enumerate() {
            let kind = match is_mated {
                true => &mut mated,
                false => &mut non_mated,
            };
            kind.push(match score {
                None => f64::NEG_INFINITY,
                Some(score) if score.is_finite() => score,
                Some(got) => {
                    let what = "a score";
                    return Err(EvalError::NonFinite {
                        what,
                        position,
                        got,
                    });
                }
            });
        }
        Self::new(mated, non_mated)
    }

    /// FMR(t): share of non-mated comparisons with score ≥ t (ISO/IEC 19795-1).
    ///
    /// # Errors
    /// [`EvalError::TooFew`] where there are no non-mated comparisons.
    pub fn fmr(&self, threshold: f64) -> Result<Proportion, EvalError> {
        Proportion::new(self.non_mated.n_accepted(threshold), self.non_mated.n())
    }

    /// FNMR(t): share of mated comparisons with score < t, failed ones among them.
    ///
    /// # Errors
    /// [`EvalError::TooFew`] where there are no mated comparisons.
    pub fn fnmr(&self, threshold: f64) -> Result<Proportion, EvalError> {
        let n = self.mated.n();
        Proportion::new(n - self.mated.n_accepted(threshold), n)
    }

    /// How often scores fall into each of `n_bins` bins of one width, from the least to the
    /// greatest of all. Failed comparisons fall into none.
    ///
    /// # Errors
    /// [`EvalError::TooFew`] for no bins or no scores.
    pub fn histogram(&self, n_bins: usize) -> Result<Histogram, EvalError> {
        let kinds = [self.mated.descending(), self.non_mated.descending()];
        let ends = |kind: &[f64]| Some((*kind.last()?, *kind.first()?));
        let ends = kinds.into_iter().filter_map(ends);
        let (low, high) = ends
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
            .unwrap_or_default();
        check_at_least("scores in a histogram", 1, kinds[0].len() + kinds[1].len())?;
        let mut histogram = Histogram::new(low, high, n_bins)?;
        kinds[0].iter().for_each(|s| histogram.add(*s, true));
        kinds[1].iter().for_each(|s| histogram.add(*s, false));
        Ok(histogram)
    }
}

/// How many scores fall into each bin.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Histogram {
    /// Where the first bin starts.
    pub low: f64,
    /// Where the last bin ends; it holds this score too.
    pub high: f64,
    /// Mated scores in each bin.
    pub mated: Vec<usize>,
    /// Non-mated scores in each bin.
    pub non_mated: Vec<usize>,
}

impl Histogram {
    /// An empty one. Scores beyond its ends will fall into the bins at the ends.
    ///
    /// # Errors
    /// [`EvalError::TooFew`] for no bins, [`EvalError::OutOfRange`] where `high` is below `low`.
    pub fn new(low: f64, high: f64, n_bins: usize) -> Result<Self, EvalError> {
        check_at_least("bins of a histogram", 1, n_bins)?;
        if !(low <= high && (high - low).is_finite()) {
            return Err(EvalError::OutOfRange {
                what: "the width of a histogram",
                expected: "finite and not below 0",
                got: high - low,
            });
        }
        Ok(Self {
            low,
            high,
            mated: vec![0; n_bins],
            non_mated: vec![0; n_bins],
        })
    }

    /// One of the same bins that has counted nothing.
    pub(crate) fn emptied(&self) -> Self {
        Self {
            low: self.low,
            high: self.high,
            mated: vec![0; self.mated.len()],
            non_mated: vec![0; self.non_mated.len()],
        }
    }

    /// Counts a score.
    pub fn add(&mut self, score: f64, is_mated: bool) {
        let kind = match is_mated {
            true => &mut self.mated,
            false => &mut self.non_mated,
        };
        let last = kind.len() - 1;
        // The conversion takes what is below 0, or no number (a width of 0), to the first bin.
        let bin = (score - self.low) / (self.high - self.low) * kind.len() as f64;
        kind[(bin as usize).min(last)] += 1;
    }

    /// Adds what another one of the same bins counted.
    ///
    /// # Errors
    /// [`EvalError::Dimension`] for another number of bins.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<(), EvalError> {
        check_length("bins of a histogram", self.mated.len(), other.mated.len())?;
        let mine = self.mated.iter_mut().chain(&mut self.non_mated);
        let others = other.mated.iter().chain(&other.non_mated);
        mine.zip(others).for_each(|(mine, others)| *mine += others);
        Ok(())
    }

    /// Score at which bin `bin` starts.
    #[must_use]
    pub fn edge(&self, bin: usize) -> f64 {
        self.low + (self.high - self.low) * (bin as f64 / self.mated.len() as f64)
    }
}
