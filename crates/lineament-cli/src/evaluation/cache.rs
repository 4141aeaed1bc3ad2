//! Embeddings and detections remembered on disk, so that a second protocol costs seconds.
//!
//! One redb file per way of making them (models, crop, detection); in it, the hash of an image leads
//! to what came of it. A cache holds nothing that cannot be computed again: a file that is broken
//! or in use is told of and gone without.

use std::path::{Path, PathBuf};

use lineament::Views;
use lineament_runtime::Sha256;
use redb::{Database, DatabaseError, ReadableDatabase, TableDefinition};

use crate::batch::say;
use crate::evaluation::faces::{Found, Way};

const EMBEDDINGS: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("embeddings");
/// What the file is about, in words for whoever opens it.
const ABOUT: TableDefinition<'_, &str, &str> = TableDefinition::new("about");

const NO_FACE: u8 = 0;
const VIEWS: u8 = 1;

/// Something that came of an image.
pub(crate) trait Remembered: Sized {
    fn encode(&self) -> Vec<u8>;
    /// `None` for bytes that are not such a thing.
    fn decode(bytes: &[u8]) -> Option<Self>;
}

/// What is remembered of one way of looking at images.
pub(crate) struct Cache {
    database: Database,
}

impl Cache {
    /// The cache of `way` in `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// In words: why there is no cache to be had.
    pub(crate) fn open(folder: &Path, way: &Way) -> Result<Self, String> {
        let path = folder.join(format!("{}.redb", way.file_stem()));
        let trouble = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        std::fs::create_dir_all(folder).map_err(|error| trouble(&error))?;
        let database = Database::create(&path).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => trouble(&"in use by another run"),
            error => trouble(&format!("{error}; remove the file to start it afresh")),
        })?;
        let cache = Self { database };
        cache
            .write(|transaction| {
                let mut about = transaction.open_table(ABOUT)?;
                about.insert("way", way.in_words())?;
                transaction.open_table(EMBEDDINGS)?;
                Ok(())
            })
            .map_err(|error| trouble(&error))?;
        Ok(cache)
    }

    /// The cache of `way` in `folder`, if one is wanted; one that cannot be opened is told of and gone
    /// without.
    pub(crate) fn open_or_say(folder: Option<&Path>, way: &Way) -> Option<Self> {
        let opened = Self::open(folder?, way);
        if let Err(why) = &opened {
            say(&format!("warning: nothing is remembered: {why}"));
        }
        opened.ok()
    }

    /// What came of the image of this hash, if it is remembered and whole.
    pub(crate) fn get<T: Remembered>(&self, hash: &Sha256) -> Option<T> {
        let transaction = self.database.begin_read().ok()?;
        let table = transaction.open_table(EMBEDDINGS).ok()?;
        let entry = table.get(hash.bytes()).ok()??;
        T::decode(entry.value())
    }

    /// Remembers all of these, or none.
    pub(crate) fn put<T: Remembered>(&self, entries: &[(Sha256, T)]) -> Result<(), redb::Error> {
        self.write(|transaction| {
            let mut table = transaction.open_table(EMBEDDINGS)?;
            for (hash, found) in entries {
                table.insert(hash.bytes(), found.encode().as_slice())?;
            }
            Ok(())
        })
    }

    fn write(
        &self,
        change: impl FnOnce(&redb::WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        change(&transaction)?;
        Ok(transaction.commit()?)
    }
}

/// The user's cache folder, by the custom of the system.
pub(crate) fn usual_folder() -> PathBuf {
    let variable = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let cache = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        std::env::home_dir().map(|home| home.join("Library/Caches"))
    } else {
        variable("XDG_CACHE_HOME").or_else(|| std::env::home_dir().map(|h| h.join(".cache")))
    };
    let cache = cache.unwrap_or_else(std::env::temp_dir);
    cache.join("lineament").join("embeddings")
}

impl Remembered for Found {
    fn encode(&self) -> Vec<u8> {
        let Self::Face(views) = self else {
            return vec![NO_FACE];
        };
        let values = views.plain.iter().chain(&views.mirrored);
        std::iter::once(VIEWS)
            .chain(values.flat_map(|value| value.to_le_bytes()))
            .collect()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (&NO_FACE, []) => Some(Self::NoFace),
            (&VIEWS, bytes) if !bytes.is_empty() && bytes.len().is_multiple_of(8) => {
                let (words, _) = bytes.as_chunks::<4>();
                let values: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
                let (plain, mirrored) = values.split_at(values.len() / 2);
                Some(Self::Face(Views {
                    plain: plain.to_vec(),
                    mirrored: mirrored.to_vec(),
                }))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn views() -> Found {
        Found::Face(Views {
            plain: vec![1.0, -2.5, 0.0],
            mirrored: vec![3.0, f32::MIN_POSITIVE, -0.0],
        })
    }

    #[test]
    fn what_is_put_comes_back_after_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let way = Way::new(&serde_json::json!({"embedder": "a"}));
        let entries = [
            (Sha256::of(b"1"), views()),
            (Sha256::of(b"2"), Found::NoFace),
        ];
        {
            let cache = Cache::open(folder.path(), &way).unwrap();
            cache.put(&entries).unwrap();
            let second = Cache::open(folder.path(), &way).err().unwrap();
            assert!(second.contains("in use"), "{second}");
        }
        let cache = Cache::open(folder.path(), &way).unwrap();
        for (hash, found) in &entries {
            assert_eq!(cache.get::<Found>(hash).as_ref(), Some(found));
        }
        assert_eq!(cache.get::<Found>(&Sha256::of(b"3")), None);
        let other = Way::new(&serde_json::json!({"embedder": "b"}));
        let other = Cache::open(folder.path(), &other).unwrap();
        assert_eq!(other.get::<Found>(&entries[0].0), None);
    }

    #[test]
    fn a_broken_file_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let way = Way::new(&serde_json::json!({}));
        let path = folder.path().join(format!("{}.redb", way.file_stem()));
        std::fs::write(&path, b"not a database at all").unwrap();
        let error = Cache::open(folder.path(), &way).err().unwrap();
        assert!(error.contains("remove the file"), "{error}");
    }

    #[test]
    fn foreign_entries_are_no_entries() {
        for bytes in [&[][..], &[7], &[VIEWS], &[VIEWS, 1, 2], &[NO_FACE, 1]] {
            assert_eq!(Found::decode(bytes), None, "{bytes:?}");
        }
    }
}
