//! Logistic regression by Newton's method, shared by the Siamese metric and calibration.

use crate::error::{MatchError, check_length};
use crate::features::Features;
use nalgebra::{Cholesky, DMatrix, DVector};

const MAX_ROUNDS: usize = 200;
/// Newton decrement, as a share of the objective, at which one last full step lands in rounding error.
const LAST_STEP: f64 = 1e-12;

/// Weights of the inputs, `[d]`, and the bias, of p = σ(wᵀx + b).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Logistic {
    pub(crate) weights: Vec<f64>,
    pub(crate) bias: f64,
}

/// Minimises ½ `penalty` ‖w‖² + Σ cross-entropy(target, σ(wᵀx + b)); the bias is not penalised.
pub(crate) fn fit_logistic(
    inputs: &Features,
    targets: &[f64],
    penalty: f64,
) -> Result<Logistic, MatchError> {
    check_length("targets", inputs.n_rows(), targets.len())?;
    let d = inputs.n_columns();
    let problem = Problem {
        design: inputs.to_dmatrix().insert_column(d, 1.0),
        targets: DVector::from_column_slice(targets),
        penalties: DVector::from_fn(d + 1, |i, _| if i < d { penalty } else { 0.0 }),
    };
    let mut solution = DVector::zeros(d + 1);
    let mut residual = f64::INFINITY;
    for _ in 0..MAX_ROUNDS {
        let objective = problem.objective(&solution);
        let (gradient, step) = problem.newton_step(&solution)?;
        residual = gradient.dot(&step) / (1.0 + objective);
        if residual <= LAST_STEP {
            solution -= step;
            let bias = solution[d];
            let weights = solution.as_slice()[..d].to_vec();
            return Ok(Logistic { weights, bias });
        }
        solution = problem.backtrack(&solution, objective, &gradient, &step);
    }
    Err(MatchError::NotConverged {
        what: "logistic regression",
        rounds: MAX_ROUNDS,
        residual,
    })
}

struct Problem {
    /// Inputs and a constant 1, `[n, d + 1]`.
    design: DMatrix<f64>,
    targets: DVector<f64>,
    penalties: DVector<f64>,
}

impl Problem {
    fn objective(&self, at: &DVector<f64>) -> f64 {
        let logits = &self.design * at;
        let losses = logits.iter().zip(self.targets.iter());
        // log(1 + eᶻ) − t z, written so that no exponential overflows.
        let loss = losses.map(|(z, t)| z.max(0.0) + (-z.abs()).exp().ln_1p() - t * z);
        0.5 * at.component_mul(at).dot(&self.penalties) + loss.sum::<f64>()
    }

    /// The gradient, and the Hessian's inverse times it.
    fn newton_step(&self, at: &DVector<f64>) -> Result<(DVector<f64>, DVector<f64>), MatchError> {
        let probabilities = (&self.design * at).map(sigmoid);
        let penalty = at.component_mul(&self.penalties);
        let gradient = self.design.tr_mul(&(&probabilities - &self.targets)) + penalty;
        let mut scaled = self.design.clone();
        for (mut row, p) in scaled.row_iter_mut().zip(probabilities.iter()) {
            row *= p * (1.0 - p);
        }
        let mut hessian = self.design.tr_mul(&scaled);
        hessian.set_diagonal(&(hessian.diagonal() + &self.penalties));
        let what = "the Hessian of logistic regression";
        let factor = Cholesky::new(hessian).ok_or(MatchError::Singular { what })?;
        let step = factor.solve(&gradient);
        Ok((gradient, step))
    }

    /// The first of the full step, half of it, a quarter … that lowers the objective enough.
    fn backtrack(
        &self,
        at: &DVector<f64>,
        objective: f64,
        gradient: &DVector<f64>,
        step: &DVector<f64>,
    ) -> DVector<f64> {
        let slope = gradient.dot(step);
        let mut share = 1.0;
        while share > 1e-10 {
            let moved = at - step * share;
            if self.objective(&moved) <= objective - 1e-4 * share * slope {
                return moved;
            }
            share *= 0.5;
        }
        at - step * share
    }
}

/// 1 / (1 + e^−z).
pub(crate) fn sigmoid(z: f64) -> f64 {
    match z >= 0.0 {
        true => 1.0 / (1.0 + (-z).exp()),
        false => z.exp() / (1.0 + z.exp()),
    }
}
