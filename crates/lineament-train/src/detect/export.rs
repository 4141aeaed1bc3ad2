//! From a run to a model file that `lineament` detects with.

use super::cells::Cells;
use super::config::DetectorConfig;
use crate::error::TrainError;
use crate::generator::seeded;
use crate::model::{Mode, Model};
use crate::nets::{DETECTOR_STRIDES, detector};
use crate::onnx::{ExportOptions, export_detector};
use crate::run::checkpoint::{self, Checkpoint, copy_named};
use crate::run::config::Channels;
use crate::run::folder::best_of;
use lineament_runtime::{
    BatchMode, EngineOptions, Family, InputSize, InputSpec, Manifest, ModelFile, Schema, Session,
    Sha256, Task, Tensor as Numbers, TensorLayout,
};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

/// How far a number of the engine may be from the trainer's.
const TOLERANCE: f64 = 1e-4;
/// The same with weights of 16 bits, whose boxes and landmarks are in cells.
const TOLERANCE_FP16: f64 = 3e-2;
/// Width and height of the pictures that both are asked about: not the size of training.
const ASKED: (u32, u32) = (224, 160);

/// What to export, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

/// What was exported.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// The ONNX file; the manifest lies beside it.
    pub model: PathBuf,
    /// Steps that it was trained for.
    pub step: u64,
    /// Between the engine's numbers for random pictures and the trainer's.
    pub greatest_difference: f64,
}

/// Writes `NAME.onnx` and `NAME.toml` of the run at `run`, after the default engine gave what the
/// trainer gives.
///
/// # Errors
/// [`TrainError::Run`] where there is no checkpoint; [`TrainError::Export`] where the engine's output
/// is another; [`TrainError::Io`].
pub fn export(run: &Path, wanted: &Wanted) -> Result<Exported, TrainError> {
    let path = chosen(run, wanted.checkpoint.clone())?;
    let checkpoint = Checkpoint::read(&path)?;
    let origin = path.display().to_string();
    let config = DetectorConfig::parse(&checkpoint.state.config, &origin, &[])?;
    let model = restored(&config, &checkpoint)?;
    let options = ExportOptions {
        fp16_weights: wanted.fp16_weights,
        ..ExportOptions::default()
    };
    let onnx = export_detector(&model, &options)?;
    let provenance = format!(
        "Trained by lineament-train {} for {} steps on {} scenes",
        env!("CARGO_PKG_VERSION"),
        checkpoint.state.step,
        checkpoint.state.n_images
    );
    let manifest = Manifest {
        licence: wanted.licence.clone(),
        provenance,
        preference: wanted.preference,
        ..manifest(&config, &onnx)?
    };
    let file = ModelFile::from_memory(Cow::Owned(onnx.clone()), manifest.clone());
    let session = file.load(&EngineOptions::default())?.session;
    let greatest_difference = difference(&config, &model, &session)?;
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
    let target = wanted.folder.join(&manifest.file);
    std::fs::create_dir_all(&wanted.folder).map_err(|e| TrainError::io(&wanted.folder, e))?;
    write(&target, &onnx)?;
    write(
        &target.with_extension("toml"),
        manifest.to_toml()?.as_bytes(),
    )?;
    Ok(Exported {
        model: target,
        step: checkpoint.state.step,
        greatest_difference,
    })
}

/// The model as it would be exported, in memory.
///
/// # Errors
/// [`TrainError::Torch`], for lack of memory.
pub fn model_file(config: &DetectorConfig, model: &Model) -> Result<ModelFile, TrainError> {
    let onnx = export_detector(model, &ExportOptions::default())?;
    let manifest = manifest(config, &onnx)?;
    Ok(ModelFile::from_memory(Cow::Owned(onnx), manifest))
}

fn chosen(run: &Path, checkpoint: Option<PathBuf>) -> Result<PathBuf, TrainError> {
    let best = || Some(best_of(run)).filter(|p| p.is_file());
    if let Some(path) = checkpoint.or_else(best) {
        return Ok(path);
    }
    let last = checkpoint::list(&run.join("checkpoints"))?.pop();
    last.map(|(_, path)| path).ok_or_else(|| TrainError::Run {
        path: run.to_owned(),
        reason: "it has no checkpoint yet".to_owned(),
    })
}

