//! What can be read of a damaged gallery, in a new one.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde::Serialize;

use crate::change::{Action, Change};
use crate::check::{Problem, each_face, each_person, in_words, n_bytes};
use crate::error::GalleryError;
use crate::face::{Face, MAX_THUMBNAIL_BYTES, NewFace};
use crate::faces::{Codec, add_face, embedding_of, read_thumbnail};
use crate::gallery::{Gallery, GalleryOptions, read_options};
use crate::ids::{PersonId, UnixSeconds};
use crate::lock::{Secret, read_lock, unlock};
use crate::people::{Person, write_person};
use crate::schema::{self, APPLICATION_ID, PAGE_BYTES, VERSION};
use crate::seal::Vault;

/// Faces of one change of the new gallery.
const FACES_PER_CHANGE: usize = 4096;

/// What was saved of a damaged gallery.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Salvaged {
    /// People saved under their names.
    pub n_people: usize,
    /// People whose row was lost: they are called `unnamed` and their number now.
    pub n_unnamed: usize,
    /// Faces saved, checksums and all.
    pub n_faces: usize,
    /// What was lost.
    pub problems: Vec<Problem>,
}

/// Makes a new gallery at `to` of all that can be read of the one at `from`, which stays as it is.
/// Only rows whose checksums fit are taken. `options` are used when the file no longer says what they
/// were. A file whose table of contents (the rest of its first page) is gone gives nothing.
///
/// # Errors
/// [`GalleryError::Missing`], [`GalleryError::Exists`] for `to`, [`GalleryError::Damaged`] when nothing
/// can be read, [`GalleryError::Io`].
pub fn salvage(
    from: &Path,
    to: &Path,
    options: Option<&GalleryOptions>,
    at: UnixSeconds,
) -> Result<Salvaged, GalleryError> {
    salvage_with(from, to, options, None, at)
}

/// As [`salvage`], for an encrypted gallery with its secret; the new one has the same.
///
/// # Errors
/// [`GalleryError::Locked`], [`GalleryError::WrongKey`], [`GalleryError::NotEncrypted`], and as
/// [`salvage`].
pub fn salvage_with(
    from: &Path,
    to: &Path,
    options: Option<&GalleryOptions>,
    secret: Option<&Secret>,
    at: UnixSeconds,
) -> Result<Salvaged, GalleryError> {
    if !from.is_file() {
        return Err(GalleryError::Missing {
            path: from.to_owned(),
        });
    }
    let mut copy = to.as_os_str().to_owned();
    copy.push(".damaged");
    let copy = Copy::of(from, PathBuf::from(copy))?;
    let db = Connection::open_with_flags(
        &copy.path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(|error| GalleryError::from(error).at(from))?;
    // A table of contents that stays broken shows in what is read by it.
    let _ = mend_schema(&db);
    let options = match (read_options(&db), options) {
        (Ok(found), _) => found,
        (Err(_), Some(given)) => given.clone(),
        (Err(error), None) => return Err(error.at(from)),
    };
    let vault = unlock(&db, secret).map_err(|error| error.at(from))?;
    let lock = read_lock(&db).map_err(|error| error.at(from))?;
    let mut gallery = Gallery::create(to, options, at)?;
    if let (Some(lock), Some(secret)) = (lock, secret) {
        gallery.adopt(&lock, secret, at)?;
    }
    let mut salvage = Salvage {
        gallery: &mut gallery,
        at,
        saved: Salvaged {
            n_people: 0,
            n_unnamed: 0,
            n_faces: 0,
            problems: Vec::new(),
        },
    };
    let n_bytes = n_bytes(&copy.path);
    salvage
        .people_and_faces(&db, &vault, n_bytes)
        .map_err(|error| error.at(from))?;
    Ok(salvage.saved)
}

/// A face with its embedding and its picture.
type Saved = (Face, Vec<f32>, Option<Vec<u8>>);

struct Salvage<'a> {
    gallery: &'a mut Gallery,
    at: UnixSeconds,
    saved: Salvaged,
}

