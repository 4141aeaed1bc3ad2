//! CelebA, which grew out of CelebFaces+.
//!
//! `identity_CelebA.txt` says which images there are and who they show. Its sisters say the rest:
//! `list_eval_partition.txt`, `list_attr_celeba.txt`, and for the photos as they were
//! `list_bbox_celeba.txt` and `list_landmarks_celeba.txt`, for the aligned ones
//! `list_landmarks_align_celeba.txt`. They are held in memory: 200,000 images take 40 MB.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::row::Place;
use super::{Columns, Container, Samples, failed};
use crate::error::DataError;
use crate::images::ImageFinder;
use crate::limits::DataLimits;
use crate::lines::{Lines, count_line_ends};
use crate::people::Interner;
use crate::sample::Sample;
use crate::source::ImageSource;

/// The list that makes a folder CelebA.
pub(super) const IDENTITIES: &str = "identity_CelebA.txt";

/// Folders of the set that lists lie in.
const LIST_FOLDERS: [&str; 3] = ["", "Anno", "Eval"];

/// Folders that photos lie in: as they were, then aligned.
const WILD_FOLDERS: [&str; 3] = ["img_celeba", "Img/img_celeba", "img_celeba/img_celeba"];
const ALIGNED_FOLDERS: [&str; 5] = [
    "img_align_celeba",
    "Img/img_align_celeba",
    "img_align_celeba/img_align_celeba",
    "img_align_celeba_png",
    "Img/img_align_celeba_png",
];

pub(super) struct CelebA {
    root: PathBuf,
    limits: DataLimits,
    identities: PathBuf,
    facts: Arc<Facts>,
}

/// What the other lists say.
struct Facts {
    partition: SideList,
    attributes: SideList,
    attribute_names: Vec<Arc<str>>,
    boxes: SideList,
    wild_landmarks: SideList,
    aligned_landmarks: SideList,
}

/// A list of rows by the name of the image, as they are written.
#[derive(Default)]
struct SideList {
    path: PathBuf,
    header: Option<String>,
    rows: HashMap<Box<str>, (u64, Box<str>)>,
}

impl CelebA {
    pub(super) fn open(root: &Path, limits: &DataLimits) -> Result<Self, DataError> {
        let identities = find_list(root, IDENTITIES).ok_or_else(|| DataError::Missing {
            path: root.to_owned(),
            missing: IDENTITIES.to_owned(),
            help: "it comes with CelebA on request; without it nobody is known".to_owned(),
        })?;
        let side = |name| SideList::read(root, name, limits);
        let attributes = side("list_attr_celeba.txt")?;
        let names = attributes
            .header
            .as_deref()
            .unwrap_or("")
            .split_whitespace();
        let attribute_names = names.map(Arc::from).collect();
        Ok(Self {
            root: root.to_owned(),
            limits: *limits,
            identities,
            facts: Arc::new(Facts {
                partition: side("list_eval_partition.txt")?,
                attribute_names,
                attributes,
                boxes: side("list_bbox_celeba.txt")?,
                wild_landmarks: side("list_landmarks_celeba.txt")?,
                aligned_landmarks: side("list_landmarks_align_celeba.txt")?,
            }),
        })
    }

    fn try_samples(&self) -> Result<Samples, DataError> {
        let mut lines = Lines::of_list(&self.identities, self.limits.max_list_bytes)?;
        let path = lines.path().clone();
        let mut finder = ImageFinder::new(&self.root, &self.limits);
        let mut interner = Interner::default();
        let facts = self.facts.clone();
        Ok(Box::new(std::iter::from_fn(move || {
            let line = match lines.next_line()? {
                Ok(line) => line,
                Err(error) => return Some(Err(error)),
            };
            let at = Place {
                path: &path,
                line: line.number,
            };
            Some(facts.sample(line.text, at, &mut finder, &mut interner))
        })))
    }
}

impl Container for CelebA {
    fn columns(&self) -> Columns {
        let facts = &self.facts;
        let landmarks = [&facts.wild_landmarks, &facts.aligned_landmarks];
        Columns {
            split: !facts.partition.rows.is_empty(),
            face: !facts.boxes.rows.is_empty(),
            landmarks: landmarks.iter().any(|list| !list.rows.is_empty()),
            attributes: facts.attribute_names.clone(),
        }
    }

    fn samples(&self) -> Samples {
        self.try_samples().unwrap_or_else(failed)
    }

    fn len_hint(&self) -> Option<u64> {
        count_line_ends(&self.identities)
    }
}

