//! The tables of a gallery file, and how older files become newer ones.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::error::GalleryError;

/// `PRAGMA application_id` of a gallery: "LNGL" in ASCII.
pub(crate) const APPLICATION_ID: i32 = 0x4C4E_474C;

/// The step to each version from the one before; the first makes the tables.
const STEPS: [&str; 4] = [
    include_str!("schema/v1.sql"),
    include_str!("schema/v2.sql"),
    include_str!("schema/v3.sql"),
    include_str!("schema/v4.sql"),
];

/// The version that this program writes.
pub(crate) const VERSION: u32 = STEPS.len() as u32;

/// Bytes of a page: seven 512-dimensional embeddings fit, and one in the usual 4,096 would waste half.
pub(crate) const PAGE_BYTES: u32 = 16_384;

/// The transaction that makes a new file: its tables are there when it is committed, or nothing is.
///
/// # Errors
/// [`GalleryError::Exists`] when the file at `path` holds something.
pub(crate) fn begin<'a>(
    db: &'a mut Connection,
    path: &Path,
) -> Result<Transaction<'a>, GalleryError> {
    db.pragma_update(None, "page_size", PAGE_BYTES)?;
    let tx = db.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    let n_tables: i64 = tx.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if n_tables > 0 {
        return Err(GalleryError::Exists {
            path: path.to_owned(),
        });
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    step_up(&tx, 0)?;
    Ok(tx)
}

/// Takes a file through the steps that its version lacks, all or none.
///
/// # Errors
/// As [`check_version`].
pub(crate) fn bring_up_to_date(db: &mut Connection) -> Result<(), GalleryError> {
    let found = check_version(db)?;
    if found < VERSION {
        let tx = db.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        step_up(&tx, found)?;
        tx.commit()?;
    }
    Ok(())
}

/// The version of a file that is a gallery of a version known here.
///
/// # Errors
/// [`GalleryError::NotAGallery`], [`GalleryError::NewerVersion`] and [`GalleryError::Damaged`], without
/// a path.
pub(crate) fn check_version(db: &Connection) -> Result<u32, GalleryError> {
    let application: i32 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let path = std::path::PathBuf::new();
    let n_pages: u32 = db.pragma_query_value(None, "page_count", |row| row.get(0))?;
    if n_pages == 0 {
        let found = "it is empty; if making it was cut short, create it again".to_owned();
        return Err(GalleryError::NotAGallery { path, found });
    }
    if application != APPLICATION_ID {
        let found = format!("an SQLite file of application {application:#x}");
        return Err(GalleryError::NotAGallery { path, found });
    }
    let found: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match found {
        0 => Err(GalleryError::damaged("it has no tables")),
        1..=VERSION => Ok(found),
        _ => Err(GalleryError::NewerVersion {
            path,
            found,
            supported: VERSION,
        }),
    }
}

/// The names and definitions of all tables and indexes.
pub(crate) fn tables() -> Result<Vec<(String, String)>, GalleryError> {
    let db = Connection::open_in_memory()?;
    STEPS.iter().try_for_each(|step| db.execute_batch(step))?;
    let mut statement = db.prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")?;
    let tables = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(tables.collect::<Result<_, _>>()?)
}

/// Takes the steps after version `from`.
fn step_up(tx: &Transaction<'_>, from: u32) -> Result<(), GalleryError> {
    for sql in STEPS.iter().skip(from as usize) {
        tx.execute_batch(sql)?;
    }
    Ok(tx.pragma_update(None, "user_version", VERSION)?)
}
