//! Readers of the field's databases, lists and containers.
//!
//! It turns what a database ships (lists of pairs, folders, pickles, records, tables) into two
//! things: a [`PairProtocol`] that says what is compared with what, and labelled [`Sample`]s for
//! training and identification. It deliberately does not know how a picture is decoded, what a
//! face is, or what becomes of a comparison: pictures leave it as encoded bytes (or as the raw
//! pixels that some containers hold), and every line of a list that does not make sense is an
//! error that names the file and the line.

pub mod bin;
mod bin_writer;
pub mod boxes;
pub mod embeddings;
pub mod error;
mod images;
pub mod inspect;
pub mod limits;
mod lines;
pub mod lists;
mod mat;
mod natural;
mod npy;
mod npz;
pub mod pairs;
mod people;
mod pickle;
mod records;
pub mod sample;
pub mod sets;
pub mod source;
mod table;
pub mod video;
pub mod write;
mod zip;

pub use embeddings::EmbeddingFile;
pub use error::DataError;
pub use limits::DataLimits;
pub use pairs::{Item, Pair, PairProtocol};
pub use sample::Sample;
pub use sets::{Columns, LabelledSet, Samples, SetKind};
pub use source::{Coding, ImageSource, Picture};
pub use write::{ListFormat, ListWriter, OutputKind, SetWriter, Start};
