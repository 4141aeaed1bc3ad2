//! The weights that a run starts from.

use super::checkpoint::{Checkpoint, copy_named};
use super::config::{Channels, Config, InputConfig};
use super::ema::Ema;
use super::export::{TOLERANCE, apart};
use super::setup::Parts;
use super::watch::{Event, Watch};
use crate::error::TrainError;
use crate::model::{Model, NameMap, Precision};
use crate::onnx::import_weights;
use lineament_runtime::{InputSpec, Manifest, TensorLayout};
use std::fs;
use std::path::Path;
use tch::Tensor;

/// Batches whose features batch normalisation starts with, at most.
const MOST_BATCHES: u64 = 8;
/// Images of them, unless the first batch has more.
const MOST_IMAGES: usize = 2048;
/// Images that go through the network at once.
const PIECE: i64 = 64;
/// Images on which the file is compared with the network.
const COMPARED: i64 = 4;

impl Parts {
    /// Takes over the weights that the configuration starts from: those of a checkpoint as far as
    /// they fit, or all of a model file's.
    pub(super) fn start(
        &mut self,
        config: &Config,
        watch: &mut dyn Watch,
    ) -> Result<(), TrainError> {
        let Some(path) = &config.network.weights else {
            return Ok(());
        };
        let told = match &config.network.names {
            Some(names) => take_named(&mut self.model, path, names),
            None if is_onnx(path) => self.start_from_model(config, path),
            None => start_from_checkpoint(&self.model, path),
        };
        let told = told.map_err(|source| TrainError::Start {
            path: path.clone(),
            source: Box::new(source),
        })?;
        watch.hear(&Event::Note(&format!("{told} {}", path.display())));
        self.ema = Ema::wanted(config.train.ema, &self.model);
        Ok(())
    }

    /// Starts as the network that an ONNX file computes. Batch normalisation folded into its
    /// convolutions starts with the features of the first batches.
    fn start_from_model(&mut self, config: &Config, path: &Path) -> Result<String, TrainError> {
        check_manifest(path, &config.input)?;
        let onnx = fs::read(path).map_err(|e| TrainError::io(path, e))?;
        let folded = import_weights(&mut self.model, &onnx)?;
        let images = self.first_images()?;
        let pictures = |images: &Tensor| config.input.preprocess(images);
        let pieces = images.split(PIECE, 0);
        let batches = pieces.iter().map(|piece| Ok(pictures(piece)));
        self.model.settle(&folded, batches)?;
        let n_images = images.size()[0];
        let compared = images.narrow(0, 0, COMPARED.min(n_images));
        self.compare(path, &onnx, &pictures(&compared))?;
        let settled = match folded.len() {
            0 => String::new(),
            n => format!("{n} batch normalisations, seen on {n_images} images, and "),
        };
        Ok(format!("{settled}all weights start from"))
    }

    /// Refuses a file that computes another embedding than the network with its weights.
    fn compare(&mut self, path: &Path, onnx: &[u8], pictures: &Tensor) -> Result<(), TrainError> {
        let precision = self.model.precision();
        self.model.set_precision(Precision::Float);
        let apart = apart(
            &self.model,
            &path.display().to_string(),
            onnx,
            &pictures.split(1, 0),
        );
        self.model.set_precision(precision);
        let got = apart?;
        match got <= TOLERANCE {
            true => Ok(()),
            false => Err(TrainError::OtherNetwork {
                network: self.model.graph().name().to_owned(),
                got,
                limit: TOLERANCE,
            }),
        }
    }

    /// The images of the first batches.
    fn first_images(&self) -> Result<Tensor, TrainError> {
        let n_in_batch = self.loader.sampler().batch_size().max(1);
        let n_batches = MOST_BATCHES.min((MOST_IMAGES / n_in_batch) as u64).max(1);
        let images = |number| Ok(self.loader.batch(number)?.images);
        let batches: Result<Vec<Tensor>, TrainError> = (0..n_batches).map(images).collect();
        Ok(Tensor::f_cat(&batches?, 0)?.f_to_device(self.choice.device)?)
    }
}

/// Refuses an input of other numbers than those that the file's manifest, where one lies beside it,
/// says it takes.
fn check_manifest(path: &Path, input: &InputConfig) -> Result<(), TrainError> {
    let beside = path.with_extension("toml");
    let Ok(text) = fs::read_to_string(&beside) else {
        return Ok(());
    };
    let InputSpec {
        layout,
        channels,
        mean,
        std,
        ..
    } = Manifest::parse(&text, &beside.display().to_string())?.input;
    let ours = match input.channels {
        Channels::Rgb => lineament_runtime::Channels::Rgb,
        Channels::Bgr => lineament_runtime::Channels::Bgr,
    };
    let other = |field, expected: String, got: String| {
        let expected = format!("{expected}, as {} says", beside.display());
        Err(TrainError::ConfigField {
            field,
            expected,
            got,
        })
    };
    let is_like = |a: [f32; 3], b: [f32; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3);
    if layout != TensorLayout::Nchw {
        return other(
            "network.weights",
            "channels first".to_owned(),
            format!("{layout:?}"),
        );
    }
    if channels != ours {
        return other(
            "input.channels",
            format!("{channels:?}"),
            format!("{ours:?}"),
        );
    }
    if !is_like(mean, input.mean) {
        return other(
            "input.mean",
            format!("{mean:?}"),
            format!("{:?}", input.mean),
        );
    }
    match is_like(std, input.std) {
        true => Ok(()),
        false => other("input.std", format!("{std:?}"), format!("{:?}", input.std)),
    }
}

pub(super) fn is_onnx(path: &Path) -> bool {
    path.extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("onnx"))
}

/// Takes the weights of a file of others, whose names are `names`.
pub(super) fn take_named(
    model: &mut Model,
    path: &Path,
    names: &str,
) -> Result<String, TrainError> {
    model.load_weights(path, &NameMap::open(names)?)?;
    Ok("all weights start from".to_owned())
}

fn start_from_checkpoint(model: &Model, path: &Path) -> Result<String, TrainError> {
    let saved = Checkpoint::read(path)?;
    let mut n_taken = 0;
    let variables = model.variables().variables();
    let n = variables.len();
    for (name, mut variable) in variables {
        let taken = copy_named(saved.weights(), &name, &mut variable);
        n_taken += usize::from(taken.is_ok());
    }
    Ok(format!("{n_taken} of {n} tensors start from"))
}
