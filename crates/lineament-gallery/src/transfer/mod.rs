//! What a gallery holds, row by row: out of one, into another.

mod jsonl;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use lineament_core::Embedding;
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

pub use self::jsonl::{JsonLines, write_json_lines};
use crate::change::{Action, Change};
use crate::enroll::{check_face, same_face};
use crate::error::GalleryError;
use crate::face::{Face, NewFace};
use crate::faces::{COLUMNS, add_face, face_from_row, read_thumbnail, read_vector};
use crate::gallery::{Gallery, GalleryOptions};
use crate::ids::{PersonId, UnixSeconds};
use crate::people::{
    Person, check_notes, clean_name, clean_tags, find_name, next_person, write_person,
};

/// A row of an export. People come before their faces, and after whom they are merged into.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportRow {
    /// A person.
    Person(Person),
    /// A face.
    Face(ExportedFace),
}

/// A face with its embedding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExportedFace {
    /// The face.
    #[serde(flatten)]
    pub face: Face,
    /// The numbers of its embedding, of unit norm.
    pub embedding: Vec<f32>,
    /// The small picture of it, a PNG file, if it has one; Base64 in JSON.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "crate::optional_base64"
    )]
    pub thumbnail: Option<Vec<u8>>,
}

/// Where the rows of an import come from, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportSource {
    /// The file.
    pub path: PathBuf,
    /// What a row is there.
    pub unit: ImportUnit,
}

/// What a row of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportUnit {
    /// A line; the first is the header.
    Line,
    /// A row of a table.
    Row,
}

impl ImportSource {
    /// An error about the row `row_idx`, from 0.
    #[must_use]
    pub fn error(&self, row_idx: u64, what: impl Into<String>) -> GalleryError {
        GalleryError::Import {
            path: self.path.clone(),
            place: match self.unit {
                ImportUnit::Line => format!("line {}", row_idx + 2),
                ImportUnit::Row => format!("row {}", row_idx + 1),
            },
            what: what.into(),
        }
    }
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Imported {
    /// People who were new.
    pub n_people: usize,
    /// People who were there by that name already; their tags and notes stay.
    pub n_people_known: usize,
    /// Faces that were new.
    pub n_faces: usize,
    /// Faces that were there already.
    pub n_faces_known: usize,
}

impl Gallery {
    /// Gives every person and face to `take`, in one state of the file.
    ///
    /// # Errors
    /// The first error of `take`; [`GalleryError::Damaged`], [`GalleryError::Storage`].
    pub fn export(
        &self,
        mut take: impl FnMut(ExportRow) -> Result<(), GalleryError>,
    ) -> Result<(), GalleryError> {
        self.read(|db| {
            let state = db.unchecked_transaction()?;
            for person in targets_first(self.all_people()?) {
                take(ExportRow::Person(person))?;
            }
            let sql = format!("SELECT {COLUMNS} FROM face ORDER BY id");
            let mut statement = state.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let face = face_from_row(row, &self.vault)?;
                let embedding = read_vector(&state, self.codec(), face.id)?;
                let thumbnail = read_thumbnail(&state, &self.vault, face.id)?;
                take(ExportRow::Face(ExportedFace {
                    face,
                    embedding,
                    thumbnail,
                }))?;
            }
            Ok(())
        })
    }

    /// Takes people and faces from elsewhere, all of them or on an error none. People of a name that is
    /// known are one with who has it; faces that are there already are left out, so that importing
    /// twice is importing once. Numbers of people and faces are given anew.
    ///
    /// # Errors
    /// [`GalleryError::SpaceMismatch`] and [`GalleryError::Dimension`] when `options` are of another
    /// model; [`GalleryError::Import`], naming the row; the first error of `rows`; and as every change.
    pub fn import(
        &mut self,
        source: &ImportSource,
        options: &GalleryOptions,
        rows: impl Iterator<Item = Result<ExportRow, GalleryError>>,
        at: UnixSeconds,
    ) -> Result<Imported, GalleryError> {
        self.check_space(&options.space)?;
        let (expected, got) = (self.options.dimension, options.dimension);
        if expected != got {
            return Err(GalleryError::Dimension { expected, got });
        }
        self.write(at, |change| {
            let mut import = Import {
                change,
                people: HashMap::new(),
                done: Imported::default(),
            };
            for (row_idx, row) in (0..).zip(rows) {
                import.take(row?).map_err(|error| match error {
                    GalleryError::Storage { .. } | GalleryError::Busy { .. } => error,
                    other => source.error(row_idx, other.to_string()),
                })?;
            }
            let done = import.done;
            if done.n_people + done.n_faces > 0 {
                change.log(Action::Import, None, None, done.n_faces)?;
            }
            Ok(done)
        })
    }
}

