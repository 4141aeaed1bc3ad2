//! Scores put on one scale by what a cohort of strangers gives.

use crate::error::{MatchError, check_at_least, check_finite, check_positive};

/// Mean and standard deviation of the scores against a cohort of other people.
///
/// Sources: Auckenthaler et al. 2000 for Z- and T-norm, Shum et al. 2010 for S-norm. Z-norm takes
/// the statistics of the enrolled face against the cohort, known at enrollment; T-norm those of
/// the probe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CohortStatistics {
    /// Mean score against the cohort.
    pub mean: f64,
    /// Standard deviation (n − 1) of the scores against the cohort.
    pub standard_deviation: f64,
}

impl CohortStatistics {
    /// The statistics of the scores of one face against the cohort.
    ///
    /// # Errors
    /// Fewer than two scores, scores that are not finite or all the same.
    pub fn new(scores: &[f64]) -> Result<Self, MatchError> {
        check_at_least("cohort scores", 2, scores.len())?;
        check_finite("a cohort score", scores)?;
        let n = scores.len() as f64;
        let mean = scores.iter().sum::<f64>() / n;
        let squares: f64 = scores.iter().map(|s| (s - mean) * (s - mean)).sum();
        let standard_deviation = (squares / (n - 1.0)).sqrt();
        check_positive(
            "the standard deviation of cohort scores",
            standard_deviation,
        )?;
        Ok(Self {
            mean,
            standard_deviation,
        })
    }

    /// The score in standard deviations above the cohort: Z-norm with the statistics of the
    /// enrolled face, T-norm with those of the probe.
    #[must_use]
    pub fn normalize(&self, score: f64) -> f64 {
        (score - self.mean) / self.standard_deviation
    }
}

/// S-norm: the mean of Z-norm and T-norm, the same either way round.
#[must_use]
pub fn s_norm(score: f64, enrolled: &CohortStatistics, probe: &CohortStatistics) -> f64 {
    0.5 * (enrolled.normalize(score) + probe.normalize(score))
}
