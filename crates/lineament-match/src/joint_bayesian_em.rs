//! The EM rounds of joint Bayesian, on sums over identities instead of samples.

use crate::decomposition::{SharedBasis, symmetric};
use crate::error::{MatchError, check_at_least};
use nalgebra::DMatrix;
use std::collections::BTreeMap;

/// What the M step takes as the covariance of the latent variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JointBayesianUpdate {
    /// The covariance of their posterior means, as the paper writes it. The likelihood need not
    /// rise, and S_μ comes out too small where identities have few images.
    PosteriorMeans,
    /// Posterior means and posterior covariance: EM proper, whose likelihood never falls.
    ///
    /// Deviation: the paper leaves the posterior covariance out.
    Exact,
}

/// How the covariances are estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JointBayesianOptions {
    /// The M step.
    pub update: JointBayesianUpdate,
    /// Relative change of S_ε (Frobenius) below which it stops; the paper leaves it open.
    pub tolerance: f64,
    /// Rounds after which it stops in any case; the paper leaves it open.
    pub max_rounds: usize,
}

impl Default for JointBayesianOptions {
    fn default() -> Self {
        Self {
            update: JointBayesianUpdate::PosteriorMeans,
            tolerance: 1e-6,
            max_rounds: 500,
        }
    }
}

/// S_μ and S_ε, `[d, d]` each.
pub(crate) struct Covariances {
    pub(crate) between: DMatrix<f64>,
    pub(crate) within: DMatrix<f64>,
}

/// Σ s sᵀ over the identities with a given number of images, s the sum of an identity's features.
struct Group {
    n_images: f64,
    n_identities: f64,
    scatter: DMatrix<f64>,
}

/// All that EM needs to know of the features; one group per number of images.
pub(crate) struct Statistics {
    n: f64,
    n_identities: f64,
    /// Σ x xᵀ over all features.
    scatter: DMatrix<f64>,
    groups: Vec<Group>,
}

impl Statistics {
    pub(crate) fn new(centred: &DMatrix<f64>, identities: &[usize]) -> Result<Self, MatchError> {
        let mut rows_of = BTreeMap::<usize, Vec<usize>>::new();
        for (row, identity) in identities.iter().enumerate() {
            rows_of.entry(*identity).or_default().push(row);
        }
        check_at_least("identities", 2, rows_of.len())?;
        let mut sums_of = BTreeMap::<usize, Vec<_>>::new();
        for rows in rows_of.values() {
            let sum = centred.select_rows(rows).row_sum();
            sums_of.entry(rows.len()).or_default().push(sum);
        }
        let groups = sums_of.into_iter().map(|(n_images, sums)| {
            let stacked = DMatrix::from_rows(&sums);
            Group {
                n_images: n_images as f64,
                n_identities: sums.len() as f64,
                scatter: stacked.tr_mul(&stacked),
            }
        });
        Ok(Self {
            n: identities.len() as f64,
            n_identities: rows_of.len() as f64,
            scatter: centred.tr_mul(centred),
            groups: groups.collect(),
        })
    }

    /// Covariance of the identities' means, and of the features about them; the paper leaves the
    /// start open.
    pub(crate) fn initial(&self) -> Covariances {
        let mut between = self.scatter.clone() * 0.0;
        let mut within = self.scatter.clone();
        for Group {
            n_images, scatter, ..
        } in &self.groups
        {
            between += scatter / (n_images * n_images);
            within -= scatter / *n_images;
        }
        Covariances {
            between: between / self.n_identities,
            within: within / self.n,
        }
    }

    /// Covariance of the identities' means, each counted once per image, and of the features about them.
    pub(crate) fn class_scatter(&self) -> Covariances {
        let mut between = self.scatter.clone() * 0.0;
        for Group {
            n_images, scatter, ..
        } in &self.groups
        {
            between += scatter / *n_images;
        }
        Covariances {
            within: (&self.scatter - &between) / self.n,
            between: between / self.n,
        }
    }

