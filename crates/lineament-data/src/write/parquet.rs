//! A list as Parquet, column by column through the low-level writer: it needs no Arrow.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, FloatType};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};

use super::list::column_names;
use super::part::{part_of, rename};
use crate::error::DataError;
use crate::lines::Lines;
use crate::sets::{Columns, FACE_COLUMNS, LANDMARK_COLUMNS};
use crate::table::split_fields;

/// Rows held in memory before they are written.
const ROWS_PER_GROUP: usize = 65_536;

/// Writes the rows of the list at `text`, whose columns are `columns`, as Parquet at `path`.
pub(super) fn convert(text: &Path, path: &Path, columns: &Columns) -> Result<(), DataError> {
    let names = column_names(columns);
    let part = part_of(path);
    let io = |error| DataError::io(&part, error);
    let failed = |error: ParquetError| io(std::io::Error::other(error));
    let file = File::create(&part).map_err(io)?;
    let written = file.try_clone().map_err(io)?;
    let schema = schema(&names).map_err(failed)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .build();
    let mut writer =
        SerializedFileWriter::new(file, schema, Arc::new(properties)).map_err(failed)?;
    let mut lines = Lines::open(text, crate::lines::MAX_LINE_BYTES)?;
    // The header.
    lines.next_line().transpose()?;
    loop {
        let rows = read_rows(&mut lines, names.len())?;
        if rows.is_empty() {
            break;
        }
        let mut group = writer.next_row_group().map_err(failed)?;
        for (idx, name) in names.iter().enumerate() {
            let cells = rows.iter().map(|row| row[idx].as_str());
            write_column(&mut group, is_number(name), cells).map_err(failed)?;
        }
        group.close().map_err(failed)?;
    }
    writer.close().map_err(failed)?;
    written.sync_all().map_err(io)?;
    rename(&part, path)
}

fn read_rows(lines: &mut Lines, n_columns: usize) -> Result<Vec<Vec<String>>, DataError> {
    let mut rows = Vec::new();
    while rows.len() < ROWS_PER_GROUP {
        let path = lines.path().clone();
        let Some(line) = lines.next_line() else {
            break;
        };
        let line = line?;
        let fields = split_fields(line.text).filter(|fields| fields.len() == n_columns);
        let expected = "a row that was written before";
        rows.push(fields.ok_or_else(|| DataError::line(&path, line.number, expected, line.text))?);
    }
    Ok(rows)
}

fn is_number(name: &str) -> bool {
    FACE_COLUMNS.contains(&name) || LANDMARK_COLUMNS.contains(&name)
}

fn schema(names: &[&str]) -> Result<TypePtr, ParquetError> {
    let field = |name: &&str| {
        let physical = if is_number(name) {
            PhysicalType::FLOAT
        } else {
            PhysicalType::BYTE_ARRAY
        };
        let logical = (!is_number(name)).then_some(LogicalType::String);
        Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()
            .map(Arc::new)
    };
    let fields = names.iter().map(field).collect::<Result<_, _>>()?;
    Type::group_type_builder("list")
        .with_fields(fields)
        .build()
        .map(Arc::new)
}

fn write_column<'a>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    is_number: bool,
    cells: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), ParquetError> {
    // An empty cell is no value: level 0 instead of 1.
    let levels: Vec<i16> = cells
        .clone()
        .map(|cell| i16::from(!cell.is_empty()))
        .collect();
    let given = cells.filter(|cell| !cell.is_empty());
    if is_number {
        let parse = |cell: &str| {
            cell.parse::<f32>()
                .map_err(|error| ParquetError::External(error.into()))
        };
        let values: Vec<f32> = given.map(parse).collect::<Result<_, _>>()?;
        write_values::<FloatType>(group, &values, &levels)
    } else {
        let values: Vec<ByteArray> = given.map(ByteArray::from).collect();
        write_values::<ByteArrayType>(group, &values, &levels)
    }
}

fn write_values<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    values: &[T::T],
    levels: &[i16],
) -> Result<(), ParquetError> {
    let missing = || ParquetError::General("the schema has fewer columns than are written".into());
    let mut column = group.next_column()?.ok_or_else(missing)?;
    column
        .typed::<T>()
        .write_batch(values, Some(levels), None)?;
    column.close()
}
