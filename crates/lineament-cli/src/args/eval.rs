//! Options that the evaluations share.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::common::{EngineName, Search};
use crate::evaluation::faces::FaceSource;
use crate::progress::Watcher;

/// How the mirror image of a face comes into its feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FlipName {
    /// Added to the face's own (InsightFace).
    Sum,
    /// Put behind the face's own (SphereFace).
    Concat,
    /// Not at all.
    Off,
}

/// What all protocols share.
#[derive(Debug, Args)]
pub(crate) struct Evaluation {
    /// Print one JSON object for each model.
    #[arg(long, help_heading = "Results")]
    pub(crate) json: bool,
    /// Write a report to this folder: a page, its plots as SVG, a Markdown table, JSON.
    #[arg(long, value_name = "DIR", help_heading = "Results")]
    pub(crate) report: Option<PathBuf>,
    /// How to show progress on standard error.
    #[arg(long, value_enum, default_value_t = Watcher::Auto, help_heading = "Running")]
    pub(crate) progress: Watcher,
    /// Threads to use [default: one per core].
    #[arg(long, value_name = "N", help_heading = "Running")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Remember embeddings in this folder [default: the user's cache folder].
    #[arg(long, value_name = "DIR", help_heading = "Running")]
    pub(crate) cache: Option<PathBuf>,
    /// Remember nothing, and use nothing that is remembered.
    #[arg(long, conflicts_with = "cache", help_heading = "Running")]
    pub(crate) no_cache: bool,
    /// Where the face in an image comes from [default: detect; aligned for packed files].
    #[arg(long, value_enum, help_heading = "Faces")]
    pub(crate) faces: Option<FaceSource>,
    /// How a face's mirror image comes into its feature [default: what the model asks for].
    #[arg(long, value_enum, help_heading = "Faces")]
    pub(crate) flip: Option<FlipName>,
    #[command(flatten)]
    pub(crate) search: Search,
    #[command(flatten)]
    pub(crate) models: EvalModels,
}

/// The models to evaluate.
#[derive(Debug, Args)]
#[command(next_help_heading = "Models")]
pub(crate) struct EvalModels {
    /// The folder of models [default: ./models, then the user's data folder].
    #[arg(
        long = "models",
        value_name = "DIR",
        env = "LINEAMENT_MODELS",
        hide_env_values = true
    )]
    pub(crate) dir: Option<PathBuf>,
    /// Which detector of the folder [default: the preferred one].
    #[arg(long, value_name = "NAME")]
    pub(crate) detector: Option<String>,
    /// Which embedder of the folder; several are compared side by side [default: the preferred one].
    #[arg(long = "embedder", value_name = "NAME")]
    pub(crate) embedders: Vec<String>,
    /// What runs the networks.
    #[arg(long, value_enum, default_value_t = EngineName::Rten)]
    pub(crate) engine: EngineName,
    /// The device that the engine runs on.
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    pub(crate) device: String,
}
