//! Whether a gallery file is sound: every page, every row, every reference.

use std::fmt;
use std::io::Read as _;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, params};
use serde::Serialize;

use crate::audit::each_entry;
use crate::error::GalleryError;
use crate::face::Face;
use crate::faces::{
    COLUMNS, Codec, Table, data_from_row, read_faces, read_vector, vector_from_row,
};
use crate::gallery::{read_options, read_stamp};
use crate::ids::{FaceId, PersonId};
use crate::lock::{Secret, unlock};
use crate::people::{Person, Roots, person_from_row};
use crate::reembed::read_move;
use crate::schema;
use crate::seal::Vault;

/// Problems of a kind beyond which no more are listed.
const MAX_STORAGE_PROBLEMS: usize = 100;
/// No row of people or faces takes fewer bytes; it bounds the numbers that are tried in a file whose
/// counters cannot be read.
const LEAST_ROW_BYTES: u64 = 32;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Health {
    /// People that can be read, also those merged into others.
    pub n_people: usize,
    /// Faces that can be read with their embedding.
    pub n_faces: usize,
    /// What is wrong; empty for a sound gallery.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong with a gallery.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Problem {
    /// Pages or tables of the file.
    Storage {
        /// What is wrong, in the storage engine's words.
        what: String,
    },
    /// A person's row.
    Person {
        /// Their number.
        person: PersonId,
        /// What is wrong.
        what: String,
    },
    /// A face's row, or its embedding.
    Face {
        /// Its number.
        face: FaceId,
        /// What is wrong.
        what: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage { what } => write!(f, "the file: {what}"),
            Self::Person { person, what } => write!(f, "person {person}: {what}"),
            Self::Face { face, what } => write!(f, "face {face}: {what}"),
        }
    }
}

/// Reads every row of the gallery at `path` and says what is wrong. Nothing is changed.
///
/// # Errors
/// [`GalleryError::Missing`], [`GalleryError::NotAGallery`], [`GalleryError::NewerVersion`] and
/// [`GalleryError::Busy`]. A damaged file is no error: that is what is asked for.
pub fn check(path: &Path) -> Result<Health, GalleryError> {
    check_with(path, None)
}

/// As [`check`], for an encrypted gallery with its secret.
///
/// # Errors
/// [`GalleryError::Locked`], [`GalleryError::WrongKey`], [`GalleryError::NotEncrypted`], and as
/// [`check`].
pub fn check_with(path: &Path, secret: Option<&Secret>) -> Result<Health, GalleryError> {
    if !path.is_file() {
        return Err(GalleryError::Missing {
            path: path.to_owned(),
        });
    }
    let mut health = Health {
        n_people: 0,
        n_faces: 0,
        problems: Vec::new(),
    };
    let looked = look(path, secret, &mut health);
    match looked.map_err(|error| error.at(path)) {
        Ok(()) => Ok(health),
        Err(GalleryError::Damaged { what, .. } | GalleryError::Storage { what, .. }) => {
            health.problems.push(Problem::Storage { what });
            Ok(health)
        }
        Err(error) => Err(error),
    }
}

fn look(path: &Path, secret: Option<&Secret>, health: &mut Health) -> Result<(), GalleryError> {
    let db = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    let version = schema::check_version(&db)?;
    let state = db.unchecked_transaction()?;
    check_storage(&state, health)?;
    if let Some(mark) = text_encoding(path).filter(|mark| *mark != UTF_8) {
        let what = format!("its header marks text as encoding {mark}, not {UTF_8} (UTF-8)");
        health.problems.push(Problem::Storage { what });
    }
    let options = read_options(&state)?;
    let vault = &unlock(&state, secret)?;
    read_stamp(&state)?;
    let roots = Roots::read(&state)?;
    each_person(&state, vault, n_bytes(path), |person, read| match read {
        Ok(found) => {
            health.n_people += 1;
            let root = roots.root(found.id);
            if found.merged_into.is_some() && root == found.id {
                let what = "they are merged into themself in a circle".to_owned();
                health.problems.push(Problem::Person { person, what });
            }
            Ok(())
        }
        Err(what) => {
            health.problems.push(Problem::Person { person, what });
            Ok(())
        }
    })?;
    let codec = Codec {
        options: &options,
        vault,
    };
    each_face(&state, codec, n_bytes(path), |face, read| {
        match read {
            Ok(_) => health.n_faces += 1,
            Err(what) => health.problems.push(Problem::Face { face, what }),
        }
        Ok(())
    })?;
    if let Err(error) = each_entry(&state, usize::MAX, |_| ()) {
        let what = in_words(error);
        health.problems.push(Problem::Storage { what });
    }
    // Before, a gallery could not move to another model, nor hold pictures.
    if version >= 2 {
        check_move(&state, vault, health)?;
    }
    if version >= 4 {
        check_thumbnails(&state, vault, health)?;
    }
    Ok(())
}