impl Salvage<'_> {
    fn people_and_faces(
        &mut self,
        db: &Connection,
        vault: &Vault,
        n_bytes: u64,
    ) -> Result<(), GalleryError> {
        let mut people: HashMap<PersonId, Person> = HashMap::new();
        let problems = &mut self.saved.problems;
        each_person(db, vault, n_bytes, |person, read| {
            match read {
                Ok(found) => {
                    people.insert(person, found);
                }
                Err(what) => problems.push(Problem::Person { person, what }),
            }
            Ok(())
        })?;
        self.saved.n_people = people.len();
        let options = self.gallery.options().clone();
        let mut faces: Vec<Saved> = Vec::new();
        let mut owners: Vec<Person> = sorted(people);
        let mut lost = Vec::new();
        let codec = Codec {
            options: &options,
            vault,
        };
        let has_pictures = has_pictures(db);
        each_face(db, codec, n_bytes, |face, read| {
            match read {
                Ok((found, values)) => {
                    // A picture that is lost loses nothing else.
                    let thumbnail = match has_pictures {
                        true => read_thumbnail(db, vault, face),
                        false => Ok(None),
                    };
                    let thumbnail = match thumbnail {
                        Ok(thumbnail) => thumbnail.filter(|png| png.len() <= MAX_THUMBNAIL_BYTES),
                        Err(error) => {
                            let what = in_words(error);
                            lost.push(Problem::Face { face, what });
                            None
                        }
                    };
                    faces.push((found, values, thumbnail));
                }
                Err(what) => lost.push(Problem::Face { face, what }),
            }
            if faces.len() >= FACES_PER_CHANGE {
                self.write(&mut owners, std::mem::take(&mut faces))?;
            }
            Ok(())
        })?;
        self.write(&mut owners, faces)?;
        self.saved.problems.append(&mut lost);
        Ok(())
    }

    /// Writes people that are not written yet, and faces.
    fn write(&mut self, people: &mut Vec<Person>, faces: Vec<Saved>) -> Result<(), GalleryError> {
        let saved = &mut self.saved;
        let people = std::mem::take(people);
        self.gallery.write(self.at, |change| {
            write_people(change, &people)?;
            for (face, values, thumbnail) in &faces {
                saved.n_unnamed += usize::from(name_the_lost(change, face.person)?);
                let new = NewFace {
                    embedding: embedding_of(change.options, face.id, values.clone())?,
                    rect: face.rect,
                    landmarks: face.landmarks,
                    quality: face.quality.clone(),
                    source: face.source.clone(),
                    thumbnail: thumbnail.clone(),
                };
                add_face(change, face.person, &new, face.enrolled_at)?;
            }
            saved.n_faces += faces.len();
            change.log(Action::Import, None, None, faces.len())
        })
    }
}

/// Files of earlier versions have no pictures.
fn has_pictures(db: &Connection) -> bool {
    let sql = "SELECT 1 FROM sqlite_schema WHERE name = 'thumbnail'";
    db.query_row(sql, [], |_| Ok(())).is_ok()
}

fn sorted(people: HashMap<PersonId, Person>) -> Vec<Person> {
    let mut people: Vec<Person> = people.into_values().collect();
    people.sort_unstable_by_key(|person| person.id);
    people
}

/// Writes people with the numbers they had. Whoever was merged into somebody lost is in their own
/// right again; of two with one name, the later gets a number to it.
fn write_people(change: &mut Change<'_>, people: &[Person]) -> Result<(), GalleryError> {
    let known: HashMap<PersonId, ()> = people.iter().map(|person| (person.id, ())).collect();
    let mut names = std::collections::HashSet::new();
    change.tx.pragma_update(None, "defer_foreign_keys", true)?;
    for person in people {
        let mut person = person.clone();
        person.merged_into = person.merged_into.filter(|p| known.contains_key(p));
        if person.merged_into.is_none() && !names.insert(person.name.clone()) {
            person.name = format!("{} ({})", person.name, person.id);
        }
        write_person(change, &person)?;
    }
    Ok(())
}

