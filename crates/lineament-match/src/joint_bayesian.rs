//! Joint Bayesian: the likelihood ratio of one person against two, and its inner-product form.

use crate::error::{MatchError, check_finite, check_length};
use crate::features::Training;
use crate::joint_bayesian_em::{Covariances, Statistics};
use crate::matrix::{Matrix, dot};
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

pub use crate::joint_bayesian_em::{JointBayesianOptions, JointBayesianUpdate};

/// x = mean + μ + ε with μ ~ N(0, S_μ) per person and ε ~ N(0, S_ε) per image.
///
/// Source: Chen et al., ECCV 2012. With S_ε = UUᵀ and S_μ = UΛUᵀ, in coordinates y = U⁻¹(x − mean)
/// the matrices A and G of the paper are diagonal: g = −λ/(2λ + 1) and a = 1/(λ + 1) − (1 + g).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JointBayesian {
    mean: Vec<f64>,
    /// U⁻¹, `[d, d]`.
    coordinates: Matrix,
    /// Diagonal of Λ: variance between persons over variance within, greatest first.
    ratios: Vec<f64>,
}

/// A model and how the fit went.
#[derive(Debug, Clone)]
pub struct JointBayesianFit {
    /// The model after the last round.
    pub model: JointBayesian,
    /// S_μ, `[d, d]`.
    pub between: Matrix,
    /// S_ε, `[d, d]`.
    pub within: Matrix,
    /// Log-likelihood of the training features before every round, and after the last.
    pub log_likelihoods: Vec<f64>,
}

impl JointBayesian {
    /// Estimates S_μ and S_ε from features with identities.
    ///
    /// # Errors
    /// No identities, fewer than two of them, or [`MatchError::Singular`] where the features vary
    /// within identities in fewer than d directions.
    pub fn fit(
        training: &Training<'_>,
        options: &JointBayesianOptions,
    ) -> Result<JointBayesianFit, MatchError> {
        let identities = training.identities_for("joint Bayesian")?;
        let mean = training.features.mean();
        let statistics = Statistics::new(&training.features.centred(&mean), identities)?;
        let mut covariances = statistics.initial();
        let mut log_likelihoods = Vec::new();
        for _ in 0..options.max_rounds {
            let (next, log_likelihood) = statistics.round(&covariances, options.update)?;
            let change = (&next.within - &covariances.within).norm() / covariances.within.norm();
            log_likelihoods.push(log_likelihood);
            covariances = next;
            if change < options.tolerance {
                break;
            }
        }
        let (basis, log_likelihood) = statistics.basis(&covariances)?;
        log_likelihoods.push(log_likelihood);
        let Covariances { between, within } = &covariances;
        Ok(JointBayesianFit {
            model: Self {
                mean,
                coordinates: Matrix::from_dmatrix(&basis.inverse),
                ratios: basis.ratios,
            },
            between: Matrix::from_dmatrix(between),
            within: Matrix::from_dmatrix(within),
            log_likelihoods,
        })
    }

    /// r(x1, x2) = x1ᵀA x1 + x2ᵀA x2 − 2 x1ᵀG x2 (eq. 4): twice the log-likelihood ratio less
    /// [`Self::constant`].
    ///
    /// # Errors
    /// [`MatchError::Dimension`] for features of another length.
    pub fn score(&self, first: &[f64], second: &[f64]) -> Result<f64, MatchError> {
        let first = self.coordinates.apply_from(&self.mean, first)?;
        let second = self.coordinates.apply_from(&self.mean, second)?;
        let terms = self.ratios.iter().zip(first.iter().zip(&second));
        let terms = terms.map(|(l, (x, y))| a_of(*l) * (x * x + y * y) - 2.0 * g_of(*l) * (x * y));
        Ok(terms.sum())
    }

    /// What [`Self::score`] leaves out of 2 (log p(x1, x2 | one person) − log p(x1, x2 | two)).
    #[must_use]
    pub fn constant(&self) -> f64 {
        let logs = self
            .ratios
            .iter()
            .map(|l| 2.0 * l.ln_1p() - (2.0 * l).ln_1p());
        logs.sum()
    }

