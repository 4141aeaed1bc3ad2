//! Optimisers whose state can be saved: libtorch's own, as tch shows them, cannot.

mod adagrad;
mod adamw;
mod group;
mod sgd;

pub use adagrad::Adagrad;
pub use adamw::AdamW;
pub use group::Group;
pub use sgd::Sgd;

use crate::error::TrainError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tch::{Tensor, nn::VarStore};

/// How the parameters move.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OptimizerConfig {
    /// The rule.
    #[serde(flatten)]
    pub rule: RuleConfig,
    /// Parameters that decay or move otherwise than the rule says.
    #[serde(default)]
    pub groups: Vec<Group>,
}

/// Which rule moves the parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum RuleConfig {
    /// Stochastic gradient descent with momentum.
    Sgd(Sgd),
    /// Steps that shrink with the squares seen (Duchi and others 2011).
    Adagrad(Adagrad),
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
    AdamW(AdamW),
}

/// How one parameter moves.
trait Rule {
    /// w, of parameters that decay as the rule says.
    fn weight_decay(&self) -> f64;

    /// What it remembers of a parameter: a name, and the value it starts from.
    fn memory(&self) -> Vec<(&'static str, f64)>;

    /// Moves `value` against `gradient`, which it may spoil.
    fn update(&self, at: &Moment, value: &mut Tensor, gradient: &mut Tensor, memory: &mut [Tensor]);
}

/// What a step of one parameter depends on.
struct Moment {
    /// Learning rate.
    rate: f64,
    /// w; 0 where the parameter does not decay.
    weight_decay: f64,
    /// Steps so far, this one included.
    n_steps: u64,
}

struct Parameter {
    name: String,
    value: Tensor,
    memory: Vec<Tensor>,
    weight_decay: f64,
    rate_factor: f64,
}

/// The parameters of a store that have gradients, and what the rule remembers of them.
pub struct Optimizer {
    rule: Box<dyn Rule>,
    parameters: Vec<Parameter>,
    n_steps: u64,
}

impl Optimizer {
    /// An optimiser of all variables of `store` that want gradients, ordered by name. Weight decay
    /// spares vectors and scalars: biases, batch norm, slopes of PReLU.
    ///
    /// # Errors
    /// [`TrainError::ConfigField`] for a group without a variable, or a variable of two groups.
    pub fn new(config: &OptimizerConfig, store: &VarStore) -> Result<Self, TrainError> {
        let rule: Box<dyn Rule> = match config.rule.clone() {
            RuleConfig::Sgd(rule) => Box::new(rule),
            RuleConfig::Adagrad(rule) => Box::new(rule),
            RuleConfig::AdamW(rule) => Box::new(rule),
        };
        let variables: BTreeMap<_, _> = store.variables().into_iter().collect();
        let trainable = variables.into_iter().filter(|(_, v)| v.requires_grad());
        let mut parameters: Vec<Parameter> = trainable
            .map(|(name, value)| Parameter::new(name, value, rule.as_ref()))
            .collect();
        group::assign(&config.groups, &mut parameters)?;
        Ok(Self {
            rule,
            parameters,
            n_steps: 0,
        })
    }

    /// A line for each group with the parameters that are in it.
    #[must_use]
    pub fn describe(&self, groups: &[Group]) -> Vec<String> {
        groups
            .iter()
            .map(|group| group.describe(&self.parameters))
            .collect()
    }

    /// Moves every parameter that has a gradient, then clears the gradients.
    pub fn step(&mut self, rate: f64) {
        self.n_steps += 1;
        tch::no_grad(|| {
            for parameter in &mut self.parameters {
                let mut gradient = parameter.value.grad();
                if gradient.defined() {
                    let moment = Moment {
                        rate: rate * parameter.rate_factor,
                        weight_decay: parameter.weight_decay,
                        n_steps: self.n_steps,
                    };
                    let Parameter { value, memory, .. } = parameter;
                    self.rule.update(&moment, value, &mut gradient, memory);
                    let _ = gradient.zero_();
                }
            }
        });
    }

    /// Scales all gradients so that their common L2 norm is at most `limit`; returns the norm
    /// there was.
    pub fn clip(&mut self, limit: f64) -> f64 {
        let gradients: Vec<Tensor> = self.gradients().collect();
        if gradients.is_empty() {
            return 0.0;
        }
        let norms: Vec<Tensor> = gradients.iter().map(Tensor::norm).collect();
        let norm = Tensor::stack(&norms, 0).norm().double_value(&[]);
        let factor = limit / (norm + 1e-6);
        if factor < 1.0 {
            for mut gradient in gradients {
                let _ = gradient.g_mul_scalar_(factor);
            }
        }
        norm
    }

    fn gradients(&self) -> impl Iterator<Item = Tensor> {
        let gradients = self.parameters.iter().map(|p| p.value.grad());
        gradients.filter(Tensor::defined)
    }

    /// Whether every parameter is finite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        let sums = self.parameters.iter().map(|p| p.value.sum(p.value.kind()));
        tch::no_grad(|| sums.map(|s| s.double_value(&[])).all(f64::is_finite))
    }

    /// Steps made since the start of the run.
    #[must_use]
    pub const fn n_steps(&self) -> u64 {
        self.n_steps
    }

    /// What is remembered, each under the rule's name for it and the parameter's own.
    #[must_use]
    pub fn memory(&self) -> Vec<(String, Tensor)> {
        let names = self.rule.memory();
        let each = self.parameters.iter().flat_map(|p| {
            let named = names.iter().zip(&p.memory);
            named.map(|((name, _), m)| (format!("{name}.{}", p.name), m.shallow_clone()))
        });
        each.collect()
    }

    /// Goes on from what [`memory`](Self::memory) gave after `n_steps`.
    ///
    /// # Errors
    /// [`TrainError::CheckpointTensor`] where a tensor is missing or of another shape.
    pub fn restore(
        &mut self,
        n_steps: u64,
        saved: &BTreeMap<String, Tensor>,
    ) -> Result<(), TrainError> {
        for (name, mut tensor) in self.memory() {
            super::checkpoint::copy_named(saved, &name, &mut tensor)?;
        }
        self.n_steps = n_steps;
        Ok(())
    }
}

impl Parameter {
    fn new(name: String, value: Tensor, rule: &dyn Rule) -> Self {
        let starts = rule.memory().into_iter();
        Self {
            memory: starts.map(|(_, v)| value.full_like(v).detach()).collect(),
            weight_decay: if may_decay(&value) {
                rule.weight_decay()
            } else {
                0.0
            },
            rate_factor: 1.0,
            name,
            value,
        }
    }
}

/// Whether weight decay does not spare it.
fn may_decay(value: &Tensor) -> bool {
    value.dim() > 1
}

/// `factor` as a tensor that broadcasts, so that scaling and adding are one pass.
fn scalar(factor: f64, like: &Tensor) -> Tensor {
    Tensor::from(factor)
        .to_kind(like.kind())
        .to_device(like.device())
}
