//! Fields whose values do not make sense.

use super::{CheckpointConfig, Config, InputConfig, NetworkConfig, TeacherConfig, TrainConfig};
use crate::error::TrainError;
use crate::run::optim::{OptimizerConfig, RuleConfig};
use crate::run::schedule::{Decay, ScheduleConfig};
use std::fmt::Display;

impl Config {
    pub(super) fn check(&self) -> Result<(), TrainError> {
        check_name(&self.name)?;
        check_input(&self.input)?;
        check_network(&self.network)?;
        let has_data = !self.data.sources.is_empty();
        must("data.sources", has_data, "a list of sets", "an empty one")?;
        check_optimizer(&self.optimizer)?;
        check_schedule(&self.schedule)?;
        check_train(&self.train, &self.checkpoint)?;
        let is_told = match &self.teacher {
            None => false,
            Some(teacher) => check_teacher(teacher)?,
        };
        let mix = self.augment.mix.probability;
        let needed = "0 without teacher.model or teacher.network: nobody else knows what a mixed image shows";
        must(
            "augment.mix.probability",
            is_told || mix == 0.0,
            needed,
            mix,
        )?;
        self.check_validation()
    }

    fn check_validation(&self) -> Result<(), TrainError> {
        let validation = &self.validation;
        let is_batch = validation.batch > 0;
        must("validation.batch", is_batch, "1 or more", validation.batch)?;
        let folds = validation.folds;
        must("validation.folds", folds >= 2, "2 or more", folds)?;
        let n_pairs = validation.n_pairs;
        let is_enough = n_pairs == 0 || n_pairs >= 2 * folds;
        let needed = "0, or two a fold or more";
        must("validation.n_pairs", is_enough, needed, n_pairs)?;
        for list in &validation.lists {
            let holds_images = list.pairs.extension().is_some_and(|e| e == "bin");
            must(
                "validation.lists.crops",
                list.crops.is_some() != holds_images,
                "a folder beside a list, and none beside a .bin",
                format!("{:?} beside {}", list.crops, list.pairs.display()),
            )?;
        }
        Ok(())
    }
}

/// Whether the teacher is asked about what the student sees.
fn check_teacher(teacher: &TeacherConfig) -> Result<bool, TrainError> {
    let is_asked = teacher.model.is_some() || teacher.network.is_some();
    let named = [
        ("features", teacher.features.is_some()),
        ("model", teacher.model.is_some()),
        ("network", teacher.network.is_some()),
    ];
    let named: Vec<&str> = (named.iter().filter(|(_, is_there)| *is_there))
        .map(|(name, _)| *name)
        .collect();
    let needed = "one of features, model and network";
    let got = match named.is_empty() {
        true => "none".to_owned(),
        false => named.join(" and "),
    };
    must("teacher", named.len() == 1, needed, got)?;
    Ok(is_asked)
}

pub(crate) fn check_name(name: &str) -> Result<(), TrainError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let is_name = !name.is_empty() && name.chars().all(is_plain);
    must("name", is_name, "letters, digits, '.', '_' and '-'", name)
}

pub(crate) fn check_network(network: &NetworkConfig) -> Result<(), TrainError> {
    let Some(names) = &network.names else {
        return Ok(());
    };
    let weights = network.weights.as_deref();
    let is_named = weights.is_some_and(|w| w.extension().is_some_and(|e| e == "safetensors"));
    let needed = "absent but beside a .safetensors file in network.weights";
    must("network.names", is_named, needed, names)
}

pub(crate) fn check_input(input: &InputConfig) -> Result<(), TrainError> {
    let is_side = |n: u32| (1..=1024).contains(&n);
    must(
        "input.width",
        is_side(input.width),
        "1 to 1024",
        input.width,
    )?;
    let is_height = is_side(input.height);
    must("input.height", is_height, "1 to 1024", input.height)?;
    above_zero("input.crop_px_per_px", input.crop_px_per_px)?;
    let offset = input.offset_crop_px;
    let is_within = offset.iter().all(|o| o.abs() <= 1024.0);
    must(
        "input.offset_crop_px",
        is_within,
        "-1024 to 1024",
        format!("{offset:?}"),
    )?;
    let is_finite = input.mean.iter().all(|m| m.is_finite());
    let shown = format!("{:?}", input.mean);
    must("input.mean", is_finite, "finite", shown)?;
    let is_above = input.std.iter().all(|s| s.is_finite() && *s > 0.0);
    must("input.std", is_above, "above 0", format!("{:?}", input.std))
}

