//! From aligned crops to embeddings.

use std::borrow::Cow;
use std::sync::Arc;

use lineament_core::{
    Border, CoreError, Embedding, EmbeddingSpace, Preprocess, RgbImage, Similarity, Template,
    restored, warp,
};
use lineament_runtime::{BatchMode, InputSize, LoadedModel, Outputs, Session, Tensor};
use serde::Deserialize;

use crate::calibration::Calibration;
use crate::error::Error;
use crate::model::{ModelInfo, input_shape, preprocess_of};

/// How the crop that an embedder wants is cut out of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CropStyle {
    /// Landmarks carried onto a template; what is seen beyond the photo's edge.
    Aligned(Template, Border),
    /// The box with a margin, 160×160, without landmarks: [`lineament_core::margin_crop`].
    Margin,
}

impl CropStyle {
    /// Width and height of the crop in pixels.
    #[must_use]
    pub fn size(self) -> (u32, u32) {
        match self {
            Self::Aligned(template, _) => template.size(),
            Self::Margin => {
                let side = lineament_core::margin::MARGIN_CROP_SIDE;
                (side, side)
            }
        }
    }
}

/// What becomes of the crop's mirror image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flip {
    /// It is not looked at.
    None,
    /// Its output is added to the crop's own (InsightFace).
    Sum,
    /// Its output is put behind the crop's own (SphereFace).
    Concat,
}

impl Flip {
    fn name(self) -> &'static str {
        match self {
            Self::None => "plain",
            Self::Sum => "flip-sum",
            Self::Concat => "flip-concat",
        }
    }
}

/// The network's output for a crop and for its mirror image, `[dimension]` each, not normalised.
#[derive(Clone, PartialEq)]
pub struct Views {
    /// For the crop.
    pub plain: Vec<f32>,
    /// For its mirror image.
    pub mirrored: Vec<f32>,
}

impl std::fmt::Debug for Views {
    /// Dimension only: values of people's faces do not belong in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Views({}-d)", self.plain.len())
    }
}

/// `[settings]` of an embedder's manifest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct EmbedderSettings {
    template: String,
    border: Option<String>,
    /// Pixels of the template's crop, along a side, to one of the network's input, which shows the crop's
    /// middle where it is smaller. Without it the input is the whole crop.
    crop_px_per_px: Option<f64>,
    dimension: usize,
    flip: Flip,
    space: String,
    /// Whether dark and noisy crops are restored before the network sees them.
    #[serde(default)]
    restore: bool,
}

/// Crops that go through a network of dynamic batch at once.
const BATCH: usize = 16;

/// A loaded embedder.
pub struct Embedder {
    info: ModelInfo,
    session: Arc<dyn Session>,
    preprocess: Preprocess,
    crop: CropStyle,
    /// From the crop to the input, where the input has another size.
    scaling: Option<Scaling>,
    batch: usize,
    dimension: usize,
    flip: Flip,
    restores: bool,
    output: String,
    space: EmbeddingSpace,
    calibration: Option<Calibration>,
}

impl Embedder {
    /// The embedder in `model`.
    ///
    /// # Errors
    /// [`Error::ModelSettings`] when the manifest names a template or border that we do not know,
    /// or an input of another size than its template's; [`Error::Model`] when its `[settings]`
    /// cannot be read.
    pub fn from_model(model: LoadedModel) -> Result<Self, Error> {
        let manifest = &model.manifest;
        let settings: EmbedderSettings = manifest.settings()?;
        let info = ModelInfo::of(manifest);
        let wrong = |field, expected, got: &str| Error::ModelSettings {
            model: info.name.clone(),
            field,
            expected,
            got: got.to_owned(),
        };
        let crop =
            crop_style(&settings).map_err(|(field, expected, got)| wrong(field, expected, &got))?;
        let output = manifest
            .outputs
            .get("embedding")
            .ok_or_else(|| wrong("outputs.embedding", "a tensor's name", "nothing"))?;
        let size = match manifest.input.size {
            InputSize::Fixed { width, height } => Some((width, height)),
            _ => None,
        };
        let scaling = size.zip(settings.crop_px_per_px);
        let scaling = scaling.map(|(size, crop_px_per_px)| Scaling {
            size,
            crop_px_per_px,
        });
        let is_whole = size == Some(crop.size());
        if !scaling.map_or(is_whole, |scaling| scaling.shows(crop.size())) {
            let got = format!("{:?}", manifest.input.size);
            let expected =
                "the size of the template's crop, or less of it with settings.crop_px_per_px";
            return Err(wrong("input.size", expected, &got));
        }
        let short_hash: String = info.sha256.chars().take(8).collect();
        Ok(Self {
            preprocess: preprocess_of(&manifest.input),
            crop,
            scaling,
            batch: match manifest.input.batch {
                BatchMode::Dynamic => BATCH,
                BatchMode::Fixed => 1,
            },
            dimension: settings.dimension,
            flip: settings.flip,
            restores: settings.restore,
            output: output.clone(),
            space: EmbeddingSpace::new(&format!(
                "{}@{short_hash}/{}",
                settings.space,
                settings.flip.name()
            )),
            calibration: Calibration::from_manifest(manifest)?,
            info,
            session: model.session,
        })
    }

