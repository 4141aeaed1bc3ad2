//! InsightFace's lists of loose crops.
//!
//! `ijbc_face_tid_mid.txt` holds lines `name template medium`, and `ijbc_name_5pts_score.txt`, for the
//! same faces in the same order, `name x1 y1 … x5 y5 score`: eyes, nose and corners of the mouth in
//! pixels of the crop, and the detector's score.

use std::collections::HashMap;
use std::path::Path;

use super::official::read_subjects;
use super::template::{Face, Row, Template, TemplateList};
use super::{Release, Source};
use crate::error::DataError;
use crate::images::ImageFinder;
use crate::limits::DataLimits;
use crate::lines::{Lines, shown};
use crate::lists::find_image;
use crate::sets::Place;
use crate::source::ImageSource;

pub(super) fn faces_file(release: Release) -> String {
    format!("{}_face_tid_mid.txt", release.name())
}

/// All templates, of subjects that these lists do not say.
pub(super) fn read_templates(
    source: &Source<'_>,
    limits: &DataLimits,
) -> Result<Vec<Template>, DataError> {
    let release = source.release;
    let faces_path = source.lists.join(faces_file(release));
    let points_file = format!("{}_name_5pts_score.txt", release.name());
    let points_path = source.lists.join(points_file);
    let mut faces = Lines::of_list(&faces_path, limits.max_list_bytes)?;
    let mut points = Lines::of_list(&points_path, limits.max_list_bytes)?;
    let mut finder = ImageFinder::new(source.images, limits);
    let mut templates = TemplateList::new(limits.max_entries);
    while let Some(line) = faces.next_line() {
        let line = line?;
        let at = Place {
            path: &faces_path,
            line: line.number,
        };
        let [name, template, media] = words(at, line.text, "`image template medium`")?;
        let template = template
            .parse()
            .map_err(|_| at.error("the number of a template", shown(template)))?;
        let Some(line) = points.next_line().transpose()? else {
            let expected = format!("no more faces than {}", points_path.display());
            return Err(at.error(expected, shown(name)));
        };
        let points_at = Place {
            path: &points_path,
            line: line.number,
        };
        let row = Row {
            template,
            subject: None,
            media,
            face: face(points_at, line.text, name, || {
                find_image(at, name, &mut finder)
            })?,
        };
        templates.add(at, row)?;
    }
    if let Some(line) = points.next_line().transpose()? {
        let expected = format!("no more faces than {}", faces_path.display());
        return Err(DataError::line(
            &points_path,
            line.number,
            expected,
            shown(line.text),
        ));
    }
    Ok(templates.finish())
}

/// The templates of the official list at `path`, with its subjects.
pub(super) fn templates_of(
    path: &Path,
    by_number: &HashMap<u64, Template>,
    limits: &DataLimits,
) -> Result<Vec<Template>, DataError> {
    let template = |(number, subject, line)| match by_number.get(&number) {
        Some(template) => Ok(Template {
            subject,
            ..template.clone()
        }),
        None => {
            let expected = "a template of the packed lists";
            Err(DataError::line(path, line, expected, number.to_string()))
        }
    };
    let subjects = read_subjects(path, limits)?;
    subjects.into_iter().map(template).collect()
}

/// The face that a line of the list of landmarks describes, which must be that of the image `name`.
fn face(
    at: Place<'_>,
    text: &str,
    name: &str,
    image: impl FnOnce() -> Result<ImageSource, DataError>,
) -> Result<Face, DataError> {
    let expected = "`image x1 y1 … x5 y5 score`";
    let words: [&str; 12] = words(at, text, expected)?;
    let [named, points @ .., detection_score] = words;
    if named != name {
        return Err(at.error(format!("the image {name}"), named));
    }
    Ok(Face {
        name: name.to_owned(),
        image: image()?,
        face: None,
        landmarks: Some(at.landmarks(points)?),
        detection_score: Some(at.number("a score", detection_score)?),
    })
}

fn words<'a, const N: usize>(
    at: Place<'_>,
    text: &'a str,
    expected: &str,
) -> Result<[&'a str; N], DataError> {
    let words: Vec<&str> = text.split_whitespace().collect();
    words
        .try_into()
        .map_err(|_| at.error(expected, shown(text)))
}
