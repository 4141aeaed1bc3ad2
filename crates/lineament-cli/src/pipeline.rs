//! Opening models and pipelines, with advice when there are none; reading photos.

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use lineament::{
    Calibration, Detector, Embedder, ModelStore, OperatingPoint, Photo, Pipeline, PipelineOptions,
    Score,
};
use lineament_runtime::{Engine, Fallback, LoadedModel, ModelLimits, RuntimeError, Selector, Task};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs::{Input, Source};
use crate::settings::{PipelineSettings, Rule};
use crate::trouble::Trouble;

/// Which networks a command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Faces only.
    Detector,
    /// Faces and their embeddings.
    DetectorAndEmbedder,
}

/// How the threads at hand are shared out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Threads {
    /// Photos worked on at a time.
    pub(crate) photos: NonZeroUsize,
    /// Threads of each network.
    pub(crate) network: NonZeroUsize,
}

impl Threads {
    /// With photos enough, each thread has its own; few photos share the threads.
    pub(crate) fn share(threads: NonZeroUsize, n_photos: usize) -> Self {
        let photos = threads.min(NonZeroUsize::new(n_photos).unwrap_or(NonZeroUsize::MIN));
        let network = NonZeroUsize::new(threads.get() / photos).unwrap_or(NonZeroUsize::MIN);
        Self { photos, network }
    }
}

/// The pipeline that `settings` ask for.
///
/// # Errors
/// [`Exit::Models`] when models are missing or unusable.
pub(crate) fn open(
    settings: &PipelineSettings,
    need: Need,
    network_threads: NonZeroUsize,
) -> Result<Pipeline, Failure> {
    let store = open_store(settings.folder.as_deref())?;
    let mut options = settings.options.clone();
    options.engine.threads = network_threads;
    let load = |task: &Task, selector: &Selector| load(&store, task, selector, &options);
    let detector = load(&Task::DETECT, &options.detector)?;
    let embedder = match need {
        Need::Detector => None,
        Need::DetectorAndEmbedder => Some(load(&Task::EMBED, &options.embedder)?),
    };
    let broken = |error: lineament::Error| Failure::new(Exit::Models, error.to_string());
    Pipeline::from_parts(
        Detector::from_model(detector).map_err(broken)?,
        embedder
            .map(Embedder::from_model)
            .transpose()
            .map_err(broken)?,
        &options,
    )
    .map_err(broken)
}

/// The embedder that `settings` ask for, alone.
///
/// # Errors
/// [`Exit::Models`] when it is missing or unusable.
pub(crate) fn open_embedder(
    settings: &PipelineSettings,
    network_threads: NonZeroUsize,
) -> Result<Embedder, Failure> {
    let store = open_store(settings.folder.as_deref())?;
    let mut options = settings.options.clone();
    options.engine.threads = network_threads;
    let model = load(&store, &Task::EMBED, &options.embedder, &options)?;
    Embedder::from_model(model).map_err(|error| Failure::new(Exit::Models, error.to_string()))
}

fn load(
    store: &ModelStore,
    task: &Task,
    selector: &Selector,
    options: &PipelineOptions,
) -> Result<LoadedModel, Failure> {
    let model = store
        .find(task, selector)
        .and_then(|model| model.load(&options.engine))
        .map_err(|error| Failure::new(Exit::Models, error.to_string()))?;
    // Whoever chose an engine, device or precision is told what really runs, and everybody which network the quicker engine
    // cannot run.
    let asked = model.manifest.precision.or(options.engine.precision);
    let chosen = options.engine.engine != Engine::default() || asked.is_some();
    if chosen || matches!(model.engine.fallback, Some(Fallback::Network(_))) {
        let (name, report) = (&model.manifest.name, &model.engine);
        let _ = io::Write::write_fmt(&mut io::stderr(), format_args!("{name} runs on {report}\n"));
    }
    Ok(model)
}

/// The models in the folder that was named, else of the first usual folder that has any; the
/// program's own after them.
pub(crate) fn open_store(folder: Option<&Path>) -> Result<ModelStore, Failure> {
    let failure = |error: RuntimeError| Failure::new(Exit::Models, error.to_string());
    let open = |folder: &Path| ModelStore::open(folder, ModelLimits::default()).map_err(failure);
    let own = lineament_models::models().map_err(failure)?;
    if let Some(folder) = folder {
        return Ok(open(folder)?.with_models(own));
    }
    for folder in usual_folders().iter().filter(|folder| folder.is_dir()) {
        let store = open(folder)?;
        if !store.models().is_empty() || !store.unusable().is_empty() {
            return Ok(store.with_models(own));
        }
    }
    Ok(ModelStore::from_models(own))
}

