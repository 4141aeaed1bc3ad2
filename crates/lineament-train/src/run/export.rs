//! From a run to a model file that `lineament` runs.

use super::checkpoint::{self, Checkpoint, copy_named};
use super::config::check::must;
use super::config::{Channels, Config, Flip, InputConfig};
use super::folder::best_of;
use super::images;
use super::provenance::Provenance;
use super::setup::{self, Threads, graph};
use super::watch::Watch;
use crate::error::TrainError;
use crate::generator::seeded;
use crate::model::{Mode, Model};
use crate::onnx::{self, ExportOptions};
use lineament_runtime::{
    BatchMode, EngineOptions, Family, InputSize, InputSpec, Manifest, Schema, Sha256, Task,
    Tensor as Numbers, TensorLayout, load_session,
};
use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

/// How far the engine's embedding, brought to unit length, may be from the trainer's.
pub(super) const TOLERANCE: f64 = 1e-4;
/// The same with weights of 16 bits.
const TOLERANCE_FP16: f64 = 1e-2;

/// What to export, and where to.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Which checkpoint; else the best in validation, else the last.
    pub checkpoint: Option<PathBuf>,
    /// The folder for both files.
    pub folder: PathBuf,
    /// Whether weights have 16 bits.
    pub fp16_weights: bool,
    /// Terms for the manifest: an SPDX expression, or a sentence.
    pub licence: String,
    /// Which of several models for one task is used: the greatest.
    pub preference: i32,
    /// What becomes of a face's mirror image; `None`: what the configuration says.
    pub flip: Option<Flip>,
    /// Whether the program restores dark and noisy crops before the network sees them.
    pub restore: bool,
    /// Where thresholds come from.
    pub calibration: Calibrated,
    /// The false-match rate whose threshold holds where none is asked for; else 1e-4, or the least
    /// that the pairs support.
    pub default_fmr: Option<f64>,
}

/// Where a model's thresholds at false-match rates come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calibrated {
    /// The people whom the run held out of training, if there are any.
    OnHeldOut(Threads),
    /// Nowhere: the model has none.
    Not,
}

/// What was exported.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// The ONNX file; the manifest lies beside it.
    pub model: PathBuf,
    /// Steps that it was trained for.
    pub step: u64,
    /// Between the engine's embeddings of random pictures and the trainer's, of unit length.
    pub greatest_difference: f64,
}

/// Writes `NAME.onnx` and `NAME.toml` of the run at `run`, after the default engine gave what the
/// trainer gives.
///
/// # Errors
/// [`TrainError::Run`] where there is no checkpoint; [`TrainError::Export`] where the engine's
/// output is another; [`TrainError::Io`]; those of reading the people held out, and that of a
/// default rate which they do not support.
pub fn export(run: &Path, wanted: &Wanted, watch: &mut dyn Watch) -> Result<Exported, TrainError> {
    let path = chosen(run, wanted)?;
    let checkpoint = Checkpoint::read(&path)?;
    let mut config = Config::parse(&checkpoint.state.config, &path.display().to_string(), &[])?;
    config.input.flip = wanted.flip.unwrap_or(config.input.flip);
    check_centred(&config.input)?;
    let model = restored(&config, &checkpoint)?;
    let provenance = Provenance::read(&run.join("provenance.json"))?;
    let calibration = match wanted.calibration {
        Calibrated::OnHeldOut(threads) => {
            calibration(&config, &model, (threads, wanted.default_fmr), watch)?
        }
        Calibrated::Not => None,
    };
    let made = Made {
        name: &config.name,
        input: &config.input,
        model: &model,
        story: story(&checkpoint, &provenance),
        calibration,
    };
    let (model, greatest_difference) = made.write(wanted)?;
    Ok(Exported {
        model,
        step: checkpoint.state.step,
        greatest_difference,
    })
}

pub(super) fn check_centred(input: &InputConfig) -> Result<(), TrainError> {
    let [across, down] = input.offset_crop_px;
    let is_centred = (across, down) == (0.0, 0.0);
    let expected = "[0, 0] of a model: a manifest can name no other part of a crop";
    let got = format!("[{across}, {down}]");
    must("input.offset_crop_px", is_centred, expected, got)
}

