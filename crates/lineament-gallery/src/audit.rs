//! The audit log: what was done and when, in numbers that name nobody.

use rusqlite::{Connection, params};
use serde::Serialize;

use crate::change::Action;
use crate::error::GalleryError;
use crate::gallery::Gallery;
use crate::ids::{PersonId, UnixSeconds};

/// One change. It holds no name: whoever is forgotten leaves none here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    /// When it was done, as the caller said.
    pub at: UnixSeconds,
    /// What was done.
    pub action: Action,
    /// To whom.
    pub person: Option<PersonId>,
    /// The other person of a merge.
    pub other: Option<PersonId>,
    /// Faces that came, went or moved.
    pub n_faces: usize,
}

impl Gallery {
    /// The last `limit` changes, latest first.
    ///
    /// # Errors
    /// [`GalleryError::Damaged`], [`GalleryError::Storage`].
    pub fn audit(&self, limit: usize) -> Result<Vec<AuditEntry>, GalleryError> {
        self.read(|db| {
            let mut entries = Vec::new();
            each_entry(db, limit, |entry| entries.push(entry))?;
            Ok(entries)
        })
    }
}

/// The last `limit` changes, latest first.
pub(crate) fn each_entry(
    db: &Connection,
    limit: usize,
    mut hear: impl FnMut(AuditEntry),
) -> Result<(), GalleryError> {
    let sql = "SELECT at, action, person, other, n_faces FROM audit ORDER BY id DESC LIMIT ?1";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![i64::try_from(limit).unwrap_or(i64::MAX)])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(1)?;
        let unknown = || GalleryError::damaged(format!("the log has an action {name:?}"));
        hear(AuditEntry {
            at: UnixSeconds(row.get(0)?),
            action: Action::from_name(&name).ok_or_else(unknown)?,
            person: row.get::<_, Option<i64>>(2)?.map(PersonId),
            other: row.get::<_, Option<i64>>(3)?.map(PersonId),
            n_faces: row.get(4)?,
        });
    }
    Ok(())
}
