//! What is known of photos between runs, in one redb file beside the results.
//!
//! `files` leads from a path to the size, time and hash that the file there had; `photos` from a hash to
//! what the photo showed, and `lessons` to what there was to learn from a photo of a known person. All can be computed again, and are when models or options change. `names`
//! holds what the user said, which cannot. `notes` are JSON: how photos were looked at, what a run came to.

use std::collections::{HashMap, HashSet};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::album::seen::{NamedBox, PhotoId, Seen};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::journal::Header;
use crate::known::Lesson;

/// The folder, in that of the results, for what is not for people to read.
const FOLDER: &str = ".lineament";
const FILE: &str = "photos.redb";

const NOTES: TableDefinition<'_, &str, &str> = TableDefinition::new("notes");
const FILES: TableDefinition<'_, &[u8], (u64, u64, [u8; 32])> = TableDefinition::new("files");
const PHOTOS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("photos");
const LESSONS: TableDefinition<'_, [u8; 32], &str> = TableDefinition::new("lessons");
const NAMES: TableDefinition<'_, [u8; 32], &str> = TableDefinition::new("names");

/// The note that says how photos were looked at.
const WAY: &str = "way";

/// What is remembered of photos.
pub(crate) struct Store {
    database: Database,
    path: PathBuf,
}

/// By what a file is known not to have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    n_bytes: u64,
    /// Nanoseconds from 1970 to the last change.
    changed_at: u64,
}

/// A photo that was looked at.
pub(crate) struct Entry {
    /// Where it was, if in a file.
    pub(crate) place: Option<(PathBuf, Stamp)>,
    pub(crate) photo: PhotoId,
    /// What it showed, unless that is remembered already.
    pub(crate) seen: Option<Seen>,
}

/// A photo of a known person that was learned from.
pub(crate) struct Studied {
    /// Which photo it is, where that is remembered.
    pub(crate) photo: Option<PhotoId>,
    /// Where it was, and by what it is known not to have changed.
    pub(crate) path: Option<PathBuf>,
    pub(crate) stamp: Option<Stamp>,
    pub(crate) lesson: Lesson,
    /// Nothing of it has to be written.
    pub(crate) is_noted: bool,
}

impl Studied {
    /// Of a run that remembers nothing.
    pub(crate) fn unnoted(lesson: Lesson) -> Self {
        Self {
            photo: None,
            path: None,
            stamp: None,
            lesson,
            is_noted: true,
        }
    }

    /// Of a file that has not changed.
    pub(crate) fn known(path: PathBuf, photo: PhotoId, lesson: Lesson) -> Self {
        Self {
            photo: Some(photo),
            path: Some(path),
            stamp: None,
            lesson,
            is_noted: true,
        }
    }
}

/// Whether what was remembered could be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    Kept,
    /// It came of other models or options.
    Dropped,
}

impl Store {
    /// True when results in `folder` are ours.
    pub(crate) fn is_in(folder: &Path) -> bool {
        folder.join(FOLDER).join(FILE).is_file()
    }

    /// The memory in the folder of the results, which is made if it is not there.
    ///
    /// # Errors
    /// [`Exit::Output`] for a folder that holds something else, a file that is broken or in use.
    pub(crate) fn open(folder: &Path) -> Result<Self, Failure> {
        if folder.is_file() {
            let message = format!("{} is a file, not a folder", folder.display());
            return Err(Failure::new(Exit::Output, message).help("name a new folder with --out"));
        }
        if !Self::is_in(folder) && is_used(folder) {
            let message = format!(
                "{} is not empty, and nothing that this command made",
                folder.display()
            );
            return Err(Failure::new(Exit::Output, message).help("name a new folder with --out"));
        }
        let own = folder.join(FOLDER);
        std::fs::create_dir_all(&own).map_err(|error| Failure::write(&own, &error))?;
        let path = own.join(FILE);
        let database = Database::create(&path).map_err(|error| {
            let failure = |what: &dyn std::fmt::Display| {
                Failure::new(Exit::Output, format!("{}: {what}", path.display()))
            };
            match error {
                DatabaseError::DatabaseAlreadyOpen => failure(&"in use by another run"),
                error => failure(&error).help(
                    "remove the file to look at all photos again; names that were given are in it",
                ),
            }
        })?;
        let store = Self { database, path };
        store.write(|transaction| {
            transaction.open_table(NOTES)?;
            transaction.open_table(NAMES)?;
            transaction.open_table(FILES)?;
            transaction.open_table(PHOTOS)?;
            transaction.open_table(LESSONS)?;
            Ok(())
        })?;
        Ok(store)
    }

