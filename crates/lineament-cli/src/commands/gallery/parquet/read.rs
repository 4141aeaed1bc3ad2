//! The rows of an export in Parquet. It leans on nothing of the command line, so that a fuzz target
//! can take it as it is.

use std::collections::HashMap;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use lineament::{Landmarks, Point, Rect};
use lineament_gallery::{
    ExportHeader, ExportRow, ExportedFace, Face, FaceId, FaceQuality, GalleryError, GalleryOptions,
    ImportSource, ImportUnit, Person, PersonId, Source, UnixSeconds,
};
use lineament_runtime::Sha256;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};

/// The name of the header in the file's metadata.
pub(crate) const HEADER_KEY: &str = "lineament.gallery";

/// The rows of a file.
pub(crate) struct Rows {
    source: ImportSource,
    header: ExportHeader,
    /// None after a row that cannot be read: no row after it could be.
    rows: Option<RowIter<'static>>,
    row_idx: u64,
}

impl Rows {
    /// The export at `path`.
    pub(crate) fn open(path: &Path) -> Result<Self, GalleryError> {
        let source = ImportSource {
            path: path.to_owned(),
            unit: ImportUnit::Row,
        };
        let file = File::open(path).map_err(|source| GalleryError::Io {
            path: path.to_owned(),
            source,
        })?;
        let wrong = |what: String| GalleryError::Import {
            path: path.to_owned(),
            place: "the file".to_owned(),
            what: format!("expected a Parquet file of an exported gallery: {what}"),
        };
        let reader = guarded(|| SerializedFileReader::new(file)).map_err(wrong)?;
        let metadata = reader.metadata().file_metadata().key_value_metadata();
        let entry = metadata.and_then(|all| all.iter().find(|entry| entry.key == HEADER_KEY));
        let header = entry.and_then(|entry| entry.value.as_deref());
        let header = header.ok_or_else(|| wrong(format!("it has no {HEADER_KEY}")))?;
        Ok(Self {
            source,
            header: ExportHeader::parse(path, header)?,
            rows: Some(RowIter::from_file_into(Box::new(reader))),
            row_idx: 0,
        })
    }

    pub(crate) fn source(&self) -> &ImportSource {
        &self.source
    }

    pub(crate) fn options(&self) -> &GalleryOptions {
        &self.header.options
    }
}

impl Iterator for Rows {
    type Item = Result<ExportRow, GalleryError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rows = self.rows.as_mut()?;
        let row = guarded(|| rows.next().transpose()).transpose()?;
        let row_idx = self.row_idx;
        self.row_idx += 1;
        let read = row.and_then(row_of);
        if read.is_err() {
            self.rows = None;
        }
        Some(read.map_err(|what| self.source.error(row_idx, what)))
    }
}

/// The result of `read`, or what it stumbled over: the crate panics at some broken pages.
fn guarded<T>(read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("a broken page".to_owned()),
    }
}

fn row_of(row: Row) -> Result<ExportRow, String> {
    let mut cells = Cells(row.into_columns().into_iter().collect());
    let person = PersonId(cells.needed("person", Cells::number)?);
    match cells.number("face")? {
        None => person_row(&mut cells, person).map(ExportRow::Person),
        Some(face) => face_row(&mut cells, person, FaceId(face)).map(ExportRow::Face),
    }
}

fn person_row(cells: &mut Cells, id: PersonId) -> Result<Person, String> {
    Ok(Person {
        id,
        name: cells.needed("name", Cells::text)?,
        tags: cells.needed("tags", Cells::list_of_texts)?,
        notes: cells.needed("notes", Cells::text)?,
        created_at: UnixSeconds(cells.needed("created_at", Cells::number)?),
        merged_into: cells.number("merged_into")?.map(PersonId),
        n_faces: 0,
    })
}

