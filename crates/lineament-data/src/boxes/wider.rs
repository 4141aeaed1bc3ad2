//! WIDER FACE (Yang et al., 2016): `wider_face_val_bbx_gt.txt` and its MAT-files of difficulty.
//!
//! The list holds, for each image, its name, the number of its faces, and a line a face:
//! `x y width height blur expression illumination invalid occlusion pose`. An image without faces has
//! a line of zeros all the same. `wider_easy_val.mat` and its sisters hold `event_list`, `file_list`
//! and `gt_list`: for every image, the numbers of the faces (from 1) that belong to the subset.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{BoxSet, BoxSetBuilder, BoxedFace, Duty};
use crate::error::DataError;
use crate::images::ImageFinder;
use crate::limits::DataLimits;
use crate::lines::{Lines, check_size, shown};
use crate::lists::find_image;
use crate::mat::{MatValue, read_variables};
use crate::sets::Place;

/// Subsets of the faces of WIDER FACE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WiderSubset {
    /// The faces that a MAT-file lists, named after it: `easy` for `wider_easy_val.mat`.
    MatFile(PathBuf),
    /// What the list itself says of every face: blur, occlusion, pose, expression, illumination.
    Flags,
}

/// Names of what the flags of a face say, by their column and value.
const FLAGS: [(usize, &str, &str); 11] = [
    (4, "0", "no blur"),
    (4, "1", "normal blur"),
    (4, "2", "heavy blur"),
    (8, "0", "no occlusion"),
    (8, "1", "partial occlusion"),
    (8, "2", "heavy occlusion"),
    (9, "0", "typical pose"),
    (9, "1", "atypical pose"),
    (5, "1", "exaggerate expression"),
    (6, "1", "extreme illumination"),
    (6, "0", "normal illumination"),
];
const INVALID: usize = 7;
const N_FIELDS: usize = 10;

pub(super) fn read(
    path: &Path,
    images: &Path,
    subsets: &[WiderSubset],
    limits: &DataLimits,
) -> Result<BoxSet, DataError> {
    let mut lists = Vec::new();
    for subset in subsets {
        if let WiderSubset::MatFile(file) = subset {
            lists.push((subset_name(file), read_subset(file, limits)?));
        }
    }
    let mut reading = Reading {
        builder: BoxSetBuilder::default(),
        finder: ImageFinder::new(images, limits),
        lists,
        has_flags: subsets.contains(&WiderSubset::Flags),
        n_faces: 0,
        max_faces: limits.max_entries,
    };
    // Subsets that no face is in are told of too.
    for (name, _) in &reading.lists {
        reading.builder.subset(name);
    }
    let mut lines = Lines::of_list(path, limits.max_list_bytes)?;
    while let Some(line) = lines.next_line() {
        let line = line?;
        let at = Place {
            path,
            line: line.number,
        };
        let name = line.text.trim().to_owned();
        reading.image(at, &name, &mut lines)?;
    }
    Ok(reading.builder.set)
}

/// The numbers (from 1) of the faces in the subset, by image: `0--Parade/0_Parade_0001`.
///
/// # Errors
/// [`DataError::Missing`] without a variable, [`DataError::Entry`] for a variable of another form, and
/// what a MAT-file can have wrong.
pub fn read_subset(
    path: &Path,
    limits: &DataLimits,
) -> Result<HashMap<String, Vec<usize>>, DataError> {
    check_size(path, limits.max_container_bytes)?;
    let bytes = std::fs::read(path).map_err(|error| DataError::io(path, error))?;
    let mut variables = read_variables(path, &bytes, limits.max_entries)?;
    let mut cells = |name: &str| match variables.remove(name) {
        Some(MatValue::Cells(cells)) => Ok(cells),
        Some(_) => Err(DataError::entry(
            path,
            0,
            format!("a cell array {name}"),
            "another value",
        )),
        None => Err(DataError::Missing {
            path: path.to_owned(),
            missing: format!("the variable {name}"),
            help: "name WIDER FACE's wider_easy_val.mat or one of its sisters".to_owned(),
        }),
    };
    let (events, files, faces) = (cells("event_list")?, cells("file_list")?, cells("gt_list")?);
    let mut by_image = HashMap::new();
    if files.len() != events.len() || faces.len() != events.len() {
        let got = format!("{}, {} and {}", events.len(), files.len(), faces.len());
        return Err(DataError::entry(path, 0, "lists of one length", got));
    }
    for (entry, ((event, files), faces)) in events.into_iter().zip(files).zip(faces).enumerate() {
        let wrong =
            |expected: &str| DataError::entry(path, entry as u64, expected, "another value");
        let (MatValue::Text(event), MatValue::Cells(files), MatValue::Cells(faces)) =
            (event, files, faces)
        else {
            return Err(wrong("a name, and cells of files and faces"));
        };
        if files.len() != faces.len() {
            return Err(wrong("as many files as lists of faces"));
        }
        for (file, faces) in files.into_iter().zip(faces) {
            let (MatValue::Text(file), MatValue::Numbers(numbers)) = (file, faces) else {
                return Err(wrong("names of files, and numbers of faces"));
            };
            let numbers = numbers.into_iter().map(|number| number as usize);
            by_image.insert(format!("{event}/{file}"), numbers.collect());
        }
    }
    Ok(by_image)
}

