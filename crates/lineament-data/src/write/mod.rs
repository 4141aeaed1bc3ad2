//! Writing labelled sets: encoded images go from one container into another as they are.

mod files;
mod folder;
mod list;
mod msceleb;
mod parquet;
mod part;
mod recordio;

use std::path::Path;

use crate::error::DataError;
use crate::sample::Sample;
use crate::sets::Columns;

pub use list::{ListFormat, ListWriter};
pub(crate) use part::{part_of, rename};

/// The containers that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputKind {
    /// `root/<person>/<image>`: who is shown, and nothing else. Images of nobody known go into the root.
    Folder,
    /// A `.csv` list, with the images in the folder `images` beside it.
    CsvList,
    /// A `.parquet` list, with the images in the folder `images` beside it.
    ParquetList,
    /// A folder with `train.rec`, `train.idx`, `property` and `train.people` (names, one a line); nothing
    /// but who is shown is kept.
    RecordIo {
        /// Height of the images in pixels, for `property`.
        height: u32,
        /// Width of the images in pixels, for `property`.
        width: u32,
    },
    /// A `.tsv` file as of MS-Celeb-1M's aligned faces.
    MsCelebTsv,
}

/// What is to become of an output that is already there in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// It is refused.
    Afresh,
    /// It is gone on with, after its last whole image.
    Resume,
}

/// A labelled set that is being written.
///
/// Everything is written under other names (`train.rec.part`) until [`Self::finish`] gives the files
/// their own, so that a set is there whole or not at all; only a folder of images grows in place, image
/// by whole image. A run that was killed goes on with [`Start::Resume`].
///
/// ```
/// use lineament_data::{Columns, DataLimits, ImageSource, LabelledSet, OutputKind, Sample};
/// use lineament_data::{SetWriter, Start};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let dir = tempfile::tempdir()?;
/// let list = dir.path().join("list.csv");
/// let png: &[u8] = b"\x89PNG, or so";
/// let mut writer = SetWriter::create(&list, OutputKind::CsvList, &Columns::default(), Start::Afresh)?;
/// let mut sample = Sample::new("Ada/1", ImageSource::Memory(png.into()));
/// sample.person = Some("Ada".into());
/// writer.append(&sample, png)?;
/// writer.finish()?;
/// let set = LabelledSet::open(&list, None, &DataLimits::default())?;
/// assert_eq!(set.samples().next().ok_or("empty")??.name, "images/Ada/1.png");
/// # Ok(())
/// # }
/// ```
pub struct SetWriter {
    sink: Box<dyn Sink>,
    n_written: u64,
}

/// What every container can take.
trait Sink {
    fn append(&mut self, sample: &Sample, encoded: &[u8]) -> Result<(), DataError>;
    fn finish(self: Box<Self>) -> Result<(), DataError>;
}

impl SetWriter {
    /// A set at `path` (the list or `.tsv` file, or the folder of the others) whose images may have
    /// what `columns` say.
    ///
    /// # Errors
    /// [`DataError::Exists`] for a set that is there already, in whole or, unless it is to be resumed,
    /// in part; [`DataError::Io`].
    pub fn create(
        path: &Path,
        kind: OutputKind,
        columns: &Columns,
        start: Start,
    ) -> Result<Self, DataError> {
        let (sink, n_written): (Box<dyn Sink>, u64) = match kind {
            OutputKind::Folder => (Box::new(folder::FolderWriter::create(path)?), 0),
            OutputKind::CsvList => {
                let list = list::SetList::create(path, ListFormat::Csv, columns, start)?;
                let n_written = list.n_written();
                (Box::new(list), n_written)
            }
            OutputKind::ParquetList => {
                let list = list::SetList::create(path, ListFormat::Parquet, columns, start)?;
                let n_written = list.n_written();
                (Box::new(list), n_written)
            }
            OutputKind::RecordIo { height, width } => {
                let records = recordio::RecordIoWriter::create(path, [height, width], start)?;
                let n_written = records.n_written();
                (Box::new(records), n_written)
            }
            OutputKind::MsCelebTsv => {
                let lines = msceleb::MsCelebWriter::create(path, start)?;
                let n_written = lines.n_written();
                (Box::new(lines), n_written)
            }
        };
        Ok(Self { sink, n_written })
    }

    /// How many images the set holds so far; after a resumption, those are the ones to leave out. A
    /// folder does not know: it takes the same images again and leaves those that it has.
    #[must_use]
    pub fn n_written(&self) -> u64 {
        self.n_written
    }

    /// Adds an image, whose bytes are kept as they are.
    ///
    /// # Errors
    /// [`DataError::Unsupported`] for a sample that the container cannot hold: one that shows nobody
    /// known, in RecordIO and MS-Celeb-1M; people whose images do not come together, in RecordIO; names
    /// that two different images share. [`DataError::Io`].
    pub fn append(&mut self, sample: &Sample, encoded: &[u8]) -> Result<(), DataError> {
        self.sink.append(sample, encoded)?;
        self.n_written += 1;
        Ok(())
    }

    /// Gives the files their names.
    ///
    /// # Errors
    /// [`DataError::Io`].
    pub fn finish(self) -> Result<(), DataError> {
        self.sink.finish()
    }
}
