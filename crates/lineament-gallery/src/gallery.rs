//! A gallery file: made, opened, read and changed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lineament_core::{Embedding, EmbeddingSpace};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Row, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

use crate::change::{Action, Change};
use crate::error::GalleryError;
use crate::ids::UnixSeconds;
use crate::index::Indexes;
use crate::lock::{Secret, check_lock, unlock};
use crate::reembed::check_model;
use crate::schema;
use crate::seal::Vault;
use crate::vector::Precision;

/// How long a writer waits for another process to finish.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// Statements that stay prepared: all that searching and enrolling take turns with.
const STATEMENTS: usize = 32;
/// Greatest dimension of an embedding.
pub(crate) const MAX_DIMENSION: usize = 16_384;

/// What a gallery holds and in which space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GalleryOptions {
    /// The space of its embeddings; faces of another are refused.
    pub space: EmbeddingSpace,
    /// Numbers of an embedding, 1 to 16,384.
    pub dimension: usize,
    /// How they are stored.
    pub precision: Precision,
    /// SHA-256 of the model file that makes them.
    #[serde(with = "crate::hex")]
    pub model_sha256: [u8; 32],
}

impl GalleryOptions {
    fn check_space(&self, space: &EmbeddingSpace) -> Result<(), GalleryError> {
        if *space == self.space {
            return Ok(());
        }
        Err(GalleryError::SpaceMismatch {
            gallery: self.space.to_string(),
            other: space.to_string(),
        })
    }

    /// Refuses an embedding of another space or length.
    pub(crate) fn check(&self, embedding: &Embedding) -> Result<(), GalleryError> {
        self.check_space(embedding.space())?;
        let (expected, got) = (self.dimension, embedding.values().len());
        if expected != got {
            return Err(GalleryError::Dimension { expected, got });
        }
        Ok(())
    }
}

/// How often a gallery was changed, and a hash over all changes: equal stamps, equal contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Changes of any kind.
    pub(crate) generation: i64,
    /// Changes other than new faces at the end.
    pub(crate) epoch: i64,
    /// SHA-256 over the previous history and what the change did.
    pub(crate) history: [u8; 32],
}

impl Stamp {
    const BYTES: usize = 8 + 8 + 32;

    /// Generation, epoch (both i64, little-endian) and history.
    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.generation.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.epoch.to_le_bytes());
        bytes[16..].copy_from_slice(&self.history);
        bytes
    }

    pub(crate) fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let (mut number, mut history) = ([0; 8], [0; 32]);
        number.copy_from_slice(&bytes[..8]);
        let generation = i64::from_le_bytes(number);
        number.copy_from_slice(&bytes[8..16]);
        history.copy_from_slice(&bytes[16..]);
        Self {
            generation,
            epoch: i64::from_le_bytes(number),
            history,
        }
    }
}

/// People and their faces in one file.
///
/// Every method that changes something is one transaction: when it returns, the change has reached
/// the disk, and a process killed before that has changed nothing. Several processes may read while
/// one writes; a second writer waits five seconds, then is told.
#[derive(Debug)]
pub struct Gallery {
    pub(crate) path: PathBuf,
    pub(crate) db: Connection,
    pub(crate) options: GalleryOptions,
    pub(crate) indexes: Indexes,
    pub(crate) vault: Vault,
}