/// A network with all that its files tell.
pub(super) struct Made<'a> {
    pub(super) name: &'a str,
    pub(super) input: &'a InputConfig,
    pub(super) model: &'a Model,
    pub(super) story: String,
    pub(super) calibration: Option<toml::Table>,
}

impl Made<'_> {
    /// Writes both files, after the default engine gave what the trainer gives; the ONNX file, and the greatest
    /// difference.
    pub(super) fn write(self, wanted: &Wanted) -> Result<(PathBuf, f64), TrainError> {
        let options = ExportOptions {
            fp16_weights: wanted.fp16_weights,
            ..ExportOptions::default()
        };
        let onnx = onnx::export(self.model, &options)?;
        let greatest_difference = self.difference(&onnx)?;
        let limit = match wanted.fp16_weights {
            true => TOLERANCE_FP16,
            false => TOLERANCE,
        };
        // A difference that is no number is refused too.
        if greatest_difference.is_nan() || greatest_difference > limit {
            return Err(TrainError::Export {
                got: greatest_difference,
                limit,
            });
        }
        let manifest = self.manifest(&onnx, wanted)?;
        let target = wanted.folder.join(&manifest.file);
        fs::create_dir_all(&wanted.folder).map_err(|e| TrainError::io(&wanted.folder, e))?;
        write(&target, &onnx)?;
        write(
            &target.with_extension("toml"),
            manifest.to_toml()?.as_bytes(),
        )?;
        Ok((target, greatest_difference))
    }

    /// The greatest difference over four random pictures.
    fn difference(&self, onnx: &[u8]) -> Result<f64, TrainError> {
        let InputConfig { width, height, .. } = *self.input;
        let shape = [4, 3, i64::from(height), i64::from(width)];
        let generator = seeded(0);
        let pictures = Tensor::rand(shape, (Kind::Float, Device::Cpu)) * 2.0 - 1.0;
        drop(generator);
        apart(self.model, self.name, onnx, &[pictures])
    }
}

fn chosen(run: &Path, wanted: &Wanted) -> Result<PathBuf, TrainError> {
    match &wanted.checkpoint {
        Some(path) => Ok(path.clone()),
        None => best_or_last(run),
    }
}

/// The network of a run and what it sees, with its best weights in validation, else the last.
pub(crate) fn network(run: &Path) -> Result<(Config, Model), TrainError> {
    let path = best_or_last(run)?;
    let checkpoint = Checkpoint::read(&path)?;
    let config = Config::parse(&checkpoint.state.config, &path.display().to_string(), &[])?;
    let model = restored(&config, &checkpoint)?;
    Ok((config, model))
}

/// The best checkpoint of a run in validation, else the last.
pub(crate) fn best_or_last(run: &Path) -> Result<PathBuf, TrainError> {
    let best = best_of(run);
    if best.is_file() {
        return Ok(best);
    }
    let last = checkpoint::list(&run.join("checkpoints"))?.pop();
    last.map(|(_, path)| path).ok_or_else(|| TrainError::Run {
        path: run.to_owned(),
        reason: "it has no checkpoint yet".to_owned(),
    })
}

/// The network with a checkpoint's weights, averaged ones where there are any.
fn restored(config: &Config, checkpoint: &Checkpoint) -> Result<Model, TrainError> {
    let model = Model::new(&graph(config)?, Device::Cpu, 0)?;
    for (name, mut variable) in model.variables().variables() {
        copy_named(checkpoint.weights(), &name, &mut variable)?;
    }
    Ok(model)
}

/// The greatest difference between the numbers of the embeddings, of unit length, that the default engine
/// and the trainer give for batches of `pictures`. The engine's is the first output of the
/// file whose content is `onnx` and which errors call `name`.
pub(super) fn apart(
    model: &Model,
    name: &str,
    onnx: &[u8],
    pictures: &[Tensor],
) -> Result<f64, TrainError> {
    let file = Cow::Owned(onnx.to_vec());
    let session = load_session(name, file, &EngineOptions::default())?.session;
    let output = &session.signature().outputs[0].name;
    let mut greatest = 0.0_f64;
    for pictures in pictures {
        let ours = tch::no_grad(|| model.forward(pictures, Mode::Eval))?;
        let values = Vec::<f32>::try_from(pictures.to_device(Device::Cpu).reshape([-1]))?;
        let shape: Vec<usize> = pictures.size().iter().map(|&n| n as usize).collect();
        let outputs = session.run(&Numbers::new(shape, values)?)?;
        let theirs = Tensor::from_slice(outputs.get(output)?.data());
        let theirs = theirs.reshape([pictures.size()[0], -1]);
        let unit = |t: &Tensor| t / t.norm_scalaropt_dim(2.0, [1], true);
        let apart = unit(&ours[0].to_device(Device::Cpu)) - unit(&theirs);
        let apart = apart.abs().max().double_value(&[]);
        // What is no number stays so.
        greatest = if apart > greatest || apart.is_nan() {
            apart
        } else {
            greatest
        };
    }
    Ok(greatest)
}

