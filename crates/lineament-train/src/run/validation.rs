//! How well a network tells people apart whom it was not trained on.

use super::config::{Flip, InputConfig, PairListConfig};
use super::metrics::ValidationMetrics;
use crate::data::{TrainSet, decode};
use crate::error::TrainError;
use crate::model::{Mode, Model};
use lineament::Calibration;
use lineament_core::{Embedding, EmbeddingSpace, RgbImage};
use lineament_data::{DataLimits, ImageSource, bin, lists::lfw};
use lineament_eval::{
    About, Centering, Judging, ModelIdentity, Pair, PairList, PairMatcher, PairMaterial,
    PairOptions, PairReport, evaluate,
};
use lineament_match::FittedMatcher;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use tch::{Kind, Tensor};

/// Images that a calibration looks at: 18 million pairs.
const MOST_CALIBRATED: usize = 6000;

/// What the protocol of people held out is called.
pub(crate) const HELD_OUT: &str = "held-out people";

/// Images of a list that are tried before training: where none of them can be read, the folder is the
/// wrong one.
const N_TRIED: usize = 16;

/// The crops that are compared.
enum Crops {
    /// Of people who are held out of training.
    HeldOut(Arc<TrainSet>),
    /// Of a list.
    Listed(Vec<Option<ImageSource>>),
}

impl Crops {
    /// `None` where it cannot be decoded.
    fn read(&self, idx: usize) -> Result<Option<RgbImage>, TrainError> {
        match self {
            Self::HeldOut(set) => set.read(idx),
            Self::Listed(images) => Ok(images[idx].as_ref().and_then(decode)),
        }
    }
}

/// Pairs to be judged, and how their images come to a network.
pub struct Validation {
    protocol: String,
    crops: Crops,
    pairs: Vec<Pair>,
    input: InputConfig,
    batch: usize,
    threads: NonZeroUsize,
}

impl Validation {
    /// The validation by these pairs of images of `set`.
    #[must_use]
    pub fn new(
        set: Arc<TrainSet>,
        pairs: Vec<Pair>,
        input: InputConfig,
        batch: usize,
        threads: NonZeroUsize,
    ) -> Self {
        Self {
            protocol: HELD_OUT.to_owned(),
            crops: Crops::HeldOut(set),
            pairs,
            input,
            batch,
            threads,
        }
    }

    /// The validation by the pairs of a list, whose paths start from `root`. A list without folds is
    /// dealt out to `n_folds`, so that no pair is judged at a threshold that was chosen on it.
    ///
    /// # Errors
    /// Those of reading the list; [`TrainError::NoImages`] where pairs of one kind are missing, or the
    /// first images cannot be read.
    pub fn listed(
        list: &PairListConfig,
        root: &Path,
        n_folds: usize,
        input: InputConfig,
        batch: usize,
        threads: NonZeroUsize,
    ) -> Result<Self, TrainError> {
        let (path, limits) = (root.join(&list.pairs), DataLimits::default());
        let protocol = match &list.crops {
            Some(crops) => lfw::read_pairs(&path, &root.join(crops), &limits)?,
            None => bin::read_pairs(&path, &limits)?,
        };
        let mut n_of_kind = [0; 2];
        let pairs: Vec<Pair> = (protocol.pairs.iter())
            .map(|pair| {
                let nth = &mut n_of_kind[usize::from(pair.mated)];
                *nth += 1;
                let dealt = (*nth - 1) % n_folds;
                let fold = if protocol.n_folds > 1 {
                    pair.fold
                } else {
                    dealt
                };
                Pair {
                    first: pair.first,
                    second: pair.second,
                    mated: pair.mated,
                    fold,
                }
            })
            .collect();
        let images: Vec<Option<ImageSource>> = (protocol.items.into_iter())
            .map(|item| item.images.into_iter().next())
            .collect();
        let missing = |why: String| TrainError::NoImages {
            what: format!("validation by {}", list.name),
            why,
        };
        if n_of_kind.iter().any(|n| *n < n_folds) {
            let [non_mated, mated] = n_of_kind;
            return Err(missing(format!(
                "{} has {mated} mated and {non_mated} non-mated pairs, fewer than one for each of {n_folds} folds",
                path.display()
            )));
        }
        let mut tried = images.iter().take(N_TRIED).flatten();
        if tried.all(|image| decode(image).is_none()) {
            return Err(missing(format!(
                "none of the first images that {} names can be read",
                path.display()
            )));
        }
        Ok(Self {
            protocol: list.name.clone(),
            crops: Crops::Listed(images),
            pairs,
            input,
            batch,
            threads,
        })
    }