/// People after those they are merged into; else by number.
fn targets_first(people: Vec<Person>) -> Vec<Person> {
    let targets: HashMap<PersonId, PersonId> = people
        .iter()
        .filter_map(|person| Some((person.id, person.merged_into?)))
        .collect();
    // A damaged file may hold a circle; no sound chain is longer than the number of merges.
    let depth = |person: &Person| {
        let mut chain = std::iter::successors(Some(person.id), |id| targets.get(id).copied());
        chain.by_ref().take(targets.len() + 1).count()
    };
    let mut people = people;
    people.sort_by_cached_key(|person| (depth(person), person.id));
    people
}

struct Import<'a, 'b> {
    change: &'a mut Change<'b>,
    /// The numbers here of people there.
    people: HashMap<PersonId, PersonId>,
    done: Imported,
}

impl Import<'_, '_> {
    fn take(&mut self, row: ExportRow) -> Result<(), GalleryError> {
        match row {
            ExportRow::Person(person) => self.person(person),
            ExportRow::Face(face) => self.face(face),
        }
    }

    fn person(&mut self, given: Person) -> Result<(), GalleryError> {
        let name = clean_name(&given.name)?.to_owned();
        let tags = clean_tags(&given.tags)?;
        check_notes(&given.notes)?;
        let merged_into = given.merged_into.map(|id| self.here(id)).transpose()?;
        let known = match merged_into {
            None => find_name(&self.change.tx, self.change.vault, &name)?,
            Some(target) => self.find_merged(&name, target)?,
        };
        let id = match known {
            Some(id) => {
                self.done.n_people_known += 1;
                id
            }
            None => {
                let id = next_person(&self.change.tx)?;
                let person = Person {
                    id,
                    name,
                    tags,
                    merged_into,
                    ..given.clone()
                };
                write_person(self.change, &person)?;
                self.done.n_people += 1;
                id
            }
        };
        match self.people.insert(given.id, id) {
            None => Ok(()),
            Some(_) => Err(GalleryError::BadValue {
                what: "a person's number",
                expected: "one that no row before has",
                got: given.id.to_string(),
            }),
        }
    }

    fn face(&mut self, exported: ExportedFace) -> Result<(), GalleryError> {
        let ExportedFace {
            face,
            embedding,
            thumbnail,
        } = exported;
        let person = self.here(face.person)?;
        let options = self.change.options;
        let (expected, got) = (options.dimension, embedding.len());
        if expected != got {
            return Err(GalleryError::Dimension { expected, got });
        }
        let degenerate = |_| GalleryError::BadValue {
            what: "an embedding",
            expected: "finite numbers that are not all zero",
            got: "others".to_owned(),
        };
        let new = NewFace {
            embedding: Embedding::from_raw(options.space.clone(), embedding).map_err(degenerate)?,
            rect: face.rect,
            landmarks: face.landmarks,
            quality: face.quality,
            source: face.source,
            thumbnail,
        };
        check_face(&new)?;
        if same_face(&self.change.tx, self.change.vault, &new)?.is_some() {
            self.done.n_faces_known += 1;
            return Ok(());
        }
        add_face(self.change, person, &new, face.enrolled_at)?;
        self.done.n_faces += 1;
        Ok(())
    }

    fn here(&self, there: PersonId) -> Result<PersonId, GalleryError> {
        let unknown = || GalleryError::BadValue {
            what: "a person's number",
            expected: "that of a person in a row before",
            got: there.to_string(),
        };
        self.people.get(&there).copied().ok_or_else(unknown)
    }

    fn find_merged(&self, name: &str, target: PersonId) -> Result<Option<PersonId>, GalleryError> {
        let sql = "SELECT id FROM person WHERE name = ?1 AND merged_into = ?2";
        let mut statement = self.change.tx.prepare_cached(sql)?;
        let id = statement.query_row(params![self.change.vault.name(name), target.0], |row| {
            row.get(0)
        });
        Ok(id.optional()?.map(PersonId))
    }
}

/// What the header of an export says, which names the format and its version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExportHeader {
    /// The version of the format: 1.
    pub lineament_gallery: u32,
    /// Space, dimension, precision and model.
    #[serde(flatten)]
    pub options: GalleryOptions,
}

impl ExportHeader {
    /// The header of an export of a gallery of these options.
    #[must_use]
    pub fn new(options: &GalleryOptions) -> Self {
        Self {
            lineament_gallery: 1,
            options: options.clone(),
        }
    }

    /// The header in `text`, which is JSON, of the export at `path`.
    ///
    /// # Errors
    /// [`GalleryError::Import`] for anything else and for a later version.
    pub fn parse(path: &Path, text: &str) -> Result<Self, GalleryError> {
        let wrong = |what: String| GalleryError::Import {
            path: path.to_owned(),
            place: "header".to_owned(),
            what,
        };
        let header: Self = serde_json::from_str(text)
            .map_err(|error| wrong(format!("expected that of an exported gallery: {error}")))?;
        match header.lineament_gallery {
            1 => Ok(header),
            version => Err(wrong(format!(
                "expected version 1, got {version}; use a newer program"
            ))),
        }
    }
}
