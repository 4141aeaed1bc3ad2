//! What can go wrong with a gallery.

use std::io;
use std::path::{Path, PathBuf};

use crate::ids::{FaceId, PersonId};

/// Why a gallery did not do what was asked. The file is as it was before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GalleryError {
    /// Input: there is no such file.
    #[error("there is no gallery at {path}; create one first")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Input: a file is in the way of a new one.
    #[error("{path} exists already and is left as it is; choose another name")]
    Exists {
        /// The file in the way.
        path: PathBuf,
    },
    /// Input: the file is something else.
    #[error("{path} is not a gallery: {found}")]
    NotAGallery {
        /// The file.
        path: PathBuf,
        /// What was found in it.
        found: String,
    },
    /// Unsupported: the file was written by a later program.
    #[error(
        "{path} is a gallery of version {found}, and this program knows versions up to {supported}; \
         use a newer program"
    )]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The greatest version known.
        supported: u32,
    },
    /// Corrupt: the file is damaged.
    #[error("{path} is damaged: {what}; check it, and salvage what can be read into a new file")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Input: the gallery is encrypted, and no secret was given.
    #[error("{path} is encrypted; it opens with its passphrase or its key file")]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// Input: the secret is not that of the gallery.
    #[error("this is not the passphrase or key file of {path}")]
    WrongKey {
        /// The file.
        path: PathBuf,
    },
    /// Input: a secret was given for a gallery that is not encrypted.
    #[error("{path} is not encrypted; nothing in it is protected by a passphrase or key")]
    NotEncrypted {
        /// The file.
        path: PathBuf,
    },
    /// Input: another process has encrypted or decrypted the gallery.
    #[error("{path} was encrypted or decrypted by another process; open it again")]
    Relocked {
        /// The file.
        path: PathBuf,
    },
    /// Unsupported: an index on disk of a gallery that is encrypted.
    #[error(
        "{path} is encrypted, and an index on disk would tell of its faces; it is searched exactly"
    )]
    NoIndexOfEncrypted {
        /// The file.
        path: PathBuf,
    },
    /// Io: another process has removed faces while an index of them was made.
    #[error("faces were removed from {path} while its index was being built; build it again")]
    RemovedMeanwhile {
        /// The file.
        path: PathBuf,
    },
    /// Cancelled: the caller broke the work off.
    #[error("broken off as asked; nothing was changed")]
    Cancelled,
    /// Io: another process is writing.
    #[error("{path} is being written by another process; try again when it is done")]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// Io: the storage engine failed.
    #[error("{path}: {what}")]
    Storage {
        /// The file.
        path: PathBuf,
        /// What it said.
        what: String,
    },
    /// Io: a file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Input: an embedding of another model.
    #[error(
        "the gallery holds embeddings of {gallery}, not of {other}; use the model that it was made \
         with"
    )]
    SpaceMismatch {
        /// The gallery's space.
        gallery: String,
        /// The embedding's space.
        other: String,
    },
    /// Input: an embedding of another length.
    #[error("the gallery's embeddings have {expected} numbers, this one has {got}")]
    Dimension {
        /// Numbers in the gallery's embeddings.
        expected: usize,
        /// Numbers in this one.
        got: usize,
    },
    /// Input: the gallery is moving to another model than asked for.
    #[error(
        "the gallery is being moved to {under_way}, not to {asked}; finish that, or give it up first"
    )]
    OtherMove {
        /// What it is moving to.
        under_way: String,
        /// What was asked for.
        asked: String,
    },
    /// Input: the gallery is not moving to another model.
    #[error("the gallery is not being moved to another model")]
    NoMove,
    /// Input: the gallery cannot be moved yet.
    #[error("no embedding of {space} yet: {n_left} faces")]
    FacesLeft {
        /// The space that it is moving to.
        space: String,
        /// Faces without an embedding of it.
        n_left: usize,
    },
    /// Input: another process has moved the gallery to another model.
    #[error("the gallery was moved from {from} to {to} by another process; open it again")]
    Moved {
        /// The space when it was opened.
        from: String,
        /// The space now.
        to: String,
    },
    /// Input: nobody has this name.
    #[error("the gallery knows nobody called {name:?}")]
    NoSuchName {
        /// The name.
        name: String,
    },
    /// Input: nobody has this number.
    #[error("the gallery knows no person {person}")]
    NoSuchPerson {
        /// The number.
        person: PersonId,
    },
    /// Input: there is no such face.
    #[error("the gallery has no face {face}")]
    NoSuchFace {
        /// The number.
        face: FaceId,
    },
    /// Input: the name belongs to somebody else.
    #[error("somebody else is called {name:?} already; choose another name, or merge the two")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Input: a value that a gallery does not take.
    #[error("{what}: expected {expected}, got {got}")]
    BadValue {
        /// What the value is for.
        what: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it was.
        got: String,
    },
    /// Input: two people cannot be merged, or a merge cannot be undone.
    #[error("person {person} {why}")]
    Merge {
        /// The person.
        person: PersonId,
        /// Why not.
        why: &'static str,
    },
    /// Input: a line or row of a file to import.
    #[error("{path}, {place}: {what}")]
    Import {
        /// The file.
        path: PathBuf,
        /// Where in it: a line or a row.
        place: String,
        /// What is wrong there.
        what: String,
    },
}

impl GalleryError {
    /// The error with the file it is about, where it does not name one yet.
    pub(crate) fn at(mut self, file: &Path) -> Self {
        match &mut self {
            Self::NotAGallery { path, .. }
            | Self::NewerVersion { path, .. }
            | Self::Damaged { path, .. }
            | Self::Locked { path }
            | Self::WrongKey { path }
            | Self::NotEncrypted { path }
            | Self::Relocked { path }
            | Self::Busy { path }
            | Self::NoIndexOfEncrypted { path }
            | Self::RemovedMeanwhile { path }
            | Self::Storage { path, .. }
                if path.as_os_str().is_empty() =>
            {
                *path = file.to_owned();
            }
            _ => {}
        }
        self
    }

    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    /// Damage that rows show; [`at`](Self::at) adds the file.
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged {
            path: PathBuf::new(),
            what: what.into(),
        }
    }
}

impl From<rusqlite::Error> for GalleryError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let path = PathBuf::new();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::NotADatabase) => Self::NotAGallery {
                path,
                found: "its first bytes are not those of a gallery".to_owned(),
            },
            Some(ErrorCode::DatabaseCorrupt) => Self::damaged(error.to_string()),
            Some(_) => Self::Storage {
                path,
                what: error.to_string(),
            },
            // A value of another type or a missing row: SQLite is content, the gallery is not.
            None => Self::damaged(error.to_string()),
        }
    }
}
