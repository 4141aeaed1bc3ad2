//! From a configuration to everything a run needs.

use super::config::{Config, InputConfig, NetworkConfig, TeacherConfig};
use super::device::Choice;
use super::ema::Ema;
use super::heldout;
use super::images;
use super::optim::Optimizer;
use super::provenance::Provenance;
use super::schedule::Schedule;
use super::step::{Losses, mixed};
use super::teacher::TeacherNetwork;
use super::validation::Validation;
use super::watch::{Event, Watch};
use crate::data::{
    Augment, Images, Loader, Part, Sampler, Teacher, TeacherFeatures, TeacherModel, TrainSet,
};
use crate::error::TrainError;
use crate::generator::seeded;
use crate::model::Model;
use crate::nets::{self, NetOptions};
use crate::{graph::Graph, loss};
use std::num::NonZeroUsize;
use std::sync::Arc;

/// What the command line decides beside the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threads {
    /// Threads of libtorch.
    pub compute: NonZeroUsize,
    /// Threads that decode and augment.
    pub load: NonZeroUsize,
}

/// A run that is ready to begin, or to go on.
pub(super) struct Parts {
    pub(super) choice: Choice,
    pub(super) model: Model,
    pub(super) losses: Losses,
    pub(super) optimizer: Optimizer,
    pub(super) ema: Option<Ema>,
    pub(super) schedule: Schedule,
    pub(super) set: Arc<TrainSet>,
    pub(super) loader: Loader,
    /// The teacher that is asked here, not by the loader.
    pub(super) teacher: Option<TeacherNetwork>,
    /// The one that tells which checkpoint is best comes first.
    pub(super) validations: Vec<Validation>,
    pub(super) steps_per_epoch: u64,
    pub(super) n_steps: u64,
}

/// Seeds that do not meet: one for each thing that is drawn.
#[derive(Clone, Copy)]
enum Purpose {
    Weights = 1,
    Losses,
    Order,
    Augmentation,
}

impl Parts {
    pub(super) fn new(
        config: &Config,
        threads: Threads,
        watch: &mut dyn Watch,
    ) -> Result<Self, TrainError> {
        let seed = |purpose: Purpose| mixed(config.seed, purpose as u64);
        tch::set_num_threads(i32::try_from(threads.compute.get()).unwrap_or(i32::MAX));
        let choice = Choice::new(config)?;
        watch.hear(&Event::Note(&choice.describe()));
        let images = images::open(config, threads, watch)?;
        let set = Arc::new(open_set(config, &images)?);
        let graph = graph(config)?;
        let mut model = Model::new(&graph, choice.device, seed(Purpose::Weights))?;
        model.set_precision(choice.precision);
        let generator = seeded(seed(Purpose::Losses));
        let losses = build_losses(config, &model, &set)?;
        drop(generator);
        freeze(config, &model)?;
        let sampler = Sampler::new(&config.sampler, set.labels(), seed(Purpose::Order))?;
        let steps_per_epoch = sampler.steps_per_epoch().div_ceil(config.train.accumulate);
        let n_steps = config.train.length.steps(steps_per_epoch);
        let augment = Augment::new(&config.augment, seed(Purpose::Augmentation))?;
        let target = config.input.target();
        let loader = Loader::new(set.clone(), sampler, augment, target, threads.load)?;
        watch.hear(&Event::Note(&describe(&set, &model)));
        let teacher = match &config.teacher {
            Some(TeacherConfig {
                network: Some(network),
                views,
                ..
            }) => {
                let input = &config.input;
                Some(TeacherNetwork::open(network, *views, input, &choice)?)
            }
            _ => None,
        };
        let optimizer = Optimizer::new(&config.optimizer, model.variables())?;
        for group in optimizer.describe(&config.optimizer.groups) {
            watch.hear(&Event::Note(&group));
        }
        Ok(Self {
            optimizer,
            ema: Ema::wanted(config.train.ema, &model),
            schedule: Schedule::new(&config.schedule, steps_per_epoch, n_steps),
            validations: validations(config, images, threads)?,
            choice,
            model,
            losses,
            set,
            loader,
            teacher,
            steps_per_epoch,
            n_steps,
        })
    }

    /// What is not in the configuration.
    pub(super) fn provenance(&self) -> Provenance {
        let of_set = self.set.teacher().map(Teacher::model_sha256);
        let here = self.teacher.as_ref().map(|t| t.model_sha256().to_owned());
        Provenance::new(&self.set, &self.model, of_set.or(here))
    }
}

