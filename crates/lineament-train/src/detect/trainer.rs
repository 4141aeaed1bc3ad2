//! The loop.

use super::cells::Cells;
use super::config::DetectorConfig;
use super::loader::SceneLoader;
use super::loss::Targets;
use super::scene::{FaceBox, FaceCrops, Photos, Scenes};
use super::validation::validate;
use crate::data::{Augment, DataSource, Images};
use crate::error::TrainError;
use crate::model::{Mode, Model};
use crate::nets::detector;
use crate::run::checkpoint::{self, Checkpoint, State, copy_named};
use crate::run::curves;
use crate::run::device::Choice;
use crate::run::ema::Ema;
use crate::run::folder::{RunFolder, write_whole};
use crate::run::metrics::{DetectionMetrics, Line, Made, Meter, MetricsFile};
use crate::run::optim::Optimizer;
use crate::run::schedule::Schedule;
use crate::run::span::Span;
use crate::run::step::mixed;
use crate::run::{Event, Outcome, Threads, Watch};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tch::Kind;

/// Trains from the beginning, in a folder that holds no run yet.
///
/// # Errors
/// Those of reading the data; [`TrainError::NotFinite`]; [`TrainError::Io`] where the last checkpoint
/// cannot be written.
pub fn train(
    config: DetectorConfig,
    folder: &Path,
    threads: Threads,
    watch: &mut dyn Watch,
) -> Result<Outcome, TrainError> {
    let folder = RunFolder::create(folder)?;
    let trainer = Trainer::new(config, folder, State::default(), None, threads, watch)?;
    trainer.run()
}

/// Goes on with a run from its last checkpoint, from the beginning where there is none. Fields can be
/// set anew, `train.length` say.
///
/// # Errors
/// As [`train`], and [`TrainError::Run`] where there is no run.
pub fn resume(
    folder: &Path,
    assignments: &[String],
    threads: Threads,
    watch: &mut dyn Watch,
) -> Result<Outcome, TrainError> {
    let folder = RunFolder::open(folder)?;
    let config = DetectorConfig::load(&folder.config(), assignments)?;
    let checkpoint = folder.last_checkpoint(watch)?;
    let state = checkpoint
        .as_ref()
        .map_or_else(State::default, |c| c.state.clone());
    Trainer::new(config, folder, state, checkpoint, threads, watch)?.run()
}

/// Seeds that do not meet: one for each thing that is drawn.
#[derive(Clone, Copy)]
enum Purpose {
    Weights = 1,
    Scenes,
    Augmentation,
}

/// A run that goes on.
struct Trainer<'w> {
    config: DetectorConfig,
    folder: RunFolder,
    choice: Choice,
    model: Model,
    cells: Cells,
    optimizer: Optimizer,
    ema: Option<Ema>,
    schedule: Schedule,
    loader: SceneLoader,
    held_out: Option<Photos>,
    threads: Threads,
    steps_per_epoch: u64,
    n_steps: u64,
    state: State,
    metrics: MetricsFile,
    meter: Meter,
    gradient_norm: Option<f64>,
    saved_at: Instant,
    watch: &'w mut dyn Watch,
}

