//! VGGFace2: `train/n000002/0001_01.jpg`, with boxes and landmarks in lists.
//!
//! Where `loose_bb_<split>.csv` is there, its rows say which images there are, and
//! `loose_landmark_<split>.csv`, which has the same rows in the same order, is read beside it; else the
//! folders are listed. `identity_meta.csv` gives names and genders.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::row::Place;
use super::{Columns, Container, Samples, failed, folder, names};
use crate::error::DataError;
use crate::images::{ImageFinder, list_folder};
use crate::limits::DataLimits;
use crate::lines::{Lines, count_line_ends};
use crate::people::Interner;
use crate::sample::Sample;
use crate::table::split_fields;

/// The file that makes a folder VGGFace2.
const IDENTITIES: &str = "identity_meta.csv";

/// Folders of the set that lists lie in.
const LIST_FOLDERS: [&str; 4] = ["", "meta", "bb_landmark", "meta/bb_landmark"];

/// Parts of the set, and folders that their images lie in.
const SPLITS: [(&str, [&str; 4]); 2] = [
    (
        "train",
        [
            "train",
            "data/train",
            "vggface2_train/train",
            "data/vggface2_train/train",
        ],
    ),
    (
        "test",
        [
            "test",
            "data/test",
            "vggface2_test/test",
            "data/vggface2_test/test",
        ],
    ),
];

pub(super) struct VggFace2 {
    limits: DataLimits,
    parts: Vec<Part>,
    people: Arc<HashMap<String, Identity>>,
}

/// The images of one split.
#[derive(Clone)]
struct Part {
    split: &'static str,
    images: PathBuf,
    boxes: Option<PathBuf>,
    landmarks: Option<PathBuf>,
}

/// What is known of a person.
struct Identity {
    name: String,
    gender: String,
}

impl VggFace2 {
    pub(super) fn open(root: &Path, limits: &DataLimits) -> Result<Self, DataError> {
        let parts: Vec<Part> = SPLITS
            .iter()
            .filter_map(|(split, folders)| Part::find(root, split, folders))
            .collect();
        if parts.is_empty() {
            return Err(DataError::Missing {
                path: root.to_owned(),
                missing: "a folder train or test with folders like n000001".to_owned(),
                help: "name the folder that holds train, test and the lists".to_owned(),
            });
        }
        let people = find_list(root, IDENTITIES).map(|path| read_people(&path, limits));
        Ok(Self {
            limits: *limits,
            parts,
            people: Arc::new(people.transpose()?.unwrap_or_default()),
        })
    }

    fn of_part(&self, part: &Part) -> Result<Samples, DataError> {
        let images: Samples = match &part.boxes {
            Some(boxes) => of_lists(part, boxes, &self.limits)?,
            None => of_folders(&part.images)?,
        };
        let split: Arc<str> = part.split.into();
        let columns = names(&["name", "gender"]);
        let people = self.people.clone();
        Ok(Box::new(images.map(move |sample| {
            let mut sample = sample?;
            sample.split = Some(split.clone());
            if let Some(identity) = sample.person.as_deref().and_then(|id| people.get(id)) {
                let values = [identity.name.clone(), identity.gender.clone()];
                sample.attributes = columns.iter().cloned().zip(values).collect();
            }
            Ok(sample)
        })))
    }
}

impl Container for VggFace2 {
    fn columns(&self) -> Columns {
        Columns {
            split: true,
            face: self.parts.iter().any(|part| part.boxes.is_some()),
            landmarks: self.parts.iter().any(|part| part.landmarks.is_some()),
            attributes: names(&["name", "gender"]),
        }
    }

    fn samples(&self) -> Samples {
        let parts = self.parts.iter();
        let samples = parts.map(|part| self.of_part(part).unwrap_or_else(failed));
        Box::new(samples.collect::<Vec<_>>().into_iter().flatten())
    }

    fn len_hint(&self) -> Option<u64> {
        let rows = |part: &Part| Some(count_line_ends(part.boxes.as_ref()?)?.saturating_sub(1));
        self.parts.iter().map(rows).sum()
    }
}

/// True for a folder that holds VGGFace2's list of people, or folders of its people in a split.
pub(super) fn is_vggface2(root: &Path) -> bool {
    let is_part = |(split, folders): &(&'static str, [&str; 4])| {
        Part::find(root, split, folders).is_some_and(|part| has_people(&part.images))
    };
    find_list(root, IDENTITIES).is_some() || SPLITS.iter().any(is_part)
}

