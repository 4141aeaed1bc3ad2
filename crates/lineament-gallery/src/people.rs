//! People: found, listed, renamed, described.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use crate::change::{Action, Change};
use crate::checksum::Checksum;
use crate::error::GalleryError;
use crate::gallery::Gallery;
use crate::ids::{PersonId, UnixSeconds};
use crate::seal::Vault;

/// Longest name or tag, in bytes.
pub const MAX_NAME_BYTES: usize = 256;
/// Longest notes, in bytes.
pub const MAX_NOTES_BYTES: usize = 65_536;
/// Most tags of a person.
pub const MAX_TAGS: usize = 64;

/// Somebody that the gallery knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their number.
    pub id: PersonId,
    /// Their name; no two people share one.
    pub name: String,
    /// Words to filter by, sorted, each once.
    pub tags: Vec<String>,
    /// Free text.
    pub notes: String,
    /// When they were first enrolled.
    pub created_at: UnixSeconds,
    /// Whose they became by a merge; `None` for people in their own right.
    pub merged_into: Option<PersonId>,
    /// Their faces, with those of people merged into them.
    pub n_faces: usize,
}

impl Gallery {
    /// Everybody in their own right, by name.
    ///
    /// # Errors
    /// [`GalleryError::Damaged`], [`GalleryError::Storage`].
    pub fn people(&self) -> Result<Vec<Person>, GalleryError> {
        let mut people = self.all_people()?;
        people.retain(|person| person.merged_into.is_none());
        people.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(people)
    }

    /// Everybody, also those merged into others, by number.
    ///
    /// # Errors
    /// [`GalleryError::Damaged`], [`GalleryError::Storage`].
    pub fn all_people(&self) -> Result<Vec<Person>, GalleryError> {
        self.read(|db| {
            let roots = Roots::read(db)?;
            let mut n_faces: HashMap<PersonId, usize> = HashMap::new();
            let mut statement =
                db.prepare_cached("SELECT person, count(*) FROM face GROUP BY person")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let person = roots.root(PersonId(row.get(0)?));
                *n_faces.entry(person).or_default() += row.get::<_, usize>(1)?;
            }
            let sql = "SELECT id, name, tags, notes, created_at, merged_into, crc FROM person \
                       ORDER BY id";
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query([])?;
            let mut people = Vec::new();
            while let Some(row) = rows.next()? {
                let mut person = person_from_row(row, &self.vault)?;
                person.n_faces = n_faces.get(&person.id).copied().unwrap_or(0);
                people.push(person);
            }
            Ok(people)
        })
    }

    /// The person with this number; after a merge, still the one who was merged.
    ///
    /// # Errors
    /// [`GalleryError::NoSuchPerson`], [`GalleryError::Damaged`], [`GalleryError::Storage`].
    pub fn person(&self, id: PersonId) -> Result<Person, GalleryError> {
        self.read(|db| read_person(db, &self.vault, id))
    }

    /// Who a person is by now: after a merge, whom they were merged into.
    ///
    /// # Errors
    /// [`GalleryError::Storage`].
    pub fn root(&self, person: PersonId) -> Result<PersonId, GalleryError> {
        self.read(|db| Ok(Roots::read(db)?.root(person)))
    }

    /// The number of the person in their own right who is called `name`.
    ///
    /// # Errors
    /// [`GalleryError::NoSuchName`], [`GalleryError::Storage`].
    pub fn find(&self, name: &str) -> Result<PersonId, GalleryError> {
        let missing = || GalleryError::NoSuchName {
            name: name.to_owned(),
        };
        self.read(|db| find_name(db, &self.vault, name)?.ok_or_else(missing))
    }

    /// Gives a person another name.
    ///
    /// # Errors
    /// [`GalleryError::NameTaken`], [`GalleryError::NoSuchPerson`], [`GalleryError::BadValue`] for an
    /// empty, too long or unprintable name, and as every change.
    pub fn rename(
        &mut self,
        person: PersonId,
        name: &str,
        at: UnixSeconds,
    ) -> Result<(), GalleryError> {
        let name = clean_name(name)?;
        self.write(at, |change| {
            let mut record = read_person(&change.tx, change.vault, person)?;
            if record.name == name {
                return Ok(());
            }
            if record.merged_into.is_none() {
                check_free(&change.tx, change.vault, name)?;
            }
            record.name = name.to_owned();
            write_person(change, &record)?;
            change.log(Action::Rename, Some(person), None, 0)
        })
    }

    /// Gives a person tags and notes, in place of those they have.
    ///
    /// # Errors
    /// [`GalleryError::NoSuchPerson`], [`GalleryError::BadValue`] for tags or notes beyond
    /// [`MAX_TAGS`], [`MAX_NAME_BYTES`] and [`MAX_NOTES_BYTES`], and as every change.
    pub fn describe(
        &mut self,
        person: PersonId,
        tags: &[String],
        notes: &str,
        at: UnixSeconds,
    ) -> Result<(), GalleryError> {
        let tags = clean_tags(tags)?;
        check_notes(notes)?;
        self.write(at, |change| {
            let mut record = read_person(&change.tx, change.vault, person)?;
            if record.tags == tags && record.notes == notes {
                return Ok(());
            }
            record.tags = tags;
            record.notes = notes.to_owned();
            write_person(change, &record)?;
            change.log(Action::Describe, Some(person), None, 0)
        })
    }
}