/// Makes the owner of a face known whose row was lost; true when that was needed.
fn name_the_lost(change: &mut Change<'_>, id: PersonId) -> Result<bool, GalleryError> {
    let mut statement = change
        .tx
        .prepare_cached("SELECT 1 FROM person WHERE id = ?1")?;
    if statement.exists([id.0])? {
        return Ok(false);
    }
    drop(statement);
    let person = Person {
        id,
        name: format!("unnamed {id}"),
        tags: Vec::new(),
        notes: String::new(),
        created_at: change.at,
        merged_into: None,
        n_faces: 0,
    };
    write_person(change, &person)?;
    Ok(true)
}

/// A copy of a gallery and its log that goes when this does.
struct Copy {
    path: PathBuf,
}

impl Copy {
    /// The copy at `path`, with the fixed fields of its header as they must be.
    fn of(from: &Path, path: PathBuf) -> Result<Self, GalleryError> {
        let copy = Self { path };
        let log = |path: &Path| {
            let mut name = path.as_os_str().to_owned();
            name.push("-wal");
            PathBuf::from(name)
        };
        let copied = (|| {
            fs::copy(from, &copy.path)?;
            if log(from).is_file() {
                fs::copy(log(from), log(&copy.path))?;
            }
            mend_header(&copy.path)
        })();
        copied.map_err(|error| GalleryError::io(&copy.path, error))?;
        Ok(copy)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let mut name = self.path.as_os_str().to_owned();
            name.push(suffix);
            // What cannot be removed was not there.
            let _ = fs::remove_file(PathBuf::from(name));
        }
    }
}

/// Writes the definitions of the tables as every gallery has them: a flipped bit in the name of a column
/// would hide all rows. Source: "PRAGMA writable_schema", sqlite.org/pragma.html.
fn mend_schema(db: &Connection) -> Result<(), GalleryError> {
    db.pragma_update(None, "writable_schema", true)?;
    for (name, sql) in schema::tables()? {
        let same = "UPDATE sqlite_schema SET sql = ?2 WHERE name = ?1 AND sql <> ?2";
        db.execute(same, [name, sql])?;
    }
    Ok(db.execute_batch("PRAGMA writable_schema = RESET")?)
}

/// Writes what the first 100 bytes of every gallery say, and the number of pages that the file has:
/// SQLite refuses a file that is shorter than its header says, though most of it can be read.
/// Source: "Database File Format", §1.3, sqlite.org/fileformat.html.
fn mend_header(path: &Path) -> std::io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).read(true).open(path)?;
    let page_bytes = u64::from(PAGE_BYTES);
    let n_pages = file.metadata()?.len().div_ceil(page_bytes);
    file.set_len(n_pages * page_bytes)?;
    let mut put = |offset: u64, bytes: &[u8]| {
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    };
    put(0, b"SQLite format 3\0")?;
    put(16, &(PAGE_BYTES as u16).to_be_bytes())?;
    // Write-ahead log for writing and reading, no bytes reserved, fixed fractions of pages.
    put(18, &[2, 2, 0, 64, 32, 32])?;
    // Change counter, number of pages; no list of free pages.
    put(24, &[0, 0, 0, 1])?;
    put(28, &(n_pages as u32).to_be_bytes())?;
    put(32, &[0; 8])?;
    // Schema format 4; UTF-8; version and application; the number of pages is valid.
    put(44, &4u32.to_be_bytes())?;
    put(52, &[0; 4])?;
    put(56, &1u32.to_be_bytes())?;
    put(60, &VERSION.to_be_bytes())?;
    put(64, &[0; 4])?;
    put(68, &APPLICATION_ID.to_be_bytes())?;
    put(92, &[0, 0, 0, 1])
}
