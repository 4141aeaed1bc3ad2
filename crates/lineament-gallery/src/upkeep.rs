//! Numbers about a gallery, smaller files, and copies.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::Backup;
use serde::Serialize;

use crate::error::GalleryError;
use crate::forget::rewrite;
use crate::gallery::{Gallery, GalleryOptions};
use crate::ids::UnixSeconds;

/// Pages that a backup copies at a time; writers may go on between.
const PAGES_PER_STEP: i32 = 256;

/// Numbers about a gallery.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stats {
    /// Space, dimension, precision and model.
    #[serde(flatten)]
    pub options: GalleryOptions,
    /// Whether it is encrypted.
    pub is_encrypted: bool,
    /// People in their own right.
    pub n_people: usize,
    /// People who were merged into others.
    pub n_merged: usize,
    /// Faces.
    pub n_faces: usize,
    /// Changes since the gallery was made.
    pub n_changes: u64,
    /// When it was made.
    pub created_at: UnixSeconds,
    /// Bytes of the file, without its log.
    pub n_bytes: u64,
    /// Those of them that compacting would give back.
    pub n_free_bytes: u64,
}

impl Gallery {
    /// Numbers about the gallery.
    ///
    /// # Errors
    /// [`GalleryError::Damaged`], [`GalleryError::Storage`].
    pub fn stats(&self) -> Result<Stats, GalleryError> {
        self.read(|db| {
            let state = db.unchecked_transaction()?;
            let count = |sql: &str| state.query_row(sql, [], |row| row.get::<_, u64>(0));
            let page_bytes = count("PRAGMA page_size")?;
            Ok(Stats {
                options: self.options.clone(),
                is_encrypted: self.vault.is_sealed(),
                n_people: count("SELECT count(*) FROM person WHERE merged_into IS NULL")? as usize,
                n_merged: count("SELECT count(*) FROM person WHERE merged_into IS NOT NULL")?
                    as usize,
                n_faces: count("SELECT count(*) FROM face")? as usize,
                n_changes: count("SELECT generation FROM about")?,
                created_at: UnixSeconds(count("SELECT created_at FROM about")? as i64),
                n_bytes: page_bytes * count("PRAGMA page_count")?,
                n_free_bytes: page_bytes * count("PRAGMA freelist_count")?,
            })
        })
    }

    /// Writes the file anew without the room that removed faces left, and its index without them: no byte of an
    /// embedding of theirs stays. Bytes given back.
    ///
    /// # Errors
    /// [`GalleryError::Busy`] when another process uses the file; [`GalleryError::Storage`] for a full
    /// disk: as much room as the file takes is needed for a while.
    pub fn compact(&mut self) -> Result<u64, GalleryError> {
        let before = self.stats()?.n_bytes;
        self.read(rewrite)?;
        self.renew_indexes()?;
        Ok(before.saturating_sub(self.stats()?.n_bytes))
    }

    /// Copies the gallery to a new file while others go on using it: the copy is of one state.
    ///
    /// # Errors
    /// [`GalleryError::Exists`] for `to`, [`GalleryError::Io`], [`GalleryError::Storage`]. On an error
    /// there is no copy.
    pub fn backup(&self, to: &Path) -> Result<(), GalleryError> {
        crate::gallery::claim(to)?;
        let copy = || -> Result<(), GalleryError> {
            let mut target = Connection::open(to)?;
            Backup::new(&self.db, &mut target)?.run_to_completion(
                PAGES_PER_STEP,
                std::time::Duration::ZERO,
                None,
            )?;
            target.pragma_update(None, "synchronous", "FULL")?;
            target.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
            drop(target);
            let file = std::fs::File::open(to).map_err(|error| GalleryError::io(to, error))?;
            file.sync_all().map_err(|error| GalleryError::io(to, error))
        };
        copy().map_err(|error| {
            // The copy is of no use; that it cannot be removed either changes nothing.
            let _ = std::fs::remove_file(to);
            error.at(to)
        })
    }
}