    /// Which model this is.
    #[must_use]
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// Numbers of an embedding.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The space of its embeddings.
    #[must_use]
    pub fn space(&self) -> &EmbeddingSpace {
        &self.space
    }

    /// How its crops are cut.
    #[must_use]
    pub fn crop(&self) -> CropStyle {
        self.crop
    }

    /// Thresholds at false-match rates, if they were measured for this model.
    #[must_use]
    pub fn calibration(&self) -> Option<&Calibration> {
        self.calibration.as_ref()
    }

    /// What becomes of a crop's mirror image in [`embed`](Self::embed).
    #[must_use]
    pub fn flip(&self) -> Flip {
        self.flip
    }

    /// Whether it looks at dark and noisy crops as [`lineament_core::restored`] makes them.
    #[must_use]
    pub fn restores(&self) -> bool {
        self.restores
    }

    /// The crop in the middle of an image that is aligned to the template already, with or without
    /// a margin around it.
    ///
    /// # Errors
    /// [`Error::NotAligned`] for an image that is smaller than the crop.
    pub fn crop_aligned(&self, image: &RgbImage) -> Result<RgbImage, Error> {
        let (expected_width, expected_height) = self.crop.size();
        let (width, height) = (image.width(), image.height());
        if width < expected_width || height < expected_height {
            return Err(Error::NotAligned {
                expected_width,
                expected_height,
                width,
                height,
            });
        }
        let (x, y) = ((width - expected_width) / 2, (height - expected_height) / 2);
        Ok(image
            .view()
            .cropped(x, y, expected_width, expected_height)?)
    }

    /// What the network says of each crop and of its mirror image, for evaluations that compare
    /// the ways to put the two together.
    ///
    /// # Errors
    /// [`Error::Model`] when the network fails or a crop has another size.
    pub fn views(&self, crops: &[RgbImage]) -> Result<Vec<Views>, Error> {
        let crops = &*self.restored(crops);
        let mirrored: Vec<_> = crops.iter().map(|c| c.view().mirrored()).collect();
        let pairs = self.seen(crops)?.into_iter();
        let pairs = pairs.zip(self.seen(&mirrored)?);
        Ok(pairs
            .map(|(plain, mirrored)| Views { plain, mirrored })
            .collect())
    }

    /// One embedding for each of the `crops`, which are of the size that [`crop`](Self::crop) says.
    ///
    /// # Errors
    /// [`Error::Model`] when the network fails or a crop has another size; [`Error::Core`] when an
    /// output is all zero or not finite.
    pub fn embed(&self, crops: &[RgbImage]) -> Result<Vec<Embedding>, Error> {
        let crops = &*self.restored(crops);
        let plain = self.seen(crops)?;
        let values = match self.flip {
            Flip::None => plain,
            Flip::Sum | Flip::Concat => {
                let mirrored: Vec<_> = crops.iter().map(|c| c.view().mirrored()).collect();
                let pairs = plain.into_iter().zip(self.seen(&mirrored)?);
                pairs.map(|(a, b)| join(self.flip, a, &b)).collect()
            }
        };
        let embeddings = values
            .into_iter()
            .map(|v| Embedding::from_raw(self.space.clone(), v));
        Ok(embeddings.collect::<Result<_, _>>()?)
    }

    /// What the network says of each crop, `[dimension]` each, not normalised; of no mirror images.
    ///
    /// # Errors
    /// [`Error::Model`] when the network fails or a crop has another size.
    pub fn outputs(&self, crops: &[RgbImage]) -> Result<Vec<Vec<f32>>, Error> {
        self.seen(&self.restored(crops))
    }