impl Gallery {
    /// A new, empty gallery at `path`. All of it is one transaction: a process that is killed on the
    /// way leaves no gallery but an empty file at most, which may be created anew.
    ///
    /// # Errors
    /// [`GalleryError::Exists`] when there is a file that is not empty, [`GalleryError::BadValue`] for
    /// a dimension out of range, [`GalleryError::Busy`] while another process creates it,
    /// [`GalleryError::Io`] and [`GalleryError::Storage`].
    pub fn create(
        path: &Path,
        options: GalleryOptions,
        at: UnixSeconds,
    ) -> Result<Self, GalleryError> {
        check_dimension(options.dimension)?;
        claim(path)?;
        let make = || -> Result<Connection, GalleryError> {
            let mut db = connect(path)?;
            let tx = schema::begin(&mut db, path)?;
            tx.execute(
                "INSERT INTO about VALUES (1, ?1, ?2, ?3, ?4, ?5, 0, 0, 0)",
                params![
                    options.space.name(),
                    options.dimension,
                    options.precision.name(),
                    options.model_sha256,
                    at.0,
                ],
            )?;
            tx.execute("INSERT INTO history VALUES (0, zeroblob(32))", [])?;
            let mut change = Change::begin(tx, &options, &Vault::Open, at)?;
            change.log(Action::Create, None, None, 0)?;
            change.commit()?;
            settle(&db)?;
            Ok(db)
        };
        let db = make().map_err(|error| error.at(path))?;
        Ok(Self {
            path: path.to_owned(),
            db,
            options,
            indexes: Indexes::default(),
            vault: Vault::Open,
        })
    }

    /// The gallery at `path`; a file of an older version is brought up to date.
    ///
    /// # Errors
    /// [`GalleryError::Locked`] for an encrypted one, [`GalleryError::Missing`],
    /// [`GalleryError::NotAGallery`], [`GalleryError::NewerVersion`], [`GalleryError::Damaged`],
    /// [`GalleryError::Busy`], [`GalleryError::Storage`].
    pub fn open(path: &Path) -> Result<Self, GalleryError> {
        Self::open_with(path, None)
    }

    /// As [`open`](Self::open), for an encrypted gallery with its secret.
    ///
    /// # Errors
    /// [`GalleryError::WrongKey`]; [`GalleryError::NotEncrypted`] for a secret that is not needed; and
    /// as [`open`](Self::open).
    pub fn open_with(path: &Path, secret: Option<&Secret>) -> Result<Self, GalleryError> {
        if !path.is_file() {
            return Err(GalleryError::Missing {
                path: path.to_owned(),
            });
        }
        let open = || -> Result<(Connection, GalleryOptions), GalleryError> {
            let mut db = connect(path)?;
            schema::bring_up_to_date(&mut db)?;
            settle(&db)?;
            let options = read_options(&db)?;
            Ok((db, options))
        };
        let (db, options) = open().map_err(|error| error.at(path))?;
        let mut gallery = Self {
            path: path.to_owned(),
            db,
            options,
            indexes: Indexes::default(),
            vault: Vault::Open,
        };
        // Before the lock is opened, for what is to be erased may be what was there before it.
        gallery.finish_erasing()?;
        gallery.vault = unlock(&gallery.db, secret).map_err(|error| error.at(path))?;
        if gallery.vault.is_sealed() {
            // What a process that knew nothing of the encryption may have left a moment after.
            gallery.remove_indexes()?;
        }
        Ok(gallery)
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The space, dimension and precision of its embeddings.
    #[must_use]
    pub fn options(&self) -> &GalleryOptions {
        &self.options
    }

    /// Whether embeddings of `space` belong here.
    ///
    /// # Errors
    /// [`GalleryError::SpaceMismatch`], naming both spaces.
    pub fn check_space(&self, space: &EmbeddingSpace) -> Result<(), GalleryError> {
        self.options.check_space(space)
    }

    /// Looks something up that is the same whether the gallery is encrypted or not. Errors name the file.
    pub(crate) fn look<T>(
        &self,
        look: impl FnOnce(&Connection) -> Result<T, GalleryError>,
    ) -> Result<T, GalleryError> {
        look(&self.db).map_err(|error| error.at(&self.path))
    }

    /// Looks something up. Errors name the file.
    pub(crate) fn read<T>(
        &self,
        look: impl FnOnce(&Connection) -> Result<T, GalleryError>,
    ) -> Result<T, GalleryError> {
        self.look(|db| {
            let found = look(db);
            check_lock(db, &self.vault)?;
            found
        })
    }

    /// Changes something, all or nothing: when this returns, it is on the disk. Errors name the file.
    pub(crate) fn write<T>(
        &mut self,
        at: UnixSeconds,
        work: impl FnOnce(&mut Change<'_>) -> Result<T, GalleryError>,
    ) -> Result<T, GalleryError> {
        let run = || -> Result<T, GalleryError> {
            let tx = self
                .db
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            check_model(&tx, &self.options)?;
            check_lock(&tx, &self.vault)?;
            let mut change = Change::begin(tx, &self.options, &self.vault, at)?;
            let result = work(&mut change)?;
            change.commit()?;
            Ok(result)
        };
        run().map_err(|error| error.at(&self.path))
    }
}

/// Makes the empty file that a new database grows in. An empty one is what a process that was killed
/// has left, also when it left the journal that takes it back to that.
pub(crate) fn claim(path: &Path) -> Result<(), GalleryError> {
    let is_empty = || {
        let mut journal = path.as_os_str().to_owned();
        journal.push("-journal");
        let found = std::fs::metadata(path);
        found.is_ok_and(|file| file.is_file() && (file.len() == 0 || Path::new(&journal).is_file()))
    };
    match std::fs::File::create_new(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(GalleryError::io(path, error))
        }
        Err(_) if !is_empty() => Err(GalleryError::Exists {
            path: path.to_owned(),
        }),
        _ => Ok(()),
    }
}

fn connect(path: &Path) -> Result<Connection, GalleryError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY_WAIT)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    // A file from elsewhere may hold triggers and views; they get no functions with effects.
    db.pragma_update(None, "trusted_schema", false)?;
    // A statement is planned once, not for each face that it is asked for.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.pragma_update(None, "cell_size_check", true)?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "secure_delete", true)?;
    // KiB of pages that are kept in memory.
    db.pragma_update(None, "cache_size", -65_536)?;
    Ok(db)
}

