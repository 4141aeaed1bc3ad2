//! Images with the faces that people marked in them: what face detectors are measured on.
//!
//! WIDER FACE's list, dlib's XML and Pascal VOC's XML are read here; a CSV or Parquet list with the
//! columns `file`, `x`, `y`, `width` and `height` is a [`LabelledSet`] with a row for every face.

mod dlib;
mod voc;
mod wider;
mod xml;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use lineament_core::{Landmarks, Rect};

use crate::error::DataError;
use crate::limits::DataLimits;
use crate::sample::Sample;
use crate::sets::LabelledSet;
use crate::source::ImageSource;

pub use dlib::parse as parse_dlib;
pub use voc::{Annotation, parse as parse_voc};
pub use wider::{WiderSubset, read_subset};

/// Columns of a list that say that a face need not be found, where they hold 1 or `true`.
const IGNORE_COLUMNS: [&str; 3] = ["ignore", "difficult", "invalid"];
/// The column of a list that names the subsets of a face, with spaces between them.
const SUBSET_COLUMN: &str = "subset";

/// Images with marked faces.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BoxSet {
    /// The images, each once, those without faces among them.
    pub images: Vec<BoxedImage>,
    /// Names of the subsets that faces belong to: `easy`, `heavy blur`.
    pub subsets: Vec<String>,
}

/// An image and the faces marked in it.
#[derive(Debug, Clone, PartialEq)]
pub struct BoxedImage {
    /// Its name in the list.
    pub name: String,
    /// Where its pixels are.
    pub image: ImageSource,
    /// The faces.
    pub faces: Vec<BoxedFace>,
}

/// A marked face.
#[derive(Debug, Clone, PartialEq)]
pub struct BoxedFace {
    /// Where it is, in pixels of the image; it has an area.
    pub rect: Rect,
    /// Whether a detector must find it.
    pub duty: Duty,
    /// Five landmarks, where they are marked.
    pub landmarks: Option<Landmarks>,
    /// Indices of the subsets it belongs to.
    pub subsets: Vec<usize>,
}

/// Whether a detector must find a face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// It must.
    MustFind,
    /// It may: `invalid` of WIDER FACE, `difficult` of VOC, `ignore` of dlib.
    MayFind,
}

impl BoxedFace {
    fn new(rect: Rect, duty: Duty) -> Self {
        Self {
            rect,
            duty,
            landmarks: None,
            subsets: Vec::new(),
        }
    }
}

/// The images of dlib's XML at `path`, whose files lie below the folder `images`.
///
/// # Errors
/// [`DataError::Line`] for what is no such XML, for a box without an area or with a number that is
/// none, and for an image that is not there or occurs twice; [`DataError::Limit`];
/// [`DataError::Io`].
pub fn read_dlib(path: &Path, images: &Path, limits: &DataLimits) -> Result<BoxSet, DataError> {
    parse_dlib(path, &xml::read(path, limits)?, images, limits)
}

/// The images of Pascal VOC's annotations: every `.xml` in the folder `annotations`, of images below
/// the folder `images`. Objects other than `face`, `head` and `person_face` are passed over.
///
/// # Errors
/// As [`read_dlib`]; [`DataError::Missing`] for a folder without annotations.
pub fn read_voc(
    annotations: &Path,
    images: &Path,
    limits: &DataLimits,
) -> Result<BoxSet, DataError> {
    voc::read_folder(annotations, images, limits)
}

/// The images of WIDER FACE's list at `path` (`wider_face_val_bbx_gt.txt`), below the folder `images`,
/// with the subsets asked for. Boxes without an area, which the list has, are left out.
///
/// # Errors
/// [`DataError::Line`] for a line that is not what it should be, and for an image that is not there
/// or occurs twice; for a MAT-file of subsets, [`DataError::Missing`] and [`DataError::Entry`] for
/// what does not fit the list; [`DataError::Limit`]; [`DataError::Io`].
pub fn read_wider(
    path: &Path,
    images: &Path,
    subsets: &[WiderSubset],
    limits: &DataLimits,
) -> Result<BoxSet, DataError> {
    wider::read(path, images, subsets, limits)
}

