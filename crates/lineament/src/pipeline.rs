//! The façade: one method a stage, and one that is visibly their composition.

use std::path::Path;

use lineament_core::{
    Border, Embedding, EmbeddingSpace, Landmarks, RgbImage, Template, margin_crop, restored, warp,
};
use lineament_decode::{Limits, Resolution};
use lineament_runtime::{EngineOptions, ModelStore, Selector, Task};

use crate::calibration::Calibration;
use crate::detect::{Detection, DetectionOptions, Detector};
use crate::embed::{CropStyle, Embedder};
use crate::error::Error;
use crate::face::Face;
use crate::model::ModelInfo;
use crate::photo::Photo;
use crate::pose::Pose;
use crate::quality::{Evidence, QualityLimits};

/// The crop that tells a face's quality.
const JUDGED: (Template, Border) = (Template::ArcFace112, Border::Replicate);

/// How a pipeline is put together.
#[derive(Debug, Clone, Default)]
pub struct PipelineOptions {
    /// Which detector of the model folder.
    pub detector: Selector,
    /// Which embedder of the model folder.
    pub embedder: Selector,
    /// What runs the networks, and on how many threads each.
    pub engine: EngineOptions,
    /// How faces are searched for.
    pub detection: DetectionOptions,
    /// When a face is good enough to be remembered.
    pub quality: QualityLimits,
    /// What a photo may cost.
    pub decode: Limits,
}

/// From photos to faces and embeddings. Shared freely between threads.
#[derive(Debug)]
pub struct Pipeline {
    detector: Detector,
    embedder: Option<Embedder>,
    detection: DetectionOptions,
    quality: QualityLimits,
    decode: Limits,
}

impl Pipeline {
    /// A pipeline of the models that `options` choose from `store`.
    ///
    /// # Errors
    /// [`Error::Model`] when a model is missing, broken or not what its manifest says;
    /// [`Error::NoLandmarks`] when the embedder needs landmarks and the detector gives none;
    /// [`Error::Core`] for detection options out of range.
    pub fn open(store: &ModelStore, options: &PipelineOptions) -> Result<Self, Error> {
        let model = store
            .find(&Task::EMBED, &options.embedder)?
            .load(&options.engine)?;
        let detector = store
            .find(&Task::DETECT, &options.detector)?
            .load(&options.engine)?;
        Self::from_parts(
            Detector::from_model(detector)?,
            Some(Embedder::from_model(model)?),
            options,
        )
    }

