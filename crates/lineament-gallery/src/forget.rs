//! Forgetting for good: no byte of a person stays in the file or beside it.

use std::path::Path;

use rusqlite::Connection;

use crate::change::Action;
use crate::error::GalleryError;
use crate::gallery::Gallery;
use crate::ids::{PersonId, UnixSeconds};
use crate::index::{Indexes, unfinished};
use crate::merge::delete_person;
use crate::saving::keep_writers_out;

impl Gallery {
    /// Erases a person, those merged into them, and all their faces: no byte of a name, tag, note,
    /// path, embedding or picture of theirs stays in the file, its write-ahead log or its index. The number of
    /// faces erased. Should the process die on the way, the next to open the file finishes.
    ///
    /// What this cannot reach: backups and exports, and what file systems and flash storage keep of
    /// blocks that were overwritten.
    ///
    /// # Errors
    /// [`GalleryError::NoSuchPerson`]; [`GalleryError::Busy`] when another process reads the old
    /// state: the person is gone then, and their bytes go when the file is opened next; and as every
    /// change.
    pub fn forget(&mut self, person: PersonId, at: UnixSeconds) -> Result<usize, GalleryError> {
        let n_faces = self.write(at, |change| {
            change.tx.execute("UPDATE about SET erasing = 1", [])?;
            delete_person(change, person, Action::Forget)
        })?;
        self.erase()?;
        Ok(n_faces)
    }

    /// Ends what an interrupted [`forget`](Self::forget) began. While another process is in the way
    /// the file can be used all the same.
    pub(crate) fn finish_erasing(&mut self) -> Result<(), GalleryError> {
        let erasing: bool = self.look(|db| {
            let sql = "SELECT erasing FROM about";
            Ok(db.query_row(sql, [], |row| row.get(0))?)
        })?;
        if !erasing {
            return Ok(());
        }
        match self.erase() {
            Err(GalleryError::Busy { .. }) => Ok(()),
            done => done,
        }
    }

    /// Writes the whole file anew, from the rows that are left, and empties the log.
    pub(crate) fn erase(&mut self) -> Result<(), GalleryError> {
        self.indexes = Indexes::default();
        self.look(|db| {
            // Nobody writes an index meanwhile; one that is written later is of the rows that are left.
            let nobody_writes = keep_writers_out(db)?;
            self.remove_indexes()?;
            drop(nobody_writes);
            rewrite(db)?;
            db.execute("UPDATE about SET erasing = 0", [])?;
            empty_log(db)
        })
    }
}

/// Removes a file that was made of the gallery, and what a write of it has left. Whether there was one.
pub(crate) fn remove_derived(path: &Path) -> Result<bool, GalleryError> {
    let mut was_there = false;
    for path in [path, &unfinished(path)] {
        match std::fs::remove_file(path) {
            Ok(()) => was_there = true,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(GalleryError::io(path, error)),
        }
    }
    Ok(was_there)
}

/// Builds every page anew. What was deleted is in none of them.
pub(crate) fn rewrite(db: &Connection) -> Result<(), GalleryError> {
    db.execute_batch("VACUUM")?;
    empty_log(db)
}

/// Moves all pages of the write-ahead log to the file and cuts the log to nothing.
fn empty_log(db: &Connection) -> Result<(), GalleryError> {
    let busy: bool = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy {
        return Err(GalleryError::Busy {
            path: Default::default(),
        });
    }
    Ok(())
}
