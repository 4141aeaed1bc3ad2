//! Faces found in images, against those that people marked: average precision, false detections
//! per image, errors of landmarks.

mod curve;
mod landmarks;
mod matching;
mod material;
mod report;
mod rules;

pub use curve::{DetectionCurve, DetectionPoint};
pub use landmarks::{LandmarkError, LandmarkScale};
pub use material::{DetectionImage, DetectionMaterial, FoundFace, MarkedFace, Standing};
pub use report::{DetectionFigures, DetectionOptions, DetectionReport, evaluate_detections};
pub use rules::DetectionRules;