fn describe(set: &TrainSet, model: &Model) -> String {
    let graph = model.graph();
    format!(
        "{}: {:.2} M parameters, {:.2} G multiplications; {} images, {} people",
        graph.name(),
        graph.n_parameters() as f64 / 1e6,
        graph.n_macs() as f64 / 1e9,
        set.len(),
        set.people().len(),
    )
}

/// The network of a configuration.
///
/// # Errors
/// Those of [`nets::by_name`].
pub fn graph(config: &Config) -> Result<Graph, TrainError> {
    graph_of(&config.network, &config.input)
}

/// The network for pictures of this size.
pub(super) fn graph_of(network: &NetworkConfig, input: &InputConfig) -> Result<Graph, TrainError> {
    let options = NetOptions {
        input: Some((input.height as usize, input.width as usize)),
        ..network.options
    };
    nets::by_name(&network.name, &options)
}

fn open_set(config: &Config, images: &Arc<Images>) -> Result<TrainSet, TrainError> {
    let set = TrainSet::of(images.clone(), &config.data.selection, Part::Train)?;
    let Some(config_of) = &config.teacher else {
        return Ok(set);
    };
    let teacher = if let Some(path) = &config_of.features {
        Teacher::Features(Arc::new(TeacherFeatures::open(path, images)?))
    } else if let Some(path) = &config_of.model {
        Teacher::Model(Arc::new(TeacherModel::open(path, &config.input.target())?))
    } else {
        return Ok(set);
    };
    set.with_teacher(teacher, config_of.views)
}

fn build_losses(config: &Config, model: &Model, set: &TrainSet) -> Result<Losses, TrainError> {
    let dim = model.graph().embedding_dim() as i64;
    let n_people = set.people().len() as i64;
    let n_outputs = model.graph().outputs().len();
    let path = model.variables().root() / "loss";
    loss::build(&config.loss, &path, dim, n_people, n_outputs)
}

fn freeze(config: &Config, model: &Model) -> Result<(), TrainError> {
    let wanted = &config.network.trainable;
    let moves = |name: &str| wanted.is_empty() || wanted.iter().any(|w| name.starts_with(w));
    let variables = model.variables().variables();
    for missing in wanted {
        if !variables.keys().any(|name| name.starts_with(missing)) {
            return Err(TrainError::ConfigField {
                field: "network.trainable",
                expected: "the beginnings of names of variables".to_owned(),
                got: missing.clone(),
            });
        }
    }
    for (name, variable) in variables {
        if variable.requires_grad() && !moves(&name) {
            let _ = variable.set_requires_grad(false);
        }
    }
    Ok(())
}

/// All that the network is judged by between epochs.
fn validations(
    config: &Config,
    images: Arc<Images>,
    threads: Threads,
) -> Result<Vec<Validation>, TrainError> {
    let options = &config.validation;
    let lists = options.lists.iter().map(|list| {
        let (root, input) = (&config.data.root, config.input.clone());
        Validation::listed(
            list,
            root,
            options.folds,
            input,
            options.batch,
            threads.load,
        )
    });
    let held_out = validation(config, images, threads).transpose();
    held_out.into_iter().chain(lists).collect()
}

/// The people who are held out, and pairs of them; `None` where there are none.
pub(super) fn validation(
    config: &Config,
    images: Arc<Images>,
    threads: Threads,
) -> Result<Option<Validation>, TrainError> {
    let options = &config.validation;
    if options.n_pairs == 0 || config.data.selection.held_out == 0.0 {
        return Ok(None);
    }
    let set = TrainSet::of(images, &config.data.selection, Part::HeldOut)?;
    let n_people = set.people().len();
    // Everybody belongs to one fold: without two people in any, there is no non-mated pair.
    if n_people > 0 && n_people <= options.folds {
        return Err(TrainError::ConfigField {
            field: "validation.folds",
            expected: format!(
                "fewer than the {n_people} people held out (data.selection.held_out)"
            ),
            got: options.folds.to_string(),
        });
    }
    let pairs = heldout::pairs(&set, options.n_pairs, options.folds, options.seed);
    let input = config.input.clone();
    let validation = Validation::new(Arc::new(set), pairs, input, options.batch, threads.load);
    Ok(Some(validation).filter(|v| !v.is_empty()))
}
