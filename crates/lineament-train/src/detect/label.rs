//! Labels by agreement: what two detectors find is a face, what one finds is ignored.

use super::scene::FaceBox;
use crate::data::Progress;
use crate::error::TrainError;
use lineament::stream::map_in_order;
use lineament::{Detection, DetectionOptions, Detector, Photo};
use lineament_data::{Columns, ImageSource, ListFormat, ListWriter, Sample, Start};
use lineament_decode::{Limits, Resolution};
use lineament_eval::Seeded;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Detections below this score are not looked at.
const LEAST_SCORE: f32 = 0.3;
/// The first detector's score from which it is believed with the other's word, and without.
const AGREED: f32 = 0.6;
const ALONE: f32 = 0.85;
/// Two detectors mean one face from this overlap on: their boxes do not end at the same places.
const SAME_FACE: f32 = 0.35;
/// A face of the other detector alone is ignored from this score on.
const OTHER_ALONE: f32 = 0.7;

/// What was labelled.
#[derive(Debug, Clone, PartialEq)]
pub struct Labelled {
    /// Photos of the list to train on, and of the one that is held out.
    pub n_photos: [usize; 2],
    /// Faces of each.
    pub n_faces: [usize; 2],
    /// Boxes that are ignored.
    pub n_ignored: usize,
    /// Photos that cannot be read.
    pub unreadable: Vec<String>,
    /// The median box of upright faces in their template.
    pub face_box: FaceBox,
}

/// Writes `train.csv` and `held-out.csv` to `folder`: the photos of some folders, each seeded at
/// random to the second list with probability `held_out`, with a row for every face that `detector`,
/// which gives landmarks, and `other` agree on.
///
/// # Errors
/// [`TrainError::Io`] for a folder that cannot be read; [`TrainError::Data`] for lists that cannot be
/// written, or are there already; [`TrainError::Stopped`].
pub fn label(
    photos: &[PathBuf],
    [detector, other]: [&Detector; 2],
    folder: &Path,
    (held_out, seed): (f64, u64),
    threads: NonZeroUsize,
    progress: &mut Progress<'_>,
) -> Result<Labelled, TrainError> {
    let paths = listed(photos)?;
    let columns = Columns {
        face: true,
        landmarks: true,
        attributes: vec![Arc::from(IGNORE)],
        ..Columns::default()
    };
    std::fs::create_dir_all(folder).map_err(|e| TrainError::io(folder, e))?;
    let list = |name: &str| {
        let path = folder.join(name);
        ListWriter::create(&path, ListFormat::Csv, &columns, Start::Afresh)
    };
    let mut lists = [list("train.csv")?, list("held-out.csv")?];
    let mut labelled = Labelled {
        n_photos: [0; 2],
        n_faces: [0; 2],
        n_ignored: 0,
        unreadable: Vec::new(),
        face_box: FaceBox::YUNET,
    };
    let mut boxes = Vec::new();
    let mut random = Seeded::new(seed);
    let mut failure = None;
    let n = paths.len();
    let look = |path: PathBuf| {
        let rows = rows(&path, detector, other);
        (path, rows)
    };
    map_in_order(paths.into_iter(), threads, look, |(path, rows)| {
        let part = usize::from(random.below(1_000_000) as f64 / 1e6 < held_out);
        match rows {
            Err(error) => {
                failure = Some(error);
                return ControlFlow::Break(());
            }
            Ok(None) => labelled.unreadable.push(path.display().to_string()),
            Ok(Some(rows)) => {
                let faces = rows.iter().filter(|row| row.landmarks.is_some());
                boxes.extend(faces.clone().filter_map(upright_box));
                labelled.n_photos[part] += 1;
                labelled.n_faces[part] += faces.count();
                let ignored = rows.iter().filter(|row| !row.attributes.is_empty());
                labelled.n_ignored += ignored.count();
                let mut written = rows.iter().map(|row| lists[part].append_in_place(row));
                if let Some(error) = written.find_map(Result::err) {
                    failure = Some(error.into());
                    return ControlFlow::Break(());
                }
            }
        }
        let done = labelled.n_photos.iter().sum::<usize>() + labelled.unreadable.len();
        progress(done, n)
    });
    if let Some(error) = failure {
        return Err(error);
    }
    if labelled.n_photos.iter().sum::<usize>() + labelled.unreadable.len() < n {
        return Err(TrainError::Stopped);
    }
    lists.into_iter().try_for_each(ListWriter::finish)?;
    labelled.face_box = median(&boxes);
    Ok(labelled)
}