/// `[calibration]` of the manifest, by the people whom the run held out.
fn calibration(
    config: &Config,
    model: &Model,
    (threads, default_fmr): (Threads, Option<f64>),
    watch: &mut dyn Watch,
) -> Result<Option<toml::Table>, TrainError> {
    if config.data.selection.held_out == 0.0 {
        return Ok(None);
    }
    let images = images::open(config, threads, watch)?;
    let Some(held_out) = setup::validation(config, images, threads)? else {
        return Ok(None);
    };
    let mut calibration = held_out.calibrate(model, config.validation.seed)?;
    if let (Some(calibration), Some(rate)) = (&mut calibration, default_fmr) {
        calibration.threshold_at(rate)?;
        calibration.default_fmr = rate;
    }
    let table = calibration.map(toml::Table::try_from).transpose();
    table.map_err(|e| TrainError::ConfigSyntax {
        origin: "calibration".to_owned(),
        reason: e.to_string(),
    })
}

/// The output, and its role.
const EMBEDDING: &str = "embedding";
/// An aligned crop goes in, a vector to be brought to unit length comes out.
const FAMILY: &str = "arcface";

impl Made<'_> {
    fn manifest(self, onnx: &[u8], wanted: &Wanted) -> Result<Manifest, TrainError> {
        let Self {
            name,
            input,
            model,
            story,
            calibration,
        } = self;
        let family =
            Family::try_from(FAMILY.to_owned()).map_err(|reason| TrainError::ConfigSyntax {
                origin: FAMILY.to_owned(),
                reason,
            })?;
        let mut settings = toml::Table::new();
        let mut set = |key: &str, value: toml::Value| settings.insert(key.to_owned(), value);
        let template = input.template();
        set("template", template.name().into());
        set("border", "replicate".into());
        let is_whole = (input.width, input.height) == template.size();
        if !is_whole || input.crop_px_per_px != 1.0 {
            set("crop_px_per_px", input.crop_px_per_px.into());
        }
        set("dimension", (model.graph().embedding_dim() as i64).into());
        set("flip", input.flip.name().into());
        set("space", name.into());
        if wanted.restore {
            set("restore", true.into());
        }
        Ok(Manifest {
            schema: Schema::V1,
            name: name.to_owned(),
            task: Task::EMBED,
            family,
            file: format!("{name}.onnx"),
            sha256: Sha256::of(onnx),
            licence: wanted.licence.clone(),
            provenance: story,
            preference: wanted.preference,
            precision: None,
            input: InputSpec {
                name: "input".to_owned(),
                layout: TensorLayout::Nchw,
                channels: match input.channels {
                    Channels::Rgb => lineament_runtime::Channels::Rgb,
                    Channels::Bgr => lineament_runtime::Channels::Bgr,
                },
                mean: input.mean,
                std: input.std,
                size: InputSize::Fixed {
                    width: input.width,
                    height: input.height,
                },
                batch: BatchMode::Dynamic,
            },
            outputs: [(EMBEDDING.to_owned(), EMBEDDING.to_owned())].into(),
            settings,
            calibration,
        })
    }
}

fn story(checkpoint: &Checkpoint, provenance: &Provenance) -> String {
    let config = &checkpoint.state;
    format!(
        "Trained by lineament-train {} for {} steps on {} images seen, {} people; data {}",
        provenance.version, config.step, config.n_images, provenance.n_people, provenance.data
    )
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let temporary = path.with_extension("new");
    fs::write(&temporary, bytes)
        .and_then(|()| fs::rename(&temporary, path))
        .map_err(|e| TrainError::io(path, e))
}
