//! The linear support vector machine, by dual coordinate descent.

use crate::error::{MatchError, check_length, check_positive};
use crate::features::{Features, check_both_kinds};
use crate::matrix::dot;
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};
use serde::{Deserialize, Serialize};

/// Round of the first Newton steps: by then the samples on the margin are mostly known.
const FIRST_NEWTON: usize = 64;
/// Share of the mean squared norm that keeps their system solvable.
const RIDGE: f64 = 1e-10;
/// Newton steps at a time.
const REFINEMENTS: usize = 4;
/// Bounds that variables meet in one set of Newton steps before the descent looks at all samples again.
const MOST_MEETINGS: usize = 32;
/// Rounds between Newton steps, once their doubling has gone beyond it.
const NEWTON_EVERY: usize = 1024;

/// How the machine is fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SvmOptions {
    /// Price of a sample on the wrong side of its margin.
    pub c: f64,
    /// Greatest spread of the projected gradient at which the fit is done.
    pub tolerance: f64,
    /// Passes over the samples after which it stops in any case.
    pub max_rounds: usize,
    /// Duality gap, as a share of the objective, above which a stopped fit is an error.
    pub max_gap: f64,
    /// Seed of the order in which samples are visited.
    pub seed: u64,
}

impl Default for SvmOptions {
    /// C = 1 as in DeepFace (Taigman et al. 2014); fitted as far as f64 reasonably goes.
    fn default() -> Self {
        Self {
            c: 1.0,
            tolerance: 1e-11,
            max_rounds: 20_000,
            max_gap: 1e-3,
            seed: 1,
        }
    }
}

/// A separating plane: `decision` is above 0 on the side of the `true` samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinearSvm {
    /// Normal of the plane, `[d]`.
    pub weights: Vec<f64>,
    /// Offset of the plane.
    pub bias: f64,
}

impl LinearSvm {
    /// The plane with the widest soft margin: minimises ½‖w‖² + ½b² + C Σ max(0, 1 − y(wᵀx + b)).
    ///
    /// Source: Hsieh et al., ICML 2008, algorithm 1, as in LIBLINEAR: the bias is the weight of a
    /// constant feature and is regularised with the others. Deviation: now and then, Newton steps on the
    /// samples between the bounds end what the descent only nears.
    ///
    /// # Errors
    /// Labels of one kind only, and [`MatchError::NotConverged`].
    pub fn fit(
        samples: &Features,
        labels: &[bool],
        options: &SvmOptions,
    ) -> Result<Self, MatchError> {
        check_length("labels", samples.n_rows(), labels.len())?;
        check_both_kinds(labels)?;
        check_positive("C", options.c)?;
        let mut descent = Descent::new(samples, labels, options);
        descent.settle(options)?;
        Ok(descent.plane)
    }

    /// Signed distance from the plane times ‖w‖; above 0 on the side of the `true` samples.
    ///
    /// # Errors
    /// [`MatchError::Dimension`] for a sample of another length.
    pub fn decision(&self, sample: &[f64]) -> Result<f64, MatchError> {
        check_length("a sample", self.weights.len(), sample.len())?;
        Ok(dot(&self.weights, sample) + self.bias)
    }
}

/// The state of the descent: the plane is always Σ α y x of the dual variables.
struct Descent<'a> {
    samples: &'a Features,
    signs: Vec<f64>,
    squared_norms: Vec<f64>,
    duals: Vec<f64>,
    order: Vec<usize>,
    generator: SplitMix,
    c: f64,
    plane: LinearSvm,
}

impl<'a> Descent<'a> {
    fn new(samples: &'a Features, labels: &[bool], options: &SvmOptions) -> Self {
        let sign = |is_true: &bool| if *is_true { 1.0 } else { -1.0 };
        Self {
            samples,
            signs: labels.iter().map(sign).collect(),
            squared_norms: samples.rows().map(|x| dot(x, x) + 1.0).collect(),
            duals: vec![0.0; labels.len()],
            order: (0..labels.len()).collect(),
            generator: SplitMix(options.seed),
            c: options.c,
            plane: LinearSvm {
                weights: vec![0.0; samples.n_columns()],
                bias: 0.0,
            },
        }
    }

