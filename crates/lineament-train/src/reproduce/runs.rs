//! Runs of a reproduction: begun, gone on with, finished once.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::TrainError;
use crate::run::checkpoint::Checkpoint;
use crate::run::export::{self, Calibrated, Wanted};
use crate::run::metrics::{self, Line};
use crate::run::validation::HELD_OUT;
use crate::run::{self, Config, Outcome, Threads, Watch, best_or_last};

/// Where a reproduction's runs and models go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Runs<'a> {
    /// `runs/` and `models/` are in it.
    pub(super) folder: &'a Path,
    /// Terms of the models.
    pub(super) licence: &'a str,
}

/// Whether a model is written of a finished run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    /// It is.
    Written,
    /// It is not: a patch of a face is nothing that `lineament` could cut out.
    Left,
}

/// The checkpoint that a finished run is judged by: the one whose model is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Its steps: the best by the people held out, else the last.
    pub step: u64,
    /// What it reached on the people held out, where the run held any out.
    pub held_out: Option<HeldOut>,
}

/// A validation by the people held out.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// Mean over folds of the share of pairs judged rightly.
    pub accuracy: f64,
    /// Its standard error.
    pub accuracy_se: f64,
    /// The share of every fold.
    pub folds: Vec<f64>,
}

impl Runs<'_> {
    /// By which checkpoint a finished run is judged.
    pub(super) fn judged(&self, name: &str) -> Result<Judged, TrainError> {
        let run = self.run(name);
        let step = Checkpoint::read(&best_or_last(&run)?)?.state.step;
        let path = run.join("metrics.jsonl");
        let text = fs::read_to_string(&path).map_err(|e| TrainError::io(&path, e))?;
        let held_out = metrics::lines(&text)
            .into_iter()
            .find_map(|line| match line {
                Line::Validation(m) if m.step == step && m.protocol == HELD_OUT => Some(HeldOut {
                    accuracy: m.accuracy,
                    accuracy_se: m.accuracy_se,
                    folds: m.folds,
                }),
                _ => None,
            });
        Ok(Judged { step, held_out })
    }

    pub(super) fn models(&self) -> PathBuf {
        self.folder.join("models")
    }

    /// The folder of the run of this name.
    pub(super) fn run(&self, name: &str) -> PathBuf {
        self.folder.join("runs").join(name)
    }

    /// Trains what `config` says, or goes on with it.
    pub(super) fn train(
        &self,
        config: Config,
        model: Model,
        threads: Threads,
        watch: &mut dyn Watch,
    ) -> Result<Outcome, TrainError> {
        let run = self.run(&config.name);
        let written = self.models().join(format!("{}.toml", config.name));
        let begun = run.join("config.toml");
        let outcome = match begun.is_file() {
            true if Config::load(&begun, &[])? != config => {
                return Err(TrainError::Run {
                    path: run,
                    reason: "it was begun with another configuration; --out names another place"
                        .to_owned(),
                });
            }
            true if written.is_file() => return Ok(Outcome::Finished),
            true => run::resume(&run, &[], threads, watch)?,
            false => run::train(config, &run, threads, watch)?,
        };
        if outcome == Outcome::Finished && model == Model::Written {
            let wanted = Wanted {
                checkpoint: None,
                folder: self.models(),
                fp16_weights: false,
                licence: self.licence.to_owned(),
                preference: 0,
                restore: false,
                calibration: Calibrated::Not,
                default_fmr: None,
                flip: None,
            };
            export::export(&run, &wanted, watch)?;
        }
        Ok(outcome)
    }
}
