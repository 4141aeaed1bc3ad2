//! The indexes beside the file, written so that nobody is in them who is gone from the gallery.
//!
//! Whoever writes one of them, or removes them for good, holds the gallery's write lock meanwhile. So an index is
//! on the disk before a face of it is forgotten, and goes with it, or is made of what is left.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::approximate::is_of_present;
use crate::change::Change;
use crate::error::GalleryError;
use crate::forget::remove_derived;
use crate::gallery::Gallery;
use crate::ids::UnixSeconds;
use crate::index::{GraphAtHand, Indexes, graph, snapshot_path, unfinished, write_snapshot};
use crate::lock::check_lock;
use crate::search::SearchBy;

impl Gallery {
    /// Writes the index beside the file, so that the next process need not make it again. True when
    /// there was something new to write. An encrypted gallery has none: it is made anew, in memory alone.
    ///
    /// # Errors
    /// [`GalleryError::Busy`] while another process writes, [`GalleryError::Io`], and as
    /// [`search`](Self::search).
    pub fn save_index(&mut self) -> Result<bool, GalleryError> {
        if self.vault.is_sealed() {
            return Ok(false);
        }
        // Most of the work, while others may write.
        self.read_faces_for_index()?;
        if self.indexes.is_saved() {
            return Ok(false);
        }
        self.write_index()
    }

    fn read_faces_for_index(&mut self) -> Result<(), GalleryError> {
        let mut indexes = std::mem::take(&mut self.indexes);
        let done = self.read(|db| {
            let state = db.unchecked_transaction()?;
            self.refresh(&state, &mut indexes, SearchBy::Face)
        });
        self.indexes = indexes;
        done
    }

    /// Writes the index of the faces that are there once nobody can remove one until it is written.
    fn write_index(&mut self) -> Result<bool, GalleryError> {
        let mut indexes = std::mem::take(&mut self.indexes);
        let written = self.read(|db| {
            let nobody_writes = keep_writers_out(db)?;
            check_lock(&nobody_writes, &self.vault)?;
            self.refresh(&nobody_writes, &mut indexes, SearchBy::Face)?;
            let Some((stamp, index)) = indexes.faces.as_ref().filter(|_| !indexes.is_saved())
            else {
                return Ok(false);
            };
            let path = snapshot_path(&self.path);
            write_snapshot(&path, index, stamp).map_err(|error| GalleryError::io(&path, error))?;
            indexes.saved = Some(*stamp);
            Ok(true)
        });
        self.indexes = indexes;
        written
    }

    /// As [`write`](Self::write), for what removes faces: the approximate index goes with them.
    pub(crate) fn write_removal<T>(
        &mut self,
        at: UnixSeconds,
        work: impl FnOnce(&mut Change<'_>) -> Result<T, GalleryError>,
    ) -> Result<T, GalleryError> {
        self.indexes.graph = GraphAtHand::Unknown;
        let graph = graph::path_of(&self.path);
        self.write(at, |change| {
            let done = work(change)?;
            remove_derived(&graph)?;
            Ok(done)
        })
    }

    /// Removes the indexes beside the file, if there are any, and what a write of them has left.
    pub(crate) fn remove_indexes(&self) -> Result<(), GalleryError> {
        remove_derived(&snapshot_path(&self.path))?;
        remove_derived(&graph::path_of(&self.path))?;
        Ok(())
    }

    /// Leaves beside the file no byte of a face that is not in it any more: what a write has left goes, and so does
    /// an approximate index that is not of this gallery's faces; an exact one is written anew.
    pub(crate) fn renew_indexes(&mut self) -> Result<(), GalleryError> {
        self.indexes = Indexes::default();
        let (snapshot, graph) = (snapshot_path(&self.path), graph::path_of(&self.path));
        self.read(|db| {
            let nobody_writes = keep_writers_out(db)?;
            if self.vault.is_sealed() {
                return self.remove_indexes();
            }
            remove_derived(&unfinished(&snapshot))?;
            remove_derived(&unfinished(&graph))?;
            match graph::read(&graph, &self.options) {
                Ok((stamp, read)) if is_of_present(&nobody_writes, &read, &stamp)? => Ok(()),
                _ => remove_derived(&graph).map(drop),
            }
        })?;
        if snapshot.exists() {
            self.save_index()?;
        }
        Ok(())
    }
}

/// While this lives, no other process changes the gallery.
pub(crate) fn keep_writers_out(db: &Connection) -> Result<Transaction<'_>, GalleryError> {
    let behavior = TransactionBehavior::Immediate;
    Ok(Transaction::new_unchecked(db, behavior)?)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::lock::{ENTROPY_BYTES, LockCost, Secret};
    use crate::search::SearchOptions;
    use crate::support::traces::{Trace, n_present, of_face};
    use crate::support::{NOW, enrolled, face, options};
    use crate::{FaceId, PersonId};