    /// Goes on until it is done, or as near as the options take.
    fn settle(&mut self, options: &SvmOptions) -> Result<(), MatchError> {
        let mut residual = f64::INFINITY;
        for round in 1..=options.max_rounds {
            residual = self.round();
            if residual <= options.tolerance {
                return Ok(());
            }
            let is_doubled = round >= FIRST_NEWTON && round.is_power_of_two();
            if is_doubled || round.is_multiple_of(NEWTON_EVERY) {
                self.newton();
            }
        }
        match self.relative_gap() <= options.max_gap {
            true => Ok(()),
            false => Err(MatchError::NotConverged {
                what: "the support vector machine",
                rounds: options.max_rounds,
                residual,
            }),
        }
    }

    /// One pass over the samples in a new order; the spread of the projected gradients seen.
    fn round(&mut self) -> f64 {
        self.generator.shuffle(&mut self.order);
        let (mut lowest, mut highest) = (0f64, 0f64);
        for position in 0..self.order.len() {
            let projected = self.step(self.order[position]);
            (lowest, highest) = (lowest.min(projected), highest.max(projected));
        }
        highest - lowest
    }

    /// Solves for the dual variable of one sample; its projected gradient before that.
    fn step(&mut self, i: usize) -> f64 {
        let gradient = self.gradient(i);
        let projected = match self.duals[i] {
            d if d <= 0.0 => gradient.min(0.0),
            d if d >= self.c => gradient.max(0.0),
            _ => gradient,
        };
        self.change(i, -gradient / self.squared_norms[i]);
        projected
    }

    /// Changes the dual variable of one sample, as far as its bounds go.
    fn change(&mut self, i: usize, by: f64) {
        let (x, dual) = (self.samples.row(i), self.duals[i]);
        let moved = (dual + by).clamp(0.0, self.c);
        let change = (moved - dual) * self.signs[i];
        if change != 0.0 {
            let weights = self.plane.weights.iter_mut();
            weights.zip(x).for_each(|(w, x)| *w += change * x);
            self.plane.bias += change;
            self.duals[i] = moved;
        }
    }

    /// Puts the samples whose dual variables are between their bounds onto the margin: the optimum,
    /// where they are the ones that are there. A variable that meets a bound on the way stays there,
    /// and the others go on without it.
    fn newton(&mut self) {
        let is_free = |i: &usize| self.duals[*i] > 0.0 && self.duals[*i] < self.c;
        let mut free: Vec<usize> = (0..self.duals.len()).filter(is_free).collect();
        for _ in 0..MOST_MEETINGS {
            let Some(factor) = self.margin_system(&free) else {
                return;
            };
            let Some(met) = self.bounded_step(&free, &self.margin_step(&free, &factor)) else {
                for _ in 0..REFINEMENTS {
                    let steps = self.margin_step(&free, &factor);
                    self.change_all(&free, &steps, 1.0);
                }
                return;
            };
            free.remove(met);
        }
    }

    /// The Gram matrix of signed samples, by its Cholesky factor.
    fn margin_system(&self, free: &[usize]) -> Option<Cholesky<f64, Dyn>> {
        let gram = |a: usize, b: usize| {
            let product = dot(self.samples.row(free[a]), self.samples.row(free[b])) + 1.0;
            self.signs[free[a]] * self.signs[free[b]] * product
        };
        let mut gram = DMatrix::from_fn(free.len(), free.len(), gram);
        // More samples than columns leave it singular; refining takes back what the ridge moves.
        let ridge = RIDGE * gram.trace() / free.len().max(1) as f64;
        gram.set_diagonal(&gram.diagonal().add_scalar(ridge));
        Cholesky::new(gram)
    }

