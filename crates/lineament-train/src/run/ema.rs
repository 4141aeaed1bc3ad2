//! Averaged weights.

use super::checkpoint::copy_named;
use crate::error::TrainError;
use crate::model::Model;
use std::collections::BTreeMap;
use tch::{Tensor, nn::VarStore};

/// An exponential moving average of every variable, batch norm's statistics among them (Polyak
/// averaging as in Tarvainen and Valpola 2017): a ← d·a + (1−d)·θ.
pub struct Ema {
    decay: f64,
    pairs: Vec<Averaged>,
}

struct Averaged {
    name: String,
    value: Tensor,
    average: Tensor,
}

impl Ema {
    /// An average that starts at the values there are.
    #[must_use]
    pub fn new(decay: f64, store: &VarStore) -> Self {
        let variables: BTreeMap<_, _> = store.variables().into_iter().collect();
        let pairs = variables.into_iter().map(|(name, value)| Averaged {
            average: value.detach().copy(),
            name,
            value,
        });
        Self {
            decay,
            pairs: pairs.collect(),
        }
    }

    /// An average of a model's variables; none where the decay is 0.
    pub(super) fn wanted(decay: f64, model: &Model) -> Option<Self> {
        (decay > 0.0).then(|| Self::new(decay, model.variables()))
    }

    /// Takes in the values after step `n`, counted from 1. The first steps are forgotten faster:
    /// the decay is at most (1 + n) / (10 + n).
    pub fn update(&mut self, n: u64) {
        let decay = self.decay.min((1.0 + n as f64) / (10.0 + n as f64));
        tch::no_grad(|| {
            for pair in &mut self.pairs {
                match pair.average.is_floating_point() {
                    true => drop(pair.average.lerp_(&pair.value, 1.0 - decay)),
                    false => pair.average.copy_(&pair.value),
                }
            }
        });
    }

    /// Exchanges averages and values; doing so twice changes nothing.
    pub fn swap(&mut self) {
        tch::no_grad(|| {
            for pair in &mut self.pairs {
                let value = pair.value.copy();
                pair.value.copy_(&pair.average);
                pair.average.copy_(&value);
            }
        });
    }

    /// The averages by the names of their variables.
    #[must_use]
    pub fn averages(&self) -> Vec<(String, Tensor)> {
        let each = self.pairs.iter();
        each.map(|p| (p.name.clone(), p.average.shallow_clone()))
            .collect()
    }

    /// Goes on from saved averages.
    ///
    /// # Errors
    /// [`TrainError::CheckpointTensor`] where one is missing or of another shape.
    pub fn restore(&mut self, saved: &BTreeMap<String, Tensor>) -> Result<(), TrainError> {
        let mut each = self.pairs.iter_mut();
        each.try_for_each(|p| copy_named(saved, &p.name, &mut p.average))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Device;

    #[test]
    fn follows_slowly_and_swaps_back() {
        let store = VarStore::new(Device::Cpu);
        let mut value = store.root().ones("a", &[2]);
        let mut ema = Ema::new(0.9, &store);
        let _ = tch::no_grad(|| value.fill_(3.0));
        ema.update(1_000_000);
        let at = |t: &Tensor| t.double_value(&[0]);
        assert!((at(&ema.averages()[0].1) - 1.2).abs() < 1e-6);
        ema.swap();
        assert!((at(&value) - 1.2).abs() < 1e-6);
        ema.swap();
        assert_eq!(at(&value), 3.0);
    }
}