/// Who became whom by merges.
pub(crate) struct Roots(HashMap<PersonId, PersonId>);

impl Roots {
    pub(crate) fn read(db: &Connection) -> Result<Self, GalleryError> {
        let sql = "SELECT id, merged_into FROM person WHERE merged_into IS NOT NULL";
        let mut statement = db.prepare_cached(sql)?;
        let pairs =
            statement.query_map([], |row| Ok((PersonId(row.get(0)?), PersonId(row.get(1)?))))?;
        Ok(Self(pairs.collect::<Result<_, _>>()?))
    }

    /// The person in their own right whose `person` is by now.
    pub(crate) fn root(&self, person: PersonId) -> PersonId {
        // A damaged file may hold a circle; no sound chain is longer than the number of merges.
        let mut root = person;
        for _ in 0..=self.0.len() {
            match self.0.get(&root) {
                Some(next) => root = *next,
                None => return root,
            }
        }
        person
    }

    /// The person and everybody merged into them, also by way of others, by number.
    pub(crate) fn members(&self, person: PersonId) -> Vec<PersonId> {
        let leads_there = |from: &PersonId| {
            let chain = std::iter::successors(Some(*from), |next| self.0.get(next).copied());
            chain.take(self.0.len() + 1).any(|next| next == person)
        };
        let merged = self.0.keys().copied().filter(leads_there);
        let mut members: Vec<PersonId> = merged.chain([person]).collect();
        members.sort_unstable();
        members.dedup();
        members
    }
}

/// The person without their number of faces, checked against the row's checksum.
pub(crate) fn person_from_row(row: &Row<'_>, vault: &Vault) -> Result<Person, GalleryError> {
    let tags: String = row.get(2)?;
    let person = Person {
        id: PersonId(row.get(0)?),
        name: row.get(1)?,
        tags: serde_json::from_str(&tags).unwrap_or_default(),
        notes: row.get(3)?,
        created_at: UnixSeconds(row.get(4)?),
        merged_into: row.get::<_, Option<i64>>(5)?.map(PersonId),
        n_faces: 0,
    };
    if row.get::<_, i64>(6)? != checksum(&person, &tags) {
        let what = format!("the checksum of person {} does not fit", person.id);
        return Err(GalleryError::damaged(what));
    }
    vault.take_out(person)
}

fn checksum(person: &Person, tags: &str) -> i64 {
    Checksum::default()
        .text(&person.name)
        .text(tags)
        .text(&person.notes)
        .number(person.created_at.0)
        .number(person.merged_into.map_or(0, |p| p.0))
        .finish()
}

pub(crate) fn read_person(
    db: &Connection,
    vault: &Vault,
    id: PersonId,
) -> Result<Person, GalleryError> {
    let sql =
        "SELECT id, name, tags, notes, created_at, merged_into, crc FROM person WHERE id = ?1";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![id.0])?;
    let row = rows
        .next()?
        .ok_or(GalleryError::NoSuchPerson { person: id })?;
    let mut person = person_from_row(row, vault)?;
    let mut count = db.prepare_cached("SELECT count(*) FROM face WHERE person = ?1")?;
    for member in Roots::read(db)?.members(id) {
        person.n_faces += count.query_row(params![member.0], |row| row.get::<_, usize>(0))?;
    }
    Ok(person)
}