/// The images of a set that has a row for every face. A row without a box is an image without a face
/// of its own. A face need not be found where a column `ignore`, `difficult` or `invalid` holds 1 or
/// `true`; a column `subset` names its subsets, with spaces between them.
///
/// # Errors
/// Those of the set's samples; [`DataError::Argument`] for a set without boxes, and for a box without
/// an area.
pub fn of_set(set: &LabelledSet) -> Result<BoxSet, DataError> {
    let argument = |expected: &str, got: String| DataError::Argument {
        what: "a set to look for faces in",
        expected: expected.to_owned(),
        got,
    };
    if !set.columns().face {
        let got = format!("{}, which has none", set.path().display());
        return Err(argument("columns x, y, width and height", got));
    }
    let mut builder = BoxSetBuilder::default();
    for sample in set.samples() {
        let sample = sample?;
        let image = builder.image(&sample.name, || Ok(sample.image.clone()))?;
        let Some(rect) = sample.face else { continue };
        if !rect.is_valid() {
            let got = format!("{rect:?} in {}", sample.name);
            return Err(argument("boxes with an area", got));
        }
        let face = BoxedFace {
            landmarks: sample.landmarks,
            subsets: builder.subsets_of(&sample),
            ..BoxedFace::new(rect, duty(&sample))
        };
        builder.set.images[image].faces.push(face);
    }
    Ok(builder.set)
}

fn duty(sample: &Sample) -> Duty {
    let says_so = |value: &String| value == "1" || value.eq_ignore_ascii_case("true");
    let mut columns = IGNORE_COLUMNS.iter();
    match columns.any(|column| sample.attributes.get(*column).is_some_and(says_so)) {
        true => Duty::MayFind,
        false => Duty::MustFind,
    }
}

/// A set while it is read.
#[derive(Default)]
struct BoxSetBuilder {
    set: BoxSet,
    known: HashMap<String, usize>,
}

impl BoxSetBuilder {
    /// The index of the image called `name`, which `find` finds at its first mention.
    fn image(
        &mut self,
        name: &str,
        find: impl FnOnce() -> Result<ImageSource, DataError>,
    ) -> Result<usize, DataError> {
        if let Some(idx) = self.known.get(name) {
            return Ok(*idx);
        }
        let idx = self.set.images.len();
        self.set.images.push(BoxedImage {
            name: name.to_owned(),
            image: find()?,
            faces: Vec::new(),
        });
        self.known.insert(name.to_owned(), idx);
        Ok(idx)
    }

    fn is_known(&self, name: &str) -> bool {
        self.known.contains_key(name)
    }

    fn subset(&mut self, name: &str) -> usize {
        let subsets = &mut self.set.subsets;
        subsets.iter().position(|s| s == name).unwrap_or_else(|| {
            subsets.push(name.to_owned());
            subsets.len() - 1
        })
    }

    fn subsets_of(&mut self, sample: &Sample) -> Vec<usize> {
        let names = sample.attributes.get(SUBSET_COLUMN);
        let names = names.map_or("", String::as_str).split_whitespace();
        names.map(|name| self.subset(name)).collect()
    }
}

/// Where the annotations of a path with this name come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoxForm {
    /// A folder of Pascal VOC's XML.
    Voc,
    /// dlib's XML.
    Dlib,
    /// WIDER FACE's list.
    Wider,
    /// A labelled set with boxes.
    Set,
}

impl BoxForm {
    /// The form of what lies at `path`, by its name: `.xml` dlib, `.txt` WIDER FACE, a folder with
    /// `.xml` files VOC, anything else a set.
    ///
    /// # Errors
    /// [`DataError::Io`] for a folder that cannot be read.
    pub fn of(path: &Path) -> Result<Self, DataError> {
        if path.is_dir() {
            return Ok(match voc::annotations(path)?.is_empty() {
                true => Self::Set,
                false => Self::Voc,
            });
        }
        Ok(match path.extension().and_then(|e| e.to_str()) {
            Some("xml") => Self::Dlib,
            Some("txt") => Self::Wider,
            _ => Self::Set,
        })
    }

    /// The folder that images are usually below, for annotations at `path`.
    #[must_use]
    pub fn usual_images(self, path: &Path) -> PathBuf {
        let beside = path.parent().unwrap_or(Path::new("")).to_owned();
        match self {
            Self::Voc => beside.join("JPEGImages"),
            Self::Wider | Self::Dlib | Self::Set => beside,
        }
    }
}