    /// Forgets what photos showed if they were looked at in another way.
    pub(crate) fn keep_way(&self, way: &Header) -> Result<Memory, Failure> {
        let was: Option<Header> = self.note(WAY)?;
        if was.as_ref() == Some(way) {
            return Ok(Memory::Kept);
        }
        self.write(|transaction| {
            transaction.delete_table(FILES)?;
            transaction.delete_table(PHOTOS)?;
            transaction.delete_table(LESSONS)?;
            transaction.open_table(FILES)?;
            transaction.open_table(PHOTOS)?;
            transaction.open_table(LESSONS)?;
            Ok(())
        })?;
        self.put_note(WAY, way)?;
        Ok(match was {
            Some(_) => Memory::Dropped,
            None => Memory::Kept,
        })
    }

    /// The photo that was in the file at `path` when it had this stamp.
    pub(crate) fn photo_at(&self, path: &Path, stamp: Stamp) -> Result<Option<PhotoId>, Failure> {
        self.read(|transaction| {
            let files = transaction.open_table(FILES)?;
            let entry = files.get(key(path))?.map(|entry| entry.value());
            let same = entry.filter(|(n_bytes, changed_at, _)| {
                (*n_bytes, *changed_at) == (stamp.n_bytes, stamp.changed_at)
            });
            Ok(same.map(|(_, _, sha256)| PhotoId(sha256)))
        })
    }

    /// What the photo showed, if it is remembered and whole.
    pub(crate) fn seen(&self, photo: PhotoId) -> Result<Option<Seen>, Failure> {
        self.read(|transaction| {
            let photos = transaction.open_table(PHOTOS)?;
            let entry = photos.get(photo.0)?;
            Ok(entry.and_then(|entry| Seen::decode(entry.value())))
        })
    }

    /// Remembers all of these, or none.
    pub(crate) fn put(&self, entries: &[Entry]) -> Result<(), Failure> {
        let mut encoded = Vec::new();
        for entry in entries {
            if let Some(seen) = &entry.seen {
                encoded.push((entry.photo, seen.encode().map_err(internal)?));
            }
        }
        self.write(|transaction| {
            let mut files = transaction.open_table(FILES)?;
            for entry in entries {
                if let Some((path, stamp)) = &entry.place {
                    let value = (stamp.n_bytes, stamp.changed_at, entry.photo.0);
                    files.insert(key(path), value)?;
                }
            }
            let mut photos = transaction.open_table(PHOTOS)?;
            for (photo, bytes) in &encoded {
                photos.insert(photo.0, bytes.as_slice())?;
            }
            Ok(())
        })
    }

    /// What there is to learn from a photo, if it is remembered and makes sense.
    pub(crate) fn lesson(&self, photo: PhotoId) -> Result<Option<Lesson>, Failure> {
        self.read(|transaction| {
            let lessons = transaction.open_table(LESSONS)?;
            let entry = lessons.get(photo.0)?;
            Ok(entry.and_then(|entry| serde_json::from_str(entry.value()).ok()))
        })
    }

    /// Remembers a photo of a known person, unless it is remembered already.
    pub(crate) fn put_studied(&self, studied: &Studied) -> Result<(), Failure> {
        let Some(photo) = studied.photo.filter(|_| !studied.is_noted) else {
            return Ok(());
        };
        let text = serde_json::to_string(&studied.lesson).map_err(internal)?;
        self.write(|transaction| {
            if let (Some(path), Some(stamp)) = (&studied.path, studied.stamp) {
                let value = (stamp.n_bytes, stamp.changed_at, photo.0);
                transaction.open_table(FILES)?.insert(key(path), value)?;
            }
            let mut lessons = transaction.open_table(LESSONS)?;
            lessons.insert(photo.0, text.as_str())?;
            Ok(())
        })
    }

    /// Forgets what there was to learn from all photos but these.
    pub(crate) fn retain_lessons(&self, photos: &HashSet<PhotoId>) -> Result<(), Failure> {
        self.write(|transaction| {
            let mut lessons = transaction.open_table(LESSONS)?;
            lessons.retain(|photo, _| photos.contains(&PhotoId(photo)))?;
            Ok(())
        })
    }