const IGNORE: &str = "ignore";

/// The files in some folders and below, in order.
fn listed(folders: &[PathBuf]) -> Result<Vec<PathBuf>, TrainError> {
    let mut found = Vec::new();
    let mut waiting: Vec<PathBuf> = folders.to_vec();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).map_err(|e| TrainError::io(&path, e))?;
            let paths: Result<Vec<_>, _> = entries.map(|e| e.map(|e| e.path())).collect();
            waiting.extend(paths.map_err(|e| TrainError::io(&path, e))?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A row for every face of a photo and for every box that is ignored, one without a box where there is
/// none; `None` for what is no photo.
fn rows(
    path: &Path,
    detector: &Detector,
    other: &Detector,
) -> Result<Option<Vec<Sample>>, TrainError> {
    let Ok(photo) = Photo::read(path, Resolution::Full, &Limits::default()) else {
        return Ok(None);
    };
    let options = DetectionOptions {
        score_threshold: Some(LEAST_SCORE),
        ..DetectionOptions::default()
    };
    let image = photo.decoded();
    let found = detector.detect(image.view(), &options)?;
    let others = other.detect(image.view(), &options)?;
    let row = || {
        Sample::new(
            path.display().to_string(),
            ImageSource::File(path.to_owned()),
        )
    };
    let mut rows: Vec<Sample> = Vec::new();
    for face in &found {
        rows.push(match is_face(face, &others) {
            true => Sample {
                face: Some(face.rect),
                landmarks: face.landmarks,
                ..row()
            },
            false => Sample {
                face: Some(face.rect),
                attributes: BTreeMap::from([(Arc::from(IGNORE), "1".to_owned())]),
                ..row()
            },
        });
    }
    for face in others.iter().filter(|face| face.score >= OTHER_ALONE) {
        if !found
            .iter()
            .any(|known| known.rect.iou(&face.rect) >= SAME_FACE)
        {
            rows.push(Sample {
                face: Some(face.rect),
                attributes: BTreeMap::from([(Arc::from(IGNORE), "1".to_owned())]),
                ..row()
            });
        }
    }
    if rows.is_empty() {
        rows.push(row());
    }
    Ok(Some(rows))
}

fn is_face(face: &Detection, others: &[Detection]) -> bool {
    let is_agreed = others
        .iter()
        .any(|other| other.rect.iou(&face.rect) >= SAME_FACE);
    face.landmarks.is_some() && (face.score >= ALONE || (is_agreed && face.score >= AGREED))
}

/// The box of a face in its template, where eyes stand within 10 degrees of a level line.
fn upright_box(row: &Sample) -> Option<FaceBox> {
    let (rect, landmarks) = (row.face?, row.landmarks?);
    let [left, right, ..] = landmarks.to_array();
    let is_upright = (right.y - left.y).abs() < 0.18 * (right.x - left.x);
    FaceBox::of(&rect, &landmarks).ok().filter(|_| is_upright)
}

fn median(boxes: &[FaceBox]) -> FaceBox {
    let middle = |number: fn(&FaceBox) -> f32| {
        let mut sorted: Vec<f32> = boxes.iter().map(number).collect();
        sorted.sort_by(f32::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    };
    FaceBox {
        centre: lineament_core::Point::new(middle(|b| b.centre.x), middle(|b| b.centre.y)),
        size: (middle(|b| b.size.0), middle(|b| b.size.1)),
    }
}