    /// Whether there is nothing to judge.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Judges the pairs by the cosine of embeddings, mirror images counted as `input.flip` says.
    ///
    /// # Errors
    /// [`TrainError::Eval`]; those of reading images.
    pub fn judge(&self, model: &Model) -> Result<PairReport, TrainError> {
        let used: BTreeSet<usize> = self
            .pairs
            .iter()
            .flat_map(|p| [p.first, p.second])
            .collect();
        let indices: Vec<usize> = used.into_iter().collect();
        let place_of = |idx| indices.partition_point(|i| *i < idx);
        let mut templates = Vec::with_capacity(indices.len());
        for some in indices.chunks(self.batch) {
            templates.extend(self.templates(model, some)?);
        }
        let names: Vec<String> = indices.iter().map(|i| format!("image {i}")).collect();
        let place = |pair: &Pair| Pair {
            first: place_of(pair.first),
            second: place_of(pair.second),
            ..*pair
        };
        let pairs: Vec<Pair> = self.pairs.iter().map(place).collect();
        let list = PairList {
            names: &names,
            persons: None,
            pairs: &pairs,
        };
        let material = PairMaterial {
            list,
            templates: &templates,
        };
        let options = PairOptions {
            matcher: PairMatcher::Fixed(FittedMatcher::Cosine),
            center: Centering::Off,
            pca: None,
            judging: Judging::default(),
        };
        Ok(evaluate(
            about(&self.protocol, self.input.flip),
            material,
            &options,
        )?)
    }

