//! Apache Parquet, written column by column through the low-level writer: it needs no Arrow.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Encoding;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, FloatType, Int32Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use super::{Pending, Row, RowSink};
use crate::journal::Header;

const SCHEMA: &str = "
message faces {
    required binary path (UTF8);
    required int32 face_idx;
    required float x;
    required float y;
    required float width;
    required float height;
    required float detection_score;
    required binary space (UTF8);
    required group embedding (LIST) {
        repeated group list {
            required float element;
        }
    }
}";

/// Rows held in memory before they are written: 16 MB of 512-dimensional embeddings.
const ROWS_PER_GROUP: usize = 8192;

pub(super) struct ParquetFile {
    pending: Pending,
    writer: SerializedFileWriter<File>,
    rows: Vec<Row>,
}

impl ParquetFile {
    pub(super) fn create(path: &Path, header: &Header) -> io::Result<Self> {
        let pending = Pending::create(path)?;
        let schema = parse_message_type(SCHEMA).map_err(io::Error::other)?;
        let writer = SerializedFileWriter::new(
            pending.file.try_clone()?,
            Arc::new(schema),
            Arc::new(properties(header)),
        )
        .map_err(io::Error::other)?;
        Ok(Self {
            pending,
            writer,
            rows: Vec::new(),
        })
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let rows = std::mem::take(&mut self.rows);
        let mut group = self.writer.next_row_group()?;
        let texts = |text: fn(&Row) -> &str| -> Vec<ByteArray> {
            rows.iter().map(|row| ByteArray::from(text(row))).collect()
        };
        let floats = |number: fn(&Row) -> f32| rows.iter().map(number).collect::<Vec<f32>>();
        let face_idx: Vec<i32> = rows.iter().map(|row| row.face_idx as i32).collect();
        column::<ByteArrayType>(&mut group, &texts(|row| &row.path), None)?;
        column::<Int32Type>(&mut group, &face_idx, None)?;
        column::<FloatType>(&mut group, &floats(|row| row.rect.x), None)?;
        column::<FloatType>(&mut group, &floats(|row| row.rect.y), None)?;
        column::<FloatType>(&mut group, &floats(|row| row.rect.width), None)?;
        column::<FloatType>(&mut group, &floats(|row| row.rect.height), None)?;
        column::<FloatType>(&mut group, &floats(|row| row.detection_score), None)?;
        column::<ByteArrayType>(&mut group, &texts(|row| &row.space), None)?;
        let embeddings = rows.iter().map(|row| row.embedding.as_slice());
        float_lists(&mut group, embeddings)?;
        group.close()?;
        Ok(())
    }
}

impl RowSink for ParquetFile {
    fn add(&mut self, row: Row, _json: &str) -> io::Result<()> {
        self.rows.push(row);
        if self.rows.len() < ROWS_PER_GROUP {
            return Ok(());
        }
        self.write_group().map_err(io::Error::other)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if !self.rows.is_empty() {
            self.write_group().map_err(io::Error::other)?;
        }
        self.writer.close().map_err(io::Error::other)?;
        self.pending.commit()
    }
}

fn properties(header: &Header) -> WriterProperties {
    let mut metadata = vec![KeyValue::new(
        "lineament.version".to_owned(),
        header.lineament.clone(),
    )];
    for (task, model) in &header.models {
        let entries = [("model", &model.name), ("model_sha256", &model.sha256)];
        metadata.extend(
            entries.map(|(what, value)| {
                KeyValue::new(format!("lineament.{task}.{what}"), value.clone())
            }),
        );
    }
    // Floats of an embedding never repeat: a dictionary or bounds of them would only cost.
    let embedding = ColumnPath::from("embedding.list.element");
    WriterProperties::builder()
        .set_key_value_metadata(Some(metadata))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_column_dictionary_enabled(embedding.clone(), false)
        .set_column_encoding(embedding.clone(), Encoding::PLAIN)
        .set_column_statistics_enabled(embedding, EnabledStatistics::None)
        .build()
}

/// Writes a column. Where a value may be missing, `definition` has 1 for each that is there and 0 for each
/// that is not.
pub(crate) fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    values: &[T::T],
    definition: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let mut column = next_column(group)?;
    column.typed::<T>().write_batch(values, definition, None)?;
    column.close()
}

/// Writes a column of lists, flattened: a value starts a list at repetition level 0 and goes on with it
/// at 1; an empty list is a missing value.
pub(crate) fn float_lists<'a>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    lists: impl Iterator<Item = &'a [f32]>,
) -> Result<(), ParquetError> {
    let mut column = next_column(group)?;
    for list in lists {
        let definition = match list.len() {
            0 => vec![0],
            n => vec![1; n],
        };
        let mut repetition = vec![1; definition.len()];
        repetition.iter_mut().take(1).for_each(|level| *level = 0);
        column
            .typed::<FloatType>()
            .write_batch(list, Some(&definition), Some(&repetition))?;
    }
    column.close()
}

fn next_column<'a>(
    group: &'a mut SerializedRowGroupWriter<'_, File>,
) -> Result<parquet::file::writer::SerializedColumnWriter<'a>, ParquetError> {
    let missing = || ParquetError::General("the schema has fewer columns than are written".into());
    group.next_column()?.ok_or_else(missing)
}