    /// Changes of the free dual variables that bring their samples onto the margin.
    fn margin_step(&self, free: &[usize], factor: &Cholesky<f64, Dyn>) -> DVector<f64> {
        let short = free.iter().map(|i| -self.gradient(*i));
        factor.solve(&DVector::from_iterator(free.len(), short))
    }

    /// Takes the step as far as all variables stay between their bounds; the position of the one
    /// that ended it early.
    fn bounded_step(&mut self, free: &[usize], steps: &DVector<f64>) -> Option<usize> {
        let share = |(position, i): (usize, &usize)| {
            let (dual, step) = (self.duals[*i], steps[position]);
            let room = if step < 0.0 { -dual } else { self.c - dual };
            (
                position,
                if step == 0.0 {
                    f64::INFINITY
                } else {
                    room / step
                },
            )
        };
        let shares = free.iter().enumerate().map(share);
        let (position, share) = shares.min_by(|a, b| a.1.total_cmp(&b.1))?;
        self.change_all(free, steps, share.min(1.0));
        if share >= 1.0 {
            return None;
        }
        self.change(free[position], steps[position].signum() * self.c);
        Some(position)
    }

    fn change_all(&mut self, free: &[usize], steps: &DVector<f64>, share: f64) {
        for (i, step) in free.iter().zip(steps.iter()) {
            self.change(*i, share * step);
        }
    }

    fn gradient(&self, i: usize) -> f64 {
        let decision = dot(&self.plane.weights, self.samples.row(i)) + self.plane.bias;
        self.signs[i] * decision - 1.0
    }

    /// (Primal − dual objective) / primal objective.
    fn relative_gap(&self) -> f64 {
        let LinearSvm { weights, bias } = &self.plane;
        let half_norm = 0.5 * (dot(weights, weights) + bias * bias);
        let margins = self.samples.rows().zip(&self.signs);
        let hinges = margins.map(|(x, s)| (1.0 - s * (dot(weights, x) + bias)).max(0.0));
        let primal = half_norm + self.c * hinges.sum::<f64>();
        let dual = self.duals.iter().sum::<f64>() - half_norm;
        (primal - dual) / primal
    }
}

/// SplitMix64 (Steele et al. 2014): enough to put samples in an arbitrary order, the same always.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn shuffle(&mut self, order: &mut [usize]) {
        for i in (1..order.len()).rev() {
            order.swap(i, (self.next() % (i as u64 + 1)) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N_COLUMNS: usize = 40;

    /// Two overlapping clouds, long enough that the descent alone is far from done in so few rounds.
    fn clouds(seed: u64) -> (Features, Vec<bool>) {
        let mut generator = SplitMix(seed);
        let mut uniform = || generator.next() as f64 / u64::MAX as f64;
        let labels: Vec<bool> = (0..800).map(|i| i % 2 == 0).collect();
        let sample = |is_true: &bool| {
            let shift = if *is_true { 0.3 } else { 0.0 };
            let scale = |column: usize| 10.0 / (1 + column) as f64;
            (0..N_COLUMNS)
                .map(|column| scale(column) * (uniform() + shift))
                .collect::<Vec<f64>>()
        };
        let values = labels.iter().flat_map(sample).collect();
        (Features::new(N_COLUMNS, values).unwrap(), labels)
    }

    /// At the optimum, and only there, the primal and the dual objective are equal.
    #[test]
    fn the_duality_gap_closes_within_few_rounds() {
        for seed in 0..3 {
            let (samples, labels) = clouds(seed);
            let options = SvmOptions {
                max_rounds: 4_096,
                ..SvmOptions::default()
            };
            let mut descent = Descent::new(&samples, &labels, &options);
            descent.settle(&options).unwrap();
            let gap = descent.relative_gap();
            assert!(gap.abs() < 1e-12, "seed {seed}: {gap:e}");
        }
    }
}
