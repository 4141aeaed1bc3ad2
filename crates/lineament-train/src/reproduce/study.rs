//! What the reproductions of systems share.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::features::Extractor;
use super::report::{Measured, Report, variants};
use super::runs::{Model, Runs};
use super::view1::{Judges, View1};
use crate::data::Images;
use crate::error::TrainError;
use crate::run::{Config, Outcome, Threads, Watch, open_images};

/// What is trained, where, and what judges it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Study {
    /// The configuration that all runs share; else the paper's system in small.
    pub recipe: Option<PathBuf>,
    /// Fields set in it.
    pub assignments: Vec<String>,
    /// The whole system for each.
    pub seeds: Vec<u64>,
    /// `runs/` and `models/` go here.
    pub folder: PathBuf,
    /// Terms of the models.
    pub licence: String,
    /// What judges.
    pub judges: Judges,
}

/// The recipe of a system where no other is given.
#[derive(Clone, Copy)]
pub(super) struct Recipe {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

/// A study on its way: what runs need, and whom to tell.
pub(super) struct Course<'a> {
    pub(super) study: &'a Study,
    recipe: Recipe,
    threads: Threads,
    watch: &'a mut dyn Watch,
    say: &'a mut dyn FnMut(&str),
    pub(super) images: Arc<Images>,
    pub(super) view1: View1,
}

impl Study {
    /// The configuration of a run.
    pub(super) fn config(
        &self,
        recipe: Recipe,
        name: &str,
        seed: u64,
        fields: &[String],
    ) -> Result<Config, TrainError> {
        let mut assignments = vec![format!("name=\"{name}\""), format!("seed={seed}")];
        assignments.extend(fields.iter().chain(&self.assignments).cloned());
        match &self.recipe {
            Some(path) => Config::load(path, &assignments),
            None => Config::parse(recipe.text, recipe.name, &assignments),
        }
    }

    fn runs(&self) -> Runs<'_> {
        Runs {
            folder: &self.folder,
            licence: &self.licence,
        }
    }

    /// The report of all seeds; `None` where a run was stopped. `of_seed` trains and judges the system
    /// with one.
    pub(super) fn report(
        &self,
        recipe: Recipe,
        (threads, watch): (Threads, &mut dyn Watch),
        say: &mut dyn FnMut(&str),
        (system, published_is): (&'static str, &'static str),
        mut of_seed: impl FnMut(&mut Course<'_>, u64) -> Result<Option<Seen>, TrainError>,
    ) -> Result<Option<Report>, TrainError> {
        let config = self.config(recipe, "study", 0, &[])?;
        let images = open_images(&config, threads, watch)?;
        let mut course = Course {
            study: self,
            recipe,
            threads,
            watch,
            say,
            view1: View1::open(&self.judges, &config, &images)?,
            images,
        };
        let (mut measured, mut notes) = (Vec::new(), Vec::new());
        for &seed in &self.seeds {
            let Some(seen) = of_seed(&mut course, seed)? else {
                return Ok(None);
            };
            measured.extend(seen.measured);
            notes.extend(seen.notes.iter().map(|note| format!("Seed {seed}: {note}")));
        }
        Ok(Some(Report {
            system,
            protocol: course.view1.describe(),
            published_is,
            rows: variants(&measured),
            notes,
        }))
    }
}

/// What came of one seed.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) measured: Vec<Measured>,
    pub(super) notes: Vec<String>,
}

impl Course<'_> {
    /// Trains a run with these fields set, and gives its network; `None` where it was stopped.
    pub(super) fn network(
        &mut self,
        name: &str,
        seed: u64,
        fields: &[String],
        model: Model,
    ) -> Result<Option<Extractor>, TrainError> {
        let config = self.study.config(self.recipe, name, seed, fields)?;
        (self.say)(name);
        let runs = self.study.runs();
        match runs.train(config, model, self.threads, self.watch)? {
            Outcome::Stopped => Ok(None),
            Outcome::Finished => Extractor::of_run(&self.run(name)).map(Some),
        }
    }

    /// The folder of a run.
    pub(super) fn run(&self, name: &str) -> PathBuf {
        self.study.runs().run(name)
    }
}

/// A path as a field's value.
pub(super) fn quoted(path: &Path) -> String {
    toml::Value::String(path.display().to_string()).to_string()
}
