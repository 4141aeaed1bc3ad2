//! Runs a detection protocol.

use super::curve::{DetectionCurve, DetectionPoint, Event};
use super::landmarks::{LandmarkError, LandmarkScale, landmark_error};
use super::matching::{Match, Subset, matches};
use super::material::{DetectionImage, DetectionMaterial};
use super::rules::DetectionRules;
use crate::about::About;
use crate::error::{EvalError, check_at_least, check_rate};
use crate::intervals::{Bootstrap, Interval, bootstrap_by_identity};
use serde::Serialize;
use std::collections::BTreeMap;

/// Name of the set of all faces.
const ALL: &str = "all";

/// What is made of found faces.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectionOptions {
    /// Least intersections over union of a found face with a marked one, each a table of its own.
    pub ious: Vec<f64>,
    /// False detections per image at which the recall is wanted.
    pub false_per_image: Vec<f64>,
    /// The detection score of the product, at which precision and recall are wanted.
    pub min_score: Option<f64>,
    /// What errors of landmarks are divided by.
    pub landmark_scale: LandmarkScale,
    /// Whose conventions decide.
    pub rules: DetectionRules,
    /// Draws for the intervals by image.
    pub bootstrap: Bootstrap,
}

impl Default for DetectionOptions {
    /// IoU 0.5, recall at 0.01, 0.1 and 1 false detections per image, landmarks by the box, plain
    /// rules, 200 replicates of seed 0.
    fn default() -> Self {
        Self {
            ious: vec![0.5],
            false_per_image: vec![0.01, 0.1, 1.0],
            min_score: None,
            landmark_scale: LandmarkScale::Box,
            rules: DetectionRules::Plain,
            bootstrap: Bootstrap {
                n_replicates: 200,
                seed: 0,
            },
        }
    }
}

/// The figures of a detector; its JSON is what `lineament eval detect` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DetectionReport {
    /// What was evaluated.
    #[serde(flatten)]
    pub about: About,
    /// Images, those that failed among them.
    pub n_images: usize,
    /// Images that could not be read; all of their faces are missed.
    pub n_failed: usize,
    /// Their names.
    pub failures: Vec<String>,
    /// Whose conventions decided.
    pub rules: DetectionRules,
    /// Faces to be found.
    pub n_faces: usize,
    /// Faces found, right or not.
    pub n_detections: usize,
    /// Average precision of all faces and of every subset at the first IoU, by name; `None` where
    /// a subset has no faces.
    pub ap: BTreeMap<String, Option<f64>>,
    /// Everything else, by IoU and subset.
    pub by_iou: Vec<DetectionFigures>,
    /// Landmarks of faces found at the first IoU; `None` where none are marked or found.
    pub landmarks: Option<LandmarkError>,
    /// The draws behind the intervals.
    pub by_image: Bootstrap,
}

/// Figures at one IoU, of all faces or a subset.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DetectionFigures {
    /// Least intersection over union.
    pub iou: f64,
    /// Name of the subset.
    pub subset: String,
    /// Faces to be found.
    pub n_faces: usize,
    /// Average precision.
    pub ap: Option<f64>,
    /// 95 % interval with the images drawn again.
    pub ap_ci: Option<Interval>,
    /// Recall, by false detections per image.
    pub recall_at_false_per_image: BTreeMap<String, Option<f64>>,
    /// Precision, recall and false detections at the score asked for; `None` where nothing has it.
    pub at_min_score: Option<DetectionPoint>,
    /// Precision and recall at every score.
    #[serde(skip)]
    pub curve: DetectionCurve,
}

/// Compares found faces with marked ones.
///
/// # Errors
/// No images, [`EvalError::Rect`], scores that are not finite, an IoU outside (0, 1).
pub fn evaluate_detections(
    about: About,
    material: DetectionMaterial<'_>,
    options: &DetectionOptions,
) -> Result<DetectionReport, EvalError> {
    material.check()?;
    check_at_least("overlaps of found faces", 1, options.ious.len())?;
    let mut by_iou = Vec::new();
    for iou in &options.ious {
        check_rate("the least intersection over union", *iou)?;
        for (name, subset) in subsets(material) {
            by_iou.push(figures(material.images, *iou, name, subset, options)?);
        }
    }
    let images = material.images;
    let failed = images.iter().filter(|i| i.found.is_none());
    let failures: Vec<String> = failed.map(|i| i.name.clone()).collect();
    let of_first = by_iou.iter().filter(|f| f.iou == options.ious[0]);
    Ok(DetectionReport {
        about,
        n_images: images.len(),
        n_failed: failures.len(),
        failures,
        rules: options.rules,
        n_faces: by_iou[0].n_faces,
        n_detections: images.iter().flat_map(|i| &i.found).map(Vec::len).sum(),
        ap: of_first.map(|f| (f.subset.clone(), f.ap)).collect(),
        landmarks: landmark_error(images, options),
        by_iou,
        by_image: options.bootstrap,
    })
}

fn subsets<'a>(material: DetectionMaterial<'a>) -> impl Iterator<Item = (&'a str, Subset)> {
    let named = material.subsets.iter().enumerate();
    let named = named.map(|(i, name)| (name.as_str(), Subset::Of(i)));
    std::iter::once((ALL, Subset::All)).chain(named)
}

fn figures(
    images: &[DetectionImage],
    iou: f64,
    name: &str,
    subset: Subset,
    options: &DetectionOptions,
) -> Result<DetectionFigures, EvalError> {
    let curve = curve(images, iou, subset, options.rules);
    let of_images: Vec<(usize, usize)> = (0..images.len()).map(|i| (i, i)).collect();
    let ap = |weights: &[f64]| vec![curve.weighted_average_precision(Some(weights))];
    let intervals = bootstrap_by_identity(&of_images, options.bootstrap, ap)?;
    let recalls = options.false_per_image.iter();
    let recalls = recalls.map(|rate| (rate.to_string(), curve.recall_at(*rate)));
    let points = curve.points();
    let at = |min_score: f64| points.iter().rev().find(|p| p.score >= min_score).copied();
    Ok(DetectionFigures {
        iou,
        subset: name.to_owned(),
        n_faces: curve.n_faces(),
        ap: curve.average_precision(),
        ap_ci: intervals[0],
        recall_at_false_per_image: recalls.collect(),
        at_min_score: options.min_score.and_then(at),
        curve,
    })
}

fn curve(
    images: &[DetectionImage],
    iou: f64,
    subset: Subset,
    rules: DetectionRules,
) -> DetectionCurve {
    let scale = rules.scale(images);
    let mut events = Vec::new();
    let mut n_faces = Vec::with_capacity(images.len());
    for (i, image) in images.iter().enumerate() {
        let counted = image.marked.iter().filter(|face| subset.counts(face));
        n_faces.push(counted.count());
        if !rules.looks_at(image) {
            continue;
        }
        for (face, matched) in matches(image, subset, iou, rules) {
            let is_face = match matched {
                Match::Ignored => continue,
                Match::Face(_) => true,
                Match::False => false,
            };
            events.push(Event {
                score: scale.score(face.score),
                image: i,
                is_face,
            });
        }
    }
    DetectionCurve::new(events, n_faces)
}