impl<'w> Trainer<'w> {
    fn new(
        config: DetectorConfig,
        folder: RunFolder,
        mut state: State,
        checkpoint: Option<Checkpoint>,
        threads: Threads,
        watch: &'w mut dyn Watch,
    ) -> Result<Self, TrainError> {
        tch::set_num_threads(i32::try_from(threads.compute.get()).unwrap_or(i32::MAX));
        let choice = Choice::of(&config.train)?;
        watch.hear(&Event::Note(&choice.describe()));
        let scenes = Arc::new(scenes(&config, threads, watch)?);
        let held_out = config.data.held_out.as_deref();
        let held_out = held_out
            .map(|list| photos(&config, list, threads, watch))
            .transpose()?;
        let seed = |purpose: Purpose| mixed(config.seed, purpose as u64);
        let (width, height) = scenes.size();
        let graph = detector((height as usize, width as usize))?;
        let mut model = Model::new(&graph, choice.device, seed(Purpose::Weights))?;
        model.set_precision(choice.precision);
        start(&model)?;
        let steps_per_epoch = (scenes.photos().photos().len() as u64)
            .div_ceil(config.batch as u64 * config.train.accumulate);
        let n_steps = config.train.length.steps(steps_per_epoch);
        let mut optimizer = Optimizer::new(&config.optimizer, model.variables())?;
        for group in optimizer.describe(&config.optimizer.groups) {
            watch.hear(&Event::Note(&group));
        }
        let decay = config.train.ema;
        let mut ema = (decay > 0.0).then(|| Ema::new(decay, model.variables()));
        if let Some(checkpoint) = checkpoint {
            for (name, mut variable) in model.variables().variables() {
                copy_named(&checkpoint.model, &name, &mut variable)?;
            }
            optimizer.restore(state.step, &checkpoint.optimizer)?;
            ema.as_mut()
                .map(|ema| ema.restore(&checkpoint.ema))
                .transpose()?;
        }
        watch.hear(&Event::Note(&describe(&model, &scenes)));
        let first = state.step * config.train.accumulate;
        state.seed = config.seed;
        state.config = config.to_toml()?;
        write_whole(&folder.config(), &state.config)?;
        Ok(Self {
            cells: Cells::of(width, height),
            schedule: Schedule::new(&config.schedule, steps_per_epoch, n_steps),
            loader: SceneLoader::new(scenes, config.batch, first, threads.load)?,
            metrics: MetricsFile::open(&folder.metrics(), state.step)?,
            config,
            folder,
            choice,
            model,
            optimizer,
            ema,
            held_out,
            threads,
            steps_per_epoch,
            n_steps,
            state,
            meter: Meter::new(),
            gradient_norm: None,
            saved_at: Instant::now(),
            watch,
        })
    }

    fn run(mut self) -> Result<Outcome, TrainError> {
        self.watch.hear(&Event::Started {
            step: self.state.step,
            n_steps: self.n_steps,
            n_images_per_step: self.config.batch as u64 * self.config.train.accumulate,
        });
        while self.state.step < self.n_steps {
            self.step()?;
            let is_last = self.state.step == self.n_steps;
            if is_last || self.state.step.is_multiple_of(self.config.train.log_every) {
                self.log();
            }
            if self.is_due(self.config.validation.every) {
                self.validate()?;
            }
            if is_last || self.is_save_due() || self.watch.stops() {
                self.save()?;
            }
            if self.watch.stops() && !is_last {
                return Ok(Outcome::Stopped);
            }
        }
        self.draw(false);
        Ok(Outcome::Finished)
    }

    /// Whether something that is done each `every` is done now; at the end it always is.
    fn is_due(&self, every: Span) -> bool {
        let steps = every.steps(self.steps_per_epoch).max(1);
        self.state.step.is_multiple_of(steps) || self.state.step == self.n_steps
    }

    fn is_save_due(&self) -> bool {
        let limit = Duration::from_secs_f64(self.config.checkpoint.minutes * 60.0);
        self.is_due(self.config.checkpoint.every) || self.saved_at.elapsed() >= limit
    }

    fn step(&mut self) -> Result<(), TrainError> {
        let n = self.config.train.accumulate;
        let mut loss = 0.0;
        for _ in 0..n {
            let made = self.add_gradients(1.0 / n as f64)?;
            loss += made.loss / n as f64;
            self.meter.add(made);
        }
        let limit = self.config.train.clip_norm;
        if limit > 0.0 {
            self.gradient_norm = Some(self.optimizer.clip(limit));
        }
        self.optimizer.step(self.schedule.rate(self.state.step));
        self.state.step += 1;
        if let Some(ema) = &mut self.ema {
            ema.update(self.state.step);
        }
        let step = self.state.step;
        self.watch.hear(&Event::Stepped { step, loss });
        Ok(())
    }

