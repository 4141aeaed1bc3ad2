//! DeepFace's ensemble of inputs: an SVM on summed kernels of the inputs' distances.

use crate::error::MatchError;
use crate::features::Features;
use crate::matrix::dot;
use crate::svm::{LinearSvm, SvmOptions};
use serde::{Deserialize, Serialize};
use std::f64::consts::SQRT_2;

/// Joins the distances that several networks, each with its own input, give one pair of faces.
///
/// Source: Taigman et al., CVPR 2014, §4.3: an SVM with C = 1 and the kernel
/// K = K₁ + K₂ + K₃, Kₖ(x, y) = −(x − y)², over the distances x of each input. That kernel is
/// conditionally positive definite: under the SVM's Σ αy = 0 the squares cancel and 2xy is left,
/// so the machine is the linear one on the distances times √2, one column an input. With a single
/// column, the sum of the distances, it is the same machine on the summed squared distance.
///
/// Deviation: the bias is regularised as in [`LinearSvm`], which the paper's LIBSVM does not do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KernelSum {
    plane: LinearSvm,
}

impl KernelSum {
    /// Learns from one row of distances per pair, `[n, inputs]`, and whether the pair is mated.
    ///
    /// # Errors
    /// Pairs of one kind only, another number of labels, a machine that does not converge.
    pub fn fit(
        distances: &Features,
        mated: &[bool],
        options: &SvmOptions,
    ) -> Result<Self, MatchError> {
        let scaled = distances.rows().flatten().map(|d| d * SQRT_2).collect();
        let samples = Features::new(distances.n_columns(), scaled)?;
        let mut plane = LinearSvm::fit(&samples, mated, options)?;
        plane.weights.iter_mut().for_each(|w| *w *= SQRT_2);
        Ok(Self { plane })
    }

    /// The decision value for the distances of one pair, `[inputs]`: above 0 for one person.
    ///
    /// # Errors
    /// [`MatchError::Dimension`] for another number of inputs.
    pub fn score(&self, distances: &[f64]) -> Result<f64, MatchError> {
        self.plane.decision(distances)
    }

    /// Weight of every input's distance, and the bias.
    #[must_use]
    pub fn parts(&self) -> (&[f64], f64) {
        (&self.plane.weights, self.plane.bias)
    }
}

/// ‖a − b‖ of one input's features: what a column of the distances holds.
///
/// # Errors
/// [`MatchError::Dimension`] for features of different lengths.
pub fn distance(first: &[f64], second: &[f64]) -> Result<f64, MatchError> {
    crate::error::check_length("a feature", first.len(), second.len())?;
    let difference: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
    Ok(dot(&difference, &difference).sqrt())
}
