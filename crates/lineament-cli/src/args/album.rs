//! `lineament album` as it is typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::common::{Decision, Inputs, Models, Search};
use super::gallery::Running;

/// Names for a folder of photos: who is in which, as a page to look through. Known people are named, and
/// strangers are grouped, to be named in the page. Run again, it looks at new photos only.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(disable_help_subcommand = true)]
pub(crate) struct AlbumCommand {
    #[command(subcommand)]
    pub(crate) action: Option<Action>,
    #[command(flatten)]
    pub(crate) album: Album,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Give people the names that were typed into the page and saved.
    Apply {
        /// The album.
        #[arg(value_name = "ALBUM")]
        folder: PathBuf,
        /// The file that the page saved.
        #[arg(value_name = "NAMES")]
        names: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Album {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// The folder of known people: DIR/NAME/*.jpg, or DIR/NAME.jpg for a single photo.
    #[arg(
        long,
        value_name = "DIR",
        help_heading = "People",
        conflicts_with = "gallery"
    )]
    pub(crate) known: Option<PathBuf>,
    /// The gallery of known people.
    #[arg(long, value_name = "FILE", help_heading = "People")]
    pub(crate) gallery: Option<PathBuf>,
    /// The folder for the album; its index.html is the page.
    #[arg(
        long,
        value_name = "DIR",
        default_value = "album",
        help_heading = "Results"
    )]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) decision: Decision,
    #[command(flatten)]
    pub(crate) running: Running,
    #[command(flatten)]
    pub(crate) search: Search,
    #[command(flatten)]
    pub(crate) models: Models,
}
