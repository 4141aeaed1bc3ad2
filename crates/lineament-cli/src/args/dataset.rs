//! `lineament dataset …` as it is typed.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};
use lineament_data::SetKind;

use super::TemplateName;
use super::common::{Decision, Models, Search};
use crate::evaluation::faces::FaceSource;
use crate::progress::Watcher;

/// Look after labelled sets of faces.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct DatasetCommand {
    #[command(subcommand)]
    pub(crate) action: Action,
}

#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Action {
    /// Count the images and people of a set.
    Info(Info),
    /// Read every image of a set and tell what is broken.
    Check(Check),
    /// Copy a set into another container; images keep their bytes.
    Convert(Convert),
    /// Cut the face out of every image of a set, turned and scaled to a template.
    Align(Align),
    /// Split the people of a set into parts, by a seed.
    Split(Split),
    /// Find images that a set has more than once.
    Dedupe(Dedupe),
    /// Find the images and people that two sets share.
    Overlap(Overlap),
    /// Find images that are filed under the wrong person, and people who are filed twice.
    Clean(Clean),
}

/// A labelled set.
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// The set: a folder, list (.csv, .parquet), .rec, .tsv or .npz.
    #[arg(value_name = "SET")]
    pub(crate) path: PathBuf,
    /// Which container it is [default: what lies there].
    #[arg(long, value_name = "KIND", value_parser = kinds())]
    pub(crate) kind: Option<SetKind>,
}

fn kinds() -> impl TypedValueParser<Value = SetKind> {
    PossibleValuesParser::new(SetKind::ALL.map(SetKind::name)).try_map(|name| {
        let of_name = |kind: &SetKind| kind.name() == name;
        SetKind::ALL.into_iter().find(of_name).ok_or("unknown kind")
    })
}

/// How progress and results are shown.
#[derive(Debug, Args)]
#[command(next_help_heading = "Running")]
pub(crate) struct Shown {
    /// Print one JSON object.
    #[arg(long, help_heading = "Results")]
    pub(crate) json: bool,
    /// How to show progress on standard error.
    #[arg(long, value_enum, default_value_t = Watcher::Auto)]
    pub(crate) progress: Watcher,
    /// Threads to use [default: one per core].
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
}

/// How faces are embedded.
#[derive(Debug, Args)]
pub(crate) struct Embedding {
    /// Where the face in an image comes from [default: the landmarks that the set gives, else detect;
    /// aligned for RecordIO].
    #[arg(long, value_enum, help_heading = "Faces")]
    pub(crate) faces: Option<FaceSource>,
    /// Remember embeddings in this folder [default: the user's cache folder].
    #[arg(long, value_name = "DIR", help_heading = "Running")]
    pub(crate) cache: Option<PathBuf>,
    /// Remember nothing, and use nothing that is remembered.
    #[arg(long, conflicts_with = "cache", help_heading = "Running")]
    pub(crate) no_cache: bool,
    #[command(flatten)]
    pub(crate) search: Search,
    #[command(flatten)]
    pub(crate) models: Models,
}

#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Info {
    #[command(flatten)]
    pub(crate) set: Set,
    /// Decode so many images, evenly spread, for formats and sizes in pixels.
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub(crate) sample: u64,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

/// Read and decode every image of a set. Broken are: lines and records that make no sense, images
/// that cannot be decoded, people without images, and one image under two people.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) set: Set,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

/// Copy a set into another container; images keep their bytes. Nothing that exists is replaced. A
/// list gets its images in the folder `images` beside it.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Convert {
    #[command(flatten)]
    pub(crate) set: Set,
    /// The list or file to write, or the folder for kinds that are folders.
    #[arg(long, value_name = "PATH", help_heading = "Results")]
    pub(crate) out: PathBuf,
    /// Which container to write [default: by the extension of --out].
    #[arg(long, value_enum, help_heading = "Results")]
    pub(crate) to: Option<OutputName>,
    /// Go on with the run that wrote this output.
    #[arg(long, help_heading = "Results")]
    pub(crate) resume: bool,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

/// A container that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputName {
    /// OUT/person/image; keeps who is shown, and nothing else.
    Folder,
    /// A .csv list.
    Csv,
    /// A .parquet list.
    Parquet,
    /// OUT/train.rec, .idx, property: by person; leaves out images of nobody known.
    Recordio,
    /// A .tsv of MS-Celeb-1M; leaves out images of nobody known.
    Msceleb,
}

