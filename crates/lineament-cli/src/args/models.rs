//! `lineament models …` as it is typed.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};
use lineament_runtime::{Isa, Precision};

/// List, check, add and fetch models.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct ModelsCommand {
    #[command(subcommand)]
    pub(crate) action: Action,
    /// The folder of models [default: ./models, then the user's data folder; new models go to the
    /// user's data folder].
    #[arg(
        long = "models",
        value_name = "DIR",
        env = "LINEAMENT_MODELS",
        hide_env_values = true,
        global = true
    )]
    pub(crate) dir: Option<PathBuf>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List the models of the folder, and the files that are not usable and why.
    List,
    /// Tell all about a model.
    Info {
        /// The model.
        name: String,
    },
    /// Check that model files are what their manifests say.
    Verify {
        /// The model [default: all].
        name: Option<String>,
    },
    /// Take a model file into the folder. A well-known file needs nothing else; any other needs
    /// its family.
    Add(Add),
    /// Fetch a model file into the folder. A fetch that was cut short is gone on with.
    Pull(Pull),
    /// Measure what each step of a network costs on the engine `kernels`, and what was fused.
    Profile(Profile),
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// The ONNX file.
    pub(crate) file: PathBuf,
    /// Its family: arcface, retinaface, scrfd, scrfd-without-landmarks, ultraface or yunet.
    #[arg(long, value_name = "NAME")]
    pub(crate) family: Option<String>,
    /// The name it gets [default: the file's].
    #[arg(long, value_name = "NAME", requires = "family")]
    pub(crate) name: Option<String>,
    /// The tensor of an output, where it has not the family's usual name.
    #[arg(long = "output", value_name = "ROLE=TENSOR", requires = "family")]
    pub(crate) outputs: Vec<String>,
    /// The licence that it comes under.
    #[arg(
        long,
        value_name = "TEXT",
        requires = "family",
        default_value = "not stated"
    )]
    pub(crate) licence: String,
    /// What it is, and who trained it on what.
    #[arg(
        long,
        value_name = "TEXT",
        requires = "family",
        default_value = "not stated"
    )]
    pub(crate) provenance: String,
    /// How much it is preferred to others of its task [default: the family's].
    #[arg(
        long,
        value_name = "N",
        requires = "family",
        allow_negative_numbers = true
    )]
    pub(crate) preference: Option<i32>,
}

#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// Where the ONNX file is, an HTTP or HTTPS address.
    pub(crate) url: String,
    /// The SHA-256 that the file must have, 64 hexadecimal digits.
    #[arg(long, value_name = "HASH")]
    pub(crate) sha256: String,
    /// The name of the file in the folder [default: the address's last part].
    #[arg(long, value_name = "NAME")]
    pub(crate) file: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Profile {
    /// The ONNX file.
    pub(crate) file: PathBuf,
    /// The picture's size, where the network takes any.
    #[arg(long, value_name = "HEIGHTxWIDTH", default_value = "320x320")]
    pub(crate) size: PictureSize,
    /// The instructions to use: portable, neon, avx2, avx512 or amx [default: LINEAMENT_ISA, else the
    /// best of this processor].
    #[arg(long, value_name = "NAME")]
    pub(crate) isa: Option<Isa>,
    /// How exact the numbers are that are multiplied: f32, bf16 or int8.
    #[arg(long, value_name = "NAME", default_value = "f32")]
    pub(crate) precision: Precision,
    /// Threads that work on one run.
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) threads: NonZeroUsize,
    /// Runs, of which the least time of each step counts.
    #[arg(long, value_name = "N", default_value = "50")]
    pub(crate) runs: NonZeroUsize,
}

/// A picture's size in pixels, as `320x240`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PictureSize {
    pub(crate) height: NonZeroUsize,
    pub(crate) width: NonZeroUsize,
}

impl FromStr for PictureSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let sides = text.split_once('x');
        let parsed = sides.and_then(|(h, w)| Some((h.parse().ok()?, w.parse().ok()?)));
        let (height, width) = parsed.ok_or("a size is a height and a width, as 240x320")?;
        Ok(Self { height, width })
    }
}
