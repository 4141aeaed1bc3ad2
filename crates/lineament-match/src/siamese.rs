//! DeepFace's Siamese metric: a learned weighted L1 distance into one logistic unit.

use crate::error::{MatchError, check_finite, check_length, check_positive};
use crate::features::{Training, check_both_kinds};
use crate::logistic::{fit_logistic, sigmoid};
use serde::{Deserialize, Serialize};

/// How the metric is fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SiameseOptions {
    /// Weight of the pairs' cross-entropy against ½‖α‖²: greater trusts the pairs more.
    pub c: f64,
}

impl Default for SiameseOptions {
    fn default() -> Self {
        Self { c: 1.0 }
    }
}

/// d = Σ αᵢ |f1ᵢ − f2ᵢ|, and the probability of one person σ(bias − d).
///
/// Source: Taigman et al., CVPR 2014, §4.2. The αᵢ are free in sign; they minimise
/// ½‖α‖² + C Σ cross-entropy over the pairs, the bias unpenalised. Deviation: the network under
/// the metric stays as it is; the paper also trains its last two layers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Siamese {
    alphas: Vec<f64>,
    bias: f64,
}

impl Siamese {
    /// Learns the α and the bias from the labelled pairs, to convergence.
    ///
    /// # Errors
    /// Pairs of one kind only, rows that are not there.
    pub fn fit(training: &Training<'_>, options: &SiameseOptions) -> Result<Self, MatchError> {
        check_positive("C", options.c)?;
        let (rows, mated) = training.pair_terms(|a, b| differences(a, b).collect())?;
        check_both_kinds(&mated)?;
        let targets: Vec<f64> = mated.iter().map(|m| f64::from(u8::from(*m))).collect();
        let unit = fit_logistic(&rows, &targets, options.c.recip())?;
        Ok(Self {
            alphas: unit.weights.iter().map(|w| -w).collect(),
            bias: unit.bias,
        })
    }

    /// Log-odds that the two show one person, bias − d.
    ///
    /// # Errors
    /// [`MatchError::Dimension`] for features of another length.
    pub fn score(&self, first: &[f64], second: &[f64]) -> Result<f64, MatchError> {
        check_length("a feature", self.alphas.len(), first.len())?;
        check_length("a feature", self.alphas.len(), second.len())?;
        let terms = differences(first, second).zip(&self.alphas);
        Ok(self.bias - terms.map(|(d, a)| a * d).sum::<f64>())
    }

    /// Probability that the two show one person, at the training pairs' share of mated ones.
    ///
    /// # Errors
    /// [`MatchError::Dimension`] for features of another length.
    pub fn probability(&self, first: &[f64], second: &[f64]) -> Result<f64, MatchError> {
        self.score(first, second).map(sigmoid)
    }

    /// The α of every column.
    #[must_use]
    pub fn alphas(&self) -> &[f64] {
        &self.alphas
    }

    pub(crate) fn validate(&self) -> Result<(), MatchError> {
        check_finite("Siamese weights", &self.alphas)?;
        check_finite("the Siamese bias", &[self.bias])
    }
}

fn differences<'a>(first: &'a [f64], second: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
    first.iter().zip(second).map(|(a, b)| (a - b).abs())
}
