//! Open-set recognition: OpenMax for classes, and the tail of a probe's own scores for galleries.

use crate::error::{MatchError, check_at_least, check_length};
use crate::features::Features;
use crate::kernel_sum::distance;
use crate::weibull::WeibullTail;
use serde::{Deserialize, Serialize};

/// How OpenMax is fitted and used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenMaxOptions {
    /// η: the greatest distances to a class's mean that its tail is fitted to.
    pub tail_size: usize,
    /// α: the classes of greatest activation that are revised.
    pub n_revised: usize,
}

impl Default for OpenMaxOptions {
    /// η = 20 and α = 10, the paper's values.
    fn default() -> Self {
        Self {
            tail_size: 20,
            n_revised: 10,
        }
    }
}

/// A softmax with one more outcome: none of the classes.
///
/// Source: Bendale and Boult, CVPR 2016, algorithms 1 and 2. The class of rank i (from 1) keeps
/// 1 − (α + 1 − i)/α · CDF(distance) of its activation, the weight of the authors' code: the first
/// is revised in full. Distances are Euclidean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenMax {
    classes: Vec<(Vec<f64>, WeibullTail)>,
    n_revised: usize,
}

/// What OpenMax takes a sample for; everything adds up to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenMaxProbabilities {
    /// Probability of every class.
    pub known: Vec<f64>,
    /// Probability of none of them.
    pub unknown: f64,
}

impl OpenMax {
    /// Fits one tail per class to the activations of correctly classified samples,
    /// `[n, classes]`, with the class of each.
    ///
    /// # Errors
    /// Labels beyond the columns, and a class with fewer than η samples.
    pub fn fit(
        activations: &Features,
        labels: &[usize],
        options: &OpenMaxOptions,
    ) -> Result<Self, MatchError> {
        check_length("labels", activations.n_rows(), labels.len())?;
        check_at_least("revised classes", 1, options.n_revised)?;
        let n = activations.n_columns();
        if let Some(got) = labels.iter().copied().find(|l| *l >= n) {
            let what = "the class of a sample";
            return Err(MatchError::Index { what, n, got });
        }
        let class = |class: usize| {
            let samples = activations.rows().zip(labels);
            let of_class = samples.filter(|(_, label)| **label == class);
            let rows: Vec<f64> = of_class.flat_map(|(row, _)| row).copied().collect();
            let rows = Features::new(n, rows)?;
            let mean = rows.mean();
            let distances: Result<Vec<f64>, _> = rows.rows().map(|r| distance(r, &mean)).collect();
            Ok((mean, WeibullTail::fit(&distances?, options.tail_size)?))
        };
        Ok(Self {
            classes: (0..n).map(class).collect::<Result<_, MatchError>>()?,
            n_revised: options.n_revised.min(n),
        })
    }

    /// The probabilities of one sample's activations, `[classes]`.
    ///
    /// # Errors
    /// [`MatchError::Dimension`] for another number of classes.
    pub fn probabilities(&self, activations: &[f64]) -> Result<OpenMaxProbabilities, MatchError> {
        check_length("activations", self.classes.len(), activations.len())?;
        let mut ranked: Vec<usize> = (0..activations.len()).collect();
        ranked.sort_by(|a, b| activations[*b].total_cmp(&activations[*a]));
        let mut revised = activations.to_vec();
        let mut unknown = 0.0;
        let alpha = self.n_revised as f64;
        for (rank, class) in ranked.into_iter().take(self.n_revised).enumerate() {
            let (mean, tail) = &self.classes[class];
            let weight = (alpha - rank as f64) / alpha;
            let taken = activations[class] * weight * tail.cdf(distance(activations, mean)?);
            revised[class] -= taken;
            unknown += taken;
        }
        Ok(softmax(&revised, unknown))
    }

    /// Mean activations and tail of a class.
    ///
    /// # Panics
    /// Where there is no such class.
    #[must_use]
    pub fn class(&self, class: usize) -> (&[f64], &WeibullTail) {
        let (mean, tail) = &self.classes[class];
        (mean, tail)
    }
}

fn softmax(known: &[f64], unknown: f64) -> OpenMaxProbabilities {
    let greatest = known.iter().copied().fold(unknown, f64::max);
    let powers: Vec<f64> = known.iter().map(|v| (v - greatest).exp()).collect();
    let unknown = (unknown - greatest).exp();
    let total = powers.iter().sum::<f64>() + unknown;
    OpenMaxProbabilities {
        known: powers.into_iter().map(|p| p / total).collect(),
        unknown: unknown / total,
    }
}

/// How far a probe's best score stands out of its other scores, 0 … 1: the CDF, at the best, of
/// the tail of the `tail_size` next.
///
/// The calibration of Scheirer et al. (TPAMI 2011) for galleries: scores against people that the
/// probe does not show follow one tail, and a true match is an outlier of it.
///
/// # Errors
/// Fewer than `tail_size` + 1 scores, or a tail without variation.
pub fn probe_tail_confidence(scores: &[f64], tail_size: usize) -> Result<f64, MatchError> {
    check_at_least(
        "scores of a probe",
        tail_size.saturating_add(1),
        scores.len(),
    )?;
    let mut descending = scores.to_vec();
    descending.sort_by(|a, b| b.total_cmp(a));
    let tail = WeibullTail::fit(&descending[1..], tail_size)?;
    Ok(tail.cdf(descending[0]))
}