/// Durability: a commit waits until its pages have reached the disk.
fn settle(db: &Connection) -> Result<(), GalleryError> {
    let set_wal = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
    db.pragma_update_and_check(None, "journal_mode", "WAL", set_wal)?;
    Ok(db.pragma_update(None, "synchronous", "FULL")?)
}

/// What the file says of its embeddings.
pub(crate) fn read_options(db: &Connection) -> Result<GalleryOptions, GalleryError> {
    let sql = "SELECT space, dimension, precision, model_sha256 FROM about WHERE id = 1";
    db.query_row(sql, [], |row| Ok(options_from_row(row)))?
}

/// The options in a row `space, dimension, precision, model_sha256`.
pub(crate) fn options_from_row(row: &Row<'_>) -> Result<GalleryOptions, GalleryError> {
    let (space, precision): (String, String) = (row.get(0)?, row.get(2)?);
    let unknown = || GalleryError::damaged(format!("its embeddings are of precision {precision}"));
    Ok(GalleryOptions {
        space: EmbeddingSpace::new(&space),
        dimension: row.get(1)?,
        precision: Precision::from_name(&precision).ok_or_else(unknown)?,
        model_sha256: row.get(3)?,
    })
}

/// # Errors
/// [`GalleryError::BadValue`] for one out of range.
pub(crate) fn check_dimension(dimension: usize) -> Result<(), GalleryError> {
    if (1..=MAX_DIMENSION).contains(&dimension) {
        return Ok(());
    }
    Err(GalleryError::BadValue {
        what: "the dimension of embeddings",
        expected: "1 to 16384",
        got: dimension.to_string(),
    })
}

/// The stamp of the state that `db` sees.
pub(crate) fn read_stamp(db: &Connection) -> Result<Stamp, GalleryError> {
    let sql = "SELECT about.generation, epoch, sha256 FROM about JOIN history USING (generation)";
    Ok(db.prepare_cached(sql)?.query_row([], |row| {
        Ok(Stamp {
            generation: row.get(0)?,
            epoch: row.get(1)?,
            history: row.get(2)?,
        })
    })?)
}
