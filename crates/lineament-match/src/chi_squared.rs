//! DeepFace's weighted χ² similarity.

use crate::error::{MatchError, check_finite, check_length};
use crate::features::Training;
use crate::svm::{LinearSvm, SvmOptions};
use serde::{Deserialize, Serialize};

/// Signs that the features may have; decides what the terms are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FeatureSign {
    /// Never below 0, as after a ReLU: one term per column.
    NonNegative,
    /// Any sign: each column has a term for its positive part and one for its negative part.
    Signed,
}

/// Σ wᵢ (aᵢ − bᵢ)² / (aᵢ + bᵢ) + bias, with 0/0 := 0 and the w from a linear SVM with C = 1.
///
/// Source: Taigman et al., CVPR 2014, §4.1. Deviation: the paper's features are never negative.
/// Where training shows a negative one, a feature f is first split into [max(f, 0), max(−f, 0)],
/// since the terms are distances on non-negative values only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChiSquared {
    sign: FeatureSign,
    n_columns: usize,
    plane: LinearSvm,
}

impl ChiSquared {
    /// Learns the weights from the labelled pairs.
    ///
    /// # Errors
    /// Pairs of one kind only, rows that are not there, and a machine that does not converge.
    pub fn fit(training: &Training<'_>, options: &SvmOptions) -> Result<Self, MatchError> {
        let is_signed = training.features.rows().flatten().any(|v| *v < 0.0);
        let sign = match is_signed {
            true => FeatureSign::Signed,
            false => FeatureSign::NonNegative,
        };
        let (rows, mated) = training.pair_terms(|a, b| terms(sign, a, b))?;
        Ok(Self {
            sign,
            n_columns: training.features.n_columns(),
            plane: LinearSvm::fit(&rows, &mated, options)?,
        })
    }

    /// The decision value of the SVM for a pair: above 0 where it takes them for one person.
    ///
    /// # Errors
    /// Features of another length, and negative ones where training had none.
    pub fn score(&self, first: &[f64], second: &[f64]) -> Result<f64, MatchError> {
        check_length("a feature", self.n_columns, first.len())?;
        check_length("a feature", self.n_columns, second.len())?;
        if self.sign == FeatureSign::NonNegative {
            check_not_negative(first)?;
            check_not_negative(second)?;
        }
        self.plane.decision(&terms(self.sign, first, second))
    }

    /// Weight of every term, `[d]` or, for signed features, `[2 d]` (positive parts first).
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.plane.weights
    }

    /// Which features it was fitted on.
    #[must_use]
    pub fn sign(&self) -> FeatureSign {
        self.sign
    }

    /// Length of the features it takes.
    #[must_use]
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    pub(crate) fn validate(&self) -> Result<(), MatchError> {
        let n_terms = match self.sign {
            FeatureSign::NonNegative => self.n_columns,
            FeatureSign::Signed => self.n_columns.saturating_mul(2),
        };
        check_length("χ² weights", n_terms.max(1), self.plane.weights.len())?;
        check_finite("χ² weights", &self.plane.weights)?;
        check_finite("the χ² bias", &[self.plane.bias])
    }
}

fn terms(sign: FeatureSign, first: &[f64], second: &[f64]) -> Vec<f64> {
    let pairs = || first.iter().zip(second);
    match sign {
        FeatureSign::NonNegative => pairs().map(|(a, b)| term(*a, *b)).collect(),
        FeatureSign::Signed => {
            let positive = pairs().map(|(a, b)| term(a.max(0.0), b.max(0.0)));
            let negative = pairs().map(|(a, b)| term((-a).max(0.0), (-b).max(0.0)));
            positive.chain(negative).collect()
        }
    }
}

fn term(a: f64, b: f64) -> f64 {
    match a + b > 0.0 {
        true => (a - b) * (a - b) / (a + b),
        false => 0.0,
    }
}

fn check_not_negative(feature: &[f64]) -> Result<(), MatchError> {
    match feature.iter().position(|v| *v < 0.0) {
        None => Ok(()),
        Some(column) => Err(MatchError::NegativeFeature {
            column,
            got: feature[column],
        }),
    }
}
