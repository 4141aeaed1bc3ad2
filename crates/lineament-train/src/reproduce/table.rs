//! The literature's comparison of losses: one network, one set of images, one protocol, a run for
//! every loss and seed.

use super::runs::{Judged, Model, Runs};
use crate::error::TrainError;
use crate::run::{Config, Outcome, Threads, Watch};
use lineament_eval::published::{Published, published};
use std::path::PathBuf;

/// What all runs share where nothing else is given: SphereFace-20 in small.
const RECIPE: &str = include_str!("../../../../recipes/sphereface-20-small.toml");
/// Pairs need people who are seen twice in a batch. These see as many images as the other losses, and people as often as
/// those, by their images.
const WITH_MATES: &str = "sampler={ kind = \"mates\", pairs = 64 }";
/// Triplets need more of each person. They see as many images, too.
const SEVERAL_OF_EACH: &str =
    "sampler={ kind = \"balanced\", people = 32, images_per_person = 4, epoch = \"images\" }";

/// A loss of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// As it is asked for and as its runs are called.
    pub name: &'static str,
    /// The row of [`published`] that reports it, if one does.
    pub published: Option<&'static str>,
    /// `[loss]` of the configuration.
    loss: &'static str,
    /// How images are chosen, where that is not the recipe's way.
    sampler: Option<&'static str>,
}

const fn compared(
    name: &'static str,
    published: Option<&'static str>,
    loss: &'static str,
) -> Compared {
    Compared {
        name,
        published,
        loss,
        sampler: None,
    }
}

/// The losses that SphereFace compares (Liu et al., CVPR 2017, table 4), in its order, and two that
/// came after.
pub const LOSSES: [Compared; 8] = [
    compared("softmax", Some("Softmax"), r#"{ kind = "softmax" }"#),
    Compared {
        sampler: Some(WITH_MATES),
        ..compared(
            "softmax-contrastive",
            Some("Softmax + Contrastive"),
            r#"{ kind = "joint", lambda = 0.05, verification = { pairing = "all" } }"#,
        )
    },
    Compared {
        sampler: Some(SEVERAL_OF_EACH),
        ..compared(
            "triplet",
            Some("Triplet"),
            r#"{ kind = "triplet", margin = 0.2, negatives = "semi_hard" }"#,
        )
    },
    compared(
        "l-softmax",
        Some("L-Softmax"),
        r#"{ kind = "l_softmax", multiplier = 4 }"#,
    ),
    compared(
        "softmax-center",
        Some("Softmax + Center"),
        r#"{ kind = "sum", terms = [{ weight = 1.0, loss = { kind = "softmax" } }, { weight = 0.003, loss = { kind = "center", pace = 0.5 } }] }"#,
    ),
    compared(
        "a-softmax",
        Some("SphereFace"),
        r#"{ kind = "a_softmax", multiplier = 4 }"#,
    ),
    compared(
        "cosface",
        None,
        r#"{ kind = "cosface", scale = 30.0, margin = 0.35 }"#,
    ),
    compared(
        "arcface",
        None,
        r#"{ kind = "arcface", scale = 32.0, margin = 0.3 }"#,
    ),
];

impl Compared {
    pub(super) fn published_row(&self) -> Option<Published> {
        let name = self.published?;
        published().into_iter().find(|row| row.method == name)
    }
}

/// What is trained, and where.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The configuration that all runs share; else that of SphereFace-20 in small.
    pub recipe: Option<PathBuf>,
    /// Fields set in it.
    pub assignments: Vec<String>,
    /// The losses.
    pub losses: Vec<Compared>,
    /// A run for each.
    pub seeds: Vec<u64>,
    /// `runs/` and `models/` go here.
    pub folder: PathBuf,
    /// Terms of the models.
    pub licence: String,
}

/// A run of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// The loss.
    pub loss: &'static str,
    /// The name of the model.
    pub model: String,
    /// The checkpoint that the model was written of.
    pub judged: Judged,
}

impl Comparison {
    /// The folder of the models.
    #[must_use]
    pub fn models(&self) -> PathBuf {
        self.runs().models()
    }

    fn runs(&self) -> Runs<'_> {
        Runs {
            folder: &self.folder,
            licence: &self.licence,
        }
    }

    /// Trains and exports what is not there yet, and goes on with what was begun. `None` where that
    /// was stopped.
    ///
    /// # Errors
    /// Those of [`train`](crate::run::train) and [`export`](crate::run::export::export); [`TrainError::Run`] where a run was begun with
    /// another configuration.
    pub fn train(
        &self,
        threads: Threads,
        watch: &mut dyn Watch,
        mut say: impl FnMut(&str),
    ) -> Result<Option<Vec<Trained>>, TrainError> {
        let mut trained = Vec::new();
        let n = self.seeds.len() * self.losses.len();
        for seed in &self.seeds {
            for loss in &self.losses {
                let model = format!("{}-{seed}", loss.name);
                let config = self.config(loss, *seed, &model)?;
                say(&format!("{} of {n}: {model}", trained.len() + 1));
                let outcome = self.runs().train(config, Model::Written, threads, watch)?;
                if outcome == Outcome::Stopped {
                    return Ok(None);
                }
                trained.push(Trained {
                    loss: loss.name,
                    judged: self.runs().judged(&model)?,
                    model,
                });
            }
        }
        Ok(Some(trained))
    }

    fn config(&self, loss: &Compared, seed: u64, name: &str) -> Result<Config, TrainError> {
        let mut assignments = vec![
            format!("name=\"{name}\""),
            format!("seed={seed}"),
            format!("loss={}", loss.loss),
        ];
        assignments.extend(loss.sampler.map(str::to_owned));
        assignments.extend(self.assignments.iter().cloned());
        match &self.recipe {
            Some(path) => Config::load(path, &assignments),
            None => Config::parse(RECIPE, "sphereface-20-small.toml", &assignments),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_loss_configures_a_run_and_names_a_published_row() {
        let comparison = Comparison {
            recipe: None,
            assignments: vec!["train.length=\"3 steps\"".to_owned()],
            losses: LOSSES.to_vec(),
            seeds: vec![1],
            folder: PathBuf::new(),
            licence: String::new(),
        };
        for loss in &LOSSES {
            let config = comparison.config(loss, 7, "x").unwrap();
            assert_eq!((config.name.as_str(), config.seed), ("x", 7));
            assert_eq!(loss.published_row().is_some(), loss.published.is_some());
        }
        let lfw = LOSSES[5].published_row().unwrap().lfw_percent;
        assert_eq!((LOSSES[5].name, lfw), ("a-softmax", 99.42));
    }
}