    /// A gallery of some people, one of them, and what her faces leave in an index.
    fn gallery_with_traces(path: &Path) -> (Gallery, PersonId, FaceId, Vec<Trace>) {
        let mut gallery = Gallery::create(path, options(), NOW).unwrap();
        for other in 0..40 {
            enrolled(&mut gallery, &format!("other {other}"), &face(other, 0));
        }
        let hers = face(777, 1);
        let (first, person) = enrolled(&mut gallery, "her", &hers);
        (gallery, person, first, of_face(&hers))
    }

    #[test]
    fn whoever_is_forgotten_while_an_index_is_made_is_not_in_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("g");
        let (mut here, person, _, traces) = gallery_with_traces(&path);
        let mut there = Gallery::open(&path).unwrap();
        here.read_faces_for_index().unwrap();
        there.forget(person, NOW).unwrap();
        assert_eq!(n_present(dir.path(), &traces), 0);
        assert!(here.write_index().unwrap());
        assert!(snapshot_path(&path).is_file());
        assert_eq!(n_present(dir.path(), &traces), 0);
        let found = here.search(&face(3, 9).embedding, &SearchOptions::default());
        let name = here.person(found.unwrap()[0].person).unwrap().name;
        assert_eq!(name, "other 3");
    }

    #[test]
    fn a_face_that_is_removed_while_an_index_is_made_is_not_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("g");
        let (mut here, _, face, traces) = gallery_with_traces(&path);
        assert!(here.save_index().unwrap());
        let of_index = || {
            let alone = tempfile::tempdir().unwrap();
            std::fs::copy(snapshot_path(&path), alone.path().join("index")).unwrap();
            n_present(alone.path(), &traces)
        };
        assert_eq!(of_index(), 4, "the codes of her face can be found");
        let mut there = Gallery::open(&path).unwrap();
        here.read_faces_for_index().unwrap();
        there.remove_face(face, NOW).unwrap();
        assert!(here.write_index().unwrap());
        assert_eq!(of_index(), 0);
    }

    #[test]
    fn an_index_that_is_replaced_and_removed_stays_of_use_to_who_maps_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("g");
        let (mut writer, person, ..) = gallery_with_traces(&path);
        // More than a block, so that some of it is mapped.
        for other in 1_000..1_300 {
            enrolled(&mut writer, &format!("other {other}"), &face(other, 0));
        }
        writer.save_index().unwrap();
        let mut reader = Gallery::open(&path).unwrap();
        let mut nearest = |of: u64| {
            let found = reader.search(&face(of, 9).embedding, &SearchOptions::default());
            reader.person(found.unwrap()[0].person).unwrap().name
        };
        assert_eq!(nearest(1_299), "other 1299");
        enrolled(&mut writer, "newer", &face(5_000, 0));
        assert!(writer.save_index().unwrap());
        assert_eq!(nearest(5_000), "newer");
        writer.forget(person, NOW).unwrap();
        assert!(!snapshot_path(&path).exists());
        assert_ne!(nearest(777), "her");
        assert_eq!(nearest(1_000), "other 1000");
    }

    #[test]
    fn a_gallery_that_is_encrypted_while_an_index_is_made_gets_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("g");
        let (mut here, _, _, traces) = gallery_with_traces(&path);
        let mut there = Gallery::open(&path).unwrap();
        here.read_faces_for_index().unwrap();
        let secret = Secret::new(b"correct horse battery staple".to_vec()).unwrap();
        let cost = LockCost {
            memory_kib: 8,
            passes: 1,
            lanes: 1,
        };
        let entropy = [5; ENTROPY_BYTES];
        there.encrypt(&secret, cost, &entropy, NOW).unwrap();
        let refused = here.write_index();
        assert!(
            matches!(refused, Err(GalleryError::Relocked { .. })),
            "{refused:?}"
        );
        assert!(!snapshot_path(&path).exists());
        assert_eq!(n_present(dir.path(), &traces), 0);
    }
}