/// The network with a checkpoint's weights, averaged ones where there are any.
fn restored(config: &DetectorConfig, checkpoint: &Checkpoint) -> Result<Model, TrainError> {
    let size = (config.input.height as usize, config.input.width as usize);
    let model = Model::new(&detector(size)?, Device::Cpu, 0)?;
    for (name, mut variable) in model.variables().variables() {
        copy_named(checkpoint.weights(), &name, &mut variable)?;
    }
    Ok(model)
}

/// The greatest difference of a number over two random pictures; of scores, after the sigmoid.
fn difference(
    config: &DetectorConfig,
    model: &Model,
    session: &Arc<dyn Session>,
) -> Result<f64, TrainError> {
    let (width, height) = ASKED;
    let shape = [2, 3, i64::from(height), i64::from(width)];
    let generator = seeded(0);
    let pictures = Tensor::rand(shape, (Kind::Float, Device::Cpu)) * 255.0;
    drop(generator);
    let pictures = config.input.preprocess(&pictures);
    let ours = Cells::rows(&tch::no_grad(|| model.forward(&pictures, Mode::Eval))?)?;
    let ours = Tensor::cat(&[ours.narrow(2, 0, 2).sigmoid(), ours.narrow(2, 2, 14)], 2);
    let values = Vec::<f32>::try_from(pictures.reshape([-1]))?;
    let outputs = session.run(&Numbers::new(shape.map(|n| n as usize).to_vec(), values)?)?;
    let part = |name: String, length: i64| -> Result<Tensor, TrainError> {
        let numbers = Tensor::f_from_slice(outputs.get(&name)?.data())?;
        Ok(numbers.f_reshape([2, -1, length])?)
    };
    let level = |stride: u32| -> Result<Tensor, TrainError> {
        let parts = PARTS.map(|(name, length)| part(format!("{name}_{stride}"), length));
        let parts: Result<Vec<Tensor>, _> = parts.into_iter().collect();
        Ok(Tensor::f_cat(&parts?, 2)?)
    };
    let levels: Result<Vec<Tensor>, TrainError> = DETECTOR_STRIDES.into_iter().map(level).collect();
    let apart = ours - Tensor::f_cat(&levels?, 1)?;
    Ok(apart.abs().max().double_value(&[]))
}

/// Tensors of a level and their numbers of a cell.
const PARTS: [(&str, i64); 4] = [("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)];

fn manifest(config: &DetectorConfig, onnx: &[u8]) -> Result<Manifest, TrainError> {
    let syntax = |reason: String| TrainError::ConfigSyntax {
        origin: "the manifest".to_owned(),
        reason,
    };
    let mut settings =
        toml::Table::try_from(&config.settings).map_err(|e| syntax(e.to_string()))?;
    settings.insert("landmarks".to_owned(), true.into());
    let names = DETECTOR_STRIDES
        .into_iter()
        .flat_map(|stride| PARTS.map(|(part, _)| format!("{part}_{stride}")));
    let outputs: BTreeMap<String, String> = names.map(|name| (name.clone(), name)).collect();
    Ok(Manifest {
        schema: Schema::V1,
        name: config.name.clone(),
        task: Task::DETECT,
        family: Family::try_from("yunet".to_owned()).map_err(syntax)?,
        file: format!("{}.onnx", config.name),
        sha256: Sha256::of(onnx),
        licence: "not stated".to_owned(),
        provenance: "being trained".to_owned(),
        preference: 0,
        precision: None,
        input: InputSpec {
            name: "input".to_owned(),
            layout: TensorLayout::Nchw,
            channels: match config.input.channels {
                Channels::Rgb => lineament_runtime::Channels::Rgb,
                Channels::Bgr => lineament_runtime::Channels::Bgr,
            },
            mean: config.input.mean,
            std: config.input.std,
            size: InputSize::MultipleOf(32),
            batch: BatchMode::Dynamic,
        },
        outputs,
        settings,
        calibration: None,
    })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let temporary = path.with_extension("new");
    std::fs::write(&temporary, bytes)
        .and_then(|()| std::fs::rename(&temporary, path))
        .map_err(|e| TrainError::io(path, e))
}