fn usual_folders() -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from("models")];
    folders.extend(user_folder());
    folders
}

/// Where new models go: the folder that was named, else the user's.
pub(crate) fn folder_for_new(folder: Option<&Path>) -> PathBuf {
    let usual = || user_folder().unwrap_or_else(|| PathBuf::from("models"));
    folder.map_or_else(usual, Path::to_owned)
}

/// The folder of models in the user's data folder.
fn user_folder() -> Option<PathBuf> {
    data_folder().map(|data| data.join("lineament").join("models"))
}

/// The user's data folder, by the custom of the system.
pub(crate) fn data_folder() -> Option<PathBuf> {
    let variable = |name| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        std::env::home_dir().map(|home| home.join("Library/Application Support"))
    } else {
        variable("XDG_DATA_HOME")
            .or_else(|| std::env::home_dir().map(|home| home.join(".local/share")))
    }
}

/// Reads and decodes a photo of the run.
pub(crate) fn read(
    pipeline: &Pipeline,
    input: &Input,
    max_bytes: u64,
) -> Result<Photo, lineament::Error> {
    match &input.source {
        Source::File(path) => pipeline.read(path),
        Source::Stdin => pipeline.read_bytes(bytes(input, max_bytes)?),
    }
}

/// The bytes of a photo of the run, of a longer one no more than tells the decoder that it is.
pub(crate) fn bytes(input: &Input, max_bytes: u64) -> Result<Vec<u8>, lineament::Error> {
    let mut bytes = Vec::new();
    let limit = max_bytes.saturating_add(1);
    let read = match &input.source {
        Source::File(path) => {
            File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
        }
        Source::Stdin => io::stdin().lock().take(limit).read_to_end(&mut bytes),
    };
    read.map_err(|source| lineament_decode::DecodeError::Io { source })?;
    Ok(bytes)
}

/// What two faces must score, and why that.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Threshold {
    pub(crate) threshold: Score,
    pub(crate) threshold_source: ThresholdSource,
}

/// Where a threshold comes from.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum ThresholdSource {
    /// The command line.
    Given,
    /// The embedder's calibration.
    Calibration {
        fmr: f64,
        fmr_interval: (f64, f64),
        measured_on: String,
    },
}

impl Threshold {
    /// The score itself; without a threshold, that of the least alike.
    pub(crate) fn least_score(threshold: Option<&Self>) -> f64 {
        threshold.map_or(-1.0, |threshold| f64::from(threshold.threshold.value()))
    }

    pub(crate) fn of(rule: Rule, pipeline: &Pipeline) -> Result<Self, Failure> {
        Self::by(rule, || pipeline.calibration())
    }

    /// As [`Self::of`], of an embedder without a pipeline.
    pub(crate) fn of_embedder(rule: Rule, embedder: &Embedder) -> Result<Self, Failure> {
        Self::by(rule, || {
            let missing = || lineament::Error::NoCalibration {
                embedder: embedder.info().name.clone(),
            };
            embedder.calibration().ok_or_else(missing)
        })
    }

    fn by<'a>(
        rule: Rule,
        calibration: impl Fn() -> Result<&'a Calibration, lineament::Error>,
    ) -> Result<Self, Failure> {
        let threshold_at = |fmr: Option<f64>| -> Result<OperatingPoint, lineament::Error> {
            let calibration = calibration()?;
            calibration.threshold_at(fmr.unwrap_or(calibration.default_fmr))
        };
        let point = match rule {
            Rule::Score(threshold) => {
                return Ok(Self {
                    threshold,
                    threshold_source: ThresholdSource::Given,
                });
            }
            Rule::Fmr(fmr) => threshold_at(Some(fmr)),
            Rule::Recommended => threshold_at(None),
        };
        let point = point.map_err(|error| Failure::usage(error.to_string()))?;
        Ok(Self {
            threshold: point.threshold,
            threshold_source: ThresholdSource::Calibration {
                fmr: point.fmr,
                fmr_interval: point.fmr_interval,
                measured_on: point.source,
            },
        })
    }

    /// Where it comes from, in words.
    pub(crate) fn source_in_words(&self) -> String {
        match &self.threshold_source {
            ThresholdSource::Given => "given".to_owned(),
            ThresholdSource::Calibration {
                fmr, measured_on, ..
            } => format!("false-match rate {fmr:e}, measured on {measured_on}"),
        }
    }
}

/// A photo that could not be used ends the run, for commands that need each.
pub(crate) fn bad_photo(input: &Input, trouble: &Trouble) -> Failure {
    Failure::new(Exit::BadInput, trouble.about(&input.shown))
}
