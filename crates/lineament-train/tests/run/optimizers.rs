//! The optimisers against torch.optim; values by `reference/optimizers.py`.

use std::collections::BTreeMap;

use lineament_train::run::optim::{Optimizer, OptimizerConfig};
use serde::Deserialize;
use tch::nn::{Init, VarStore};
use tch::{Device, Kind, Tensor};

/// Of values near 1, in 32-bit floats that were rounded to 8 decimals.
const TOLERANCE: f64 = 2e-6;

type Values = BTreeMap<String, Vec<f32>>;

#[derive(Deserialize)]
struct Golden {
    shapes: BTreeMap<String, Vec<i64>>,
    start: Values,
    targets: Values,
    cases: Vec<Case>,
    clips: Vec<Clip>,
}

#[derive(Deserialize)]
struct Case {
    rule: OptimizerConfig,
    rates: Vec<f64>,
    after: Vec<Values>,
}

#[derive(Deserialize)]
struct Clip {
    limit: f64,
    norm: f64,
    gradients: Values,
}

fn golden() -> Golden {
    let text = include_str!("../../../../reference/golden/optimizers.json");
    serde_json::from_str(text).unwrap()
}

impl Golden {
    fn tensors(&self, values: &Values) -> BTreeMap<String, Tensor> {
        let shaped = |(name, v): (&String, &Vec<f32>)| {
            let tensor = Tensor::from_slice(v).reshape(&self.shapes[name]);
            (name.clone(), tensor)
        };
        values.iter().map(shaped).collect()
    }

    fn store(&self) -> VarStore {
        let store = VarStore::new(Device::Cpu);
        for (name, start) in self.tensors(&self.start) {
            let mut variable = store.root().var(&name, &start.size(), Init::Const(0.0));
            tch::no_grad(|| variable.copy_(&start));
        }
        store
    }

    fn check(&self, what: &str, got: &BTreeMap<String, Tensor>, expected: &Values) {
        for (name, expected) in self.tensors(expected) {
            let difference = (&got[&name] - expected).abs().max().double_value(&[]);
            assert!(
                difference < TOLERANCE,
                "{what}, {name}: off by {difference:e}"
            );
        }
    }
}

fn backward(store: &VarStore, targets: &BTreeMap<String, Tensor>, factor: f64) {
    for (name, variable) in store.variables() {
        let loss = (variable - &targets[&name]).square().sum(Kind::Float) * (factor / 2.0);
        loss.backward();
    }
}

fn variables(store: &VarStore) -> BTreeMap<String, Tensor> {
    store.variables().into_iter().collect()
}

#[test]
fn every_step_is_that_of_torch() {
    let golden = golden();
    let targets = golden.tensors(&golden.targets);
    for case in &golden.cases {
        let store = golden.store();
        let mut optimizer = Optimizer::new(&case.rule, &store).unwrap();
        for (k, (rate, after)) in case.rates.iter().zip(&case.after).enumerate() {
            backward(&store, &targets, (k + 1) as f64);
            optimizer.step(*rate);
            let what = format!("{:?}, step {k}", case.rule);
            golden.check(&what, &variables(&store), after);
        }
    }
}

#[test]
fn going_on_from_saved_memory_changes_no_bit() {
    let golden = golden();
    let targets = golden.tensors(&golden.targets);
    for case in &golden.cases {
        let whole = golden.store();
        let mut optimizer = Optimizer::new(&case.rule, &whole).unwrap();
        let halves = golden.store();
        let mut first = Optimizer::new(&case.rule, &halves).unwrap();
        for k in 0..2 {
            for (store, optimizer) in [(&whole, &mut optimizer), (&halves, &mut first)] {
                backward(store, &targets, f64::from(k) + 1.0);
                optimizer.step(0.1);
            }
        }
        let saved = first.memory().into_iter().collect();
        let mut second = Optimizer::new(&case.rule, &halves).unwrap();
        second.restore(first.n_steps(), &saved).unwrap();
        for (store, optimizer) in [(&whole, &mut optimizer), (&halves, &mut second)] {
            backward(store, &targets, 3.0);
            optimizer.step(0.1);
        }
        assert_eq!(variables(&whole), variables(&halves), "{:?}", case.rule);
    }
}