    /// The crops in a better light, if the model wants that; [`lineament_core::restored`] says which.
    fn restored<'a>(&self, crops: &'a [RgbImage]) -> Cow<'a, [RgbImage]> {
        let mut all = Cow::Borrowed(crops);
        if !self.restores {
            return all;
        }
        for (place, crop) in crops.iter().enumerate() {
            if let Some(better) = restored(crop.view()) {
                all.to_mut()[place] = better;
            }
        }
        all
    }

    /// The same of crops as the network is to see them.
    fn seen(&self, crops: &[RgbImage]) -> Result<Vec<Vec<f32>>, Error> {
        let mut values = Vec::with_capacity(crops.len());
        for chunk in crops.chunks(self.batch) {
            let outputs = self.run(chunk)?;
            let data = outputs.get(&self.output)?.data();
            if data.len() != chunk.len() * self.dimension {
                return Err(Error::ModelSettings {
                    model: self.info.name.clone(),
                    field: "settings.dimension",
                    expected: "what the network returns",
                    got: format!("{} for {} values", self.dimension, data.len()),
                });
            }
            values.extend(data.chunks_exact(self.dimension).map(<[f32]>::to_vec));
        }
        Ok(values)
    }

    fn checked<'a>(&self, crop: &'a RgbImage) -> Result<&'a RgbImage, Error> {
        let (expected_width, expected_height) = self.crop.size();
        match (crop.width(), crop.height()) == (expected_width, expected_height) {
            true => Ok(crop),
            false => Err(Error::NotAligned {
                expected_width,
                expected_height,
                width: crop.width(),
                height: crop.height(),
            }),
        }
    }

    fn run(&self, crops: &[RgbImage]) -> Result<Outputs, Error> {
        let (width, height) = self
            .scaling
            .map_or(self.crop.size(), |scaling| scaling.size);
        let (width, height) = (width as usize, height as usize);
        let mut input = vec![0.0; crops.len() * 3 * width * height];
        for (crop, item) in crops.iter().zip(input.chunks_exact_mut(3 * width * height)) {
            match self.scaling {
                None => self.preprocess.write(crop.view(), item)?,
                Some(scaling) => {
                    // The size is checked here, since a scaled crop has the input's whatever it had.
                    let crop = self.checked(crop)?;
                    self.preprocess.write(scaling.applied(crop)?.view(), item)?;
                }
            }
        }
        let shape = input_shape(self.preprocess.layout, crops.len(), width, height);
        Ok(self.session.run(&Tensor::new(shape, input)?)?)
    }
}

/// A network's input that shows the template's crop in another size.
#[derive(Debug, Clone, Copy)]
struct Scaling {
    /// Width and height of the input.
    size: (u32, u32),
    crop_px_per_px: f64,
}

impl Scaling {
    /// Whether the input shows a crop of this size or its middle: no more of it than there is, but for less
    /// than a pixel.
    fn shows(self, crop: (u32, u32)) -> bool {
        let is_shown = |side: u32, crop: u32| {
            let shown = f64::from(side) * self.crop_px_per_px;
            shown > 0.0 && shown - f64::from(crop) < 1.0
        };
        is_shown(self.size.0, crop.0) && is_shown(self.size.1, crop.1)
    }

    /// The crop in the input's size, its middle in the middle.
    fn applied(self, crop: &RgbImage) -> Result<RgbImage, CoreError> {
        let middle = |side: u32| (f64::from(side) - 1.0) / 2.0;
        let scale = 1.0 / self.crop_px_per_px;
        let moved = Similarity {
            a: scale,
            b: 0.0,
            tx: middle(self.size.0) - scale * middle(crop.width()),
            ty: middle(self.size.1) - scale * middle(crop.height()),
        };
        warp(crop.view(), &moved, self.size, Border::Replicate)
    }
}

impl std::fmt::Debug for Embedder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Embedder({})", self.space)
    }
}

fn join(flip: Flip, mut plain: Vec<f32>, mirrored: &[f32]) -> Vec<f32> {
    match flip {
        Flip::None => {}
        Flip::Sum => plain.iter_mut().zip(mirrored).for_each(|(a, b)| *a += b),
        Flip::Concat => plain.extend_from_slice(mirrored),
    }
    plain
}

type Wrong = (&'static str, &'static str, String);

fn crop_style(settings: &EmbedderSettings) -> Result<CropStyle, Wrong> {
    let border = match settings.border.as_deref() {
        None | Some("black") => Border::Black,
        Some("replicate") => Border::Replicate,
        Some(other) => return Err(("settings.border", "black or replicate", other.to_owned())),
    };
    match settings.template.as_str() {
        "arcface-112" => Ok(CropStyle::Aligned(Template::ArcFace112, border)),
        "sphereface-96x112" => Ok(CropStyle::Aligned(Template::SphereFace96x112, border)),
        "margin-160" => Ok(CropStyle::Margin),
        other => Err((
            "settings.template",
            "arcface-112, sphereface-96x112 or margin-160",
            other.to_owned(),
        )),
    }
}