    /// The score as inner products, for search.
    #[must_use]
    pub fn factored(&self) -> FactoredJointBayesian {
        let scale = |of: fn(f64) -> f64| {
            let scales =
                DVector::from_iterator(self.ratios.len(), self.ratios.iter().map(|l| of(*l)));
            Matrix::from_dmatrix(&(DMatrix::from_diagonal(&scales) * self.coordinates.to_dmatrix()))
        };
        FactoredJointBayesian {
            mean: self.mean.clone(),
            cross: scale(|l| (-2.0 * g_of(l)).sqrt()),
            own: scale(|l| (-a_of(l)).max(0.0).sqrt()),
        }
    }

    /// Length of the features it takes.
    #[must_use]
    pub fn n_columns(&self) -> usize {
        self.mean.len()
    }

    pub(crate) fn validate(&self) -> Result<(), MatchError> {
        check_finite("the mean of joint Bayesian", &self.mean)?;
        let what = "the coordinates of joint Bayesian";
        self.coordinates.validate(what, self.mean.len())?;
        check_length(what, self.mean.len(), self.coordinates.n_rows())?;
        check_length(
            "the ratios of joint Bayesian",
            self.mean.len(),
            self.ratios.len(),
        )?;
        match self.ratios.iter().find(|l| !(l.is_finite() && **l >= 0.0)) {
            None => Ok(()),
            Some(got) => Err(MatchError::OutOfRange {
                what: "a ratio of joint Bayesian",
                expected: "finite and not below 0",
                got: *got,
            }),
        }
    }
}

/// Two projections that give the score: r = q(x1) + q(x2) + ⟨P x1, P x2⟩, with PᵀP = −2G and
/// q(x) = −‖Q x‖² = xᵀA x, every x less the training mean.
#[derive(Debug, Clone, PartialEq)]
pub struct FactoredJointBayesian {
    mean: Vec<f64>,
    cross: Matrix,
    own: Matrix,
}

impl FactoredJointBayesian {
    /// P x, `[d]`.
    ///
    /// # Errors
    /// [`MatchError::Dimension`] for a feature of another length.
    pub fn project(&self, feature: &[f64]) -> Result<Vec<f64>, MatchError> {
        self.cross.apply_from(&self.mean, feature)
    }

    /// q(x), never above 0.
    ///
    /// # Errors
    /// [`MatchError::Dimension`] for a feature of another length.
    pub fn own_term(&self, feature: &[f64]) -> Result<f64, MatchError> {
        let own = self.own.apply_from(&self.mean, feature)?;
        Ok(-dot(&own, &own))
    }

    /// [P x, q(x), 1], `[d + 2]`: its inner product with a [`Self::gallery_vector`] is the score.
    ///
    /// # Errors
    /// [`MatchError::Dimension`] for a feature of another length.
    pub fn probe_vector(&self, feature: &[f64]) -> Result<Vec<f64>, MatchError> {
        let mut vector = self.project(feature)?;
        vector.extend([self.own_term(feature)?, 1.0]);
        Ok(vector)
    }

    /// [P x, 1, q(x)], `[d + 2]`.
    ///
    /// # Errors
    /// [`MatchError::Dimension`] for a feature of another length.
    pub fn gallery_vector(&self, feature: &[f64]) -> Result<Vec<f64>, MatchError> {
        let mut vector = self.project(feature)?;
        vector.extend([1.0, self.own_term(feature)?]);
        Ok(vector)
    }
}

fn g_of(ratio: f64) -> f64 {
    -ratio / (2.0 * ratio + 1.0)
}

/// 1/(λ+1) − (1+g), in the form −λ²/((λ+1)(2λ+1)) that loses no digits.
fn a_of(ratio: f64) -> f64 {
    -ratio / (ratio + 1.0) * (ratio / (2.0 * ratio + 1.0))
}
