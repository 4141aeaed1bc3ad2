//! Pictures with faces whose places are known, made of labelled photos and aligned crops: a function
//! of a seed, the step and the place in the batch.

mod compose;
mod crops;
mod decoy;
mod options;
mod paint;
mod photos;
mod place;
mod texture;

pub use compose::Scenes;
pub use crops::{FaceBox, FaceCrops};
pub use options::{SceneOptions, Shares};
pub use photos::{LabelledPhoto, Photos};

use lineament_core::{Landmarks, Rect, RgbImage};

/// A face of which it is known where it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Face {
    /// Its box in pixels.
    pub rect: Rect,
    /// Its landmarks.
    pub landmarks: Option<Landmarks>,
}

/// What is known of the faces of a picture.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Marks {
    /// The faces.
    pub faces: Vec<Face>,
    /// Where nobody knows: faces too small or cut off, and what detectors disagree about.
    pub ignored: Vec<Rect>,
}

/// A picture to train on.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// The pixels.
    pub image: RgbImage,
    /// What is known of its faces.
    pub marks: Marks,
}
