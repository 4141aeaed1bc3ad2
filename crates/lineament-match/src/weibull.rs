//! The Weibull distribution of a high tail.

use crate::error::{MatchError, check_at_least, check_finite};
use serde::{Deserialize, Serialize};

const MAX_ROUNDS: usize = 200;

/// A Weibull distribution fitted to the greatest of some values.
///
/// Source: the high tail of libMR (Scheirer et al., TPAMI 2011). The tail is moved so that its
/// smallest value is at 1: the likelihood takes logarithms, which 0 does not have.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WeibullTail {
    /// k; above 1 where the density has a peak.
    pub shape: f64,
    /// λ, in the units of the values.
    pub scale: f64,
    /// What is added to a value before the distribution is asked.
    pub shift: f64,
}

impl WeibullTail {
    /// The distribution of greatest likelihood for the `tail_size` greatest values.
    ///
    /// # Errors
    /// Fewer values than that, fewer than two, values that are not finite or all the same.
    pub fn fit(values: &[f64], tail_size: usize) -> Result<Self, MatchError> {
        check_finite("a value of a tail", values)?;
        check_at_least("values of a tail", tail_size.max(2), values.len())?;
        check_at_least("the size of a tail", 2, tail_size)?;
        let mut descending = values.to_vec();
        descending.sort_by(|a, b| b.total_cmp(a));
        let shift = 1.0 - descending[tail_size - 1];
        let moved: Vec<f64> = descending[..tail_size].iter().map(|v| v + shift).collect();
        let (shape, scale) = maximum_likelihood(&moved)?;
        Ok(Self {
            shape,
            scale,
            shift,
        })
    }

    /// Share of the tail at or below a value, 0 … 1.
    #[must_use]
    pub fn cdf(&self, value: f64) -> f64 {
        let ratio = (value + self.shift).max(0.0) / self.scale;
        -(-ratio.powf(self.shape)).exp_m1()
    }
}

/// Shape and scale of the two-parameter Weibull distribution of positive values.
///
/// The shape k solves Σ xᵏ ln x / Σ xᵏ − 1/k = mean ln x, whose left side only rises in k: Newton,
/// kept inside a bracket. The scale is (mean xᵏ)^(1/k).
fn maximum_likelihood(values: &[f64]) -> Result<(f64, f64), MatchError> {
    let n = values.len() as f64;
    let logs: Vec<f64> = values.iter().map(|v| v.ln()).collect();
    let greatest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mean = logs.iter().sum::<f64>() / n;
    let variance = logs.iter().map(|l| (l - mean) * (l - mean)).sum::<f64>() / n;
    if variance.sqrt() <= 1e-12 {
        return Err(MatchError::Singular {
            what: "the variance of a tail",
        });
    }
    // Values relative to the greatest keep every power at or below 1; the moments are of the logs.
    let relative: Vec<f64> = logs.iter().map(|l| l - greatest).collect();
    let equation = |k: f64| {
        let powers = relative.iter().map(|l| ((k * l).exp(), *l));
        let (s0, s1, s2) = powers.fold((0.0, 0.0, 0.0), |(s0, s1, s2), (p, l)| {
            (s0 + p, s1 + p * l, s2 + p * l * l)
        });
        let first = s1 / s0;
        let value = first - 1.0 / k - (mean - greatest);
        (value, s2 / s0 - first * first + 1.0 / (k * k))
    };
    // Moments of the logarithms of Weibull values: their deviation is π/(k√6).
    let start = std::f64::consts::PI / (6.0 * variance).sqrt();
    let shape = bracketed_newton(equation, start)?;
    let power_mean = relative.iter().map(|l| (shape * l).exp()).sum::<f64>() / n;
    Ok((shape, (greatest + power_mean.ln() / shape).exp()))
}

/// The root of a rising function of a positive argument; `function` gives value and slope.
fn bracketed_newton(function: impl Fn(f64) -> (f64, f64), start: f64) -> Result<f64, MatchError> {
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut at = start;
    let mut residual = f64::INFINITY;
    for _ in 0..MAX_ROUNDS {
        let (value, slope) = function(at);
        if value > 0.0 {
            high = at;
        } else {
            low = at;
        }
        let newton = at - value / slope;
        let next = match (newton > low && newton < high, high.is_finite()) {
            (true, _) => newton,
            (false, true) => 0.5 * (low + high),
            (false, false) => 2.0 * at,
        };
        residual = (next - at).abs() / at;
        at = next;
        if residual <= 1e-13 {
            return Ok(at);
        }
    }
    Err(MatchError::NotConverged {
        what: "the shape of a Weibull tail",
        rounds: MAX_ROUNDS,
        residual,
    })
}
