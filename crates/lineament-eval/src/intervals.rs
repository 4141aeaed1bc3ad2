//! How far a figure can be trusted: Wilson's interval, the standard error over folds, and the
//! bootstrap by identity.

use crate::error::{EvalError, check_at_least, check_index, check_length};
use lineament_cluster::Seeded;
use lineament_match::RateInterval;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Where a figure lies with 95 % confidence; `[low, high]` in JSON.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [self.low, self.high].serialize(serializer)
    }
}

/// A share that was counted: so many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Proportion {
    /// How many.
    pub count: usize,
    /// Of how many, at least 1.
    pub n: usize,
    /// `count / n`.
    pub rate: f64,
    /// Wilson's interval (Wilson 1927). It takes the `n` for independent.
    pub interval: Interval,
}

impl Proportion {
    /// The share of `count` in `n`.
    ///
    /// # Errors
    /// [`EvalError::TooFew`] where `n` is 0, [`EvalError::Index`] where `count` is above `n`.
    pub fn new(count: usize, n: usize) -> Result<Self, EvalError> {
        check_at_least("comparisons behind a rate", 1, n)?;
        check_index("a count of comparisons", n + 1, count)?;
        let RateInterval { rate, low, high } = RateInterval::wilson(count, n);
        let interval = Interval { low, high };
        Ok(Self {
            count,
            n,
            rate,
            interval,
        })
    }
}

/// Mean of the folds' figures and its standard error, σ̂ / √n with σ̂² = Σ (p − mean)² / (n − 1).
///
/// Source: Huang et al. 2007, §4.1, on LFW's ten folds. Others divide by n and so print a value
/// smaller by √0.9.
///
/// # Errors
/// [`EvalError::TooFew`] for fewer than two folds.
pub fn mean_and_standard_error(figures: &[f64]) -> Result<(f64, f64), EvalError> {
    check_at_least("folds", 2, figures.len())?;
    let n = figures.len() as f64;
    let mean = figures.iter().sum::<f64>() / n;
    let squares: f64 = figures.iter().map(|p| (p - mean).powi(2)).sum();
    Ok((mean, (squares / (n - 1.0) / n).sqrt()))
}

/// How often identities are drawn again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bootstrap {
    /// Replicates; 1000 settle the second digit of an interval's ends.
    pub n_replicates: usize,
    /// Seed of the draws.
    pub seed: u64,
}

/// 95 % intervals of figures over pairs that share people; `None` for a figure that a tenth of
/// the replicates or more left undefined.
///
/// In every replicate each identity is drawn with replacement; a pair of one person weighs as
/// often as the person was drawn, a pair of two the product of both, as in Owen's pigeonhole
/// bootstrap (2007). `figures` gives the figures, always as many, for the weights of the pairs.
/// The ends are the 2.5th and 97.5th percentiles.
///
/// # Errors
/// [`EvalError::TooFew`] for fewer than 40 replicates or no pairs, [`EvalError::Dimension`] where
/// the number of figures changes.
pub fn bootstrap_by_identity(
    persons_of_pairs: &[(usize, usize)],
    options: Bootstrap,
    figures: impl Fn(&[f64]) -> Vec<Option<f64>>,
) -> Result<Vec<Option<Interval>>, EvalError> {
    check_at_least("bootstrap replicates", 40, options.n_replicates)?;
    check_at_least("pairs", 1, persons_of_pairs.len())?;
    let (pairs, n_persons) = renumbered(persons_of_pairs);
    let mut random = Seeded::new(options.seed);
    let mut weights = vec![0.0; pairs.len()];
    let mut replicates: Vec<Vec<f64>> = Vec::new();
    for _ in 0..options.n_replicates {
        let mut drawn = vec![0.0_f64; n_persons];
        (0..n_persons).for_each(|_| drawn[random.below(n_persons)] += 1.0);
        for (weight, &(first, second)) in weights.iter_mut().zip(&pairs) {
            *weight = match first == second {
                true => drawn[first],
                false => drawn[first] * drawn[second],
            };
        }
        let figures = figures(&weights);
        replicates.resize(replicates.len().max(figures.len()), Vec::new());
        check_length("figures of a replicate", replicates.len(), figures.len())?;
        for (values, figure) in replicates.iter_mut().zip(figures) {
            values.extend(figure);
        }
    }
    let least = options.n_replicates - options.n_replicates / 10;
    let defined = |values: Vec<f64>| (values.len() > least).then(|| percentiles(values));
    Ok(replicates.into_iter().map(defined).collect())
}

/// The same pairs with persons counted from 0, and how many there are.
fn renumbered(pairs: &[(usize, usize)]) -> (Vec<(usize, usize)>, usize) {
    let mut index = BTreeMap::new();
    let mut number = |person| {
        let next = index.len();
        *index.entry(person).or_insert(next)
    };
    let pairs = pairs
        .iter()
        .map(|(a, b)| (number(*a), number(*b)))
        .collect();
    (pairs, index.len())
}

fn percentiles(mut values: Vec<f64>) -> Interval {
    values.sort_by(f64::total_cmp);
    let tail = values.len() / 40;
    Interval {
        low: values[tail],
        high: values[values.len() - 1 - tail],
    }
}
