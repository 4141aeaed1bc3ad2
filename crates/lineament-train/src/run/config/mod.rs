//! What a run is, as TOML.
//!
//! ```toml
//! name = "sphereface-20"
//! seed = 1
//!
//! [network]
//! name = "sphereface-20"
//!
//! [input]
//! width = 96
//! height = 112
//!
//! [data]
//! sources = [{ path = "crops" }]
//!
//! [sampler]
//! kind = "uniform"
//! batch = 128
//!
//! [loss]
//! kind = "softmax"
//!
//! [optimizer]
//! kind = "sgd"
//! momentum = 0.9
//! weight_decay = 5e-4
//!
//! [schedule]
//! rate = 0.1
//! decay = { kind = "multistep", at = ["16000 steps", "24000 steps"], factor = 0.1 }
//!
//! [train]
//! length = "28000 steps"
//! ```
//!
//! Unknown fields are refused by name. What a run used, defaults included, is written beside it.

mod assign;
pub(crate) mod check;
mod input;
mod sections;

pub use input::{Channels, CropTemplate, Flip, InputConfig};
pub use sections::{
    CheckpointConfig, DataConfig, DeviceChoice, NetworkConfig, PairListConfig, PrecisionChoice,
    TeacherConfig, TeacherNetworkConfig, TrainConfig, ValidationConfig,
};

use super::optim::OptimizerConfig;
use super::schedule::ScheduleConfig;
use crate::data::{AugmentOptions, SamplerOptions};
use crate::error::TrainError;
use crate::loss::LossConfig;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// All that decides the result of a run, but for the machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What the run and its model are called: letters, digits, `.`, `_`, `-`.
    pub name: String,
    /// From which weights, order, augmentation and dropout follow.
    #[serde(default)]
    pub seed: u64,
    /// What is trained.
    pub network: NetworkConfig,
    /// What it sees.
    pub input: InputConfig,
    /// What it is trained on.
    pub data: DataConfig,
    /// Which images a step takes.
    pub sampler: SamplerOptions,
    /// What becomes of each.
    #[serde(default)]
    pub augment: AugmentOptions,
    /// Another network's embeddings, where a loss wants them.
    #[serde(default)]
    pub teacher: Option<TeacherConfig>,
    /// What is made small.
    pub loss: LossConfig,
    /// How parameters move.
    pub optimizer: OptimizerConfig,
    /// How fast.
    pub schedule: ScheduleConfig,
    /// How long, and how a step is made.
    pub train: TrainConfig,
    /// What is kept.
    #[serde(default)]
    pub checkpoint: CheckpointConfig,
    /// What is measured on the way.
    #[serde(default)]
    pub validation: ValidationConfig,
}

impl Config {
    /// The configuration in a file, some fields set anew: `schedule.rate=0.05`.
    ///
    /// # Errors
    /// [`TrainError::Io`], [`TrainError::ConfigSyntax`], [`TrainError::ConfigField`].
    pub fn load(path: &Path, assignments: &[String]) -> Result<Self, TrainError> {
        let text = std::fs::read_to_string(path).map_err(|source| TrainError::Io {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, &path.display().to_string(), assignments)
    }

    /// As [`load`](Self::load), of a text that errors call `origin`.
    ///
    /// # Errors
    /// [`TrainError::ConfigSyntax`], [`TrainError::ConfigField`].
    pub fn parse(text: &str, origin: &str, assignments: &[String]) -> Result<Self, TrainError> {
        let config: Self = parse_fields(text, origin, assignments)?;
        config.check()?;
        Ok(config)
    }

    /// The whole configuration as TOML, which [`parse`](Self::parse) reads back to an equal one.
    ///
    /// # Errors
    /// [`TrainError::ConfigSyntax`] for a number that TOML has not.
    pub fn to_toml(&self) -> Result<String, TrainError> {
        toml::to_string(self).map_err(|error| TrainError::ConfigSyntax {
            origin: self.name.clone(),
            reason: error.to_string(),
        })
    }
}

/// Fields in a text that errors call `origin`, some set anew.
pub(crate) fn parse_fields<T: DeserializeOwned>(
    text: &str,
    origin: &str,
    assignments: &[String],
) -> Result<T, TrainError> {
    let syntax = |error: toml::de::Error| TrainError::ConfigSyntax {
        origin: origin.to_owned(),
        reason: error.to_string().trim_end().to_owned(),
    };
    if assignments.is_empty() {
        return toml::from_str(text).map_err(syntax);
    }
    let mut table: toml::Table = toml::from_str(text).map_err(syntax)?;
    for assignment in assignments {
        assign::apply(&mut table, assignment)?;
    }
    // Parsed once more, so that an error shows the line it is about.
    toml::from_str(&table.to_string()).map_err(syntax)
}