/// `easy` for `wider_easy_val.mat`.
fn subset_name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = stem.strip_prefix("wider_").unwrap_or(&stem);
    name.strip_suffix("_val").unwrap_or(name).to_owned()
}

/// The list while it is read.
struct Reading {
    builder: BoxSetBuilder,
    finder: ImageFinder,
    /// Subsets by name: the numbers of their faces, by image.
    lists: Vec<(String, HashMap<String, Vec<usize>>)>,
    has_flags: bool,
    n_faces: u64,
    max_faces: u64,
}

impl Reading {
    /// The image `name` of the line `at`, whose faces follow.
    fn image(&mut self, at: Place<'_>, name: &str, lines: &mut Lines) -> Result<(), DataError> {
        if self.builder.is_known(name) {
            return Err(at.error("an image that is not in the list yet", shown(name)));
        }
        let finder = &mut self.finder;
        let image = self.builder.image(name, || find_image(at, name, finder))?;
        let (line, text) = next(at, lines, "the number of faces")?;
        let n_line = Place { line, ..at };
        let n_faces: u64 = text
            .trim()
            .parse()
            .map_err(|_| n_line.error("the number of faces", shown(&text)))?;
        self.n_faces = self.n_faces.saturating_add(n_faces);
        if self.n_faces > self.max_faces {
            return Err(DataError::Limit {
                path: at.path.to_owned(),
                what: "marked faces",
                limit: self.max_faces,
                got: self.n_faces,
            });
        }
        // An image without faces has a line of zeros.
        for number in 1..=n_faces.max(1) {
            let (line, text) = next(at, lines, "a face")?;
            let face = self.face(Place { line, ..at }, &text, name, number as usize)?;
            let face = face.filter(|face| face.rect.is_valid());
            self.builder.set.images[image].faces.extend(face);
        }
        self.check_numbers(at, name, n_faces as usize)
    }

    /// The face of a line; `None` for a line of zeros.
    fn face(
        &mut self,
        at: Place<'_>,
        text: &str,
        image: &str,
        number: usize,
    ) -> Result<Option<BoxedFace>, DataError> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let Some((&[x, y, width, height], flags)) = fields.split_first_chunk::<4>() else {
            return Err(at.error("x, y, width, height and six flags", shown(text)));
        };
        if fields.len() != N_FIELDS && !flags.is_empty() {
            return Err(at.error("x, y, width, height and six flags", shown(text)));
        }
        let rect = at.face([x, y, width, height])?;
        let duty = match fields.get(INVALID) {
            Some(&"1") => Duty::MayFind,
            _ => Duty::MustFind,
        };
        let mut face = BoxedFace::new(rect, duty);
        if self.has_flags {
            let flags = FLAGS.iter();
            let flags = flags.filter(|(column, value, _)| fields.get(*column) == Some(value));
            let names: Vec<&str> = flags.map(|(_, _, name)| *name).collect();
            face.subsets = names
                .into_iter()
                .map(|name| self.builder.subset(name))
                .collect();
        }
        let stem = stem(image);
        for (name, by_image) in &self.lists {
            let is_in = |numbers: &Vec<usize>| numbers.contains(&number);
            let subset = self.builder.subset(name);
            if by_image.get(stem).is_some_and(is_in) {
                face.subsets.push(subset);
            }
        }
        Ok(Some(face))
    }

    /// Refuses subsets with a face that the image does not have.
    fn check_numbers(&self, at: Place<'_>, image: &str, n_faces: usize) -> Result<(), DataError> {
        for (name, by_image) in &self.lists {
            let numbers = by_image.get(stem(image)).into_iter().flatten();
            if let Some(number) = numbers.copied().find(|n| !(1..=n_faces).contains(n)) {
                let expected = format!("{number} faces or more, since the subset {name} has one");
                return Err(at.error(expected, n_faces.to_string()));
            }
        }
        Ok(())
    }
}

fn next(at: Place<'_>, lines: &mut Lines, what: &str) -> Result<(u64, String), DataError> {
    match lines.next_line() {
        Some(line) => line.map(|line| (line.number, line.text.to_owned())),
        None => Err(at.error(format!("{what} below"), "the end of the file")),
    }
}

/// The name without its extension.
fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}
