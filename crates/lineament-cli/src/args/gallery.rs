//! `lineament gallery …` as it is typed.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::common::{Decision, Inputs, Models, Resume, Search};
use crate::progress::Watcher;

/// Remember people: one file that knows faces, finds them, and forgets them for good.
#[derive(Debug, Args)]
#[command(after_help = crate::exit::TABLE)]
pub(crate) struct GalleryCommand {
    #[command(subcommand)]
    pub(crate) action: Action,
    /// The gallery file [default: ./people.lineament if there is one, else people.lineament in the
    /// user's data folder].
    #[arg(
        long = "gallery",
        value_name = "FILE",
        env = "LINEAMENT_GALLERY",
        hide_env_values = true,
        global = true
    )]
    pub(crate) file: Option<PathBuf>,
    /// The key file of an encrypted gallery; LINEAMENT_GALLERY_KEY_FILE names one too. Without either, the
    /// passphrase is that of LINEAMENT_GALLERY_PASSPHRASE, or asked for.
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) key_file: Option<PathBuf>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What to do. A person is given by name, or as #NUMBER.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Make an empty gallery for the embeddings of one model.
    Init(Init),
    /// Remember the people in photos: folders with one folder of photos per person, or photos of
    /// one person with --name. Photos that are known already are left out.
    Enroll(Enroll),
    /// List the people.
    List {
        /// Only people with this tag.
        #[arg(long, value_name = "TAG")]
        tag: Option<String>,
    },
    /// Tell all about a person.
    Show {
        /// The person.
        person: String,
        /// Write the small pictures of their faces to this folder, as NUMBER.png, where faces have one.
        #[arg(long, value_name = "DIR")]
        thumbnails: Option<PathBuf>,
    },
    /// Say who the people in photos are, and who is unknown.
    Identify(Identify),
    /// Tell whether a photo shows a person of the gallery.
    Verify(Verify),
    /// Give a person another name.
    Rename {
        /// The person.
        person: String,
        /// The new name.
        name: String,
    },
    /// Give a person tags and notes, in place of those they have.
    Describe {
        /// The person.
        person: String,
        /// A tag; may be given several times. Without any, the tags stay.
        #[arg(long = "tag", value_name = "TAG")]
        tags: Vec<String>,
        /// The notes. Without them, the notes stay.
        #[arg(long, value_name = "TEXT")]
        notes: Option<String>,
    },
    /// Make two people one.
    Merge {
        /// Who stays.
        kept: String,
        /// Whose faces become theirs.
        gone: String,
    },
    /// Part somebody again from whom they were merged into.
    Unmerge {
        /// Who was merged, by the name they had then.
        person: String,
        /// Their new name, where somebody else has taken theirs.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Remove a person, or one face. Bytes of theirs stay in the file until it is compacted.
    Remove {
        /// The person.
        #[arg(required_unless_present = "face", conflicts_with = "face")]
        person: Option<String>,
        /// The number of the face.
        #[arg(long, value_name = "NUMBER")]
        face: Option<i64>,
    },
    /// Erase a person: no byte of theirs stays in the file. Backups and exports are not reached.
    Forget {
        /// The person.
        person: String,
    },
    /// Tell how much the gallery holds.
    Stats,
    /// Check every row of the file.
    Check {
        /// Make a new gallery here of all that can be read.
        #[arg(long, value_name = "FILE")]
        salvage: Option<PathBuf>,
    },
    /// Encrypt the gallery, or give an encrypted one another key: names, photos, faces and embeddings can
    /// be read only with the passphrase, which is asked for, or with a key file. Nobody can help whoever
    /// loses it.
    Encrypt {
        /// The file with the new key, at least 8 bytes, better 32 random ones; without it, the new
        /// passphrase is asked for, or for a gallery that is not encrypted yet taken from --key-file and the
        /// variables.
        #[arg(long, value_name = "FILE")]
        new_key_file: Option<PathBuf>,
    },
    /// Write an encrypted gallery as it would be without.
    Decrypt,
    /// Build the approximate index for `identify --approximate`, which pays among many faces. Removing a face
    /// removes it.
    Index(Index),
    /// Give back the room that removed faces left.
    Compact,
    /// Move the gallery to another embedder: the faces are cut from their photos and embedded again. The
    /// old embeddings serve until all is done; a run that was cut short is gone on with.
    ReEmbed(ReEmbed),
    /// Copy the gallery while others go on using it.
    Backup {
        /// The new file.
        to: PathBuf,
    },
    /// Write all people and faces to a file for other programs: .jsonl or .parquet.
    Export {
        /// The file to write.
        to: PathBuf,
    },
    /// Take people and faces from an exported file, all or none. A gallery that is not there is
    /// made.
    Import {
        /// The file to read, .jsonl or .parquet.
        from: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// How embeddings are stored.
    #[arg(long, value_enum, default_value_t = PrecisionName::F32)]
    pub(crate) precision: PrecisionName,
    #[command(flatten)]
    pub(crate) models: Models,
}

/// How embeddings are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PrecisionName {
    /// As the network gives them.
    F32,
    /// In half the space; scores move by less than 0.001.
    F16,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Running")]
pub(crate) struct Running {
    /// How to show progress on standard error.
    #[arg(long, value_enum, default_value_t = Watcher::Auto)]
    pub(crate) progress: Watcher,
    /// Threads to use [default: one per core].
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
}

#[derive(Debug, Args)]
pub(crate) struct Enroll {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// Whose photos they are; of several faces in a photo, the prominent one is taken. Without it,
    /// folders name the people: DIR/NAME/*.jpg, or DIR/NAME.jpg for a single photo.
    #[arg(long, value_name = "NAME", help_heading = "Photos")]
    pub(crate) name: Option<String>,
    /// Take also faces that are too small, dark, blurred or cut off to be relied on.
    #[arg(long, help_heading = "Photos")]
    pub(crate) accept_poor: bool,
    /// Keep a small picture of each face in the gallery, this many pixels wide and high, 32 to 256. From
    /// 112 on, `re-embed` does without the photo. Without it, no picture is kept.
    #[arg(long, value_name = "SIZE", help_heading = "Photos", value_parser = clap::value_parser!(u32).range(32..=256))]
    pub(crate) thumbnails: Option<u32>,
    #[command(flatten)]
    pub(crate) decision: Decision,
    #[command(flatten)]
    pub(crate) running: Running,
    #[command(flatten)]
    pub(crate) search: Search,
    #[command(flatten)]
    pub(crate) models: Models,
}

#[derive(Debug, Args)]
pub(crate) struct Index {
    /// Remove it instead.
    #[arg(long)]
    pub(crate) drop: bool,
    #[command(flatten)]
    pub(crate) running: Running,
}

#[derive(Debug, Args)]
pub(crate) struct Identify {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    #[command(flatten)]
    pub(crate) decision: OpenSet,
    #[command(flatten)]
    pub(crate) tail: Tail,
    /// Only people with this tag.
    #[arg(long, value_name = "TAG", help_heading = "Decision")]
    pub(crate) tag: Option<String>,
    /// What stands for a person.
    #[arg(long, value_enum, default_value_t = ByName::Face, help_heading = "Decision")]
    pub(crate) by: ByName,
    /// Search by the approximate index, which is quicker among many faces and may miss somebody; it is built
    /// where there is none.
    #[arg(long, help_heading = "Decision")]
    pub(crate) approximate: bool,
    /// Most candidates to tell of, at least 2.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(2..), help_heading = "Results")]
    pub(crate) candidates: u16,
    /// Write the results to this file, as JSON Lines after a header line, instead of showing them.
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub(crate) out: Option<PathBuf>,
    /// Write copies of the photos with boxes and names to this folder.
    #[arg(long, value_name = "DIR", help_heading = "Results")]
    pub(crate) draw: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) resume: Resume,
    #[command(flatten)]
    pub(crate) running: Running,
    #[command(flatten)]
    pub(crate) search: Search,
    #[command(flatten)]
    pub(crate) models: Models,
}