    /// Thresholds at false-match rates, measured on all pairs of the set's people, of whom no more
    /// than [`MOST_CALIBRATED`] images are looked at; `None` where they support no threshold.
    ///
    /// # Errors
    /// Those of [`judge`](Self::judge).
    pub fn calibrate(&self, model: &Model, seed: u64) -> Result<Option<Calibration>, TrainError> {
        let Crops::HeldOut(set) = &self.crops else {
            return Ok(None);
        };
        let labels = set.labels();
        let labelled: Vec<(usize, usize)> = (0..labels.len())
            .filter_map(|idx| Some((usize::try_from(labels[idx]).ok()?, idx)))
            .collect();
        let step = labelled.len().div_ceil(MOST_CALIBRATED).max(1);
        let chosen: Vec<(usize, usize)> = labelled.into_iter().step_by(step).collect();
        let space = EmbeddingSpace::new("calibrated");
        let mut faces = Vec::with_capacity(chosen.len());
        for some in chosen.chunks(self.batch) {
            let indices: Vec<usize> = some.iter().map(|(_, idx)| *idx).collect();
            for ((person, _), template) in some.iter().zip(self.templates(model, &indices)?) {
                if let Some(values) = template {
                    let face = Embedding::from_raw(space.clone(), values)?;
                    faces.push((*person, face));
                }
            }
        }
        let source = format!(
            "{} people of the training set who were held out of training, all pairs of their {} faces",
            set.people().len(),
            faces.len()
        );
        match Calibration::measured(&faces, &source, seed) {
            Ok(calibration) => Ok(Some(calibration)),
            Err(lineament::Error::TooFewToCalibrate { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Of each image, the template; `None` where it cannot be decoded or has no direction.
    fn templates(
        &self,
        model: &Model,
        indices: &[usize],
    ) -> Result<Vec<Option<Vec<f32>>>, TrainError> {
        let views = self.views(indices)?;
        let found: Vec<&RgbImage> = views.iter().flatten().collect();
        if found.is_empty() {
            return Ok(vec![None; indices.len()]);
        }
        let features = tch::no_grad(|| {
            let seen = self.input.preprocess(&pictures(&found)?);
            let seen = seen.to_device(model.variables().device());
            let plain = embed(model, &seen)?;
            let mirrored = match self.input.flip {
                Flip::Sum => embed(model, &seen.flip([3]))?,
                Flip::None => vec![Vec::new(); plain.len()],
            };
            Ok::<_, TrainError>((plain, mirrored))
        })?;
        let mut each = features.0.into_iter().zip(features.1);
        let mode = self.input.flip.mode();
        let template =
            |(plain, mirrored): (Vec<f32>, Vec<f32>)| mode.combine(&plain, &mirrored).ok();
        let of =
            |view: &Option<RgbImage>| view.as_ref().and_then(|_| each.next()).and_then(template);
        Ok(views.iter().map(of).collect())
    }

    fn views(&self, indices: &[usize]) -> Result<Vec<Option<RgbImage>>, TrainError> {
        let size = indices.len().div_ceil(self.threads.get()).max(1);
        let parts = thread::scope(|scope| {
            let workers: Vec<_> = indices
                .chunks(size)
                .map(|part| scope.spawn(|| part.iter().map(|i| self.view(*i)).collect::<Vec<_>>()))
                .collect();
            let joined = workers.into_iter().map(thread::ScopedJoinHandle::join);
            joined.collect::<Result<Vec<_>, _>>()
        });
        let parts = parts.map_err(|_| TrainError::Stopped)?;
        parts.into_iter().flatten().collect()
    }

    fn view(&self, idx: usize) -> Result<Option<RgbImage>, TrainError> {
        let crop = self.crops.read(idx)?;
        let target = self.input.target();
        Ok(crop.map(|c| target.view(c.view())).transpose()?)
    }
}

/// `[n, 3, h, w]` u8.
pub(crate) fn pictures(images: &[&RgbImage]) -> Result<Tensor, TrainError> {
    let each: Result<Vec<Tensor>, _> = images
        .iter()
        .map(|image| {
            let size = [i64::from(image.height()), i64::from(image.width()), 3];
            Tensor::f_from_data_size(image.pixels(), &size, Kind::Uint8)
        })
        .collect();
    Ok(Tensor::stack(&each?, 0).permute([0, 3, 1, 2]).contiguous())
}

/// `[n][dimension]`, as the network gives them.
pub(crate) fn embed(model: &Model, seen: &Tensor) -> Result<Vec<Vec<f32>>, TrainError> {
    let outputs = model.forward(seen, Mode::Eval)?;
    let embedding = outputs[0].to_kind(Kind::Float).to_device(tch::Device::Cpu);
    Ok(Vec::try_from(&embedding)?)
}

fn about(protocol: &str, flip: Flip) -> About {
    About {
        protocol: protocol.to_owned(),
        declaration: None,
        model: ModelIdentity {
            name: "in training".to_owned(),
            sha256: String::new(),
        },
        flip: flip.mode(),
        command: String::new(),
    }
}

/// The figures that are kept of a report.
pub(super) fn metrics(
    report: PairReport,
    step: u64,
    epoch: f64,
    seconds: f64,
) -> ValidationMetrics {
    ValidationMetrics {
        step,
        epoch,
        protocol: report.about.protocol,
        n_pairs: report.n_pairs,
        accuracy: report.accuracy,
        accuracy_se: report.accuracy_se,
        auc: report.auc,
        eer: report.eer,
        tar_at_fmr: report.at_fmr.tar_at_fmr,
        folds: report.folds.iter().map(|fold| fold.accuracy).collect(),
        seconds,
    }
}
