//! The loop.

use super::checkpoint::{self, Checkpoint, State};
use super::config::Config;
use super::curves;
use super::folder::{RunFolder, write_whole};
use super::metrics::{Line, Made, Meter, MetricsFile};
use super::provenance::{Provenance, Session};
use super::setup::{Parts, Threads};
use super::step::{Task, mixed};
use super::validation;
use super::watch::{Event, Watch};
use crate::data::Batch;
use crate::error::TrainError;
use std::path::Path;
use std::time::{Duration, Instant};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All steps were made.
    Finished,
    /// It was asked to stop; `resume` goes on.
    Stopped,
}

/// Trains from the beginning, in a folder that holds no run yet.
///
/// # Errors
/// Those of reading the data and building the network; [`TrainError::NotFinite`];
/// [`TrainError::Io`] where the last checkpoint cannot be written.
pub fn train(
    config: Config,
    folder: &Path,
    threads: Threads,
    watch: &mut dyn Watch,
) -> Result<Outcome, TrainError> {
    let folder = RunFolder::create(folder)?;
    let mut parts = Parts::new(&config, threads, watch)?;
    parts.start(&config, watch)?;
    let provenance = parts.provenance();
    provenance.write(&folder.provenance())?;
    write_whole(&folder.config(), &config.to_toml()?)?;
    Trainer::new(config, folder, parts, State::default(), watch)?.run()
}

/// Goes on with a run from its last checkpoint, from the beginning where there is none. Fields can
/// be set anew, `train.length` say.
///
/// # Errors
/// As [`train`], and [`TrainError::Run`] where the images are not those of before.
pub fn resume(
    folder: &Path,
    assignments: &[String],
    threads: Threads,
    watch: &mut dyn Watch,
) -> Result<Outcome, TrainError> {
    let folder = RunFolder::open(folder)?;
    let config = Config::load(&folder.config(), assignments)?;
    let mut parts = Parts::new(&config, threads, watch)?;
    let before = Provenance::read(&folder.provenance())?;
    before.check(&parts.provenance(), folder.path())?;
    let threads_before = before.sessions.last().map(|s| s.threads);
    if threads_before.is_some_and(|n| n != tch::get_num_threads()) {
        watch.hear(&Event::Warning(
            "with another number of threads than before, the result is not the same to the bit",
        ));
    }
    let state = match folder.last_checkpoint(watch)? {
        None => {
            parts.start(&config, watch)?;
            State::default()
        }
        Some(checkpoint) => parts.restore(checkpoint)?,
    };
    write_whole(&folder.config(), &config.to_toml()?)?;
    Trainer::new(config, folder, parts, state, watch)?.run()
}

impl Parts {
    /// Takes over what a checkpoint holds.
    fn restore(&mut self, checkpoint: Checkpoint) -> Result<State, TrainError> {
        for (name, mut variable) in self.model.variables().variables() {
            checkpoint::copy_named(&checkpoint.model, &name, &mut variable)?;
        }
        let step = checkpoint.state.step;
        self.optimizer.restore(step, &checkpoint.optimizer)?;
        if let Some(ema) = &mut self.ema {
            ema.restore(&checkpoint.ema)?;
        }
        Ok(checkpoint.state)
    }
}

/// A run that goes on.
struct Trainer<'w> {
    config: Config,
    folder: RunFolder,
    parts: Parts,
    state: State,
    metrics: MetricsFile,
    meter: Meter,
    gradient_norm: Option<f64>,
    saved_at: Instant,
    watch: &'w mut dyn Watch,
}

impl<'w> Trainer<'w> {
    fn new(
        config: Config,
        folder: RunFolder,
        parts: Parts,
        mut state: State,
        watch: &'w mut dyn Watch,
    ) -> Result<Self, TrainError> {
        state.seed = config.seed;
        state.config = config.to_toml()?;
        let mut provenance = Provenance::read(&folder.provenance())?;
        let session = Session::now(state.step, &parts.choice);
        provenance.sessions.push(session);
        provenance.write(&folder.provenance())?;
        let metrics = MetricsFile::open(&folder.metrics(), state.step)?;
        Ok(Self {
            config,
            folder,
            parts,
            state,
            metrics,
            meter: Meter::new(),
            gradient_norm: None,
            saved_at: Instant::now(),
            watch,
        })
    }

    fn run(mut self) -> Result<Outcome, TrainError> {
        let batch = self.parts.loader.sampler().batch_size() as u64;
        self.watch.hear(&Event::Started {
            step: self.state.step,
            n_steps: self.parts.n_steps,
            n_images_per_step: batch * self.config.train.accumulate,
        });
        while self.state.step < self.parts.n_steps {
            self.step()?;
            let is_last = self.state.step == self.parts.n_steps;
            if is_last || self.state.step.is_multiple_of(self.config.train.log_every) {
                self.log();
            }
            if self.is_due(self.config.validation.every) {
                self.validate()?;
            }
            if self.watch.stops() && !is_last {
                self.save()?;
                return Ok(Outcome::Stopped);
            }
            if is_last {
                self.save()?;
            } else if self.is_save_due() {
                self.save_if_possible()?;
            }
        }
        self.draw(false);
        Ok(Outcome::Finished)
    }

    /// Whether something that is done each `every` is done now; at the end it always is.
    fn is_due(&self, every: super::span::Span) -> bool {
        let steps = every.steps(self.parts.steps_per_epoch).max(1);
        self.state.step.is_multiple_of(steps) || self.state.step == self.parts.n_steps
    }