impl Facts {
    fn sample(
        &self,
        text: &str,
        at: Place<'_>,
        finder: &mut ImageFinder,
        interner: &mut Interner,
    ) -> Result<Sample, DataError> {
        let mut words = text.split_whitespace();
        let (Some(name), Some(person), None) = (words.next(), words.next(), words.next()) else {
            return Err(at.error("an image and the number of a person", format!("{text:?}")));
        };
        let (image, is_wild) = find_image(name, finder)?.ok_or_else(|| {
            at.error(
                "the name of an image",
                format!("{name:?}, which is not there"),
            )
        })?;
        let mut sample = Sample::new(name, image);
        sample.person = Some(interner.get(person));
        if let Some((at, row)) = self.partition.row(name) {
            sample.split = Some(interner.get(partition(at, row)?));
        }
        if let Some((at, row)) = self.attributes.row(name) {
            let values: Vec<&str> = row.split_whitespace().collect();
            if values.len() != self.attribute_names.len() {
                let expected = format!("{} values", self.attribute_names.len());
                return Err(at.error(expected, values.len().to_string()));
            }
            let names = self.attribute_names.iter().cloned();
            sample.attributes = names.zip(values.into_iter().map(str::to_owned)).collect();
        }
        let landmarks = if is_wild {
            if let Some((at, row)) = self.boxes.row(name) {
                sample.face = Some(at.face(words_of(at, row)?)?);
            }
            &self.wild_landmarks
        } else {
            &self.aligned_landmarks
        };
        if let Some((at, row)) = landmarks.row(name) {
            sample.landmarks = Some(at.landmarks(words_of(at, row)?)?);
        }
        Ok(sample)
    }
}

impl SideList {
    /// The list `name` of the set at `root`; an empty one when there is none. Lines before the first
    /// that starts with an image are the number of images and the names of the columns.
    fn read(root: &Path, name: &str, limits: &DataLimits) -> Result<Self, DataError> {
        let Some(path) = find_list(root, name) else {
            return Ok(Self::default());
        };
        let mut lines = Lines::of_list(&path, limits.max_list_bytes)?;
        let mut list = Self::default();
        while let Some(line) = lines.next_line() {
            let line = line?;
            match line.text.split_once(char::is_whitespace) {
                Some((image, row)) if image.contains('.') => {
                    list.rows.insert(image.into(), (line.number, row.into()));
                }
                _ if list.rows.is_empty() => list.header = Some(line.text.to_owned()),
                _ => {
                    let got = format!("{:?}", line.text);
                    return Err(DataError::line(
                        &path,
                        line.number,
                        "an image and values",
                        got,
                    ));
                }
            }
        }
        list.path = path;
        Ok(list)
    }

    /// What the list says of `image`, and where.
    fn row(&self, image: &str) -> Option<(Place<'_>, &str)> {
        let (line, row) = self.rows.get(image)?;
        let place = Place {
            path: &self.path,
            line: *line,
        };
        Some((place, row))
    }
}

fn find_list(root: &Path, name: &str) -> Option<PathBuf> {
    let places = LIST_FOLDERS
        .iter()
        .map(|folder| root.join(folder).join(name));
    places.into_iter().find(|path| path.is_file())
}

/// True for a folder that holds CelebA's list of identities.
pub(super) fn is_celeba(root: &Path) -> bool {
    find_list(root, IDENTITIES).is_some()
}

/// The photo `name`, and whether it is as it was (rather than aligned).
fn find_image(
    name: &str,
    finder: &mut ImageFinder,
) -> Result<Option<(ImageSource, bool)>, DataError> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let wild = WILD_FOLDERS.iter().map(|folder| (folder, true));
    let aligned = ALIGNED_FOLDERS.iter().map(|folder| (folder, false));
    for (folder, is_wild) in wild.chain(aligned) {
        let file = if folder.ends_with("_png") {
            format!("{folder}/{stem}.png")
        } else {
            format!("{folder}/{name}")
        };
        if let Some(image) = finder.find(&file)? {
            return Ok(Some((image, is_wild)));
        }
    }
    Ok(None)
}

fn partition<'a>(at: Place<'_>, row: &str) -> Result<&'a str, DataError> {
    match row.trim() {
        "0" => Ok("train"),
        "1" => Ok("val"),
        "2" => Ok("test"),
        other => Err(at.error("0, 1 or 2", format!("{other:?}"))),
    }
}

fn words_of<'a, const N: usize>(at: Place<'_>, row: &'a str) -> Result<[&'a str; N], DataError> {
    let words: Vec<&str> = row.split_whitespace().collect();
    let n_words = words.len();
    words
        .try_into()
        .map_err(|_| at.error(format!("{N} numbers"), n_words.to_string()))
}