fn face_row(cells: &mut Cells, person: PersonId, id: FaceId) -> Result<ExportedFace, String> {
    let sha256: Sha256 = cells
        .needed("source_sha256", Cells::text)?
        .parse()
        .map_err(|error| format!("source_sha256: {error}"))?;
    let face = Face {
        id,
        person,
        rect: Rect {
            x: cells.needed("x", Cells::float)?,
            y: cells.needed("y", Cells::float)?,
            width: cells.needed("width", Cells::float)?,
            height: cells.needed("height", Cells::float)?,
        },
        landmarks: cells.landmarks()?,
        quality: FaceQuality {
            detection_score: cells.needed("detection_score", Cells::float)?,
            sharpness: cells.float("sharpness")?,
            brightness: cells.float("brightness")?,
            objections: cells.needed("objections", Cells::list_of_texts)?,
        },
        source: Source {
            path: cells.needed("source_path", Cells::text)?,
            sha256: *sha256.bytes(),
        },
        enrolled_at: UnixSeconds(cells.needed("enrolled_at", Cells::number)?),
    };
    let embedding = cells.floats("embedding")?;
    let thumbnail = cells.bytes("thumbnail")?;
    Ok(ExportedFace {
        face,
        embedding,
        thumbnail,
    })
}

/// The cells of a row by their columns. A cell is taken once.
struct Cells(HashMap<String, Field>);

impl Cells {
    fn needed<T>(
        &mut self,
        name: &str,
        get: fn(&mut Self, &str) -> Result<Option<T>, String>,
    ) -> Result<T, String> {
        get(self, name)?.ok_or_else(|| format!("{name}: expected a value"))
    }

    fn number(&mut self, name: &str) -> Result<Option<i64>, String> {
        match self.0.remove(name) {
            None | Some(Field::Null) => Ok(None),
            Some(Field::Long(number)) => Ok(Some(number)),
            Some(other) => Err(format!("{name}: expected a 64-bit integer, got {other}")),
        }
    }

    fn float(&mut self, name: &str) -> Result<Option<f32>, String> {
        match self.0.remove(name) {
            None | Some(Field::Null) => Ok(None),
            Some(Field::Float(number)) => Ok(Some(number)),
            Some(other) => Err(format!("{name}: expected a 32-bit float, got {other}")),
        }
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.0.remove(name) {
            None | Some(Field::Null) => Ok(None),
            Some(Field::Str(text)) => Ok(Some(text)),
            Some(other) => Err(format!("{name}: expected text, got {other}")),
        }
    }

    fn bytes(&mut self, name: &str) -> Result<Option<Vec<u8>>, String> {
        match self.0.remove(name) {
            None | Some(Field::Null) => Ok(None),
            Some(Field::Bytes(bytes)) => Ok(Some(bytes.data().to_vec())),
            Some(other) => Err(format!("{name}: expected bytes, got {other}")),
        }
    }

    fn list_of_texts(&mut self, name: &str) -> Result<Option<Vec<String>>, String> {
        let text = self.text(name)?;
        let parsed = text.map(|text| serde_json::from_str(&text)).transpose();
        parsed.map_err(|error| format!("{name}: expected a JSON array of texts: {error}"))
    }

    /// The numbers of a list; a missing one is empty.
    fn floats(&mut self, name: &str) -> Result<Vec<f32>, String> {
        let wrong = || format!("{name}: expected a list of 32-bit floats");
        let list = match self.0.remove(name) {
            None | Some(Field::Null) => return Ok(Vec::new()),
            Some(Field::ListInternal(list)) => list,
            Some(_) => return Err(wrong()),
        };
        let number = |field: &Field| match field {
            Field::Float(number) => Ok(*number),
            _ => Err(wrong()),
        };
        list.elements().iter().map(number).collect()
    }

    fn landmarks(&mut self) -> Result<Option<Landmarks>, String> {
        let values = self.floats("landmarks")?;
        let (pairs, rest) = values.as_chunks::<2>();
        let points: Vec<Point> = pairs.iter().map(|[x, y]| Point::new(*x, *y)).collect();
        match <[Point; 5]>::try_from(points) {
            Ok(points) if rest.is_empty() => Ok(Some(Landmarks::from_array(points))),
            _ if values.is_empty() => Ok(None),
            _ => Err(format!(
                "landmarks: expected 10 numbers, got {}",
                values.len()
            )),
        }
    }
}