    fn is_save_due(&self) -> bool {
        let checkpoint = &self.config.checkpoint;
        let limit = Duration::from_secs_f64(checkpoint.minutes * 60.0);
        self.is_due(checkpoint.every) || self.saved_at.elapsed() >= limit
    }

    fn step(&mut self) -> Result<(), TrainError> {
        let n = self.config.train.accumulate;
        let mut loss = 0.0;
        for micro in 0..n {
            let made = self.add_gradients(self.state.step * n + micro, 1.0 / n as f64)?;
            loss += made.loss / n as f64;
            self.meter.add(made);
        }
        let limit = self.config.train.clip_norm;
        if limit > 0.0 {
            self.gradient_norm = Some(self.parts.optimizer.clip(limit));
        }
        let rate = self.parts.schedule.rate(self.state.step);
        self.parts.optimizer.step(rate);
        self.state.step += 1;
        if let Some(ema) = &mut self.parts.ema {
            ema.update(self.state.step);
        }
        let step = self.state.step;
        self.watch.hear(&Event::Stepped { step, loss });
        Ok(())
    }

    /// Adds the gradients of the sampler's batch of this number.
    fn add_gradients(&mut self, number: u64, weight: f64) -> Result<Made, TrainError> {
        let before = Instant::now();
        let mut batch = self.parts.loader.batch(number)?;
        let waited = before.elapsed();
        let images = batch.images.to_device(self.parts.choice.device);
        if let Some(teacher) = &self.parts.teacher {
            batch.teacher = Some(teacher.ask(&images)?);
        }
        let pictures = self.config.input.preprocess(&images);
        let mut task = Task {
            model: &self.parts.model,
            losses: &mut self.parts.losses,
            chunk: self.config.train.chunk,
            seed: mixed(self.config.seed, number ^ DROPOUT),
            step: self.state.step,
            weight,
        };
        let made = task.add_gradients(&pictures, &batch)?;
        self.state.n_images += made.n_images;
        match made.loss.is_finite() {
            true => Ok(Made { waited, ..made }),
            false => Err(self.not_finite(&batch, "the loss")),
        }
    }

    fn not_finite(&self, batch: &Batch, what: &str) -> TrainError {
        let name = |idx: &usize| {
            let label = usize::try_from(self.parts.set.labels()[*idx]);
            let person = label.ok().and_then(|l| self.parts.set.people().get(l));
            let row = self.parts.set.row(*idx);
            person.map_or_else(|| format!("{row}"), |p| format!("{row} ({p})"))
        };
        TrainError::NotFinite {
            step: self.state.step + 1,
            what: what.to_owned(),
            images: batch.indices.iter().map(name).collect(),
        }
    }

    fn epoch(&self) -> f64 {
        self.state.step as f64 / self.parts.steps_per_epoch as f64
    }

    /// Writes a line of metrics. That it cannot be written stops no run.
    fn log(&mut self) {
        let rate = self.parts.schedule.rate(self.state.step.saturating_sub(1));
        let epoch = self.epoch();
        let mut metrics = self.meter.take(self.state.step, epoch, rate);
        metrics.gradient_norm = self.gradient_norm.take();
        self.watch.hear(&Event::Logged(&metrics));
        self.write(&Line::Steps(metrics));
        self.draw(self.state.step < self.parts.n_steps);
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
        for nth in 0..self.parts.validations.len() {
            self.validate_by(nth)?;
        }
        Ok(())
    }

    fn validate_by(&mut self, nth: usize) -> Result<(), TrainError> {
        let validation = &self.parts.validations[nth];
        let before = Instant::now();
        self.parts.ema.iter_mut().for_each(super::ema::Ema::swap);
        let report = validation.judge(&self.parts.model);
        self.parts.ema.iter_mut().for_each(super::ema::Ema::swap);
        let time = before.elapsed();
        self.meter.pause(time);
        let (step, epoch) = (self.state.step, self.epoch());
        let metrics = validation::metrics(report?, step, epoch, time.as_secs_f64());
        self.watch.hear(&Event::Validated(&metrics));
        let best = self.state.best_accuracy;
        if nth == 0 && best.is_none_or(|b| metrics.accuracy > b) {
            self.state.best_accuracy = Some(metrics.accuracy);
            if let Err(error) = self.write_checkpoint(&self.folder.best()) {
                self.watch.hear(&Event::Warning(&error.to_string()));
            }
        }
        self.write(&Line::Validation(metrics));
        Ok(())
    }

    /// Saves; where the file cannot be written, tells so and goes on: the checkpoints before are
    /// there still.
    fn save_if_possible(&mut self) -> Result<(), TrainError> {
        match self.save() {
            Err(error @ TrainError::Io { .. }) => {
                let told = format!("no checkpoint could be written, training goes on: {error}");
                self.watch.hear(&Event::Warning(&told));
                self.saved_at = Instant::now();
                Ok(())
            }
            saved => saved,
        }
    }

    fn save(&mut self) -> Result<(), TrainError> {
        if !self.parts.optimizer.is_finite() {
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
        let averages = self.parts.ema.as_ref().map(super::ema::Ema::averages);
        Checkpoint {
            state: self.state.clone(),
            model: self
                .parts
                .model
                .variables()
                .variables()
                .into_iter()
                .collect(),
            optimizer: self.parts.optimizer.memory().into_iter().collect(),
            ema: averages.unwrap_or_default().into_iter().collect(),
        }
        .write(path)
    }
}

/// Tells the seeds of dropout from the others.
const DROPOUT: u64 = 0xD0 << 56;
