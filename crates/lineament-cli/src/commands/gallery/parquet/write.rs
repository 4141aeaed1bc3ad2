//! An export in Parquet, written row group by row group.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::Arc;

use lineament_gallery::{
    ExportHeader, ExportRow, ExportedFace, Face, GalleryOptions, Person, PersonId,
};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, FloatType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::read::HEADER_KEY;
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
    optional binary thumbnail;
}";

/// Rows held in memory before they are written: 16 MB of 512-dimensional embeddings, and where faces have
/// pictures, ten times as much of those.
const ROWS_PER_GROUP: usize = 8192;

/// A file that is being written.
pub(crate) struct ParquetFile {
    writer: SerializedFileWriter<File>,
    names: HashMap<PersonId, String>,
    rows: Vec<ExportRow>,
}

impl ParquetFile {
    pub(crate) fn create(file: &File, options: &GalleryOptions) -> io::Result<Self> {
        let schema = parse_message_type(SCHEMA).map_err(io::Error::other)?;
        let header = serde_json::to_string(&ExportHeader::new(options))?;
        let metadata = vec![KeyValue::new(HEADER_KEY.to_owned(), header)];
        let properties = WriterProperties::builder()
            .set_key_value_metadata(Some(metadata))
            .set_column_dictionary_enabled("embedding.list.element".into(), false)
            .set_column_dictionary_enabled("thumbnail".into(), false)
            .build();
        let writer =
            SerializedFileWriter::new(file.try_clone()?, Arc::new(schema), Arc::new(properties));
        Ok(Self {
            writer: writer.map_err(io::Error::other)?,
            names: HashMap::new(),
            rows: Vec::new(),
        })
    }

    pub(crate) fn add(&mut self, row: ExportRow) -> io::Result<()> {
        if let ExportRow::Person(person) = &row {
            self.names.insert(person.id, person.name.clone());
        }
        self.rows.push(row);
        if self.rows.len() < ROWS_PER_GROUP {
            return Ok(());
        }
        self.write_group().map_err(io::Error::other)
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
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
        let picture = |f: &ExportedFace| f.thumbnail.clone().map(ByteArray::from);
        optional::<ByteArrayType>(group, faces().map(|f| f.and_then(picture)))?;
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
