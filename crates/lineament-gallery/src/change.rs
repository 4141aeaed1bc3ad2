//! A change of a gallery: one transaction, stamped and logged.

use std::fmt;

use rusqlite::{Transaction, params};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::GalleryError;
use crate::gallery::{GalleryOptions, Stamp, read_stamp};
use crate::ids::{PersonId, UnixSeconds};
use crate::seal::Vault;

/// What was done, in the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// The gallery was made.
    Create,
    /// A face was enrolled.
    Enroll,
    /// Faces came from a file of exported faces, or from a damaged gallery.
    Import,
    /// A person got another name.
    Rename,
    /// A person got other tags or notes.
    Describe,
    /// A person's faces became another's.
    Merge,
    /// A merge was undone.
    Unmerge,
    /// A face was removed.
    RemoveFace,
    /// A person was removed.
    RemovePerson,
    /// A person was forgotten for good.
    Forget,
    /// A move to another model began.
    BeginMove,
    /// Faces got embeddings of the model that the gallery is moving to.
    MoveFaces,
    /// Those took the place of the old ones.
    FinishMove,
    /// A move was given up.
    GiveUpMove,
    /// The gallery was encrypted.
    Encrypt,
    /// It was decrypted.
    Decrypt,
}

impl Action {
    const ALL: [Self; 16] = [
        Self::Create,
        Self::Enroll,
        Self::Import,
        Self::Rename,
        Self::Describe,
        Self::Merge,
        Self::Unmerge,
        Self::RemoveFace,
        Self::RemovePerson,
        Self::Forget,
        Self::BeginMove,
        Self::MoveFaces,
        Self::FinishMove,
        Self::GiveUpMove,
        Self::Encrypt,
        Self::Decrypt,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Enroll => "enroll",
            Self::Import => "import",
            Self::Rename => "rename",
            Self::Describe => "describe",
            Self::Merge => "merge",
            Self::Unmerge => "unmerge",
            Self::RemoveFace => "remove_face",
            Self::RemovePerson => "remove_person",
            Self::Forget => "forget",
            Self::BeginMove => "begin_move",
            Self::MoveFaces => "move_faces",
            Self::FinishMove => "finish_move",
            Self::GiveUpMove => "give_up_move",
            Self::Encrypt => "encrypt",
            Self::Decrypt => "decrypt",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }

    /// Whether it only adds faces to those that are searched, or does not touch them: an index of the
    /// state before needs no more than those.
    const fn only_adds(self) -> bool {
        matches!(
            self,
            Self::Create
                | Self::Enroll
                | Self::Import
                | Self::Rename
                | Self::Describe
                | Self::BeginMove
                | Self::MoveFaces
                | Self::GiveUpMove
        )
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A transaction of [`Gallery::write`](crate::Gallery).
pub(crate) struct Change<'a> {
    pub(crate) tx: Transaction<'a>,
    pub(crate) options: &'a GalleryOptions,
    pub(crate) vault: &'a Vault,
    pub(crate) at: UnixSeconds,
    stamp: Stamp,
    only_adds: bool,
    logged: bool,
    hasher: Sha256,
}

impl<'a> Change<'a> {
    pub(crate) fn begin(
        tx: Transaction<'a>,
        options: &'a GalleryOptions,
        vault: &'a Vault,
        at: UnixSeconds,
    ) -> Result<Self, GalleryError> {
        let stamp = read_stamp(&tx)?;
        let hasher = Sha256::new_with_prefix(stamp.history);
        Ok(Self {
            tx,
            options,
            vault,
            at,
            stamp,
            only_adds: true,
            logged: false,
            hasher,
        })
    }

    /// Takes what the change writes into the gallery's history.
    pub(crate) fn hash(&mut self, bytes: &[u8]) {
        self.hasher.update((bytes.len() as u64).to_le_bytes());
        self.hasher.update(bytes);
    }

    /// Writes a line of the audit log.
    pub(crate) fn log(
        &mut self,
        action: Action,
        person: Option<PersonId>,
        other: Option<PersonId>,
        n_faces: usize,
    ) -> Result<(), GalleryError> {
        let (person, other) = (person.map(|p| p.0), other.map(|p| p.0));
        let sql = "INSERT INTO audit (at, action, person, other, n_faces) \
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        self.tx.prepare_cached(sql)?.execute(params![
            self.at.0,
            action.name(),
            person,
            other,
            n_faces
        ])?;
        self.hash(action.name().as_bytes());
        for number in [person.unwrap_or(0), other.unwrap_or(0), n_faces as i64] {
            self.hash(&number.to_le_bytes());
        }
        self.only_adds &= action.only_adds();
        self.logged = true;
        Ok(())
    }

    /// Stamps and commits. A change that logged nothing did nothing and is dropped.
    pub(crate) fn commit(self) -> Result<(), GalleryError> {
        if !self.logged {
            return Ok(self.tx.rollback()?);
        }
        let history: [u8; 32] = self.hasher.finalize().into();
        let generation = self.stamp.generation + 1;
        let epoch = self.stamp.epoch + i64::from(!self.only_adds);
        let sql = "UPDATE about SET generation = ?1, epoch = ?2";
        self.tx.execute(sql, params![generation, epoch])?;
        let sql = "INSERT INTO history (generation, sha256) VALUES (?1, ?2)";
        self.tx.execute(sql, params![generation, history])?;
        Ok(self.tx.commit()?)
    }
}