    fn add_gradients(&mut self, weight: f64) -> Result<Made, TrainError> {
        let before = Instant::now();
        let batch = self.loader.batch()?;
        let waited = before.elapsed();
        let images = batch.images.to_device(self.choice.device);
        let pictures = self.config.input.preprocess(&images);
        let rows = Cells::rows(&self.model.forward(&pictures, Mode::Train)?)?;
        let targets = Targets::of(&rows, &self.cells, &batch.marks, Kind::Float)?;
        let parts = self.config.loss.compute(&rows, &self.cells, &targets)?;
        let total = parts.total();
        let loss = total.double_value(&[]);
        if !loss.is_finite() {
            return Err(TrainError::NotFinite {
                step: self.state.step + 1,
                what: "the loss".to_owned(),
                images: Vec::new(),
            });
        }
        (total * weight).f_backward()?;
        let n_images = batch.marks.len() as u64;
        self.state.n_images += n_images;
        let value = |(name, part): (&str, tch::Tensor)| (name.to_owned(), part.double_value(&[]));
        Ok(Made {
            loss,
            parts: parts.parts.into_iter().map(value).collect(),
            accuracy: None,
            n_images,
            n_replaced: 0,
            waited,
        })
    }

    fn epoch(&self) -> f64 {
        self.state.step as f64 / self.steps_per_epoch as f64
    }

    /// Writes a line of metrics. That it cannot be written stops no run.
    fn log(&mut self) {
        let rate = self.schedule.rate(self.state.step.saturating_sub(1));
        let epoch = self.epoch();
        let mut metrics = self.meter.take(self.state.step, epoch, rate);
        metrics.gradient_norm = self.gradient_norm.take();
        self.watch.hear(&Event::Logged(&metrics));
        self.write(&Line::Steps(metrics));
        self.draw(self.state.step < self.n_steps);
    }

    fn write(&mut self, line: &Line) {
        if let Err(error) = self.metrics.add(line) {
            self.watch.hear(&Event::Warning(&error.to_string()));
        }
    }

    fn draw(&mut self, is_going_on: bool) {
        let drawn = curves::write(&self.folder, &self.config.name, is_going_on);
        if let Err(error) = drawn {
            self.watch.hear(&Event::Warning(&error.to_string()));
        }
    }

    fn validate(&mut self) -> Result<(), TrainError> {
        let Some(held_out) = &self.held_out else {
            return Ok(());
        };
        self.ema.iter_mut().for_each(Ema::swap);
        let judged = validate(&self.config, &self.model, held_out, self.threads.compute);
        self.ema.iter_mut().for_each(Ema::swap);
        let metrics = DetectionMetrics {
            step: self.state.step,
            epoch: self.epoch(),
            ..judged?
        };
        self.meter.pause(Duration::from_secs_f64(metrics.seconds));
        self.watch.hear(&Event::Detected(&metrics));
        if self
            .state
            .best_accuracy
            .is_none_or(|best| metrics.ap > best)
        {
            self.state.best_accuracy = Some(metrics.ap);
            if let Err(error) = self.write_checkpoint(&self.folder.best()) {
                self.watch.hear(&Event::Warning(&error.to_string()));
            }
        }
        self.write(&Line::Detection(metrics));
        Ok(())
    }

    fn save(&mut self) -> Result<(), TrainError> {
        if !self.optimizer.is_finite() {
            return Err(TrainError::NotFinite {
                step: self.state.step,
                what: "a weight".to_owned(),
                images: Vec::new(),
            });
        }
        let path = checkpoint::path_of(&self.folder.checkpoints(), self.state.step);
        self.write_checkpoint(&path)?;
        checkpoint::prune(&self.folder.checkpoints(), self.config.checkpoint.keep)?;
        self.saved_at = Instant::now();
        self.watch.hear(&Event::Saved(&path));
        Ok(())
    }