/// Cut the face out of every image of a set, as PNG files below DIR with DIR/list.csv, a labelled set
/// of its own. Landmarks that the set gives are trusted; of several faces, the one in the box that
/// the set gives counts, else the large one near the middle. DIR/faces.jsonl tells what came of
/// every image.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Align {
    #[command(flatten)]
    pub(crate) set: Set,
    /// The folder for the crops.
    #[arg(long, value_name = "DIR", help_heading = "Results")]
    pub(crate) out: PathBuf,
    /// Where eyes, nose and mouth come to lie.
    #[arg(long, value_enum, default_value_t = TemplateName::Arcface112, help_heading = "Results")]
    pub(crate) template: TemplateName,
    /// Go on with the run that wrote this output, skipping the images that are done.
    #[arg(long, help_heading = "Results")]
    pub(crate) resume: bool,
    #[command(flatten)]
    pub(crate) shown: Shown,
    #[command(flatten)]
    pub(crate) search: Search,
    #[command(flatten)]
    pub(crate) models: Models,
}

/// Split the people of a set into train.csv, val.csv and test.csv, lists of images that stay where
/// they are. No person is in two parts; images of nobody known go to train.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Split {
    #[command(flatten)]
    pub(crate) set: Set,
    /// The folder for the lists.
    #[arg(long, value_name = "DIR", help_heading = "Results")]
    pub(crate) out: PathBuf,
    /// People for validation: a number, or a share below 1 of those with --min-images.
    #[arg(long, value_name = "SHARE|N", default_value = "0.1")]
    pub(crate) val: String,
    /// People for testing, likewise.
    #[arg(long, value_name = "SHARE|N", default_value = "0")]
    pub(crate) test: String,
    /// People with fewer images stay in train.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) min_images: u64,
    /// Another seed gives another split; the same seed the same split on every machine.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

/// Find images that a set has more than once: byte for byte, and with --near also by embedding
/// (copies that were scaled, compressed or cropped anew). Nothing is deleted.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Dedupe {
    #[command(flatten)]
    pub(crate) set: Set,
    /// Take faces of at least this score for copies of one image [without a value: 0.9].
    #[arg(
        long,
        value_name = "SCORE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "0.9"
    )]
    pub(crate) near: Option<f32>,
    /// Write a list without the copies: of images of one person the first stays, of images under
    /// several people none.
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub(crate) cleaned: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) shown: Shown,
    #[command(flatten)]
    pub(crate) embedding: Embedding,
}

/// Find what two sets share: images byte for byte, people by name, and with --by-face people by
/// the mean score of their images.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Overlap {
    #[command(flatten)]
    pub(crate) set: Set,
    /// The set to compare with.
    #[arg(value_name = "OTHER")]
    pub(crate) other: PathBuf,
    /// Which container that is [default: what lies there].
    #[arg(long, value_name = "KIND", value_parser = kinds())]
    pub(crate) other_kind: Option<SetKind>,
    /// Compare people by their faces too.
    #[arg(long)]
    pub(crate) by_face: bool,
    #[command(flatten)]
    pub(crate) shown: Shown,
    #[command(flatten)]
    pub(crate) decision: Decision,
    #[command(flatten)]
    pub(crate) embedding: Embedding,
}

/// Find images that are filed under the wrong person, and people who are filed twice. The
/// suggestions are for a human eye: nothing is moved or deleted.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Clean {
    #[command(flatten)]
    pub(crate) set: Set,
    /// The folder for suggestions.csv and suggestions.json.
    #[arg(long, value_name = "DIR", help_heading = "Results")]
    pub(crate) out: PathBuf,
    /// Write a list without the images that do not look like their person.
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub(crate) cleaned: Option<PathBuf>,
    /// In that list, give people who are filed twice one name.
    #[arg(long, requires = "cleaned", help_heading = "Results")]
    pub(crate) merge: bool,
    /// Mean score at which an image looks like somebody else, or two people like one, among all
    /// people of the set [default: the strictest that the calibration supports].
    #[arg(long, value_name = "SCORE", help_heading = "Decision")]
    pub(crate) search_threshold: Option<f32>,
    #[command(flatten)]
    pub(crate) shown: Shown,
    #[command(flatten)]
    pub(crate) decision: Decision,
    #[command(flatten)]
    pub(crate) embedding: Embedding,
}