fn has_people(folder: &Path) -> bool {
    let is_id = |name: &String| {
        let digits = name.strip_prefix('n').unwrap_or("");
        digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    list_folder(folder).is_ok_and(|listing| listing.folders.first().is_some_and(is_id))
}

impl Part {
    fn find(root: &Path, split: &'static str, folders: &[&str]) -> Option<Self> {
        let folders = folders.iter().map(|folder| root.join(folder));
        Some(Self {
            split,
            images: folders.into_iter().find(|path| path.is_dir())?,
            boxes: find_list(root, &format!("loose_bb_{split}.csv")),
            landmarks: find_list(root, &format!("loose_landmark_{split}.csv")),
        })
    }
}

fn find_list(root: &Path, name: &str) -> Option<PathBuf> {
    let places = LIST_FOLDERS
        .iter()
        .map(|folder| root.join(folder).join(name));
    places.into_iter().find(|path| path.is_file())
}

fn of_folders(images: &Path) -> Result<Samples, DataError> {
    let people = list_folder(images)?.folders;
    let images = images.to_owned();
    Ok(Box::new(people.into_iter().flat_map(move |person| {
        folder::of_person(&images, person)
    })))
}

fn of_lists(part: &Part, boxes: &Path, limits: &DataLimits) -> Result<Samples, DataError> {
    let open = |path: &Path| {
        let mut lines = Lines::of_list(path, limits.max_list_bytes)?;
        // The header.
        lines.next_line().transpose()?;
        Ok::<_, DataError>(lines)
    };
    let mut boxes = open(boxes)?;
    let mut landmarks = part.landmarks.as_deref().map(open).transpose()?;
    let mut finder = ImageFinder::new(&part.images, limits);
    let mut interner = Interner::default();
    Ok(Box::new(std::iter::from_fn(move || {
        next_of_lists(&mut boxes, landmarks.as_mut(), &mut finder, &mut interner)
    })))
}

fn next_of_lists(
    boxes: &mut Lines,
    landmarks: Option<&mut Lines>,
    finder: &mut ImageFinder,
    interner: &mut Interner,
) -> Option<Result<Sample, DataError>> {
    let (boxes_path, box_row) = (boxes.path().clone(), next_row::<5>(boxes)?);
    // Both lists go forward together, also past a row that makes no sense.
    let points = landmarks.map(|lines| (lines.path().clone(), next_row::<11>(lines)));
    let read = || {
        let (line, [id, face @ ..]) = box_row?;
        let at = Place {
            path: &boxes_path,
            line,
        };
        let name = format!("{id}.jpg");
        let image = finder.find(&name)?;
        let image =
            image.ok_or_else(|| at.error("an image", format!("{name}, which is not there")))?;
        let mut sample = Sample::new(name, image);
        let (person, _) = id.split_once('/').ok_or_else(|| {
            at.error(
                "a person and an image, as n000001/0001_01",
                format!("{id:?}"),
            )
        })?;
        sample.person = Some(interner.get(person));
        sample.face = Some(at.face(face.each_ref().map(String::as_str))?);
        if let Some((path, row)) = points {
            let Some(row) = row else {
                return Err(DataError::line(
                    &path,
                    line,
                    format!("the landmarks of {id}"),
                    "the end",
                ));
            };
            let (line, [landmarks_id, numbers @ ..]) = row?;
            let at = Place { path: &path, line };
            if landmarks_id != id {
                return Err(at.error(
                    format!("the landmarks of {id}"),
                    format!("those of {landmarks_id}"),
                ));
            }
            sample.landmarks = Some(at.landmarks(numbers.each_ref().map(String::as_str))?);
        }
        Ok(sample)
    };
    Some(read())
}

/// The next row, of `N` fields, with its line.
fn next_row<const N: usize>(lines: &mut Lines) -> Option<Result<(u64, [String; N]), DataError>> {
    let path = lines.path().clone();
    let line = match lines.next_line()? {
        Ok(line) => line,
        Err(error) => return Some(Err(error)),
    };
    let fields = split_fields(line.text).and_then(|fields| <[String; N]>::try_from(fields).ok());
    Some(match fields {
        Some(fields) => Ok((line.number, fields)),
        None => {
            let got = format!("{:?}", line.text);
            Err(DataError::line(
                &path,
                line.number,
                format!("{N} fields"),
                got,
            ))
        }
    })
}

/// `Class_ID, Name, Sample_Num, Flag, Gender`. Some names hold a comma without quotes: what is
/// between the first field and the last three is the name.
fn read_people(path: &Path, limits: &DataLimits) -> Result<HashMap<String, Identity>, DataError> {
    let mut lines = Lines::of_list(path, limits.max_list_bytes)?;
    let mut people = HashMap::new();
    while let Some(line) = lines.next_line() {
        let line = line?;
        let fields = split_fields(line.text).unwrap_or_default();
        let [id, name @ .., _, _, gender] = fields.as_slice() else {
            let expected = "class, name, number of images, flag and gender";
            return Err(DataError::line(
                path,
                line.number,
                expected,
                format!("{:?}", line.text),
            ));
        };
        let identity = Identity {
            name: name.join(",").trim().to_owned(),
            gender: gender.trim().to_owned(),
        };
        people.insert(id.trim().to_owned(), identity);
    }
    Ok(people)
}
