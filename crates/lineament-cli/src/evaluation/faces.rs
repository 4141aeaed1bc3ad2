//! From one image of a protocol to the face in it and what the network says of it.

use std::num::NonZeroUsize;

use lineament::{Embedder, Face, Landmarks, Photo, Pipeline, Rect, RgbImage, Views, prominent};
use lineament_data::{DataLimits, ImageSource, Picture, Sample};
use lineament_decode::{Limits, Resolution};
use lineament_runtime::Sha256;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::{PipelineSettings, engine_in_words};
use crate::trouble::{Trouble, WorkError};

/// Where the face in an image comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FaceSource {
    /// The detector finds it; of several, the large one near the middle counts.
    Detect,
    /// The image is an aligned crop already, with or without a margin around it.
    Aligned,
}

/// An image to be embedded, or the frames of a video in one file.
#[derive(Debug, Clone)]
pub(crate) struct FaceImage {
    /// Its name in messages.
    pub(crate) name: String,
    /// Where its pixels are.
    pub(crate) source: ImageSource,
    /// The box of the face that is meant, where the database gives one: of the faces found, the one
    /// that overlaps it most.
    pub(crate) face: Option<Rect>,
    /// Its landmarks, where the database gives them; they are then trusted.
    pub(crate) landmarks: Option<Landmarks>,
}

impl FaceImage {
    /// The image of a labelled set, with what the set says of the face in it. Aligned images have
    /// their faces in the right place, whatever it says.
    pub(crate) fn of_sample(sample: &Sample, faces: FaceSource) -> Self {
        let is_told = faces == FaceSource::Detect;
        Self {
            name: sample.name.clone(),
            source: sample.image.clone(),
            face: sample.face.filter(|rect| is_told && rect.is_valid()),
            landmarks: sample.landmarks.filter(|_| is_told),
        }
    }
}

/// What came of an image.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    /// A face, as the network sees it.
    Face(Views),
    /// No face: a failure to enrol.
    NoFace,
}

/// Everything that embeddings depend on but the image: the key of a cache.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Way {
    text: String,
}

impl Way {
    /// Of everything in `about`.
    pub(crate) fn new(about: &Value) -> Self {
        Self {
            text: about.to_string(),
        }
    }

    /// Of networks with these settings.
    pub(crate) fn of(networks: &Networks, settings: &PipelineSettings) -> Result<Self, Failure> {
        let options = &settings.options;
        let detection = match networks {
            Networks::Aligned(_) => Value::Null,
            Networks::Detect(pipeline) => json!({
                "detector": pipeline.detector_info(),
                "restores": pipeline.detector().restores(),
                "options": format!("{:?}", options.detection),
            }),
        };
        let embedder = networks.embedder()?;
        Ok(Self::new(&json!({
            "version": env!("CARGO_PKG_VERSION"),
            "embedder": embedder.info(),
            "crop": format!("{:?}", embedder.crop()),
            "restores": embedder.restores(),
            "engine": engine_in_words(&options.engine),
            "detection": detection,
        })))
    }

    /// Of a detector with these settings.
    pub(crate) fn of_detector(pipeline: &Pipeline, settings: &PipelineSettings) -> Self {
        let options = &settings.options;
        Self::new(&json!({
            "version": env!("CARGO_PKG_VERSION"),
            "engine": engine_in_words(&options.engine),
            "detector": pipeline.detector_info(),
            "restores": pipeline.detector().restores(),
            "options": format!("{:?}", options.detection),
            "decode": format!("{:?}", options.decode),
        }))
    }

    pub(crate) fn in_words(&self) -> &str {
        &self.text
    }

    pub(crate) fn file_stem(&self) -> String {
        Sha256::of(self.text.as_bytes()).to_string().split_off(40)
    }
}

/// The networks that an evaluation needs.
pub(crate) enum Networks {
    /// For aligned images, an embedder.
    Aligned(Box<Embedder>),
    /// For photos, a detector as well.
    Detect(Box<Pipeline>),
}

impl Networks {
    pub(crate) fn embedder(&self) -> Result<&Embedder, Failure> {
        match self {
            Self::Aligned(embedder) => Ok(embedder),
            Self::Detect(pipeline) => pipeline
                .embedder()
                .map_err(|error| Failure::new(Exit::Models, error.to_string())),
        }
    }
}