#[test]
fn clipping_is_that_of_torch() {
    let golden = golden();
    for clip in &golden.clips {
        let store = golden.store();
        let config: OptimizerConfig = serde_json::from_str(r#"{"kind": "sgd"}"#).unwrap();
        let mut optimizer = Optimizer::new(&config, &store).unwrap();
        let zeros = golden
            .start
            .iter()
            .map(|(n, v)| (n.clone(), vec![0.0; v.len()]));
        backward(&store, &golden.tensors(&zeros.collect()), 2.0);
        let norm = optimizer.clip(clip.limit);
        assert!(
            (norm - clip.norm).abs() < 1e-5,
            "{norm} is not {}",
            clip.norm
        );
        let gradients = variables(&store).into_iter().map(|(n, v)| (n, v.grad()));
        golden.check("gradients", &gradients.collect(), &clip.gradients);
    }
}

#[test]
fn memory_of_other_parameters_is_refused() {
    let golden = golden();
    let store = golden.store();
    let config: OptimizerConfig = serde_json::from_str(r#"{"kind": "adagrad"}"#).unwrap();
    let mut optimizer = Optimizer::new(&config, &store).unwrap();
    let mut saved: BTreeMap<_, _> = optimizer.memory().into_iter().collect();
    saved.insert(
        "sum.bias".to_owned(),
        Tensor::zeros([4], (Kind::Float, Device::Cpu)),
    );
    let told = optimizer.restore(3, &saved).unwrap_err().to_string();
    assert!(told.contains("sum.bias") && told.contains("[4]"), "{told}");
    saved.remove("sum.bias");
    let told = optimizer.restore(3, &saved).unwrap_err().to_string();
    assert!(told.contains("sum.bias") && told.contains("none"), "{told}");
}

/// Variables of one value, 2.
fn twos() -> VarStore {
    let store = VarStore::new(Device::Cpu);
    for (layer, name, shape) in [
        ("first", "weight", &[1, 1][..]),
        ("last", "weight", &[1, 1]),
        ("last", "bias", &[1]),
        ("loss", "weight", &[1, 1]),
    ] {
        let _ = (store.root() / layer).var(name, shape, Init::Const(2.0));
    }
    store
}

fn refusal(config: &str) -> String {
    let config: OptimizerConfig = serde_json::from_str(config).unwrap();
    match Optimizer::new(&config, &twos()) {
        Ok(_) => panic!("{config:?} was taken"),
        Err(error) => error.to_string(),
    }
}

/// θ − η·f·(g + w·θ) with η = 0.1, g = 1 and θ = 2; a vector has no w, whatever its group.
#[test]
fn groups_decay_and_move_as_they_say() {
    for (groups, expected) in [
        ("[]", [1.88, 1.88, 1.9, 1.88]),
        (
            r#"[{"names": ["last", "loss."], "weight_decay": 1.0}]"#,
            [1.88, 1.7, 1.9, 1.7],
        ),
        (
            r#"[{"names": ["last"], "weight_decay": 0.0, "rate_factor": 0.5},
                {"names": ["loss.weight"], "rate_factor": 10.0}]"#,
            [1.88, 1.95, 1.95, 0.8],
        ),
    ] {
        let store = twos();
        let config = format!(r#"{{"kind": "sgd", "weight_decay": 0.1, "groups": {groups}}}"#);
        let config: OptimizerConfig = serde_json::from_str(&config).unwrap();
        let mut optimizer = Optimizer::new(&config, &store).unwrap();
        let variables = store.variables();
        for variable in variables.values() {
            variable.sum(Kind::Float).backward();
        }
        optimizer.step(0.1);
        let names = ["first.weight", "last.weight", "last.bias", "loss.weight"];
        for (name, expected) in names.iter().zip(expected) {
            let got = variables[*name].sum(Kind::Double).double_value(&[]);
            assert!((got - expected).abs() < 1e-6, "{groups}, {name}: {got}");
        }
    }
}

#[test]
fn groups_that_hold_nothing_or_overlap_are_refused() {
    let told = refusal(r#"{"kind": "sgd", "groups": [{"names": ["last", "lost"]}]}"#);
    assert!(
        told.contains("optimizer.groups.names") && told.contains("lost"),
        "{told}"
    );
    let overlapping = r#"{"kind": "sgd", "groups": [{"names": ["la"]}, {"names": ["last.b"]}]}"#;
    let told = refusal(overlapping);
    assert!(told.contains("last.bias in several"), "{told}");
}

#[test]
fn groups_are_told_with_what_is_in_them() {
    let config = r#"{"kind": "sgd", "weight_decay": 4e-5, "groups": [{"names": ["last"], "weight_decay": 4e-4}]}"#;
    let config: OptimizerConfig = serde_json::from_str(config).unwrap();
    let optimizer = Optimizer::new(&config, &twos()).unwrap();
    let expected = "weight decay 4e-4, 1 times the rate: last.bias, last.weight";
    assert_eq!(optimizer.describe(&config.groups), [expected]);
}
