//! Labelled sets: the containers that training sets come in, one a file.

mod celeba;
mod csv_list;
mod facescrub;
mod folder;
mod msceleb;
mod parquet_list;
mod recognize;
mod recordio;
mod row;
mod vggface2;
mod ytf_npz;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::DataError;
use crate::limits::DataLimits;
use crate::sample::Sample;

pub(crate) use msceleb::MIDDLE_COLUMNS;
pub use recordio::{IdentityRanges, Property, read_ranges};
pub(crate) use recordio::{PEOPLE_FILE, PROPERTY_FILE, companion};
pub(crate) use row::{FACE_COLUMNS, LANDMARK_COLUMNS, ListColumns, PERSON_COLUMNS, Place};
pub(crate) use ytf_npz::is_npz;

/// The containers that labelled sets come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SetKind {
    /// `root/<person>/<image>`, images deeper down too; images right in the root show nobody known.
    Folder,
    /// A `.csv` with a column `file` (or `path`), and any of `person` (or `identity`), `split`, `x`,
    /// `y`, `width`, `height`, and `left_eye_x` to `mouth_right_y`.
    CsvList,
    /// The same columns in a Parquet file.
    ParquetList,
    /// MXNet's `train.rec`, with `train.idx` and `property` or without.
    RecordIo,
    /// MS-Celeb-1M: tab-separated lines, person first, base64 of the image last.
    MsCelebTsv,
    /// CelebA (CelebFaces+): `identity_CelebA.txt` and its sisters.
    CelebA,
    /// FaceScrub: `facescrub_actors.txt`, `facescrub_actresses.txt`, and what was downloaded.
    FaceScrub,
    /// VGGFace2: `train/n000002/0001_01.jpg`, `loose_bb_train.csv` and its sisters.
    VggFace2,
    /// YouTube Faces as `.npz` files, one a video.
    YtfNpz,
}

impl SetKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Folder,
        Self::CsvList,
        Self::ParquetList,
        Self::RecordIo,
        Self::MsCelebTsv,
        Self::CelebA,
        Self::FaceScrub,
        Self::VggFace2,
        Self::YtfNpz,
    ];

    /// The name on command lines and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::CsvList => "csv",
            Self::ParquetList => "parquet",
            Self::RecordIo => "recordio",
            Self::MsCelebTsv => "msceleb",
            Self::CelebA => "celeba",
            Self::FaceScrub => "facescrub",
            Self::VggFace2 => "vggface2",
            Self::YtfNpz => "ytf-npz",
        }
    }
}

impl fmt::Display for SetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a set says of its images besides who they show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Columns {
    /// It may say which part of the set an image belongs to.
    pub split: bool,
    /// It may have boxes.
    pub face: bool,
    /// It may have landmarks.
    pub landmarks: bool,
    /// The names of everything else that it may say.
    pub attributes: Vec<Arc<str>>,
}

/// The images of a set, one after the other. A line that makes no sense is an error that names the
/// file and the line, and the images that follow still come.
pub type Samples = Box<dyn Iterator<Item = Result<Sample, DataError>> + Send>;

/// A labelled set. Nothing but what describes it is in memory: images are read one by one.
///
/// ```
/// use lineament_data::{DataLimits, LabelledSet, SetKind};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let dir = tempfile::tempdir()?;
/// std::fs::create_dir(dir.path().join("Ada"))?;
/// std::fs::write(dir.path().join("Ada/1.jpg"), b"not decoded here")?;
/// let set = LabelledSet::open(dir.path(), None, &DataLimits::default())?;
/// assert_eq!(set.kind(), SetKind::Folder);
/// let sample = set.samples().next().ok_or("empty")??;
/// assert_eq!(sample.name, "Ada/1.jpg");
/// assert_eq!(sample.person.as_deref(), Some("Ada"));
/// # Ok(())
/// # }
/// ```
pub struct LabelledSet {
    path: PathBuf,
    kind: SetKind,
    container: Box<dyn Container>,
}

/// What every container can tell.
trait Container: Send + Sync {
    fn columns(&self) -> Columns;
    fn samples(&self) -> Samples;
    fn len_hint(&self) -> Option<u64>;
}

impl LabelledSet {
    /// The set at `path`, of the kind given or recognised from what lies there.
    ///
    /// # Errors
    /// [`DataError::Missing`] when nothing is recognised, or more than one thing, with what was looked
    /// for; and what is wrong with the head of a list or container.
    pub fn open(
        path: &Path,
        kind: Option<SetKind>,
        limits: &DataLimits,
    ) -> Result<Self, DataError> {
        let (kind, place) = recognize::recognize(path, kind)?;
        let container: Box<dyn Container> = match kind {
            SetKind::Folder => Box::new(folder::Folder::open(&place)),
            SetKind::CsvList => Box::new(csv_list::CsvList::open(&place, limits)?),
            SetKind::ParquetList => Box::new(parquet_list::ParquetList::open(&place, limits)?),
            SetKind::RecordIo => Box::new(recordio::RecordIo::open(&place, limits)?),
            SetKind::MsCelebTsv => Box::new(msceleb::MsCeleb::open(&place, limits)?),
            SetKind::CelebA => Box::new(celeba::CelebA::open(&place, limits)?),
            SetKind::FaceScrub => Box::new(facescrub::FaceScrub::open(&place, limits)?),
            SetKind::VggFace2 => Box::new(vggface2::VggFace2::open(&place, limits)?),
            SetKind::YtfNpz => Box::new(ytf_npz::YtfNpz::open(&place)?),
        };
        Ok(Self {
            path: place,
            kind,
            container,
        })
    }

    /// The kind of container.
    #[must_use]
    pub fn kind(&self) -> SetKind {
        self.kind
    }

    /// The folder or file that the set is read from: the list, where a folder with one list was named.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the set may say of its images.
    #[must_use]
    pub fn columns(&self) -> Columns {
        self.container.columns()
    }

    /// The images, from the first on; the order is the same every time.
    #[must_use]
    pub fn samples(&self) -> Samples {
        self.container.samples()
    }

    /// About as many images as come, for progress bars; `None` where only reading the whole set
    /// would tell. A text list is read once for it.
    #[must_use]
    pub fn len_hint(&self) -> Option<u64> {
        self.container.len_hint()
    }
}

impl fmt::Debug for LabelledSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LabelledSet({} at {})", self.kind, self.path.display())
    }
}

/// An iterator that failed before its first image.
fn failed(error: DataError) -> Samples {
    Box::new(std::iter::once(Err(error)))
}

fn names(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|&name| name.into()).collect()
}