/// Finds and embeds faces.
pub(crate) struct FaceReader<'a> {
    pub(crate) networks: &'a Networks,
    /// Frames of a video to look at.
    pub(crate) max_frames: NonZeroUsize,
    pub(crate) data_limits: DataLimits,
    pub(crate) decode_limits: Limits,
}

impl FaceReader<'_> {
    /// The image's pixels, or those of the frames of a video.
    pub(crate) fn read(&self, image: &FaceImage) -> Result<Vec<Picture>, WorkError> {
        let pictures = image.source.read_all(&self.data_limits, self.max_frames);
        pictures.map_err(|error| {
            WorkError::Photo(Trouble {
                kind: "io",
                message: error.to_string(),
            })
        })
    }

    /// The face in the picture, embedded.
    pub(crate) fn embed(&self, picture: Picture, image: &FaceImage) -> Result<Found, WorkError> {
        let embedder = self.networks.embedder()?;
        let crop = match self.networks {
            Networks::Aligned(embedder) => Some(embedder.crop_aligned(&self.whole(picture)?)?),
            Networks::Detect(pipeline) => crop(pipeline, picture, image)?,
        };
        let Some(crop) = crop else {
            return Ok(Found::NoFace);
        };
        let views = embedder.views(std::slice::from_ref(&crop))?;
        Ok(views.into_iter().next().map_or(Found::NoFace, Found::Face))
    }

    fn whole(&self, picture: Picture) -> Result<RgbImage, lineament::Error> {
        match picture {
            Picture::Rgb(image) => Ok(image),
            Picture::Encoded(bytes) => {
                let photo =
                    lineament_decode::decode_bytes(&bytes, Resolution::Full, &self.decode_limits)?;
                Ok(photo.image)
            }
        }
    }
}

/// The crop of the face that a photo is of, if there is one.
fn crop(
    pipeline: &Pipeline,
    picture: Picture,
    image: &FaceImage,
) -> Result<Option<RgbImage>, lineament::Error> {
    let photo = match picture {
        Picture::Encoded(bytes) => pipeline.read_bytes(bytes)?,
        Picture::Rgb(image) => Photo::from_image(image),
    };
    if let Some(landmarks) = &image.landmarks {
        return Ok(Some(pipeline.align_landmarks(&photo, landmarks)?));
    }
    let faces = pipeline.detect(&photo)?;
    let wanted = match &image.face {
        Some(rect) => best_match(&faces, rect),
        None => prominent(&faces, photo.size()),
    };
    wanted
        .map(|face_idx| pipeline.align(&photo, &faces[face_idx]))
        .transpose()
}

/// The face that overlaps the box most, if one does at all.
pub(crate) fn best_match(faces: &[Face], wanted: &Rect) -> Option<usize> {
    let overlap = |face_idx: &usize| faces[*face_idx].rect.iou(wanted);
    let touching = (0..faces.len()).filter(|face_idx| overlap(face_idx) > 0.0);
    touching.max_by(|i, j| overlap(i).total_cmp(&overlap(j)))
}

/// The hash of a picture and of what is known of the face in it.
pub(crate) fn hash(picture: &Picture, image: &FaceImage) -> Sha256 {
    let own = hash_of(picture);
    let points = image.landmarks.map(|landmarks| landmarks.to_array());
    let points = points.into_iter().flatten().flat_map(|p| [p.x, p.y]);
    let sides = image.face.map(|r| [r.x, r.y, r.width, r.height]);
    let known: Vec<f32> = points.chain(sides.into_iter().flatten()).collect();
    if known.is_empty() {
        return own;
    }
    let known = known.into_iter().flat_map(f32::to_le_bytes);
    Sha256::of(&own.bytes().iter().copied().chain(known).collect::<Vec<_>>())
}

/// The hash of a picture.
pub(crate) fn hash_of(picture: &Picture) -> Sha256 {
    match picture {
        Picture::Encoded(bytes) => Sha256::of(bytes),
        Picture::Rgb(image) => {
            let width = image.width().to_le_bytes();
            Sha256::of(&[width.as_slice(), image.pixels()].concat())
        }
    }
}
