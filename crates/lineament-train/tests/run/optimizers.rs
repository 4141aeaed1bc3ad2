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
        let mut optimizer = Optimizer::new(&case.rule, &store);
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
        let mut optimizer = Optimizer::new(&case.rule, &whole);
        let halves = golden.store();
        let mut first = Optimizer::new(&case.rule, &halves);
        for k in 0..2 {
            for (store, optimizer) in [(&whole, &mut optimizer), (&halves, &mut first)] {
                backward(store, &targets, f64::from(k) + 1.0);
                optimizer.step(0.1);
            }
        }
        let saved = first.memory().into_iter().collect();
        let mut second = Optimizer::new(&case.rule, &halves);
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
        let mut optimizer = Optimizer::new(&config, &store);
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
    let mut optimizer = Optimizer::new(&config, &store);
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
