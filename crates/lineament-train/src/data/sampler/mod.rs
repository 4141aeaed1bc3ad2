//! Which images a step is trained on: a function of a seed and the step, whatever came before.

mod balanced;
mod mates;
mod pairs;
mod people;
mod uniform;

use serde::{Deserialize, Serialize};

use balanced::Balanced;
use mates::Mates;
use pairs::Pairs;
use uniform::Uniform;

use crate::error::TrainError;

/// How the images of a step are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SamplerOptions {
    /// Every image once in each epoch, in a new random order.
    Uniform {
        /// Images a step.
        batch: usize,
    },
    /// `people` × `images_per_person`, one person after the other: P×K (Hermans et al., 2017). Every
    /// person with two images or more comes in turn; people with fewer images than asked for show them
    /// again.
    Balanced {
        /// Different people a step.
        people: usize,
        /// Images of each, different ones as far as there are.
        images_per_person: usize,
        /// What an epoch is.
        #[serde(default)]
        epoch: BalancedEpoch,
    },
    /// As `balanced`, and behind that an image each of people who are not in it: FaceNet's batches
    /// (Schroff et al., CVPR 2015, section 3.2).
    Facenet {
        /// Different people a step with several images.
        people: usize,
        /// Images of each, different ones as far as there are: 40 in the paper.
        images_per_person: usize,
        /// Images of others.
        others: usize,
    },
    /// Pairs of one person, one behind the other: every image that has a mate comes in turn, followed by a mate drawn
    /// from the person's others. People come as often as they have images. An epoch is as many images as have a mate.
    Mates {
        /// Pairs a step.
        pairs: usize,
    },
    /// Pairs, one behind the other: first those that show a person twice, then those of two people.
    Pairs {
        /// Pairs a step.
        pairs: usize,
        /// Share of them that show one person, 0 to 1.
        matched: f64,
    },
}

/// What an epoch of [`SamplerOptions::Balanced`] is: what lengths in epochs count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BalancedEpoch {
    /// Every person with two images or more once.
    #[default]
    People,
    /// As many images as the set has, so that runs with this sampler and with `uniform` see as many in as
    /// many epochs.
    Images,
}

/// Chooses the images of every step.
#[derive(Debug, Clone)]
pub struct Sampler {
    plan: Plan,
}

#[derive(Debug, Clone)]
enum Plan {
    Uniform(Uniform),
    Balanced(Balanced),
    Mates(Mates),
    Pairs(Pairs),
}

impl Sampler {
    /// A sampler of the images that `labels` are those of ([`super::TrainSet::labels`]).
    ///
    /// # Errors
    /// [`TrainError::Argument`] for a batch of nothing and for a label out of range; [`TrainError::NoImages`] when there are fewer
    /// people or images than a step takes.
    pub fn new(options: &SamplerOptions, labels: &[i64], seed: u64) -> Result<Self, TrainError> {
        let plan = match *options {
            SamplerOptions::Uniform { batch } => {
                Plan::Uniform(Uniform::new(labels.len(), batch, seed)?)
            }
            SamplerOptions::Balanced {
                people,
                images_per_person,
                epoch,
            } => Plan::Balanced(
                Balanced::new(labels, people, images_per_person, 0, seed)?.with_epoch(epoch),
            ),
            SamplerOptions::Facenet {
                people,
                images_per_person,
                others,
            } => Plan::Balanced(Balanced::new(
                labels,
                people,
                images_per_person,
                others,
                seed,
            )?),
            SamplerOptions::Mates { pairs } => Plan::Mates(Mates::new(labels, pairs, seed)?),
            SamplerOptions::Pairs { pairs, matched } => {
                Plan::Pairs(Pairs::new(labels, pairs, matched, seed)?)
            }
        };
        Ok(Self { plan })
    }

    /// The images of a step, as indices into the set; `step` counts from 0.
    #[must_use]
    pub fn batch(&self, step: u64) -> Vec<usize> {
        match &self.plan {
            Plan::Uniform(uniform) => uniform.batch(step),
            Plan::Balanced(balanced) => balanced.batch(step),
            Plan::Mates(mates) => mates.batch(step),
            Plan::Pairs(pairs) => pairs.batch(step),
        }
    }

    /// Images a step.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        match &self.plan {
            Plan::Uniform(uniform) => uniform.batch_size(),
            Plan::Balanced(balanced) => balanced.batch_size(),
            Plan::Mates(mates) => mates.batch_size(),
            Plan::Pairs(pairs) => pairs.batch_size(),
        }
    }

    /// Steps until every image, or every person where people are drawn, came once
    /// ([`BalancedEpoch`]); rounded up.
    #[must_use]
    pub fn steps_per_epoch(&self) -> u64 {
        match &self.plan {
            Plan::Uniform(uniform) => uniform.steps_per_epoch(),
            Plan::Balanced(balanced) => balanced.steps_per_epoch(),
            Plan::Mates(mates) => mates.steps_per_epoch(),
            Plan::Pairs(pairs) => pairs.steps_per_epoch(),
        }
    }
}

/// Refuses 0.
fn check_positive(what: &'static str, got: usize) -> Result<(), TrainError> {
    if got > 0 {
        return Ok(());
    }
    Err(TrainError::Argument {
        what,
        expected: "1 or more".to_owned(),
        got: "0".to_owned(),
    })
}
