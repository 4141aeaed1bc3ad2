//! The images of a labelled set, and numbers for the people in them.

use std::collections::HashMap;

use lineament_data::{DataError, DataLimits, LabelledSet, SetKind};

use crate::args::dataset::Set;
use crate::evaluation::faces::{FaceImage, FaceSource};
use crate::exit::Exit;
use crate::failure::Failure;

/// Numbers for people, by their names.
#[derive(Debug, Default)]
pub(crate) struct People {
    numbers: HashMap<String, usize>,
}

/// The images of a set, each with its name and person.
#[derive(Debug, Default)]
pub(crate) struct LabelledImages {
    pub(crate) names: Vec<String>,
    /// `None` for an image of nobody known.
    pub(crate) persons: Vec<Option<usize>>,
    pub(crate) images: Vec<FaceImage>,
}

impl People {
    /// The number of the person called `name`, a new one at the first mention.
    pub(crate) fn number(&mut self, name: &str) -> usize {
        let next = self.numbers.len();
        *self.numbers.entry(name.to_owned()).or_insert(next)
    }
}

impl LabelledImages {
    /// All images of `set`, whose faces come from `faces`.
    ///
    /// # Errors
    /// [`Exit::BadInput`] for a set without images, and for the first line that makes no sense: figures
    /// are of a whole set or of none.
    pub(crate) fn read(
        set: &LabelledSet,
        people: &mut People,
        faces: FaceSource,
    ) -> Result<Self, Failure> {
        let mut read = Self::default();
        for sample in set.samples() {
            let sample = sample.map_err(|error| bad_set(&error))?;
            let person = sample.person.as_deref().map(|name| people.number(name));
            read.persons.push(person);
            read.images.push(FaceImage::of_sample(&sample, faces));
            read.names.push(sample.name);
        }
        match read.names.is_empty() {
            false => Ok(read),
            true => Err(Failure::new(
                Exit::BadInput,
                format!("{}: no image", set.path().display()),
            )),
        }
    }

    /// Those of `other` behind these.
    pub(crate) fn append(&mut self, other: Self) {
        self.names.extend(other.names);
        self.persons.extend(other.persons);
        self.images.extend(other.images);
    }

    /// Those of known people, with their numbers.
    pub(crate) fn of_known_people(self) -> (Self, Vec<usize>) {
        let mut known = Self::default();
        let mut persons = Vec::new();
        let all = self.names.into_iter().zip(self.persons).zip(self.images);
        for ((name, person), image) in all {
            let Some(number) = person else { continue };
            persons.push(number);
            known.persons.push(person);
            known.names.push(name);
            known.images.push(image);
        }
        (known, persons)
    }
}

/// Opens the set.
///
/// # Errors
/// [`Exit::BadInput`] when there is none, or its head makes no sense.
pub(crate) fn open(set: &Set) -> Result<LabelledSet, Failure> {
    LabelledSet::open(&set.path, set.kind, &DataLimits::default()).map_err(|error| bad_set(&error))
}

/// Where the faces of a set's images usually come from.
pub(crate) fn usual_faces(kind: SetKind) -> FaceSource {
    match kind {
        SetKind::RecordIo => FaceSource::Aligned,
        _ => FaceSource::Detect,
    }
}

/// The name of a protocol over a set: `identify-` and what the set is called.
pub(crate) fn protocol_name(protocol: &str, set: &LabelledSet) -> String {
    let path = set.path();
    let stem = path.file_stem().or_else(|| path.file_name());
    format!("{protocol}-{}", stem.unwrap_or_default().to_string_lossy())
}

fn bad_set(error: &DataError) -> Failure {
    Failure::new(Exit::BadInput, error.to_string())
}
