//! dlib's XML (`imglab`): `<image file=…>` with `<box top left width height>` and perhaps
//! `<part name x y>`.

use std::collections::BTreeMap;
use std::path::Path;

use lineament_core::{Landmarks, Point, Rect};

use super::xml::{Piece, for_each_piece};
use super::{BoxSet, BoxSetBuilder, BoxedFace, Duty};
use crate::error::DataError;
use crate::images::ImageFinder;
use crate::limits::DataLimits;
use crate::lists::find_image;
use crate::sets::Place;

/// Of the 68 landmarks of 300-W (Sagonas et al. 2013): both eyes, the tip of the nose, the corners of
/// the mouth.
const LEFT_EYE: std::ops::Range<usize> = 36..42;
const RIGHT_EYE: std::ops::Range<usize> = 42..48;
const NOSE: usize = 30;
const MOUTH: [usize; 2] = [48, 54];
const N_PARTS: usize = 68;

/// The images in `text`, the content of the file at `path`; below the folder `images`.
///
/// Where a box has the 68 parts of 300-W, its landmarks are the means of both eyes' contours, the tip
/// of the nose and the corners of the mouth.
///
/// # Errors
/// As [`super::read_dlib`].
pub fn parse(
    path: &Path,
    text: &str,
    images: &Path,
    limits: &DataLimits,
) -> Result<BoxSet, DataError> {
    let mut builder = BoxSetBuilder::default();
    let mut finder = ImageFinder::new(images, limits);
    let mut n_faces = 0;
    let mut parts: Vec<Option<Point>> = Vec::new();
    for_each_piece(path, text, |at, names, piece| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match (names.as_slice(), piece) {
            (["dataset", "images", "image"], Piece::Start(attributes)) => {
                let name = attribute(at, &attributes, "file")?;
                if builder.is_known(name) {
                    return Err(at.error("an image that is not in the file yet", name));
                }
                builder.image(name, || find_image(at, name, &mut finder))?;
            }
            (["dataset", "images", "image", "box"], Piece::Start(attributes)) => {
                n_faces += 1;
                if n_faces > limits.max_entries {
                    return Err(DataError::Limit {
                        path: path.to_owned(),
                        what: "marked faces",
                        limit: limits.max_entries,
                        got: n_faces,
                    });
                }
                parts.clear();
                let face = face(at, &attributes)?;
                if let Some(image) = builder.set.images.last_mut() {
                    image.faces.push(face);
                }
            }
            (["dataset", "images", "image", "box", "part"], Piece::Start(attributes)) => {
                add_part(at, &attributes, &mut parts)?;
            }
            (["dataset", "images", "image", "box"], Piece::End) => {
                let image = builder.set.images.last_mut();
                if let Some(face) = image.and_then(|image| image.faces.last_mut()) {
                    face.landmarks = landmarks(&parts);
                }
            }
            ([root], Piece::Start(_)) if *root != "dataset" => {
                return Err(at.error("<dataset>, as imglab writes it", format!("<{root}>")));
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(builder.set)
}

fn attribute<'a>(
    at: Place<'_>,
    attributes: &'a BTreeMap<String, String>,
    name: &str,
) -> Result<&'a str, DataError> {
    let found = attributes.get(name).map(String::as_str);
    found.ok_or_else(|| at.error(format!("an attribute {name}"), "none"))
}

fn face(at: Place<'_>, attributes: &BTreeMap<String, String>) -> Result<BoxedFace, DataError> {
    let mut cells = [""; 4];
    for (cell, name) in cells.iter_mut().zip(["left", "top", "width", "height"]) {
        *cell = attribute(at, attributes, name)?;
    }
    let rect: Rect = at.face(cells)?;
    if !rect.is_valid() {
        return Err(at.error("a box with an area", format!("{cells:?}")));
    }
    let duty = match attributes.get("ignore").map(String::as_str) {
        None | Some("0") => Duty::MustFind,
        Some(_) => Duty::MayFind,
    };
    Ok(BoxedFace::new(rect, duty))
}

/// Parts are named by numbers; others are none of the 68.
fn add_part(
    at: Place<'_>,
    attributes: &BTreeMap<String, String>,
    parts: &mut Vec<Option<Point>>,
) -> Result<(), DataError> {
    let x = at.number("x", attribute(at, attributes, "x")?)?;
    let y = at.number("y", attribute(at, attributes, "y")?)?;
    let number = attribute(at, attributes, "name")?.parse().ok();
    if let Some(number) = number.filter(|number: &usize| *number < N_PARTS) {
        parts.resize(parts.len().max(number + 1), None);
        parts[number] = Some(Point::new(x, y));
    }
    Ok(())
}

/// The five landmarks, where all 68 parts are there.
fn landmarks(parts: &[Option<Point>]) -> Option<Landmarks> {
    let parts: Vec<Point> = parts.iter().copied().collect::<Option<_>>()?;
    if parts.len() != N_PARTS {
        return None;
    }
    let mean = |of: std::ops::Range<usize>| {
        let n = of.len() as f32;
        let points = &parts[of];
        let sum = |coordinate: fn(&Point) -> f32| points.iter().map(coordinate).sum::<f32>();
        Point::new(sum(|p| p.x) / n, sum(|p| p.y) / n)
    };
    Some(Landmarks {
        left_eye: mean(LEFT_EYE),
        right_eye: mean(RIGHT_EYE),
        nose: parts[NOSE],
        mouth_left: parts[MOUTH[0]],
        mouth_right: parts[MOUTH[1]],
    })
}