    /// Number of identities.
    pub(crate) fn n_identities(&self) -> usize {
        self.n_identities as usize
    }

    /// The basis that makes both covariances diagonal, and the log-likelihood under them.
    pub(crate) fn basis(&self, at: &Covariances) -> Result<(SharedBasis, f64), MatchError> {
        let basis = SharedBasis::new(&at.between, &at.within)?;
        let groups = self.groups.iter();
        let scatters: Vec<_> = groups.map(|g| in_basis(&basis, &g.scatter)).collect();
        let log_likelihood =
            self.log_likelihood(&basis, &in_basis(&basis, &self.scatter), &scatters);
        Ok((basis, log_likelihood))
    }

    /// One E step and M step; the new covariances and the log-likelihood under the old ones.
    ///
    /// In the coordinates of the shared basis F is the identity and S_μ, G are diagonal, so that
    /// μ = λ/(1 + mλ) s and ε_j = y_j − λ/(1 + mλ) s, with posterior variance λ/(1 + mλ).
    pub(crate) fn round(
        &self,
        at: &Covariances,
        update: JointBayesianUpdate,
    ) -> Result<(Covariances, f64), MatchError> {
        let basis = SharedBasis::new(&at.between, &at.within)?;
        let total = in_basis(&basis, &self.scatter);
        let groups = self.groups.iter();
        let scatters: Vec<_> = groups.map(|g| in_basis(&basis, &g.scatter)).collect();
        let log_likelihood = self.log_likelihood(&basis, &total, &scatters);
        let mut within = total;
        let mut between = &within * 0.0;
        for (group, scatter) in self.groups.iter().zip(&scatters) {
            let m = group.n_images;
            let gains: Vec<f64> = basis.ratios.iter().map(|l| l / (1.0 + m * l)).collect();
            for (i, j) in (0..gains.len()).flat_map(|j| (0..gains.len()).map(move |i| (i, j))) {
                let (product, sum) = (gains[i] * gains[j], gains[i] + gains[j]);
                between[(i, j)] += product * scatter[(i, j)];
                within[(i, j)] += (m * product - sum) * scatter[(i, j)];
            }
            if update == JointBayesianUpdate::Exact {
                for (i, gain) in gains.iter().enumerate() {
                    between[(i, i)] += group.n_identities * gain;
                    within[(i, i)] += group.n_identities * m * gain;
                }
            }
        }
        let back =
            |inner: &DMatrix<f64>| symmetric(&(&basis.basis * inner * basis.basis.transpose()));
        let next = Covariances {
            between: back(&between) / self.n_identities,
            within: back(&within) / self.n,
        };
        Ok((next, log_likelihood))
    }

    /// Σ over identities of log N(x_1 … x_m; 0, Σ_m), Σ_m having S_μ everywhere and S_ε added on
    /// its diagonal: log|Σ_m| = m log|S_ε| + Σ log(1 + mλ), and its inverse is F + G blockwise.
    fn log_likelihood(
        &self,
        basis: &SharedBasis,
        total: &DMatrix<f64>,
        scatters: &[DMatrix<f64>],
    ) -> f64 {
        let d = basis.ratios.len() as f64;
        let constant = self.n * (d * std::f64::consts::TAU.ln() + basis.log_determinant);
        let mut twice = constant + total.trace();
        for (group, scatter) in self.groups.iter().zip(scatters) {
            for (i, l) in basis.ratios.iter().enumerate() {
                let spread = 1.0 + group.n_images * l;
                twice += group.n_identities * spread.ln() - l / spread * scatter[(i, i)];
            }
        }
        -0.5 * twice
    }
}

/// U⁻¹ S U⁻ᵀ.
fn in_basis(basis: &SharedBasis, scatter: &DMatrix<f64>) -> DMatrix<f64> {
    &basis.inverse * scatter * basis.inverse.transpose()
}
