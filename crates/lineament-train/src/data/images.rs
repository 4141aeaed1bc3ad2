//! All images of some sets: where their pixels are, and who they show.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineament_core::{Landmarks, RgbImage};
use lineament_data::{DataLimits, ImageSource, LabelledSet, Picture, Sample, SetKind};
use lineament_decode::{Limits, Resolution, decode_bytes};
use lineament_runtime::Sha256;
use serde::{Deserialize, Serialize};

use super::Progress;
use super::packed::Packed;
use crate::error::TrainError;

/// A labelled set that is trained on, of aligned crops with or without a margin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSource {
    /// The folder, list or container.
    pub path: PathBuf,
    /// Its kind, by the name that [`SetKind::name`] gives; recognised where it is left out.
    #[serde(default)]
    pub kind: Option<String>,
    /// The part of the set that is taken, where the set says which image belongs to which; all of it
    /// where this is left out.
    #[serde(default)]
    pub split: Option<String>,
}

impl DataSource {
    /// The whole set at `path`, of the kind that is recognised.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            kind: None,
            split: None,
        }
    }

    fn open(&self) -> Result<LabelledSet, TrainError> {
        let kind = self.kind.as_deref().map(kind_of).transpose()?;
        Ok(LabelledSet::open(&self.path, kind, &DataLimits::default())?)
    }

    fn takes(&self, sample: &Sample) -> bool {
        self.split.is_none() || self.split.as_deref() == sample.split.as_deref()
    }
}

fn kind_of(name: &str) -> Result<SetKind, TrainError> {
    let known = SetKind::ALL.into_iter().find(|kind| kind.name() == name);
    known.ok_or_else(|| TrainError::Argument {
        what: "the kind of a data source",
        expected: SetKind::ALL.map(SetKind::name).join(", "),
        got: name.to_owned(),
    })
}

/// Every image that some sources list, in their order; its number there is its row.
#[derive(Debug)]
pub struct Images {
    rows: Vec<ImageSource>,
    names: Vec<Box<str>>,
    /// For each row, an index into `people`.
    person_of: Vec<Option<u32>>,
    people: Vec<Arc<str>>,
    landmarks: Vec<Option<Landmarks>>,
    fingerprint: Sha256,
    n_bad_lines: usize,
    first_problem: Option<String>,
    packed: Option<Packed>,
}

impl Images {
    /// The images of `sources`. No image is read yet.
    ///
    /// People of different sources are different people; with more than one source their names begin
    /// with the number of theirs, as in `0/Ada`. A line that makes no sense is left out and counted.
    ///
    /// # Errors
    /// [`TrainError::Data`] for a set that cannot be opened; [`TrainError::NoImages`] for one of which no
    /// image is left.
    pub fn open(sources: &[DataSource]) -> Result<Self, TrainError> {
        let mut listing = Listing::default();
        for (number, source) in sources.iter().enumerate() {
            let prefix = (sources.len() > 1).then(|| format!("{number}/"));
            listing.add(source, prefix.as_deref().unwrap_or(""))?;
        }
        Ok(Self {
            rows: listing.rows,
            names: listing.names,
            person_of: listing.person_of,
            people: listing.people,
            landmarks: listing.landmarks,
            fingerprint: Sha256::of(&listing.digest),
            n_bad_lines: listing.n_bad_lines,
            first_problem: listing.first_problem,
            packed: None,
        })
    }

