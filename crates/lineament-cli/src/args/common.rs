//! Options that several commands share.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lineament_runtime::{Isa, Precision};

use crate::progress::Watcher;

#[derive(Debug, Args)]
pub(crate) struct Inputs {
    /// Photos, folders (searched with all their folders), quoted globs, or `-` for one photo on
    /// standard input.
    #[arg(value_name = "PATHS", required_unless_present = "files_from")]
    pub(crate) paths: Vec<PathBuf>,
    /// Read further paths from this file, one a line; `-` reads standard input.
    #[arg(long, value_name = "FILE", help_heading = "Photos")]
    pub(crate) files_from: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Resume {
    /// Go on with the run that wrote this output, skipping the photos that are done.
    #[arg(long, requires = "out", help_heading = "Results")]
    pub(crate) resume: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Running")]
pub(crate) struct Batch {
    /// Print one JSON object per photo.
    #[arg(long, help_heading = "Results")]
    pub(crate) json: bool,
    /// How to show progress on standard error.
    #[arg(long, value_enum, default_value_t = Watcher::Auto)]
    pub(crate) progress: Watcher,
    /// Threads to use [default: one per core].
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
}

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Detection")]
pub(crate) struct Search {
    /// Shrink photos to this longest side before searching them, 32 to 16384 [default: 640].
    #[arg(long, value_name = "PX")]
    pub(crate) max_side: Option<u32>,
    /// Find faces down to this size in photo pixels, by searching large photos in tiles.
    #[arg(long, value_name = "PX")]
    pub(crate) min_face: Option<f32>,
    /// Ignore faces with a detection score below this, 0 to 1 [default: the model's].
    #[arg(long, value_name = "SCORE")]
    pub(crate) score_threshold: Option<f32>,
    /// Greatest overlap (intersection over union) of two faces, 0 to 1 [default: the model's].
    #[arg(long, value_name = "IOU")]
    pub(crate) nms_iou: Option<f32>,
    /// Refuse photos with more pixels than this [default: 200 million].
    #[arg(long, value_name = "N")]
    pub(crate) max_pixels: Option<u64>,
    /// Refuse photos with more bytes than this [default: 268435456].
    #[arg(long, value_name = "N")]
    pub(crate) max_bytes: Option<u64>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Models")]
pub(crate) struct Models {
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
    /// Which embedder of the folder [default: the preferred one].
    #[arg(long, value_name = "NAME")]
    pub(crate) embedder: Option<String>,
    /// What runs the networks.
    #[arg(long, value_enum, default_value_t = EngineName::Auto)]
    pub(crate) engine: EngineName,
    /// The device that the engine runs on.
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    pub(crate) device: String,
    /// The instructions that our own engine uses: portable, neon, avx2, avx512 or amx [default: LINEAMENT_ISA,
    /// else the best of this processor].
    #[arg(long, value_name = "NAME")]
    pub(crate) isa: Option<Isa>,
    /// How exact the numbers are that networks multiply: f32, or bf16 or int8, which are quicker where
    /// the processor has them [default: what the model's manifest says, else f32].
    #[arg(long, value_name = "NAME")]
    pub(crate) network_precision: Option<Precision>,
}

/// An engine that can run networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineName {
    /// The quickest that every build has: kernels where the processor has vector instructions that
    /// these are written for, else rten.
    Auto,
    /// Our own, on the CPU; networks that it has no kernels for run on rten.
    Kernels,
    /// A pure Rust engine for any network, on the CPU.
    Rten,
    /// ONNX Runtime, in builds that include it.
    Onnxruntime,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Decision")]
#[group(multiple = false)]
pub(crate) struct Decision {
    /// Take two faces for one person when their score is at least this, -1 to 1.
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    pub(crate) threshold: Option<f32>,
    /// Accept this share of comparisons of different people as the same, e.g. 1e-4; the
    /// threshold comes from the embedder's calibration [default: the calibration's].
    #[arg(long, value_name = "RATE")]
    pub(crate) fmr: Option<f64>,
}
