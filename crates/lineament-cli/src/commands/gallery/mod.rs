//! `lineament gallery`: people remembered in one file, one command a file.

mod decision;
mod edit;
mod enroll;
mod export;
mod identify;
mod import;
mod index;
mod init;
mod list;
mod parquet;
mod picture;
mod reembed;
pub(crate) mod secret;
mod show;
mod upkeep;
mod verify;

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use lineament::Pipeline;
use lineament_gallery::{Gallery, GalleryError, Person, PersonId, UnixSeconds};

use crate::args::common;
use crate::args::gallery::{Action, GalleryCommand, Running};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::pipeline::data_folder;
use crate::settings::{Style, style};

/// The usual name of a gallery.
const FILE_NAME: &str = "people.lineament";

/// The gallery that a command is about, and how it answers.
struct Target {
    path: PathBuf,
    key_file: Option<PathBuf>,
    style: Style,
}

pub(crate) fn run(command: GalleryCommand, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let target = Target {
        path: command.file.unwrap_or_else(usual_file),
        key_file: command.key_file,
        style: style(command.json),
    };
    match command.action {
        Action::Init(args) => init::run(&target, &args),
        Action::Enroll(args) => enroll::run(&target, args, interrupt),
        Action::List { tag } => list::run(&target, tag.as_deref()),
        Action::Show { person, thumbnails } => show::run(&target, &person, thumbnails.as_deref()),
        Action::Identify(args) => identify::run(&target, args, interrupt),
        Action::Verify(args) => verify::run(&target, args),
        Action::Rename { person, name } => edit::rename(&target, &person, &name),
        Action::Describe {
            person,
            tags,
            notes,
        } => edit::describe(&target, &person, tags, notes),
        Action::Merge { kept, gone } => edit::merge(&target, &kept, &gone),
        Action::Unmerge { person, name } => edit::unmerge(&target, &person, name.as_deref()),
        Action::Remove { person, face } => edit::remove(&target, person.as_deref(), face),
        Action::Forget { person } => edit::forget(&target, &person),
        Action::Stats => upkeep::stats(&target),
        Action::Check { salvage } => upkeep::check(&target, salvage.as_deref()),
        Action::Encrypt { new_key_file } => upkeep::encrypt(&target, new_key_file.as_deref()),
        Action::Decrypt => upkeep::decrypt(&target),
        Action::Index(args) => index::run(&target, &args, interrupt),
        Action::Compact => upkeep::compact(&target),
        Action::ReEmbed(args) => reembed::run(&target, &args, interrupt),
        Action::Backup { to } => upkeep::backup(&target, &to),
        Action::Export { to } => export::run(&target, &to),
        Action::Import { from } => import::run(&target, &from),
    }
}

/// The gallery in the current folder if there is one, else the user's.
fn usual_file() -> PathBuf {
    let here = PathBuf::from(FILE_NAME);
    match data_folder() {
        Some(folder) if !here.exists() => folder.join("lineament").join(FILE_NAME),
        _ => here,
    }
}

impl Target {
    fn open(&self) -> Result<Gallery, Failure> {
        secret::open(&self.path, self.key_file.as_deref())
    }
}

fn now() -> UnixSeconds {
    // A clock before 1970 is as good as one that stands still then.
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    UnixSeconds(since.map_or(0, |time| time.as_secs() as i64))
}

/// The person in their own right that `text` means: a name, or `#` and a number.
fn who(gallery: &Gallery, text: &str) -> Result<PersonId, Failure> {
    match number(text) {
        Some(id) => Ok(gallery.person(id)?.id),
        None => Ok(gallery.find(text)?),
    }
}

/// The merged person that `text` means.
fn who_merged(gallery: &Gallery, text: &str) -> Result<PersonId, Failure> {
    if let Some(id) = number(text) {
        return Ok(id);
    }
    let people = gallery.all_people()?;
    let is_meant = |person: &&Person| person.merged_into.is_some() && person.name == text;
    let meant: Vec<&Person> = people.iter().filter(is_meant).collect();
    match meant.as_slice() {
        [person] => Ok(person.id),
        [] => Err(Failure::usage(format!(
            "nobody called {text:?} is merged into anybody"
        ))),
        several => {
            let numbers: Vec<String> = several.iter().map(|p| format!("#{}", p.id)).collect();
            Err(
                Failure::usage(format!("several people called {text:?} are merged"))
                    .help(format!("give the number: {}", numbers.join(", "))),
            )
        }
    }
}

fn number(text: &str) -> Option<PersonId> {
    text.strip_prefix('#')?.parse().ok().map(PersonId)
}

/// Another model's embeddings are refused before any photo is read.
fn check_model(gallery: &Gallery, pipeline: &Pipeline) -> Result<(), Failure> {
    let unusable = |error: lineament::Error| Failure::new(Exit::Models, error.to_string());
    Ok(gallery.check_space(pipeline.space().map_err(unusable)?)?)
}

/// The options of a run over photos, of which `--json` stands before them all.
fn batch(style: Style, running: &Running) -> crate::settings::BatchSettings {
    crate::settings::batch(&common::Batch {
        json: style == Style::Json,
        progress: running.progress,
        threads: running.threads,
    })
}

impl From<GalleryError> for Failure {
    fn from(error: GalleryError) -> Self {
        let exit = match &error {
            GalleryError::Missing { .. }
            | GalleryError::NotAGallery { .. }
            | GalleryError::NewerVersion { .. }
            | GalleryError::Damaged { .. }
            | GalleryError::Import { .. }
            | GalleryError::Locked { .. }
            | GalleryError::WrongKey { .. }
            | GalleryError::FacesLeft { .. } => Exit::BadInput,
            GalleryError::SpaceMismatch { .. } | GalleryError::Dimension { .. } => Exit::Models,
            GalleryError::Relocked { .. }
            | GalleryError::RemovedMeanwhile { .. }
            | GalleryError::Busy { .. }
            | GalleryError::Storage { .. }
            | GalleryError::Io { .. } => Exit::Output,
            GalleryError::Cancelled => Exit::Interrupted,
            _ => Exit::Usage,
        };
        let failure = Self::new(exit, error.to_string());
        match &error {
            GalleryError::Missing { .. } => failure.help(
                "make one with `lineament gallery init`, or name it with --gallery FILE or the \
                 variable LINEAMENT_GALLERY",
            ),
            GalleryError::Damaged { .. } => {
                failure.help("`lineament gallery check --salvage NEW` saves what can be read")
            }
            GalleryError::WrongKey { .. } => failure.help(
                "type it again, or look what --key-file, LINEAMENT_GALLERY_KEY_FILE and \
                 LINEAMENT_GALLERY_PASSPHRASE say; without it nobody can read the gallery",
            ),
            _ => failure,
        }
    }
}

/// A sentence for people, or `json`.
fn tell(style: Style, json: serde_json::Value, words: &str) -> Result<Exit, Failure> {
    crate::commands::models::print(style, || json, |out| writeln!(out, "{words}"))?;
    Ok(Exit::Success)
}

/// A file that results go to must not be there yet.
fn refuse_existing(path: &Path) -> Result<(), Failure> {
    if path.exists() {
        return Err(Failure::usage(format!("{} exists already", path.display()))
            .help("choose another name, or remove it"));
    }
    Ok(())
}
