//! A loss under test, in f64, and the cases of the reference.

use lineament_train::loss::{self, LossConfig, LossInput, LossOutput, Weighted};
use serde_json::Value;
use std::collections::BTreeMap;
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

/// The losses of a configuration with their variables, for features of one length.
pub(crate) struct Subject {
    pub(crate) store: VarStore,
    pub(crate) losses: Vec<Weighted>,
}

/// What the loss sees.
pub(crate) struct Batch {
    pub(crate) features: Tensor,
    pub(crate) labels: Tensor,
    pub(crate) step: u64,
    pub(crate) teacher: Option<Tensor>,
}

impl Subject {
    pub(crate) fn new(config: &LossConfig, dim: i64, n_classes: i64) -> Self {
        let mut store = VarStore::new(Device::Cpu);
        store.set_kind(Kind::Double);
        tch::manual_seed(1);
        let losses = loss::build(config, &store.root(), dim, n_classes, 1).unwrap();
        Self { store, losses }
    }

    /// The loss that a text in TOML describes.
    pub(crate) fn of(text: &str, dim: i64, n_classes: i64) -> Self {
        Self::new(&toml::from_str(text).unwrap(), dim, n_classes)
    }

    pub(crate) fn compute(&mut self, batch: &Batch) -> LossOutput {
        self.try_compute(batch).unwrap()
    }

    pub(crate) fn try_compute(
        &mut self,
        batch: &Batch,
    ) -> Result<LossOutput, lineament_train::TrainError> {
        let [(weight, loss)] = &mut self.losses[..] else {
            panic!("one loss is tested at a time");
        };
        assert_eq!(*weight, 1.0);
        loss.compute(&LossInput {
            outputs: &[batch.features.shallow_clone()],
            labels: &batch.labels,
            step: batch.step,
            teacher: batch.teacher.as_ref(),
        })
    }

    /// The variables by name, those that are trained and the others.
    pub(crate) fn variables(&self) -> (BTreeMap<String, Tensor>, BTreeMap<String, Tensor>) {
        let variables = self.store.variables().into_iter();
        variables.partition(|(_, tensor)| tensor.requires_grad())
    }

    pub(crate) fn set(&self, name: &str, value: &Tensor) {
        let variables = self.store.variables();
        let mut variable = variables
            .get(name)
            .unwrap_or_else(|| panic!("no {name} among {:?}", variables.keys()))
            .shallow_clone();
        assert_eq!(variable.size(), value.size(), "{name}");
        tch::no_grad(|| variable.copy_(value));
    }
}

impl Batch {
    /// A batch at step 0, whose features collect gradients.
    pub(crate) fn new(features: &[&[f64]], labels: &[i64]) -> Self {
        let dim = features.first().map_or(2, |row| row.len());
        let flat: Vec<f64> = features.iter().flat_map(|row| row.to_vec()).collect();
        let features = Tensor::from_slice(&flat).view([features.len() as i64, dim as i64]);
        Self {
            features: features.set_requires_grad(true),
            labels: Tensor::from_slice(labels),
            step: 0,
            teacher: None,
        }
    }

    pub(crate) fn from_golden(value: &Value) -> Self {
        let labels: Vec<i64> = serde_json::from_value(value["labels"].clone()).unwrap();
        Self {
            features: tensor(&value["features"]).set_requires_grad(true),
            labels: Tensor::from_slice(&labels),
            step: value["step"].as_u64().unwrap(),
            teacher: (!value["teacher"].is_null()).then(|| tensor(&value["teacher"])),
        }
    }
}

/// A golden case with its loss.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) subject: Subject,
    pub(crate) batches: Vec<Value>,
}

pub(crate) fn cases() -> Vec<Case> {
    let path = format!(
        "{}/../../reference/golden/train_losses.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let golden: Value = serde_json::from_str(&text).unwrap();
    golden["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(case)
        .collect()
}

fn case(value: &Value) -> Case {
    let name = value["name"].as_str().unwrap().to_owned();
    let config =
        serde_json::from_value(value["config"].clone()).unwrap_or_else(|e| panic!("{name}: {e}"));
    let batches = value["batches"].as_array().unwrap().clone();
    let dim = batches[0]["features"][0].as_array().unwrap().len();
    let subject = Subject::new(&config, dim as i64, value["classes"].as_i64().unwrap());
    let variables = value["variables"].as_object().unwrap();
    assert_eq!(variables.len(), subject.store.len(), "{name}");
    for (variable, value) in variables {
        subject.set(variable, &tensor(value));
    }
    Case {
        name,
        subject,
        batches,
    }
}

/// Nested lists of numbers.
pub(crate) fn tensor(value: &Value) -> Tensor {
    let (mut shape, mut inner) = (vec![], value);
    while let Some(list) = inner.as_array() {
        shape.push(list.len() as i64);
        inner = &list[0];
    }
    let mut flat = vec![];
    flatten(value, &mut flat);
    Tensor::from_slice(&flat).view(shape.as_slice())
}

fn flatten(value: &Value, into: &mut Vec<f64>) {
    match value {
        Value::Array(list) => list.iter().for_each(|inner| flatten(inner, into)),
        number => into.push(number.as_f64().unwrap()),
    }
}

/// Panics unless the two are equal but for rounding, relative to the greatest number expected.
pub(crate) fn assert_close(what: &str, got: &Tensor, expected: &Tensor, tolerance: f64) {
    assert_eq!(got.size(), expected.size(), "{what}");
    let scale = expected.abs().max().double_value(&[]).max(1.0);
    let off = (got - expected).abs().max().double_value(&[]) / scale;
    assert!(
        off <= tolerance,
        "{what}: off by {off:e}: {got} and {expected}"
    );
}

/// The gradient that was collected, or zeros.
pub(crate) fn gradient(of: &Tensor) -> Tensor {
    match of.grad() {
        gradient if gradient.defined() => gradient,
        _ => of.zeros_like(),
    }
}