/// The embeddings of the model that the gallery is moving to.
fn check_move(db: &Connection, vault: &Vault, health: &mut Health) -> Result<(), GalleryError> {
    let Some(under_way) = read_move(db)? else {
        return Ok(());
    };
    let codec = Codec {
        options: &under_way.to,
        vault,
    };
    let mut statement = db.prepare("SELECT face, data, crc FROM embedding_next")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Err(error) = vector_from_row(row, codec) {
            let (face, what) = (FaceId(row.get(0)?), in_words(error));
            health.problems.push(Problem::Face { face, what });
        }
    }
    Ok(())
}

fn check_thumbnails(
    db: &Connection,
    vault: &Vault,
    health: &mut Health,
) -> Result<(), GalleryError> {
    let mut statement = db.prepare("SELECT face, data, crc FROM thumbnail")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Err(error) = data_from_row(row, vault, Table::Thumbnail) {
            let (face, what) = (FaceId(row.get(0)?), in_words(error));
            health.problems.push(Problem::Face { face, what });
        }
    }
    Ok(())
}

pub(crate) fn n_bytes(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}

/// SQLite's own checks: pages, indexes, references between tables.
/// The mark of text in UTF-8 in the header of SQLite's files ("Database File Format", 1.3.13).
const UTF_8: u32 = 1;

/// That mark, of a file that has a header yet. SQLite looks at a part of it when it opens a file, and at the
/// whole when it writes one anew.
fn text_encoding(path: &Path) -> Option<u32> {
    let mut header = [0; 60];
    let mut file = std::fs::File::open(path).ok()?;
    file.read_exact(&mut header).ok()?;
    let [.., a, b, c, d] = header;
    Some(u32::from_be_bytes([a, b, c, d]))
}

fn check_storage(db: &Connection, health: &mut Health) -> Result<(), GalleryError> {
    let mut tell = |what: String| health.problems.push(Problem::Storage { what });
    let sql = format!("PRAGMA integrity_check({MAX_STORAGE_PROBLEMS})");
    let mut statement = db.prepare(&sql)?;
    for line in statement.query_map([], |row| row.get::<_, String>(0))? {
        let line = line?;
        if line != "ok" {
            tell(line);
        }
    }
    let mut statement = db.prepare("PRAGMA foreign_key_check")?;
    let broken = statement.query_map([], |row| {
        let (table, row): (String, Option<i64>) = (row.get(0)?, row.get(1)?);
        Ok(format!(
            "row {} of {table} refers to nothing",
            row.unwrap_or(0)
        ))
    })?;
    for line in broken.take(MAX_STORAGE_PROBLEMS) {
        tell(line?);
    }
    Ok(())
}

/// Tries every number that a person may have. Rows are looked up one by one, so that a broken page
/// hides no more than what is on it.
pub(crate) fn each_person(
    db: &Connection,
    vault: &Vault,
    n_bytes: u64,
    mut take: impl FnMut(PersonId, Result<Person, String>) -> Result<(), GalleryError>,
) -> Result<(), GalleryError> {
    let sql =
        "SELECT id, name, tags, notes, created_at, merged_into, crc FROM person WHERE id = ?1";
    let mut statement = db.prepare(sql)?;
    for id in 1..=last_number(db, "person", n_bytes) {
        let mut rows = statement.query(params![id])?;
        match rows.next() {
            Ok(None) => {}
            Ok(Some(row)) => take(PersonId(id), person_from_row(row, vault).map_err(in_words))?,
            Err(error) => take(PersonId(id), Err(in_words(error.into())))?,
        }
    }
    Ok(())
}

/// Tries every number that a face may have, with its embedding.
pub(crate) fn each_face(
    db: &Connection,
    codec: Codec<'_>,
    n_bytes: u64,
    mut take: impl FnMut(FaceId, Result<(Face, Vec<f32>), String>) -> Result<(), GalleryError>,
) -> Result<(), GalleryError> {
    let sql = format!("SELECT {COLUMNS} FROM face WHERE id = ?1");
    for id in 1..=last_number(db, "face", n_bytes) {
        let id = FaceId(id);
        match read_faces(db, codec.vault, &sql, params![id.0]).map(|mut faces| faces.pop()) {
            Ok(None) => {}
            Ok(Some(face)) => {
                let vector = read_vector(db, codec, id).map_err(|error| match error {
                    GalleryError::NoSuchFace { .. } => "it has no embedding".to_owned(),
                    other => in_words(other),
                });
                take(id, vector.map(|vector| (face, vector)))?;
            }
            Err(error) => take(id, Err(in_words(error)))?,
        }
    }
    Ok(())
}

fn last_number(db: &Connection, table: &str, n_bytes: u64) -> i64 {
    let bound = (n_bytes / LEAST_ROW_BYTES) as i64;
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = ?1";
    let last = db.query_row(sql, params![table], |row| row.get::<_, i64>(0));
    match last {
        Ok(last) => last.clamp(0, bound.max(1 << 32)),
        Err(rusqlite::Error::QueryReturnedNoRows) => 0,
        Err(_) => bound,
    }
}

/// The error without the file, which problems do not repeat.
pub(crate) fn in_words(error: GalleryError) -> String {
    match error {
        GalleryError::Damaged { what, .. } | GalleryError::Storage { what, .. } => what,
        other => other.to_string(),
    }
}