/// Writes all of a person but the number of faces, anew or over the row of that number.
pub(crate) fn write_person(change: &mut Change<'_>, person: &Person) -> Result<(), GalleryError> {
    put_person(change, change.vault, person)
}

/// As [`write_person`], for the time when another vault takes the place of the gallery's.
pub(crate) fn put_person(
    change: &mut Change<'_>,
    vault: &Vault,
    person: &Person,
) -> Result<(), GalleryError> {
    let person = vault.put_away(person)?;
    let tags = serde_json::to_string(&person.tags).unwrap_or_default();
    let crc = checksum(&person, &tags);
    change.hash(&person.id.0.to_le_bytes());
    change.hash(&crc.to_le_bytes());
    let sql = "INSERT INTO person (id, name, tags, notes, created_at, merged_into, crc) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE SET \
               name = ?2, tags = ?3, notes = ?4, created_at = ?5, merged_into = ?6, crc = ?7";
    change.tx.prepare_cached(sql)?.execute(params![
        person.id.0,
        person.name,
        tags,
        person.notes,
        person.created_at.0,
        person.merged_into.map(|p| p.0),
        crc,
    ])?;
    Ok(())
}

/// A new person of this name, with a number that nobody had.
pub(crate) fn add_person(change: &mut Change<'_>, name: &str) -> Result<PersonId, GalleryError> {
    let person = Person {
        id: next_person(&change.tx)?,
        name: name.to_owned(),
        tags: Vec::new(),
        notes: String::new(),
        created_at: change.at,
        merged_into: None,
        n_faces: 0,
    };
    write_person(change, &person)?;
    Ok(person.id)
}

/// A number that nobody had.
pub(crate) fn next_person(db: &Connection) -> Result<PersonId, GalleryError> {
    let sql = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'person'), 0) + 1";
    Ok(PersonId(db.query_row(sql, [], |row| row.get(0))?))
}

pub(crate) fn find_name(
    db: &Connection,
    vault: &Vault,
    name: &str,
) -> Result<Option<PersonId>, GalleryError> {
    let sql = "SELECT id FROM person WHERE name = ?1 AND merged_into IS NULL";
    let mut statement = db.prepare_cached(sql)?;
    let id = statement.query_row(params![vault.name(name)], |row| row.get(0));
    Ok(id.optional()?.map(PersonId))
}

pub(crate) fn check_free(db: &Connection, vault: &Vault, name: &str) -> Result<(), GalleryError> {
    match find_name(db, vault, name)? {
        Some(_) => Err(GalleryError::NameTaken {
            name: name.to_owned(),
        }),
        None => Ok(()),
    }
}

/// `name` without white space around it.
///
/// # Errors
/// [`GalleryError::BadValue`] when nothing is left, or it is too long or unprintable.
pub(crate) fn clean_name(name: &str) -> Result<&str, GalleryError> {
    clean(name, "a name")
}

fn clean<'a>(text: &'a str, what: &'static str) -> Result<&'a str, GalleryError> {
    let text = text.trim();
    let printable = !text.chars().any(char::is_control);
    if (1..=MAX_NAME_BYTES).contains(&text.len()) && printable {
        return Ok(text);
    }
    let mut got: String = text.chars().take(40).collect();
    got = format!("{got:?} ({} bytes)", text.len());
    Err(GalleryError::BadValue {
        what,
        expected: "1 to 256 bytes without control characters",
        got,
    })
}

pub(crate) fn clean_tags(tags: &[String]) -> Result<Vec<String>, GalleryError> {
    let mut clean: Vec<String> = tags
        .iter()
        .map(|tag| clean(tag, "a tag").map(str::to_owned))
        .collect::<Result<_, _>>()?;
    clean.sort_unstable();
    clean.dedup();
    if clean.len() > MAX_TAGS {
        return Err(GalleryError::BadValue {
            what: "the tags of a person",
            expected: "at most 64",
            got: clean.len().to_string(),
        });
    }
    Ok(clean)
}

pub(crate) fn check_notes(notes: &str) -> Result<(), GalleryError> {
    if notes.len() <= MAX_NOTES_BYTES {
        return Ok(());
    }
    Err(GalleryError::BadValue {
        what: "notes",
        expected: "at most 65536 bytes",
        got: format!("{} bytes", notes.len()),
    })
}