    /// Forgets all files but these, and all photos but these, and returns the photos that it forgot.
    pub(crate) fn retain(
        &self,
        places: &HashSet<PathBuf>,
        photos: &HashSet<PhotoId>,
    ) -> Result<Vec<PhotoId>, Failure> {
        let places: HashSet<&[u8]> = places.iter().map(|path| key(path)).collect();
        let mut gone = Vec::new();
        self.write(|transaction| {
            let mut files = transaction.open_table(FILES)?;
            files.retain(|path, _| places.contains(path))?;
            let mut table = transaction.open_table(PHOTOS)?;
            for entry in table.iter()? {
                gone.push(PhotoId(entry?.0.value()));
            }
            gone.retain(|photo| !photos.contains(photo));
            for photo in &gone {
                table.remove(photo.0)?;
            }
            Ok(())
        })?;
        Ok(gone)
    }

    /// The faces that the user named, by their photos.
    pub(crate) fn names(&self) -> Result<HashMap<PhotoId, Vec<NamedBox>>, Failure> {
        let rows: Vec<(PhotoId, String)> = self.read(|transaction| {
            let mut rows = Vec::new();
            for entry in transaction.open_table(NAMES)?.iter()? {
                let (photo, text) = entry?;
                rows.push((PhotoId(photo.value()), text.value().to_owned()));
            }
            Ok(rows)
        })?;
        let parse = |(photo, text): (PhotoId, String)| Ok((photo, self.parse("names", &text)?));
        rows.into_iter().map(parse).collect()
    }

    /// Remembers the named faces of these photos, in place of those named before.
    pub(crate) fn put_names(&self, names: &HashMap<PhotoId, Vec<NamedBox>>) -> Result<(), Failure> {
        let mut rows = Vec::with_capacity(names.len());
        for (photo, named) in names {
            rows.push((photo.0, serde_json::to_string(named).map_err(internal)?));
        }
        self.write(|transaction| {
            let mut table = transaction.open_table(NAMES)?;
            for (photo, text) in &rows {
                table.insert(photo, text.as_str())?;
            }
            Ok(())
        })
    }

    /// What was kept under this name.
    pub(crate) fn note<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Failure> {
        let text: Option<String> = self.read(|transaction| {
            let notes = transaction.open_table(NOTES)?;
            Ok(notes.get(name)?.map(|value| value.value().to_owned()))
        })?;
        text.map(|text| self.parse(name, &text)).transpose()
    }

    /// Keeps something under this name.
    pub(crate) fn put_note(&self, name: &str, note: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(note).map_err(internal)?;
        self.write(|transaction| {
            transaction.open_table(NOTES)?.insert(name, text.as_str())?;
            Ok(())
        })
    }

    fn parse<T: DeserializeOwned>(&self, name: &str, text: &str) -> Result<T, Failure> {
        serde_json::from_str(text).map_err(|error| {
            let path = self.path.display();
            let message = format!("{path}: what it holds of {name:?} makes no sense: {error}");
            Failure::new(Exit::Output, message)
                .help("another version may have written it; make a new folder with --out")
        })
    }

    fn read<T>(
        &self,
        look: impl FnOnce(&redb::ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, Failure> {
        let begun = self.database.begin_read().map_err(redb::Error::from);
        begun
            .and_then(|transaction| look(&transaction))
            .map_err(|error| self.failed(&error))
    }

    fn write(
        &self,
        change: impl FnOnce(&redb::WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), Failure> {
        let write = || {
            let transaction = self.database.begin_write()?;
            change(&transaction)?;
            Ok(transaction.commit()?)
        };
        write().map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &redb::Error) -> Failure {
        Failure::new(Exit::Output, format!("{}: {error}", self.path.display()))
    }
}

impl Stamp {
    /// `None` where the file system keeps no times.
    pub(crate) fn of(metadata: &Metadata) -> Option<Self> {
        let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Self {
            n_bytes: metadata.len(),
            changed_at: u64::try_from(since.as_nanos()).ok()?,
        })
    }
}

fn internal(error: serde_json::Error) -> Failure {
    Failure::new(
        Exit::Internal,
        format!("a result cannot be put in JSON: {error}"),
    )
}

/// True for a folder with anything in it, and for what is no folder.
fn is_used(folder: &Path) -> bool {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => folder.exists(),
    }
}

fn key(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}