/// What stands for a person in a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ByName {
    /// Their face that is most like.
    Face,
    /// Their template, the mean of their faces: one comparison a person.
    Template,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Decision")]
#[group(multiple = false)]
pub(crate) struct OpenSet {
    /// Take a face for the person it is most like when their score is at least this, -1 to 1.
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    pub(crate) threshold: Option<f32>,
    /// Take this share of strangers for somebody, at most; the threshold comes from the embedder's
    /// calibration and the number of faces searched [default: 0.01].
    #[arg(long, value_name = "RATE")]
    pub(crate) fpir: Option<f64>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Decision")]
pub(crate) struct Tail {
    /// Name a face only where its best score also stands out of those of the next people by this confidence, 0 to 1: that of
    /// `eval identify --reject-by probe-tail`.
    #[arg(long, value_name = "CONFIDENCE")]
    pub(crate) tail_confidence: Option<f64>,
    /// How many people's scores behind the best it is to stand out of, 2 or more.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(2..), requires = "tail_confidence")]
    pub(crate) tail_size: u16,
}

#[derive(Debug, Args)]
pub(crate) struct ReEmbed {
    /// How the new embeddings are stored.
    #[arg(long, value_enum, default_value_t = PrecisionName::F32)]
    pub(crate) precision: PrecisionName,
    /// Remove faces whose photos are gone or changed, instead of keeping the old embedder.
    #[arg(long, conflicts_with = "give_up")]
    pub(crate) remove_missing: bool,
    /// Give up a move that was begun.
    #[arg(long)]
    pub(crate) give_up: bool,
    #[command(flatten)]
    pub(crate) running: Running,
    #[command(flatten)]
    pub(crate) search: Search,
    #[command(flatten)]
    pub(crate) models: Models,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The person.
    pub(crate) person: String,
    /// The photo; `-` reads it from standard input. Of several faces, the prominent one counts.
    pub(crate) photo: PathBuf,
    #[command(flatten)]
    pub(crate) decision: Decision,
    #[command(flatten)]
    pub(crate) search: Search,
    #[command(flatten)]
    pub(crate) models: Models,
}
