//! An export as Apache Parquet: a row a person, then a row a face.
//!
//! Rows of people have no `face`; in rows of faces, `name` is the person's, for who reads the table.
//! The header is the value of `lineament.gallery` in the file's metadata.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use lineament::{Landmarks, Point, Rect};
use lineament_gallery::{
    ExportHeader, ExportRow, ExportedFace, Face, FaceId, FaceQuality, GalleryError, GalleryOptions,
    ImportSource, ImportUnit, Person, PersonId, Source, UnixSeconds,
};
use lineament_runtime::Sha256;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, FloatType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use parquet::schema::parser::parse_message_type;

use crate::output::parquet::{column, float_lists};

const SCHEMA: &str = "
message gallery {
    required int64 person;
    required binary name (UTF8);
    optional binary tags (UTF8);
    optional binary notes (UTF8);
    optional int64 created_at;
    optional int64 merged_into;
    optional int64 face;
    optional binary source_path (UTF8);
    optional binary source_sha256 (UTF8);
    optional float x;
    optional float y;
    optional float width;
    optional float height;
    required group landmarks (LIST) { repeated group list { required float element; } }
    optional float detection_score;
    optional float sharpness;
    optional float brightness;
    optional binary objections (UTF8);
    optional int64 enrolled_at;
    required group embedding (LIST) { repeated group list { required float element; } }
}";

/// The name of the header in the file's metadata.
const HEADER_KEY: &str = "lineament.gallery";

/// Rows held in memory before they are written: 16 MB of 512-dimensional embeddings.
const ROWS_PER_GROUP: usize = 8192;

/// A file that is being written.
pub(super) struct ParquetFile {
    writer: SerializedFileWriter<File>,
    names: HashMap<PersonId, String>,
    rows: Vec<ExportRow>,
}

impl ParquetFile {
    pub(super) fn create(file: &File, options: &GalleryOptions) -> io::Result<Self> {
        let schema = parse_message_type(SCHEMA).map_err(io::Error::other)?;
        let header = serde_json::to_string(&ExportHeader::new(options))?;
        let metadata = vec![KeyValue::new(HEADER_KEY.to_owned(), header)];
        let properties = WriterProperties::builder()
            .set_key_value_metadata(Some(metadata))
            .set_column_dictionary_enabled("embedding.list.element".into(), false)
            .build();
        let writer =
            SerializedFileWriter::new(file.try_clone()?, Arc::new(schema), Arc::new(properties));
        Ok(Self {
            writer: writer.map_err(io::Error::other)?,
            names: HashMap::new(),
            rows: Vec::new(),
        })
    }

    pub(super) fn add(&mut self, row: ExportRow) -> io::Result<()> {
        if let ExportRow::Person(person) = &row {
            self.names.insert(person.id, person.name.clone());
        }
        self.rows.push(row);
        if self.rows.len() < ROWS_PER_GROUP {
            return Ok(());
        }
        self.write_group().map_err(io::Error::other)
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        if !self.rows.is_empty() {
            self.write_group().map_err(io::Error::other)?;
        }
        self.writer.close().map_err(io::Error::other)?;
        Ok(())
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let rows = std::mem::take(&mut self.rows);
        let people = || rows.iter().map(person_of);
        let faces = || rows.iter().map(face_of);
        let float =
            |get: fn(&Face) -> Option<f32>| faces().map(move |f| f.and_then(|f| get(&f.face)));
        let owners: Vec<i64> = rows.iter().map(|row| owner_of(row).0).collect();
        let name = |row| self.names.get(&owner_of(row)).map_or("", String::as_str);
        let names: Vec<ByteArray> = rows.iter().map(|row| ByteArray::from(name(row))).collect();
        let landmarks: Vec<Vec<f32>> = faces()
            .map(|face| face.map_or_else(Vec::new, points))
            .collect();
        let mut writer = self.writer.next_row_group()?;
        let group = &mut writer;
        column::<Int64Type>(group, &owners, None)?;
        column::<ByteArrayType>(group, &names, None)?;
        texts(group, people().map(|p| p.map(|p| json_of(&p.tags))))?;
        texts(group, people().map(|p| p.map(|p| p.notes.clone())))?;
        optional::<Int64Type>(group, people().map(|p| p.map(|p| p.created_at.0)))?;
        optional::<Int64Type>(group, people().map(|p| Some(p?.merged_into?.0)))?;
        optional::<Int64Type>(group, faces().map(|f| f.map(|f| f.face.id.0)))?;
        texts(
            group,
            faces().map(|f| f.map(|f| f.face.source.path.clone())),
        )?;
        texts(group, faces().map(|f| f.map(hash_of)))?;
        optional::<FloatType>(group, float(|face| Some(face.rect.x)))?;
        optional::<FloatType>(group, float(|face| Some(face.rect.y)))?;
        optional::<FloatType>(group, float(|face| Some(face.rect.width)))?;
        optional::<FloatType>(group, float(|face| Some(face.rect.height)))?;
        float_lists(group, landmarks.iter().map(Vec::as_slice))?;
        optional::<FloatType>(group, float(|face| Some(face.quality.detection_score)))?;
        optional::<FloatType>(group, float(|face| face.quality.sharpness))?;
        optional::<FloatType>(group, float(|face| face.quality.brightness))?;
        texts(
            group,
            faces().map(|f| f.map(|f| json_of(&f.face.quality.objections))),
        )?;
        optional::<Int64Type>(group, faces().map(|f| f.map(|f| f.face.enrolled_at.0)))?;
        float_lists(group, faces().map(|f| f.map_or(&[][..], |f| &f.embedding)))?;
        writer.close()?;
        Ok(())
    }
}

