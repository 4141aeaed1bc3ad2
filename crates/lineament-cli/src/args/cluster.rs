//! `lineament cluster` as it is typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::clustering::Clustering;
use super::common::{Decision, Inputs, Models, Search};
use super::gallery::Running;

/// Group the faces in photos by person, knowing nobody. Two faces in one photo are two people. Run again
/// after photos have come or gone, only new ones are looked at, and groups keep their numbers.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct Cluster {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// The folder for the results: clusters.json and clusters.csv, and what is remembered of photos.
    #[arg(long, value_name = "DIR", help_heading = "Results")]
    pub(crate) out: PathBuf,
    /// Also make a folder for every group of two faces or more, below DIR/groups.
    #[arg(long, value_name = "OF", value_enum, help_heading = "Results")]
    pub(crate) folders: Option<Folders>,
    /// Print one JSON object per group.
    #[arg(long, help_heading = "Results")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) clustering: Clustering,
    /// Pairs of faces that you know to be one person or two: a CSV file with the columns relation (same
    /// or different), path_a, face_idx_a, path_b, face_idx_b, as clusters.csv names faces. They count
    /// before everything else, and in later runs too, until another file is named.
    #[arg(long, value_name = "FILE", help_heading = "Method")]
    pub(crate) confirmed: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) decision: Decision,
    #[command(flatten)]
    pub(crate) running: Running,
    #[command(flatten)]
    pub(crate) search: Search,
    #[command(flatten)]
    pub(crate) models: Models,
}

/// What a group's folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Folders {
    /// Links to the photos.
    Links,
    /// Pictures of the faces.
    Crops,
}
