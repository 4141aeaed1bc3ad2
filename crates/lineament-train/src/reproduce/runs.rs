//! Runs of a reproduction: begun, gone on with, finished once.

use std::path::{Path, PathBuf};

use crate::error::TrainError;
use crate::run::export::{self, Calibrated, Wanted};
use crate::run::{self, Config, Outcome, Threads, Watch};

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

impl Runs<'_> {
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