    /// The same images, decoded once into the file at `path` and read from there: about 50 kB for a
    /// crop of 128×128. A file of these images that is there already is used as it is.
    ///
    /// # Errors
    /// [`TrainError::Io`]; [`TrainError::Format`] for a file that is something else;
    /// [`TrainError::Stopped`] when `progress` stopped it.
    pub fn packed(
        mut self,
        path: &Path,
        threads: NonZeroUsize,
        progress: &mut Progress<'_>,
    ) -> Result<Self, TrainError> {
        if !path.exists() {
            let decode = |row| decode(&self.rows[row]);
            Packed::write(
                path,
                &self.fingerprint,
                self.len(),
                threads,
                decode,
                progress,
            )?;
        }
        self.packed = Some(Packed::open(path, &self.fingerprint, self.len())?);
        Ok(self)
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True when there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A digest of the names and bytes (their number) of all images, in their order, and of who they show.
    #[must_use]
    pub fn fingerprint(&self) -> Sha256 {
        self.fingerprint
    }

    /// Lines of the lists that made no sense.
    #[must_use]
    pub fn n_bad_lines(&self) -> usize {
        self.n_bad_lines
    }

    /// What was wrong with the first of them.
    #[must_use]
    pub fn first_problem(&self) -> Option<&str> {
        self.first_problem.as_deref()
    }

    /// The name of a row's image within its set.
    ///
    /// # Panics
    /// When `row` is not below [`Self::len`].
    #[must_use]
    pub fn name(&self, row: usize) -> &str {
        &self.names[row]
    }

    /// The image of a row; `None` where it cannot be decoded.
    ///
    /// # Errors
    /// [`TrainError::Io`] when the packed file cannot be read.
    ///
    /// # Panics
    /// When `row` is not below [`Self::len`].
    pub fn read(&self, row: usize) -> Result<Option<RgbImage>, TrainError> {
        match &self.packed {
            Some(packed) => packed.read(row),
            None => Ok(decode(&self.rows[row])),
        }
    }

    /// The landmarks of a row's face, in pixels of its image, where the set has them.
    pub(crate) fn landmarks(&self, row: usize) -> Option<Landmarks> {
        self.landmarks[row]
    }

    /// Who the image of a row shows, as an index into [`Self::people`].
    pub(crate) fn person_of(&self, row: usize) -> Option<u32> {
        self.person_of[row]
    }

    pub(crate) fn people(&self) -> &[Arc<str>] {
        &self.people
    }

    /// True where it is known already that the image of a row cannot be decoded.
    pub(crate) fn is_known_unreadable(&self, row: usize) -> bool {
        self.packed.as_ref().is_some_and(|packed| !packed.has(row))
    }
}

/// The pixels of an image; `None` where it cannot be decoded.
pub(crate) fn decode(source: &ImageSource) -> Option<RgbImage> {
    match source.read(&DataLimits::default()).ok()? {
        Picture::Rgb(image) => Some(image),
        Picture::Encoded(bytes) => {
            let photo = decode_bytes(&bytes, Resolution::Full, &Limits::default());
            photo.ok().map(|photo| photo.image)
        }
    }
}

/// The rows while the sources are read.
#[derive(Default)]
struct Listing {
    rows: Vec<ImageSource>,
    names: Vec<Box<str>>,
    person_of: Vec<Option<u32>>,
    people: Vec<Arc<str>>,
    landmarks: Vec<Option<Landmarks>>,
    by_name: HashMap<Arc<str>, u32>,
    digest: Vec<u8>,
    n_bad_lines: usize,
    first_problem: Option<String>,
}

impl Listing {
    fn add(&mut self, source: &DataSource, prefix: &str) -> Result<(), TrainError> {
        let n_before = self.rows.len();
        for sample in source.open()?.samples() {
            match sample {
                Ok(sample) if source.takes(&sample) => self.push(sample, prefix),
                Ok(_) => {}
                Err(problem) => {
                    self.n_bad_lines += 1;
                    self.first_problem
                        .get_or_insert_with(|| problem.to_string());
                }
            }
        }
        if self.rows.len() == n_before {
            return Err(TrainError::NoImages {
                what: source.path.display().to_string(),
                why: self
                    .first_problem
                    .take()
                    .unwrap_or_else(|| "it lists none".to_owned()),
            });
        }
        Ok(())
    }

    fn push(&mut self, sample: Sample, prefix: &str) {
        let person = sample.person.map(|person| format!("{prefix}{person}"));
        self.note(&sample.name, person.as_deref(), &sample.image);
        let person = person.map(|name| self.number(name));
        self.person_of.push(person);
        self.landmarks.push(sample.landmarks);
        self.rows.push(sample.image);
        self.names.push(sample.name.into());
    }

    /// Each row's digest covers those before it.
    fn note(&mut self, name: &str, person: Option<&str>, image: &ImageSource) {
        let n_bytes = match image {
            ImageSource::Slice { length, .. } | ImageSource::Coded { length, .. } => *length,
            ImageSource::Memory(bytes) => bytes.len() as u64,
            ImageSource::File(path) => size_of(path),
            ImageSource::Video(path) => size_of(path),
        };
        let line = format!("\0{name}\0{}\0{n_bytes}", person.unwrap_or_default());
        self.digest.extend_from_slice(line.as_bytes());
        self.digest = Sha256::of(&self.digest).bytes().to_vec();
    }

    fn number(&mut self, name: String) -> u32 {
        if let Some(&number) = self.by_name.get(name.as_str()) {
            return number;
        }
        let (name, number) = (Arc::<str>::from(name), self.people.len() as u32);
        self.people.push(name.clone());
        self.by_name.insert(name, number);
        number
    }
}

/// 0 for a file that is not there: reading it will say so.
fn size_of(path: &Path) -> u64 {
    path.metadata().map_or(0, |metadata| metadata.len())
}