fn person_of(row: &ExportRow) -> Option<&Person> {
    match row {
        ExportRow::Person(person) => Some(person),
        ExportRow::Face(_) => None,
    }
}

fn face_of(row: &ExportRow) -> Option<&ExportedFace> {
    match row {
        ExportRow::Person(_) => None,
        ExportRow::Face(face) => Some(face),
    }
}

fn owner_of(row: &ExportRow) -> PersonId {
    match row {
        ExportRow::Person(person) => person.id,
        ExportRow::Face(face) => face.face.person,
    }
}

fn json_of(texts: &[String]) -> String {
    serde_json::json!(texts).to_string()
}

fn hash_of(face: &ExportedFace) -> String {
    let bytes = face.face.source.sha256.iter();
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

fn points(face: &ExportedFace) -> Vec<f32> {
    let points = face.face.landmarks.map(|landmarks| landmarks.to_array());
    points
        .into_iter()
        .flatten()
        .flat_map(|p| [p.x, p.y])
        .collect()
}

fn texts(
    group: &mut SerializedRowGroupWriter<'_, File>,
    cells: impl Iterator<Item = Option<String>>,
) -> Result<(), ParquetError> {
    let cells = cells.map(|cell| cell.map(|text| ByteArray::from(text.as_str())));
    optional::<ByteArrayType>(group, cells)
}

fn optional<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    cells: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let cells: Vec<Option<T::T>> = cells.collect();
    let definition: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let values: Vec<T::T> = cells.into_iter().flatten().collect();
    column::<T>(group, &values, Some(&definition))
}

/// The rows of a file.
pub(super) struct Rows {
    source: ImportSource,
    header: ExportHeader,
    rows: RowIter<'static>,
    row_idx: u64,
}

impl Rows {
    /// The export at `path`.
    pub(super) fn open(path: &Path) -> Result<Self, GalleryError> {
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
        let reader = SerializedFileReader::new(file).map_err(|error| wrong(error.to_string()))?;
        let metadata = reader.metadata().file_metadata().key_value_metadata();
        let entry = metadata.and_then(|all| all.iter().find(|entry| entry.key == HEADER_KEY));
        let header = entry.and_then(|entry| entry.value.as_deref());
        let header = header.ok_or_else(|| wrong(format!("it has no {HEADER_KEY}")))?;
        Ok(Self {
            source,
            header: ExportHeader::parse(path, header)?,
            rows: RowIter::from_file_into(Box::new(reader)),
            row_idx: 0,
        })
    }

    pub(super) fn source(&self) -> &ImportSource {
        &self.source
    }

    pub(super) fn options(&self) -> &GalleryOptions {
        &self.header.options
    }
}

impl Iterator for Rows {
    type Item = Result<ExportRow, GalleryError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next()?;
        let row_idx = self.row_idx;
        self.row_idx += 1;
        let read = row.map_err(|error| error.to_string()).and_then(row_of);
        Some(read.map_err(|what| self.source.error(row_idx, what)))
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
    Ok(ExportedFace { face, embedding })
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
