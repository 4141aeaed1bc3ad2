//! Pascal VOC's annotations: one XML file an image.

use std::ffi::OsStr;
use std::path::Path;

use lineament_core::Rect;

use super::xml::{self, Piece, for_each_piece};
use super::{BoxSet, BoxSetBuilder, BoxedFace, Duty};
use crate::error::DataError;
use crate::images::{ImageFinder, list_folder};
use crate::limits::DataLimits;
use crate::lists::find_image;
use crate::sets::Place;

/// What the databases call a face.
const FACES: [&str; 3] = ["face", "head", "person_face"];
const CORNERS: [&str; 4] = ["xmin", "ymin", "xmax", "ymax"];

/// One annotation: the name of the image's file, and its faces.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotation {
    /// Name of the image's file.
    pub file: String,
    /// The faces.
    pub faces: Vec<BoxedFace>,
}

/// An object while it is read.
#[derive(Default)]
struct Object {
    name: String,
    is_difficult: bool,
    corners: [Option<f32>; 4],
}

/// The names of the annotations in a folder.
pub(super) fn annotations(folder: &Path) -> Result<Vec<String>, DataError> {
    let is_xml = |name: &String| Path::new(name).extension() == Some(OsStr::new("xml"));
    let files = list_folder(folder)?.files;
    Ok(files.into_iter().filter(is_xml).collect())
}

pub(super) fn read_folder(
    folder: &Path,
    images: &Path,
    limits: &DataLimits,
) -> Result<BoxSet, DataError> {
    let names = annotations(folder)?;
    if names.is_empty() {
        return Err(DataError::Missing {
            path: folder.to_owned(),
            missing: "an annotation (.xml)".to_owned(),
            help: "name the folder Annotations".to_owned(),
        });
    }
    let mut builder = BoxSetBuilder::default();
    let mut finder = ImageFinder::new(images, limits);
    for name in names {
        let path = folder.join(name);
        let annotation = parse(&path, &xml::read(&path, limits)?)?;
        let at = Place {
            path: &path,
            line: 1,
        };
        if builder.is_known(&annotation.file) {
            let expected = "an image that no other annotation is of";
            return Err(at.error(expected, annotation.file));
        }
        let find = || find_image(at, &annotation.file, &mut finder);
        let image = builder.image(&annotation.file, find)?;
        builder.set.images[image].faces = annotation.faces;
    }
    Ok(builder.set)
}

/// The annotation in `text`, the content of the file at `path`.
///
/// Corners count pixels from 1 and belong to the box: xmin 1 and xmax 10 is a width of 10.
///
/// # Errors
/// As [`super::read_voc`].
pub fn parse(path: &Path, text: &str) -> Result<Annotation, DataError> {
    let mut annotation = Annotation {
        file: String::new(),
        faces: Vec::new(),
    };
    let mut object = Object::default();
    for_each_piece(path, text, |at, names, piece| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match (names.as_slice(), piece) {
            (["annotation", "filename"], Piece::Text(name)) => annotation.file += &name,
            (["annotation", "object"], Piece::Start(_)) => object = Object::default(),
            (["annotation", "object", "name"], Piece::Text(name)) => object.name += &name,
            (["annotation", "object", "difficult"], Piece::Text(value)) => {
                object.is_difficult = value.trim() == "1";
            }
            (["annotation", "object", "bndbox", corner], Piece::Text(value)) => {
                if let Some(i) = CORNERS.iter().position(|name| name == corner) {
                    object.corners[i] = Some(at.number(corner, &value)?);
                }
            }
            (["annotation", "object"], Piece::End) => {
                annotation
                    .faces
                    .extend(std::mem::take(&mut object).face(at)?);
            }
            ([root], Piece::Start(_)) if *root != "annotation" => {
                return Err(at.error("<annotation>, as in Pascal VOC", format!("<{root}>")));
            }
            _ => {}
        }
        Ok(())
    })?;
    annotation.file = annotation.file.trim().to_owned();
    match annotation.file.is_empty() {
        false => Ok(annotation),
        true => Err(DataError::line(path, 1, "<filename>", "none")),
    }
}

impl Object {
    /// The face that ends at `at`; `None` for any other object.
    fn face(self, at: Place<'_>) -> Result<Option<BoxedFace>, DataError> {
        if !FACES.contains(&self.name.trim()) {
            return Ok(None);
        }
        let [Some(left), Some(top), Some(right), Some(bottom)] = self.corners else {
            return Err(at.error("xmin, ymin, xmax and ymax in <bndbox>", "fewer"));
        };
        let rect = Rect::from_corners(left - 1.0, top - 1.0, right, bottom);
        if !rect.is_valid() {
            return Err(at.error("a box with an area", format!("{:?}", self.corners)));
        }
        let duty = match self.is_difficult {
            true => Duty::MayFind,
            false => Duty::MustFind,
        };
        Ok(Some(BoxedFace::new(rect, duty)))
    }
}