pub(crate) fn check_optimizer(optimizer: &OptimizerConfig) -> Result<(), TrainError> {
    let decay = |w| not_below_zero("optimizer.weight_decay", w);
    for group in &optimizer.groups {
        let is_some = group.names.iter().all(|n| !n.is_empty()) && !group.names.is_empty();
        let got = format!("{:?}", group.names);
        must(
            "optimizer.groups.names",
            is_some,
            "beginnings of names",
            got,
        )?;
        above_zero("optimizer.groups.rate_factor", group.rate_factor)?;
        let w = group.weight_decay.unwrap_or(0.0);
        not_below_zero("optimizer.groups.weight_decay", w)?;
    }
    match &optimizer.rule {
        RuleConfig::Sgd(sgd) => {
            share("optimizer.momentum", sgd.momentum)?;
            let is_possible = !sgd.nesterov || sgd.momentum > 0.0;
            let needed = "false where there is no momentum";
            must("optimizer.nesterov", is_possible, needed, sgd.nesterov)?;
            decay(sgd.weight_decay)
        }
        RuleConfig::Adagrad(adagrad) => {
            not_below_zero("optimizer.initial_sum", adagrad.initial_sum)?;
            above_zero("optimizer.epsilon", adagrad.epsilon)?;
            decay(adagrad.weight_decay)
        }
        RuleConfig::AdamW(adamw) => {
            share("optimizer.beta1", adamw.beta1)?;
            share("optimizer.beta2", adamw.beta2)?;
            above_zero("optimizer.epsilon", adamw.epsilon)?;
            decay(adamw.weight_decay)
        }
    }
}

pub(crate) fn check_schedule(schedule: &ScheduleConfig) -> Result<(), TrainError> {
    above_zero("schedule.rate", schedule.rate)?;
    let factor = |f: f64| {
        let is_factor = f > 0.0 && f <= 1.0;
        must("schedule.decay.factor", is_factor, "above 0, at most 1", f)
    };
    match &schedule.decay {
        Decay::Constant => Ok(()),
        Decay::Step { factor: f, .. } | Decay::Multistep { factor: f, .. } => factor(*f),
        Decay::Cosine { to } => {
            let is_share = (0.0..=1.0).contains(to);
            must("schedule.decay.to", is_share, "0 to 1", to)
        }
    }
}

pub(crate) fn check_train(
    train: &TrainConfig,
    checkpoint: &CheckpointConfig,
) -> Result<(), TrainError> {
    let n = train.accumulate;
    must("train.accumulate", n > 0, "1 or more", n)?;
    not_below_zero("train.clip_norm", train.clip_norm)?;
    share("train.ema", train.ema)?;
    must("train.log_every", train.log_every > 0, "1 or more", 0)?;
    above_zero("checkpoint.minutes", checkpoint.minutes)?;
    let keep = checkpoint.keep;
    must("checkpoint.keep", keep > 0, "1 or more", keep)
}

fn above_zero(field: &'static str, value: f64) -> Result<(), TrainError> {
    must(field, value > 0.0 && value.is_finite(), "above 0", value)
}

fn not_below_zero(field: &'static str, value: f64) -> Result<(), TrainError> {
    must(
        field,
        value >= 0.0 && value.is_finite(),
        "0 or above",
        value,
    )
}

/// From 0 to below 1.
fn share(field: &'static str, value: f64) -> Result<(), TrainError> {
    let is_share = (0.0..1.0).contains(&value);
    must(field, is_share, "from 0 to below 1", value)
}

pub(crate) fn must(
    field: &'static str,
    holds: bool,
    expected: &str,
    got: impl Display,
) -> Result<(), TrainError> {
    match holds {
        true => Ok(()),
        false => Err(TrainError::ConfigField {
            field,
            expected: expected.to_owned(),
            got: got.to_string(),
        }),
    }
}
