//! Where the faces are: networks of four families, one decoder each.

mod heads;
mod passes;
mod retinaface;
mod scrfd;
mod settings;
mod ultraface;
mod yunet;

use std::sync::Arc;

use lineament_core::{Landmarks, Letterbox, Preprocess, Rect, RgbImage, RgbView, nms, restored};
use lineament_runtime::{InputSize, LoadedModel, Outputs, Session, Tensor};

pub use heads::Heads;
pub use passes::{CloseUp, DetectionOptions};
pub use settings::{DetectorSettings, Priors, RetinaFaceSettings};

use crate::error::Error;
use crate::model::{ModelInfo, preprocess_of};

/// A face that a network found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// Where it is.
    pub rect: Rect,
    /// Its five landmarks, if the network gives them.
    pub landmarks: Option<Landmarks>,
    /// How sure the network is, 0 to 1.
    pub score: f32,
}

/// A family of detectors: how their outputs are read.
#[derive(Debug, Clone, PartialEq)]
pub enum DetectorFamily {
    /// YuNet.
    YuNet,
    /// UltraFace, RFB and slim.
    UltraFace,
    /// SCRFD with this many anchors at each position.
    Scrfd {
        /// Anchors at each position, at least 1.
        anchors_per_cell: usize,
    },
    /// RetinaFace with these priors.
    RetinaFace(RetinaFaceSettings),
}

impl DetectorFamily {
    /// The family called `name` in a manifest, with what it needs of the `settings`.
    ///
    /// # Errors
    /// [`Error::ModelSettings`] for a name that is not `yunet`, `ultraface`, `scrfd` or
    /// `retinaface`, or for settings the family cannot work with.
    pub fn from_manifest(
        model: &str,
        name: &str,
        settings: &DetectorSettings,
    ) -> Result<Self, Error> {
        let wrong =
            |field: &'static str, expected: &'static str, got: String| Error::ModelSettings {
                model: model.to_owned(),
                field,
                expected,
                got,
            };
        match name {
            "yunet" => Ok(Self::YuNet),
            "ultraface" => Ok(Self::UltraFace),
            "scrfd" => match settings.anchors_per_cell {
                Some(anchors_per_cell @ 1..=16) => Ok(Self::Scrfd { anchors_per_cell }),
                other => Err(wrong(
                    "settings.anchors_per_cell",
                    "1 to 16",
                    format!("{other:?}"),
                )),
            },
            "retinaface" => {
                let priors = settings.priors.clone().unwrap_or_default();
                let usable = |level: &Priors| level.step > 0 && !level.min_sizes.is_empty();
                match settings.variances {
                    Some(variances) if !priors.is_empty() && priors.iter().all(usable) => {
                        Ok(Self::RetinaFace(RetinaFaceSettings { priors, variances }))
                    }
                    _ => Err(wrong(
                        "settings.priors and settings.variances",
                        "levels of {step ≥ 1, min_sizes} and two variances",
                        format!("{:?}, {:?}", settings.priors, settings.variances),
                    )),
                }
            }
            other => Err(wrong(
                "family",
                "yunet, ultraface, scrfd or retinaface",
                other.to_owned(),
            )),
        }
    }

    /// Detections of at least `min_score` in a network's outputs, before suppression, in input
    /// pixels.
    ///
    /// # Errors
    /// [`Error::DetectorOutput`] when a tensor is absent or of another size than the family and
    /// the input ask for.
    pub fn decode(&self, heads: &Heads<'_>, min_score: f32) -> Result<Vec<Detection>, Error> {
        match self {
            Self::YuNet => yunet::decode(heads, min_score),
            Self::UltraFace => ultraface::decode(heads, min_score),
            Self::Scrfd { anchors_per_cell } => scrfd::decode(heads, min_score, *anchors_per_cell),
            Self::RetinaFace(settings) => retinaface::decode(heads, min_score, settings),
        }
    }
}

