//! The learning rate as a function of the step.

use super::span::Span;
use serde::{Deserialize, Serialize};

/// How the learning rate moves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleConfig {
    /// The greatest rate.
    pub rate: f64,
    /// Over which the rate grows linearly from nearly 0 to the greatest.
    #[serde(default = "no_time")]
    pub warmup: Span,
    /// What comes after.
    pub decay: Decay,
}

/// How the learning rate falls once it is warm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Decay {
    /// It stays.
    Constant,
    /// It is multiplied by `factor` each time this long has passed.
    Step {
        /// How long.
        every: Span,
        /// By what, in (0, 1].
        factor: f64,
    },
    /// It is multiplied by `factor` at each of these points, counted from the start of the run.
    Multistep {
        /// When.
        at: Vec<Span>,
        /// By what, in (0, 1].
        factor: f64,
    },
    /// It falls to `to` times the greatest rate over half a cosine that ends with the run
    /// (Loshchilov and Hutter 2017, equation 5, without restarts).
    Cosine {
        /// The share that is left at the end, in [0, 1].
        #[serde(default)]
        to: f64,
    },
}

const fn no_time() -> Span {
    Span::ZERO
}

/// A schedule for a run of known length: a pure function of the step, so that a run that goes on
/// needs no memory of it.
#[derive(Debug, Clone)]
pub struct Schedule {
    rate: f64,
    warmup: u64,
    n_steps: u64,
    decay: Steps,
}

#[derive(Debug, Clone)]
enum Steps {
    Constant,
    Step { every: u64, factor: f64 },
    Multistep { at: Vec<u64>, factor: f64 },
    Cosine { to: f64 },
}

impl Schedule {
    /// The schedule of a run of `n_steps`.
    #[must_use]
    pub fn new(config: &ScheduleConfig, steps_per_epoch: u64, n_steps: u64) -> Self {
        let decay = match &config.decay {
            Decay::Constant => Steps::Constant,
            Decay::Step { every, factor } => Steps::Step {
                every: every.steps(steps_per_epoch).max(1),
                factor: *factor,
            },
            Decay::Multistep { at, factor } => Steps::Multistep {
                at: at.iter().map(|s| s.steps(steps_per_epoch)).collect(),
                factor: *factor,
            },
            Decay::Cosine { to } => Steps::Cosine { to: *to },
        };
        Self {
            rate: config.rate,
            warmup: config.warmup.steps(steps_per_epoch),
            n_steps,
            decay,
        }
    }

    /// The learning rate of a step, counted from 0.
    #[must_use]
    pub fn rate(&self, step: u64) -> f64 {
        if step < self.warmup {
            return self.rate * (step + 1) as f64 / self.warmup as f64;
        }
        let power = |factor: f64, n: u64| self.rate * factor.powf(n as f64);
        match &self.decay {
            Steps::Constant => self.rate,
            Steps::Step { every, factor } => power(*factor, (step - self.warmup) / every),
            Steps::Multistep { at, factor } => {
                power(*factor, at.iter().filter(|at| **at <= step).count() as u64)
            }
            Steps::Cosine { to } => self.rate * (to + (1.0 - to) * self.half_cosine(step)),
        }
    }

    /// From 1 at the end of the warm-up to 0 at the end of the run.
    fn half_cosine(&self, step: u64) -> f64 {
        let n = self.n_steps.saturating_sub(self.warmup).max(1);
        let done = ((step - self.warmup) as f64 / n as f64).min(1.0);
        (1.0 + (std::f64::consts::PI * done).cos()) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(warmup: u64, decay: Decay) -> Schedule {
        let config = ScheduleConfig {
            rate: 0.1,
            warmup: Span::Steps(warmup),
            decay,
        };
        Schedule::new(&config, 10, 100)
    }

    fn near(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-12, "{got} is not {expected}");
    }

    #[test]
    fn warm_up_is_linear_and_ends_at_the_rate() {
        let schedule = schedule(5, Decay::Constant);
        for (step, rate) in [(0, 0.02), (3, 0.08), (4, 0.1), (5, 0.1), (99, 0.1)] {
            near(schedule.rate(step), rate);
        }
    }

    #[test]
    fn falls_where_it_should() {
        let at = vec![Span::Steps(16), Span::Epochs(2.4)];
        let multistep = schedule(0, Decay::Multistep { at, factor: 0.1 });
        for (step, rate) in [(15, 0.1), (16, 0.01), (23, 0.01), (24, 0.001)] {
            near(multistep.rate(step), rate);
        }
        let every = Span::Epochs(1.0);
        let step = schedule(2, Decay::Step { every, factor: 0.5 });
        for (at, rate) in [(11, 0.1), (12, 0.05), (22, 0.025)] {
            near(step.rate(at), rate);
        }
        let cosine = schedule(20, Decay::Cosine { to: 0.2 });
        for (at, rate) in [(20, 0.1), (60, 0.06), (100, 0.02), (500, 0.02)] {
            near(cosine.rate(at), rate);
        }
    }
}
