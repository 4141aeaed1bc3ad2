//! Partial FC: a head that looks at some of its classes a step.

use super::LossConfig;
use super::checked::number;
use crate::TrainError;
use lineament_eval::Seeded;
use serde::{Deserialize, Serialize};
use tch::Tensor;

pub(super) const NAME: &str = "partial_fc";

/// Options of [`LossConfig::PartialFc`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartialFcOptions {
    /// Share of the classes that a step looks at, in (0, 1]; 0.1 in the paper.
    pub fraction: f64,
    /// Seed of which.
    pub seed: u64,
    /// A loss of angles between features and classes.
    pub head: Box<LossConfig>,
}

/// A batch's own classes and others by chance, as many as a share of all, or the own ones alone where
/// those are more. Which they are depends on the seed and the step alone.
///
/// Source: An et al., ICCV Workshops 2021 and CVPR 2022. Deviation: an optimiser with momentum or
/// weight decay moves the weights of the other classes too.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sampling {
    fraction: f64,
    seed: u64,
}

/// What a step looks at.
pub(super) struct Sample {
    /// Classes, `[c]`, ascending.
    pub(super) classes: Tensor,
    /// Where each row's own class stands among them, `[m]`.
    pub(super) labels: Tensor,
}

impl Sampling {
    pub(super) fn new(options: &PartialFcOptions) -> Result<Self, TrainError> {
        let fraction = options.fraction;
        number(NAME, "fraction", fraction).within(f64::MIN_POSITIVE, 1.0, "above 0, at most 1")?;
        Ok(Self {
            fraction,
            seed: options.seed,
        })
    }

    /// `labels` are `[m]`, all below `n_classes`.
    pub(super) fn sample(
        self,
        labels: &Tensor,
        n_classes: i64,
        step: u64,
    ) -> Result<Sample, TrainError> {
        let own = Vec::<i64>::try_from(labels)?;
        let classes = self.classes(&own, n_classes, step);
        let places = own
            .iter()
            .map(|label| classes.partition_point(|c| c < label) as i64);
        Ok(Sample {
            labels: Tensor::from_slice(&places.collect::<Vec<_>>()).to_device(labels.device()),
            classes: Tensor::from_slice(&classes).to_device(labels.device()),
        })
    }

    fn classes(self, own: &[i64], n_classes: i64, step: u64) -> Vec<i64> {
        let mut random = Seeded::new(Seeded::new(self.seed).bits() ^ step);
        let mut random = Seeded::new(random.bits());
        let mut keys: Vec<(u64, i64)> = (0..n_classes).map(|c| (random.bits() | 1, c)).collect();
        own.iter().for_each(|label| keys[*label as usize].0 = 0);
        let n_own = keys.iter().filter(|key| key.0 == 0).count();
        let wanted = (self.fraction * n_classes as f64).ceil() as usize;
        let wanted = wanted.max(n_own).min(keys.len());
        if wanted < keys.len() {
            keys.select_nth_unstable(wanted);
        }
        let mut classes: Vec<i64> = keys[..wanted].iter().map(|key| key.1).collect();
        classes.sort_unstable();
        classes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_holds_the_batch_and_repeats_itself() {
        let sampling = Sampling {
            fraction: 0.25,
            seed: 3,
        };
        let classes = sampling.classes(&[7, 90, 7], 100, 11);
        assert_eq!(classes.len(), 25);
        assert!(classes.contains(&7) && classes.contains(&90));
        assert!(classes.is_sorted_by(|a, b| a < b));
        assert_eq!(classes, sampling.classes(&[7, 90, 7], 100, 11));
        assert_ne!(classes, sampling.classes(&[7, 90, 7], 100, 12));
    }

    #[test]
    fn a_batch_of_more_classes_than_the_share_is_looked_at_whole() {
        let sampling = Sampling {
            fraction: 0.1,
            seed: 0,
        };
        assert_eq!(sampling.classes(&[4, 1, 8], 10, 0), [1, 4, 8]);
        assert_eq!(sampling.classes(&[], 10, 0).len(), 1);
    }

    #[test]
    fn every_class_has_its_turn() {
        let sampling = Sampling {
            fraction: 0.5,
            seed: 9,
        };
        let mut turns = [0; 10];
        for step in 0..1000 {
            for class in sampling.classes(&[0], 10, step) {
                turns[class as usize] += 1;
            }
        }
        assert_eq!(turns[0], 1000);
        // 4 of the other 9: 444 turns each, ±5 standard deviations of 16.
        assert!(
            turns[1..].iter().all(|n| (364..525).contains(n)),
            "{turns:?}"
        );
    }
}