/// A loaded detector.
pub struct Detector {
    info: ModelInfo,
    session: Arc<dyn Session>,
    roles: std::collections::BTreeMap<String, String>,
    size: InputSize,
    preprocess: Preprocess,
    family: DetectorFamily,
    settings: DetectorSettings,
}

impl Detector {
    /// The detector in `model`.
    ///
    /// # Errors
    /// [`Error::ModelSettings`] when its manifest is not that of a detector we know;
    /// [`Error::Model`] when its `[settings]` cannot be read.
    pub fn from_model(model: LoadedModel) -> Result<Self, Error> {
        let manifest = &model.manifest;
        let settings: DetectorSettings = manifest.settings()?;
        let family =
            DetectorFamily::from_manifest(&manifest.name, manifest.family.as_str(), &settings)?;
        Ok(Self {
            info: ModelInfo::of(manifest),
            roles: manifest.outputs.clone(),
            size: manifest.input.size,
            preprocess: preprocess_of(&manifest.input),
            session: model.session,
            family,
            settings,
        })
    }

    /// Which model this is.
    #[must_use]
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// The score below which it drops detections when no other is asked for, 0 to 1.
    #[must_use]
    pub fn score_threshold(&self) -> f32 {
        self.settings.score_threshold
    }

    /// Whether its faces carry landmarks.
    #[must_use]
    pub fn has_landmarks(&self) -> bool {
        self.settings.landmarks
    }

    /// Faces in `photo`, best first, in its pixels. No face is no error.
    ///
    /// # Errors
    /// [`Error::Core`] for options out of range; [`Error::Model`] or [`Error::DetectorOutput`]
    /// when the network fails.
    pub fn detect(
        &self,
        photo: RgbView<'_>,
        options: &DetectionOptions,
    ) -> Result<Vec<Detection>, Error> {
        let better = match self.settings.restore {
            true => restored(photo),
            false => None,
        };
        passes::detect(self, better.as_ref().map_or(photo, RgbImage::view), options)
    }

    /// Whether it looks at dark and noisy photos as [`lineament_core::restored`] makes them.
    #[must_use]
    pub fn restores(&self) -> bool {
        self.settings.restore
    }

    /// Faces found in one look at `photo` placed as `fit` says, best first, in photo pixels.
    fn look(
        &self,
        photo: RgbView<'_>,
        fit: &Letterbox,
        options: &DetectionOptions,
    ) -> Result<Vec<Detection>, Error> {
        let min_score = options
            .score_threshold
            .unwrap_or(self.settings.score_threshold);
        let outputs = self.run(&fit.render(photo)?)?;
        let heads = Heads {
            outputs: &outputs,
            roles: &self.roles,
            input: fit.input,
        };
        let found = self.family.decode(&heads, min_score)?;
        let max_iou = options.nms_iou.unwrap_or(self.settings.nms_iou);
        Ok(suppress(found, max_iou)
            .into_iter()
            .map(|face| Detection {
                rect: fit.rect_to_photo(&face.rect),
                landmarks: face.landmarks.map(|l| fit.landmarks_to_photo(&l)),
                ..face
            })
            .collect())
    }

    fn run(&self, input: &RgbImage) -> Result<Outputs, Error> {
        let (width, height) = (input.width() as usize, input.height() as usize);
        let mut values = vec![0.0; 3 * width * height];
        self.preprocess.write(input.view(), &mut values)?;
        let shape = crate::model::input_shape(self.preprocess.layout, 1, width, height);
        Ok(self.session.run(&Tensor::new(shape, values)?)?)
    }
}

impl std::fmt::Debug for Detector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Detector({}, {:?})", self.info.name, self.family)
    }
}

/// The detections that stay after greedy suppression, best first.
#[must_use]
pub fn suppress(found: Vec<Detection>, max_iou: f32) -> Vec<Detection> {
    let rects: Vec<Rect> = found.iter().map(|d| d.rect).collect();
    let scores: Vec<f32> = found.iter().map(|d| d.score).collect();
    nms(&rects, &scores, max_iou)
        .into_iter()
        .map(|i| found[i])
        .collect()
}