    fn write_checkpoint(&self, path: &Path) -> Result<(), TrainError> {
        let averages = self.ema.as_ref().map(Ema::averages);
        Checkpoint {
            state: self.state.clone(),
            model: self.model.variables().variables().into_iter().collect(),
            optimizer: self.optimizer.memory().into_iter().collect(),
            ema: averages.unwrap_or_default().into_iter().collect(),
        }
        .write(path)
    }
}

/// A cell holds a face with this probability before training (Lin et al., "Focal loss for dense
/// object detection", ICCV 2017, section 3.3), so that the many empty ones do not drown the rest.
const PRIOR: f64 = 0.01;

/// Starts the logits of all cells where they say [`PRIOR`].
fn start(model: &Model) -> Result<(), TrainError> {
    let logit = (PRIOR / (1.0 - PRIOR)).ln();
    for (name, variable) in model.variables().variables() {
        if name.starts_with("cells_") && name.ends_with(".bias") {
            let _ = tch::no_grad(|| variable.f_narrow(0, 0, 2)?.f_fill_(logit))?;
        }
    }
    Ok(())
}

fn describe(model: &Model, scenes: &Scenes) -> String {
    let graph = model.graph();
    format!(
        "{:.2} M parameters, {:.3} G multiplications; {} photos",
        graph.n_parameters() as f64 / 1e6,
        graph.n_macs() as f64 / 1e9,
        scenes.photos().photos().len(),
    )
}

fn photos(
    config: &DetectorConfig,
    list: &Path,
    threads: Threads,
    watch: &mut dyn Watch,
) -> Result<Photos, TrainError> {
    let mut hear = |done, total| prepared(watch, "decoding photos", done, total);
    let photos = Photos::open(&config.data.root.join(list), threads.load, &mut hear)?;
    if let [first, ..] = photos.unreadable() {
        let n = photos.unreadable().len();
        watch.hear(&Event::Warning(&format!(
            "{n} photos cannot be read, {first} the first, and are left out"
        )));
    }
    Ok(photos)
}

/// The scenes of a configuration.
///
/// # Errors
/// Those of reading the data.
pub fn scenes(
    config: &DetectorConfig,
    threads: Threads,
    watch: &mut dyn Watch,
) -> Result<Scenes, TrainError> {
    let photos = photos(config, &config.data.photos, threads, watch)?;
    let crops = match config.data.crops.is_empty() {
        true => None,
        false => Some(crops(config, threads, watch)?),
    };
    let augmentation = mixed(config.seed, Purpose::Augmentation as u64);
    Ok(Scenes::new(
        photos,
        crops,
        config.scenes.clone(),
        Augment::new(&config.augment, augmentation)?,
        (config.input.width, config.input.height),
        mixed(config.seed, Purpose::Scenes as u64),
    ))
}

fn crops(
    config: &DetectorConfig,
    threads: Threads,
    watch: &mut dyn Watch,
) -> Result<FaceCrops, TrainError> {
    let below_root = |source: &DataSource| DataSource {
        path: config.data.root.join(&source.path),
        ..source.clone()
    };
    let sources: Vec<DataSource> = config.data.crops.iter().map(below_root).collect();
    let images = Images::open(&sources)?;
    let images = match &config.data.cache {
        None => images,
        Some(cache) => {
            let mut hear = |done, total| prepared(watch, "decoding crops", done, total);
            images.packed(cache, threads.load, &mut hear)?
        }
    };
    FaceCrops::new(Arc::new(images), &FaceBox::YUNET)
}

fn prepared(watch: &mut dyn Watch, what: &str, done: usize, total: usize) -> ControlFlow<()> {
    watch.hear(&Event::Prepared { what, done, total });
    match watch.stops() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    }
}
