//! An export as Apache Parquet: a row a person, then a row a face.
//!
//! Rows of people have no `face`; in rows of faces, `name` is the person's, for who reads the table.
//! The header is the value of `lineament.gallery` in the file's metadata.

mod read;
mod write;

pub(super) use read::Rows;
pub(super) use write::ParquetFile;
