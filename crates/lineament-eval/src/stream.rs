//! Rates of more comparisons than fit into memory.

use crate::curve::{Curve, Step};
use crate::error::{EvalError, check_at_least, check_length, check_rate};
use crate::rates::{TarAtFmr, measurable, n_allowed, tar_at_fmr};
use crate::scores::{Histogram, Scores};

/// Bins of the histogram behind curves: steps of 1/8192 of a cosine, a power of two so that the
/// bin of an `f32` is exact.
const N_BINS: usize = 1 << 14;

/// Gathers scores between −1 and 1 one at a time.
///
/// It keeps the mated scores (8 bytes each), the greatest non-mated ones, as many as the greatest
/// false match rate that will be asked for allows and one more (at most 16 bytes each), and a
/// histogram of 256 KiB. Rates at thresholds are exact; curves are exact at the histogram's edges.
#[derive(Debug, Clone)]
pub struct ScoreStream {
    mated: Vec<f64>,
    /// At least the `n_kept` greatest, in no order.
    greatest: Vec<f64>,
    n_kept: usize,
    /// No score below this is among the `n_kept` greatest.
    floor: f64,
    n_non_mated: usize,
    n_failed: [usize; 2],
    histogram: Histogram,
}

/// What a stream gave.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamedScores {
    /// All mated scores.
    pub mated: Scores,
    /// The greatest non-mated ones, greatest first.
    greatest: Vec<f64>,
    /// Non-mated comparisons, failed ones among them.
    n_non_mated: usize,
    /// How often scores fall into each of many bins.
    pub histogram: Histogram,
}

impl ScoreStream {
    /// A stream of about `n_non_mated` non-mated comparisons of which false match rates up to
    /// `greatest_target` will be asked.
    ///
    /// # Errors
    /// A target outside (0, 1).
    pub fn new(greatest_target: f64, n_non_mated: usize) -> Result<Self, EvalError> {
        check_rate("the greatest false match rate", greatest_target)?;
        Ok(Self {
            mated: Vec::new(),
            greatest: Vec::new(),
            n_kept: n_allowed(greatest_target, n_non_mated) + 1,
            floor: f64::NEG_INFINITY,
            n_non_mated: 0,
            n_failed: [0; 2],
            histogram: Histogram::new(-1.0, 1.0, N_BINS)?,
        })
    }

    /// Adds the score of a comparison; −∞, or no number at all, where it failed.
    pub fn add(&mut self, score: f64, is_mated: bool) {
        self.n_non_mated += usize::from(!is_mated);
        if !score.is_finite() {
            self.n_failed[usize::from(is_mated)] += 1;
            return;
        }
        self.histogram.add(score, is_mated);
        if is_mated {
            self.mated.push(score);
        } else if score >= self.floor {
            self.greatest.push(score);
            if self.greatest.len() >= 2 * self.n_kept {
                self.drop_small();
            }
        }
    }

    /// Adds comparisons that failed.
    pub(crate) fn add_failed(&mut self, n: usize, is_mated: bool) {
        self.n_non_mated += usize::from(!is_mated) * n;
        self.n_failed[usize::from(is_mated)] += n;
    }

    /// A stream like this one that has gathered nothing, but for the score below which none matters.
    pub(crate) fn emptied(&self) -> Self {
        Self {
            mated: Vec::new(),
            greatest: Vec::new(),
            n_kept: self.n_kept,
            floor: self.floor,
            n_non_mated: 0,
            n_failed: [0; 2],
            histogram: self.histogram.emptied(),
        }
    }

    /// Adds what another stream gathered.
    ///
    /// # Errors
    /// [`EvalError::Dimension`] where the other was made for another target or number.
    pub fn merge(&mut self, other: Self) -> Result<(), EvalError> {
        check_length("the scores kept by a stream", self.n_kept, other.n_kept)?;
        self.mated.extend(other.mated);
        self.greatest.extend(other.greatest);
        self.floor = self.floor.max(other.floor);
        self.n_non_mated += other.n_non_mated;
        for (mine, others) in self.n_failed.iter_mut().zip(other.n_failed) {
            *mine += others;
        }
        self.histogram.merge(&other.histogram)?;
        self.drop_small();
        Ok(())
    }

    /// Ends the stream.
    ///
    /// # Errors
    /// None for scores that [`Self::add`] took.
    pub fn finish(mut self) -> Result<StreamedScores, EvalError> {
        self.drop_small();
        self.greatest.sort_by(|a, b| b.total_cmp(a));
        let failed = std::iter::repeat_n(f64::NEG_INFINITY, self.n_failed[1]);
        self.mated.extend(failed);
        Ok(StreamedScores {
            mated: Scores::new(self.mated)?,
            greatest: self.greatest,
            n_non_mated: self.n_non_mated,
            histogram: self.histogram,
        })
    }

    fn drop_small(&mut self) {
        if self.greatest.len() <= self.n_kept {
            return;
        }
        let last = self.n_kept - 1;
        let (_, floor, _) = self
            .greatest
            .select_nth_unstable_by(last, |a, b| b.total_cmp(a));
        self.floor = *floor;
        self.greatest.truncate(self.n_kept);
    }
}

impl StreamedScores {
    /// Non-mated comparisons, failed ones among them.
    #[must_use]
    pub fn n_non_mated(&self) -> usize {
        self.n_non_mated
    }

    /// As [`crate::ScoreSet::tar_at_fmr`], and as exact.
    ///
    /// # Errors
    /// The same, and [`EvalError::TooFew`] where more scores would be needed than were kept.
    pub fn tar_at_fmr(&self, target: f64) -> Result<TarAtFmr, EvalError> {
        let n_scores: usize = self.histogram.non_mated.iter().sum();
        let needed = n_allowed(target, self.n_non_mated) + 1;
        check_at_least(
            "non-mated scores kept by the stream",
            needed.min(n_scores),
            self.greatest.len(),
        )?;
        tar_at_fmr(target, &self.mated, &self.greatest, self.n_non_mated)
    }

    /// The same; `None` where there are too few non-mated comparisons to measure the rate.
    pub(crate) fn tar_where_measurable(&self, target: f64) -> Result<Option<TarAtFmr>, EvalError> {
        measurable(self.tar_at_fmr(target))
    }

    /// The curve with a step at every edge of the histogram that has scores above it.
    ///
    /// # Errors
    /// [`EvalError::TooFew`] where there are no comparisons of one kind.
    pub fn curve(&self) -> Result<Curve, EvalError> {
        let Histogram {
            mated, non_mated, ..
        } = &self.histogram;
        let (mut n_mated, mut n_non_mated) = (0, 0);
        let mut steps = Vec::new();
        for bin in (0..mated.len()).rev() {
            if mated[bin] + non_mated[bin] == 0 {
                continue;
            }
            n_mated += mated[bin];
            n_non_mated += non_mated[bin];
            steps.push(Step {
                threshold: self.histogram.edge(bin),
                n_mated,
                n_non_mated,
            });
        }
        Curve::new(self.mated.n(), self.n_non_mated, steps)
    }
}
