//! The command line as it is typed. What it means is worked out in [`crate::settings`].

pub(crate) mod album;
pub(crate) mod cluster;
pub(crate) mod clustering;
pub(crate) mod common;
pub(crate) mod dataset;
pub(crate) mod eval;
pub(crate) mod gallery;
pub(crate) mod models;
pub(crate) mod train;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use self::album::AlbumCommand;
use self::cluster::Cluster;
use self::common::{Batch, Decision, EngineName, Inputs, Models, Resume, Search};
use self::dataset::DatasetCommand;
use self::eval::EvalCommand;
use self::gallery::GalleryCommand;
use self::models::ModelsCommand;
use self::train::TrainCommand;

/// Face recognition: find faces in photos, compare them, and say who they are.
#[derive(Debug, Parser)]
#[command(name = "lineament", version, max_term_width = 100, after_help = crate::exit::TABLE)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// Find the faces in photos.
    Detect(Detect),
    /// Cut out faces, turned and scaled to a template.
    Align(Align),
    /// Write the embeddings of all faces to one file.
    Embed(Embed),
    /// Tell whether two photos show the same person.
    Verify(Verify),
    /// Put names to the faces in photos.
    Identify(Identify),
    /// Make a page of who is in which photo, to look through and to name people in.
    Album(AlbumCommand),
    /// Group the faces in photos by person, knowing nobody.
    Cluster(Cluster),
    /// Measure accuracy by the field's protocols.
    Eval(EvalCommand),
    /// Look after labelled sets of faces.
    Dataset(DatasetCommand),
    /// Remember people in one file: enroll, identify, forget.
    Gallery(GalleryCommand),
    /// List, check, add and fetch models.
    Models(ModelsCommand),
    /// Check that this build, on this machine, finds and knows faces as it should.
    Selftest(Selftest),
    /// Train networks, once the trainer is built.
    Train(TrainCommand),
}

/// Find the faces in photos: one table row (or, with --json, one line of JSON per photo).
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Detect {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// Write a copy of each photo with its faces marked into this folder.
    #[arg(long, value_name = "DIR", help_heading = "Results")]
    pub(crate) draw: Option<PathBuf>,
    /// Write the results to this file, as JSON Lines after a header line, instead of showing them.
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) resume: Resume,
    #[command(flatten)]
    pub(crate) batch: Batch,
    #[command(flatten)]
    pub(crate) search: Search,
    #[command(flatten)]
    pub(crate) models: Models,
}

/// Cut out faces, turned and scaled to a template, as PNG files; `DIR/faces.jsonl` lists them.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Align {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// The folder for the crops; folders of the photos are kept below it.
    #[arg(long, value_name = "DIR", help_heading = "Results")]
    pub(crate) out: PathBuf,
    /// Where eyes, nose and mouth come to lie.
    #[arg(
        long,
        value_enum,
        default_value_t = TemplateName::Arcface112,
        help_heading = "Results"
    )]
    pub(crate) template: TemplateName,
    #[command(flatten)]
    pub(crate) resume: Resume,
    #[command(flatten)]
    pub(crate) batch: Batch,
    #[command(flatten)]
    pub(crate) search: Search,
    #[command(flatten)]
    pub(crate) models: Models,
}

/// An alignment template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TemplateName {
    /// 112 × 112 pixels.
    Arcface112,
    /// 96 × 112 pixels.
    Sphereface,
}

/// Write the embeddings of all faces to one file: a NumPy array (with FILE.jsonl to name its
/// rows), Parquet, or JSON Lines. Until all photos are done, results are kept in FILE.part.jsonl.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Embed {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// The file to write; its extension chooses the format: .npy, .parquet or .jsonl.
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) resume: Resume,
    #[command(flatten)]
    pub(crate) batch: Batch,
    #[command(flatten)]
    pub(crate) search: Search,
    #[command(flatten)]
    pub(crate) models: Models,
}

/// Tell whether two photos show the same person. Of several faces in a photo, the prominent one
/// (large and near the middle) is compared.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Verify {
    /// The first photo; `-` reads it from standard input.
    #[arg(value_name = "A")]
    pub(crate) a: PathBuf,
    /// The second photo; `-` reads it from standard input.
    #[arg(value_name = "B")]
    pub(crate) b: PathBuf,
    /// Compare every face of A with every face of B; the best pair decides.
    #[arg(long, help_heading = "Decision")]
    pub(crate) all_faces: bool,
    /// Print one JSON object.
    #[arg(long, help_heading = "Results")]
    pub(crate) json: bool,
    /// Threads to use [default: one per core].
    #[arg(long, value_name = "N", help_heading = "Running")]
    pub(crate) threads: Option<std::num::NonZeroUsize>,
    #[command(flatten)]
    pub(crate) decision: Decision,
    #[command(flatten)]
    pub(crate) search: Search,
    #[command(flatten)]
    pub(crate) models: Models,
}

/// Put names to the faces in photos.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Identify {
    /// The folder of known people: DIR/NAME/*.jpg, or DIR/NAME.jpg for a single photo.
    #[arg(long, value_name = "DIR", help_heading = "Photos")]
    pub(crate) known: PathBuf,
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// Write a copy of each photo with its faces named into this folder.
    #[arg(long, value_name = "DIR", help_heading = "Results")]
    pub(crate) draw: Option<PathBuf>,
    /// Write the results to this file, as JSON Lines after a header line, instead of showing them.
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) resume: Resume,
    #[command(flatten)]
    pub(crate) decision: Decision,
    #[command(flatten)]
    pub(crate) batch: Batch,
    #[command(flatten)]
    pub(crate) search: Search,
    #[command(flatten)]
    pub(crate) models: Models,
}

/// Run the program's own models on drawn faces and compare what they say with what an independent
/// implementation said. It takes a second; a bad build or a processor that miscomputes shows.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Selftest {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// What runs the networks.
    #[arg(long, value_enum, default_value_t = EngineName::Auto)]
    pub(crate) engine: EngineName,
    /// The device that the engine runs on.
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    pub(crate) device: String,
    /// The instructions that our own engine uses: portable, neon, avx2, avx512 or amx [default: LINEAMENT_ISA,
    /// else the best of this processor].
    #[arg(long, value_name = "NAME")]
    pub(crate) isa: Option<lineament_runtime::Isa>,
}