    /// A pipeline that only finds faces.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_detector(store: &ModelStore, options: &PipelineOptions) -> Result<Self, Error> {
        let model = store
            .find(&Task::DETECT, &options.detector)?
            .load(&options.engine)?;
        Self::from_parts(Detector::from_model(model)?, None, options)
    }

    /// A pipeline of parts that were loaded before; `options` gives detection, quality and limits.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_parts(
        detector: Detector,
        embedder: Option<Embedder>,
        options: &PipelineOptions,
    ) -> Result<Self, Error> {
        let aligned = |e: &Embedder| matches!(e.crop(), CropStyle::Aligned(..));
        if embedder.as_ref().is_some_and(aligned) && !detector.has_landmarks() {
            return Err(Error::NoLandmarks {
                detector: detector.info().name.clone(),
            });
        }
        Ok(Self {
            detector,
            embedder,
            detection: options.detection.clone().validated()?,
            quality: options.quality,
            decode: options.decode,
        })
    }

    /// The photo at `path`, decoded at the scale that detection needs.
    ///
    /// # Errors
    /// [`Error::Photo`], naming the path.
    pub fn read(&self, path: &Path) -> Result<Photo, Error> {
        Photo::read(path, self.resolution(), &self.decode)
    }

    /// The photo in `bytes`, decoded at the scale that detection needs.
    ///
    /// # Errors
    /// [`Error::Photo`].
    pub fn read_bytes(&self, bytes: Vec<u8>) -> Result<Photo, Error> {
        Photo::from_bytes(bytes, self.resolution(), &self.decode)
    }

    fn resolution(&self) -> Resolution {
        match self.detection.min_face_px {
            Some(_) => Resolution::Full,
            None => Resolution::AtLeast {
                side_px: self.detection.max_side_px,
            },
        }
    }

    /// The faces in `photo`, best detection score first. No face is no error.
    ///
    /// # Errors
    /// [`Error::Model`] or [`Error::DetectorOutput`] when the network fails.
    pub fn detect(&self, photo: &Photo) -> Result<Vec<Face>, Error> {
        let detections = self
            .detector
            .detect(photo.decoded().view(), &self.detection)?;
        Ok(detections.iter().map(|d| self.face(photo, d).0).collect())
    }

    /// A face, and the crop that its quality was judged by, as it was cut: [`JUDGED`].
    fn face(&self, photo: &Photo, detection: &Detection) -> (Face, Option<RgbImage>) {
        let rect = photo.rect_to_full(&detection.rect);
        let landmarks = detection.landmarks.map(|l| photo.landmarks_to_full(&l));
        let pose = landmarks.as_ref().and_then(Pose::from_landmarks);
        // Landmarks in one place, as noise may give, leave a face without a crop, not an error.
        let crop = landmarks.and_then(|l| cut(photo, &l, JUDGED.0, JUDGED.1).ok());
        // Judged as the network will see it.
        let restores = match &self.embedder {
            Some(embedder) => embedder.restores(),
            None => self.detector.restores(),
        };
        let better = crop
            .as_ref()
            .filter(|_| restores)
            .and_then(|crop| restored(crop.view()));
        let quality = self.quality.judge(&Evidence {
            rect,
            photo: photo.size(),
            detection_score: detection.score,
            score_threshold: self.detector.score_threshold(),
            pose,
            crop: better.as_ref().or(crop.as_ref()).map(RgbImage::view),
            is_restored: better.is_some(),
        });
        let face = Face {
            rect,
            landmarks,
            detection_score: detection.score,
            quality,
            pose,
        };
        (face, crop)
    }

    /// The crop of `face` that the embedder wants.
    ///
    /// # Errors
    /// [`Error::NoEmbedder`] for a pipeline that only detects; otherwise as
    /// [`align_to`](Self::align_to).
    pub fn align(&self, photo: &Photo, face: &Face) -> Result<RgbImage, Error> {
        match self.embedder()?.crop() {
            CropStyle::Aligned(template, border) => self.cut_face(photo, face, template, border),
            CropStyle::Margin => Ok(margin_crop(photo.full()?.view(), &face.rect)?),
        }
    }

    /// The crop that the embedder wants of a face whose landmarks are known, in pixels of the photo.
    ///
    /// # Errors
    /// [`Error::NoEmbedder`]; [`Error::NoTemplate`] for an embedder that cuts by boxes;
    /// [`Error::Core`] for landmarks in one place; [`Error::Photo`] when the file breaks only at
    /// full resolution.
    pub fn align_landmarks(&self, photo: &Photo, landmarks: &Landmarks) -> Result<RgbImage, Error> {
        match self.embedder()?.crop() {
            CropStyle::Aligned(template, border) => cut(photo, landmarks, template, border),
            CropStyle::Margin => Err(Error::NoTemplate {
                embedder: self.embedder()?.info().name.clone(),
            }),
        }
    }

    /// The crop of `face` on `template`, from the photo's full resolution where the decoded
    /// image is too coarse for it; black beyond the photo's edge.
    ///
    /// # Errors
    /// [`Error::NoLandmarks`] for a face without landmarks; [`Error::Core`] for landmarks in one
    /// place; [`Error::Photo`] when the file breaks only at full resolution.
    pub fn align_to(
        &self,
        photo: &Photo,
        face: &Face,
        template: Template,
    ) -> Result<RgbImage, Error> {
        self.cut_face(photo, face, template, Border::Black)
    }

    /// The crop on `template` of a face whose landmarks are known, in pixels of the photo, as
    /// [`align_to`](Self::align_to).
    ///
    /// # Errors
    /// [`Error::Core`] for landmarks in one place; [`Error::Photo`] when the file breaks only at
    /// full resolution.
    pub fn align_landmarks_to(
        &self,
        photo: &Photo,
        landmarks: &Landmarks,
        template: Template,
    ) -> Result<RgbImage, Error> {
        cut(photo, landmarks, template, Border::Black)
    }

    fn cut_face(
        &self,
        photo: &Photo,
        face: &Face,
        template: Template,
        border: Border,
    ) -> Result<RgbImage, Error> {
        let landmarks = face.landmarks.ok_or_else(|| Error::NoLandmarks {
            detector: self.detector.info().name.clone(),
        })?;
        cut(photo, &landmarks, template, border)
    }

    /// One embedding for each crop of [`align`](Self::align).
    ///
    /// # Errors
    /// [`Error::NoEmbedder`], or as [`Embedder::embed`].
    pub fn embed(&self, crops: &[RgbImage]) -> Result<Vec<Embedding>, Error> {
        self.embedder()?.embed(crops)
    }

    /// Every face of `photo` with its embedding: [`detect`](Self::detect), then
    /// [`align`](Self::align), then [`embed`](Self::embed).
    ///
    /// # Errors
    /// Those of the three.
    pub fn analyze(&self, photo: &Photo) -> Result<Vec<(Face, Embedding)>, Error> {
        let decoded = photo.decoded().view();
        let detections = self.detector.detect(decoded, &self.detection)?;
        let is_judged = self.embedder()?.crop() == CropStyle::Aligned(JUDGED.0, JUDGED.1);
        let (mut faces, mut crops) = (Vec::new(), Vec::new());
        for detection in &detections {
            let (face, judged) = self.face(photo, detection);
            crops.push(match judged.filter(|_| is_judged) {
                Some(crop) => crop,
                None => self.align(photo, &face)?,
            });
            faces.push(face);
        }
        Ok(faces.into_iter().zip(self.embed(&crops)?).collect())
    }

    /// The detector's name and hash.
    #[must_use]
    pub fn detector_info(&self) -> &ModelInfo {
        self.detector.info()
    }

    /// The detector, for looking without embedding.
    #[must_use]
    pub fn detector(&self) -> &Detector {
        &self.detector
    }

    /// The embedder's name and hash, if there is one.
    #[must_use]
    pub fn embedder_info(&self) -> Option<&ModelInfo> {
        self.embedder.as_ref().map(Embedder::info)
    }

    /// The space of the embeddings.
    ///
    /// # Errors
    /// [`Error::NoEmbedder`] for a pipeline that only detects.
    pub fn space(&self) -> Result<&EmbeddingSpace, Error> {
        Ok(self.embedder()?.space())
    }

    /// The embedder's thresholds at false-match rates.
    ///
    /// # Errors
    /// [`Error::NoEmbedder`] for a pipeline that only detects; [`Error::NoCalibration`] for an
    /// embedder that was never measured.
    pub fn calibration(&self) -> Result<&Calibration, Error> {
        let embedder = self.embedder()?;
        embedder.calibration().ok_or_else(|| Error::NoCalibration {
            embedder: embedder.info().name.clone(),
        })
    }

    /// The embedder.
    ///
    /// # Errors
    /// [`Error::NoEmbedder`] for a pipeline that only detects.
    pub fn embedder(&self) -> Result<&Embedder, Error> {
        self.embedder.as_ref().ok_or(Error::NoEmbedder)
    }
}

fn cut(
    photo: &Photo,
    landmarks: &Landmarks,
    template: Template,
    border: Border,
) -> Result<RgbImage, Error> {
    let coarse = template.fit(&photo.landmarks_to_decoded(landmarks))?;
    if coarse.scale() <= 1.0 || !photo.is_reduced() {
        return Ok(warp(
            photo.decoded().view(),
            &coarse,
            template.size(),
            border,
        )?);
    }
    let fine = template.fit(landmarks)?;
    Ok(warp(photo.full()?.view(), &fine, template.size(), border)?)
}
