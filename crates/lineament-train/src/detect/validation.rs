//! How well a detector finds the faces of held-out photos, as the product would find them.

use super::config::DetectorConfig;
use super::export::model_file;
use super::scene::Photos;
use crate::error::TrainError;
use crate::model::Model;
use crate::run::metrics::DetectionMetrics;
use lineament::stream::map_in_order;
use lineament::{CloseUp, DetectionOptions, Detector, EngineOptions};
use lineament_eval::detection::{
    DetectionImage, DetectionMaterial, DetectionOptions as Protocol, FoundFace, LandmarkScale,
    MarkedFace, Standing,
};
use lineament_eval::{About, FlipMode, ModelIdentity, evaluate_detections};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::time::Instant;

/// Scores below this are not looked at.
const LEAST_SCORE: f32 = 0.02;
/// The score at which faces count as found.
const SCORE: f64 = 0.5;

/// Looks for the faces of `photos` with the model as it would be exported.
///
/// # Errors
/// Those of [`model_file`]; [`TrainError::Teacher`] where it cannot be run; [`TrainError::Eval`].
pub fn validate(
    config: &DetectorConfig,
    model: &Model,
    photos: &Photos,
    threads: NonZeroUsize,
) -> Result<DetectionMetrics, TrainError> {
    let before = Instant::now();
    let file = model_file(config, model)?;
    let detector = Detector::from_model(file.load(&EngineOptions::default())?)?;
    let options = DetectionOptions {
        max_side_px: config.validation.max_side_px,
        score_threshold: Some(LEAST_SCORE),
        close_up: CloseUp::Skip,
        ..DetectionOptions::default()
    };
    let mut images = Vec::new();
    let mut failure = None;
    let look = |photo: &super::scene::LabelledPhoto| {
        let found = detector.detect(photo.image().view(), &options)?;
        let found = found.into_iter().map(|face| FoundFace {
            rect: face.rect,
            score: f64::from(face.score),
            landmarks: face.landmarks,
        });
        Ok::<_, TrainError>(DetectionImage {
            name: photo.name.clone(),
            marked: marked(photo),
            found: Some(found.collect()),
        })
    };
    map_in_order(photos.photos().iter(), threads, look, |image| match image {
        Ok(image) => {
            images.push(image);
            ControlFlow::Continue(())
        }
        Err(error) => {
            failure = Some(error);
            ControlFlow::Break(())
        }
    });
    if let Some(error) = failure {
        return Err(error);
    }
    judged(&config.name, &images, before)
}

fn marked(photo: &super::scene::LabelledPhoto) -> Vec<MarkedFace> {
    let face = |rect, standing, landmarks| MarkedFace {
        rect,
        standing,
        landmarks,
        subsets: Vec::new(),
    };
    let faces = photo.marks.faces.iter();
    let faces = faces.map(|f| face(f.rect, Standing::Counted, f.landmarks));
    let ignored = photo.marks.ignored.iter();
    faces
        .chain(ignored.map(|rect| face(*rect, Standing::Ignored, None)))
        .collect()
}

fn judged(
    name: &str,
    images: &[DetectionImage],
    before: Instant,
) -> Result<DetectionMetrics, TrainError> {
    let about = About {
        protocol: "held-out photos".to_owned(),
        declaration: None,
        model: ModelIdentity {
            name: name.to_owned(),
            sha256: String::new(),
        },
        flip: FlipMode::Off,
        command: String::new(),
    };
    let material = DetectionMaterial {
        images,
        subsets: &[],
    };
    let protocol = Protocol {
        min_score: Some(SCORE),
        landmark_scale: LandmarkScale::Eyes,
        ..Protocol::default()
    };
    let report = evaluate_detections(about, material, &protocol)?;
    let all = &report.by_iou[0];
    let point = all.at_min_score;
    Ok(DetectionMetrics {
        step: 0,
        epoch: 0.0,
        n_photos: report.n_images,
        n_faces: report.n_faces,
        ap: all.ap.unwrap_or(0.0),
        found: point.map_or(0.0, |p| p.recall),
        n_false_per_photo: point.map_or(0.0, |p| p.false_per_image),
        landmark_error: report.landmarks.map(|l| l.nme),
        seconds: before.elapsed().as_secs_f64(),
    })
}
