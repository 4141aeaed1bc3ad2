//! What a run of a detector is, as TOML.

use super::loss::DetectorLoss;
use super::scene::SceneOptions;
use crate::data::{AugmentOptions, DataSource};
use crate::error::TrainError;
use crate::run::config::check::{
    check_input, check_name, check_optimizer, check_schedule, check_train, must,
};
use crate::run::config::{CheckpointConfig, InputConfig, TrainConfig, parse_fields};
use crate::run::optim::OptimizerConfig;
use crate::run::schedule::ScheduleConfig;
use crate::run::span::Span;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// All that decides the result of a run, but for the machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectorConfig {
    /// What tells such a configuration from an embedder's.
    pub task: DetectTask,
    /// What the run and its model are called: letters, digits, `.`, `_`, `-`.
    pub name: String,
    /// From which weights and scenes follow.
    #[serde(default)]
    pub seed: u64,
    /// The size of the scenes, whose sides are multiples of 32, and how samples become numbers.
    pub input: InputConfig,
    /// What scenes are made of.
    pub data: DetectData,
    /// How.
    #[serde(default)]
    pub scenes: SceneOptions,
    /// What becomes of each: colours, sharpness and compression alone.
    #[serde(default = "unmoved")]
    pub augment: AugmentOptions,
    /// Scenes of a step.
    pub batch: usize,
    /// What is made small.
    #[serde(default)]
    pub loss: DetectorLoss,
    /// How parameters move.
    pub optimizer: OptimizerConfig,
    /// How fast. An epoch is as many scenes as there are photos.
    pub schedule: ScheduleConfig,
    /// How long, and how a step is made.
    pub train: TrainConfig,
    /// What is kept.
    #[serde(default)]
    pub checkpoint: CheckpointConfig,
    /// What is measured on the way.
    #[serde(default)]
    pub validation: DetectValidation,
    /// `[settings]` of the model's manifest.
    #[serde(default)]
    pub settings: DetectSettings,
}

/// The value of `task`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DetectTask {
    /// A detector is trained.
    Detect,
}

/// What scenes are made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectData {
    /// The folder that the paths below start from.
    #[serde(default)]
    pub root: PathBuf,
    /// A list of photos with a row for every face.
    pub photos: PathBuf,
    /// Such a list of photos that are looked at in validation; none where it is left out.
    #[serde(default)]
    pub held_out: Option<PathBuf>,
    /// Aligned crops with landmarks, to be pasted.
    #[serde(default)]
    pub crops: Vec<DataSource>,
    /// A file for decoded crops, made when it is not there.
    #[serde(default)]
    pub cache: Option<PathBuf>,
}

/// What is measured between epochs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DetectValidation {
    /// How often.
    pub every: Span,
    /// The longer side that photos are shrunk to, in pixels.
    pub max_side_px: u32,
}

impl Default for DetectValidation {
    fn default() -> Self {
        Self {
            every: Span::Steps(500),
            max_side_px: 448,
        }
    }
}

/// What the manifest says to whoever runs the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DetectSettings {
    /// Detections below this score are dropped.
    pub score_threshold: f64,
    /// Greatest intersection over union of two faces.
    pub nms_iou: f64,
    /// The smallest face found reliably, in input pixels.
    pub smallest_face_px: f64,
    /// What scores less is looked at once more, from near, before it is taken for a face; without it,
    /// nothing is.
    pub certain_score: Option<f64>,
    /// Whether the program restores dark and noisy photos before the network sees them.
    pub restore: bool,
}

impl Default for DetectSettings {
    fn default() -> Self {
        Self {
            score_threshold: 0.5,
            nms_iou: 0.3,
            smallest_face_px: 10.0,
            certain_score: None,
            restore: false,
        }
    }
}

fn unmoved() -> AugmentOptions {
    AugmentOptions {
        flip: 0.0,
        ..AugmentOptions::default()
    }
}

impl DetectorConfig {
    /// The configuration in a file, some fields set anew.
    ///
    /// # Errors
    /// [`TrainError::Io`], [`TrainError::ConfigSyntax`], [`TrainError::ConfigField`].
    pub fn load(path: &Path, assignments: &[String]) -> Result<Self, TrainError> {
        let text = std::fs::read_to_string(path).map_err(|e| TrainError::io(path, e))?;
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

    /// Whether the file at `path` is the configuration of a detector, by its `task`.
    #[must_use]
    pub fn is_at(path: &Path) -> bool {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let table: Option<toml::Table> = toml::from_str(&text).ok();
        table.is_some_and(|table| table.contains_key("task"))
    }

    /// The whole configuration as TOML.
    ///
    /// # Errors
    /// [`TrainError::ConfigSyntax`] for a number that TOML has not.
    pub fn to_toml(&self) -> Result<String, TrainError> {
        toml::to_string(self).map_err(|error| TrainError::ConfigSyntax {
            origin: self.name.clone(),
            reason: error.to_string(),
        })
    }

    fn check(&self) -> Result<(), TrainError> {
        check_name(&self.name)?;
        check_input(&self.input)?;
        let (width, height) = (self.input.width, self.input.height);
        let is_even = width.is_multiple_of(32) && height.is_multiple_of(32);
        let got = format!("{width} x {height}");
        must("input", is_even, "sides that are multiples of 32", got)?;
        let AugmentOptions {
            flip,
            shift_px,
            scale,
            rotation_deg,
            warp,
            mix,
            ..
        } = self.augment;
        let moves = [flip, shift_px, scale, rotation_deg];
        let is_still = moves == [0.0; 4] && [warp.probability, mix.probability] == [0.0; 2];
        let expected = "without flip, shift_px, scale, rotation_deg, warp and mix: scenes are moved by [scenes]";
        must("augment", is_still, expected, "one that moves them")?;
        must("batch", self.batch > 0, "1 or more", self.batch)?;
        self.scenes.check()?;
        check_optimizer(&self.optimizer)?;
        check_schedule(&self.schedule)?;
        check_train(&self.train, &self.checkpoint)
    }
}
