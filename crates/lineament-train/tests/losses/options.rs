//! Configurations: what they may say, what is refused, and what is built.

use super::subject::{Batch, Subject};
use lineament_train::loss::{self, LossConfig};
use tch::nn::VarStore;
use tch::{Device, Tensor};

fn refusal(text: &str) -> String {
    let config: LossConfig = match toml::from_str(text) {
        Ok(config) => config,
        Err(error) => return error.to_string(),
    };
    let store = VarStore::new(Device::Cpu);
    match loss::build(&config, &store.root(), 4, 3, 1) {
        Ok(_) => panic!("{text} was taken"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    for (text, expected) in [
        (
            "kind = 'arcface'\nmargin = 2.0",
            "arcface: margin must be an angle in radians from 0 to π/2, got 2",
        ),
        (
            "kind = 'cosface'\nscale = -1.0",
            "cosface: scale must be above 0, got -1",
        ),
        (
            "kind = 'a_softmax'\nmultiplier = 5",
            "a_softmax: multiplier must be 1, 2, 3 or 4, got 5",
        ),
        (
            "kind = 'l_softmax'\nannealing = { base = -2.0 }",
            "l_softmax: annealing.base must be 0 or above, got -2",
        ),
        (
            "kind = 'softmax'\nlabel_smoothing = 1.0",
            "softmax: label_smoothing must be 0 or above, below 1, got 1",
        ),
        (
            "kind = 'triplet'\nmargin = nan",
            "triplet: margin must be above 0, got NaN",
        ),
        (
            "kind = 'subcenter_arcface'\ncentres = 0",
            "subcenter_arcface: centres must be above 0, got 0",
        ),
        (
            "kind = 'magface'\nleast_length = 200.0",
            "magface: greatest_length − least_length must be above 0, got -90",
        ),
        (
            "kind = 'adaface'\npace = 0.0",
            "adaface: pace must be above 0, at most 1, got 0",
        ),
        (
            "kind = 'center'\npace = 1.5",
            "center: pace must be from 0 to 1, got 1.5",
        ),
        (
            "kind = 'joint'\nlambda = -1.0",
            "joint: lambda must be 0 or above, got -1",
        ),
        (
            "kind = 'contrastive'\nmargin = { rule = 'recent', initial = 1.0, n_pairs = 0 }",
            "contrastive: margin.n_pairs must be above 0, got 0",
        ),
        (
            "kind = 'partial_fc'\nfraction = 0.0\nseed = 1\nhead = { kind = 'cosface' }",
            "partial_fc: fraction must be above 0, at most 1, got 0",
        ),
        (
            "kind = 'partial_fc'\nfraction = 0.5\nseed = 1\nhead = { kind = 'softmax' }",
            "a loss of kind partial_fc takes a loss of angles, such as cosface, got softmax",
        ),
        (
            "kind = 'sum'\nterms = [{ loss = { kind = 'sum', terms = [] } }]",
            "a loss of kind sum takes losses that are no sums, got sum",
        ),
        (
            "kind = 'sum'\nterms = [{ weight = -1.0, loss = { kind = 'softmax' } }]",
            "sum: weight must be 0 or above, got -1",
        ),
    ] {
        assert_eq!(refusal(text), expected);
    }
    assert!(refusal("kind = 'cosface'\nmargins = 0.3").contains("unknown field `margins`"));
    assert!(refusal("kind = 'cosine'").contains("unknown variant `cosine`"));
}

#[test]
fn a_sum_supervises_every_output_or_the_embedding() {
    let text = "kind = 'sum'\n[[terms]]\nloss = { kind = 'joint', lambda = 0.1 }\n[[terms]]\nweight = 0.003\noutputs = 'embedding'\nloss = { kind = 'center' }";
    let config: LossConfig = toml::from_str(text).unwrap();
    let store = VarStore::new(Device::Cpu);
    let mut losses = loss::build(&config, &(store.root() / "loss"), 2, 3, 2).unwrap();
    let names: Vec<_> = losses
        .iter()
        .map(|(weight, loss)| (*weight, loss.name()))
        .collect();
    assert_eq!(names, [(1.0, "joint"), (1.0, "joint"), (0.003, "center")]);
    assert!(
        store
            .variables()
            .contains_key("loss.joint_1.identification.weight")
    );
    let outputs = [1.0, 2.0].map(|value| {
        Tensor::full([2, 2], value, (tch::Kind::Float, Device::Cpu)).set_requires_grad(true)
    });
    let labels = Tensor::from_slice(&[0_i64, 2]);
    let input = loss::LossInput {
        outputs: &outputs,
        labels: &labels,
        step: 0,
        teacher: None,
    };
    losses[1].1.compute(&input).unwrap().total.backward();
    assert!(!outputs[0].grad().defined() && outputs[1].grad().defined());
}

#[test]
fn a_configuration_survives_being_written() {
    let text = "kind = 'contrastive'\nform = 'l1'\npairing = 'all'\nmargin = { rule = 'fixed', value = 2.0 }";
    let config: LossConfig = toml::from_str(text).unwrap();
    let written = toml::to_string(&config).unwrap();
    assert_eq!(toml::from_str::<LossConfig>(&written).unwrap(), config);
    assert_eq!(config.name(), "contrastive");
}

#[test]
fn what_does_not_fit_is_told() {
    let mut subject = Subject::of("kind = 'cosface'", 2, 3);
    let told =
        |subject: &mut Subject, batch: &Batch| subject.try_compute(batch).unwrap_err().to_string();
    let mut batch = Batch::new(&[&[1.0, 2.0], &[0.0, 1.0]], &[0, 3]);
    assert_eq!(
        told(&mut subject, &batch),
        "label 3 is none of the 3 classes the loss was built for; -1 marks unknown people"
    );
    batch.labels = Tensor::from_slice(&[0_i64, -2]);
    assert!(told(&mut subject, &batch).starts_with("label -2 is none"));
    batch.labels = Tensor::from_slice(&[0_i64]);
    assert_eq!(
        told(&mut subject, &batch),
        "the network's output: a loss needs shape [1, 2], got [2, 2]"
    );
    let mut subject = Subject::of("kind = 'distillation'", 2, 3);
    assert!(told(&mut subject, &batch).starts_with("the network's output"));
    batch.labels = Tensor::from_slice(&[0_i64, -1]);
    assert!(told(&mut subject, &batch).starts_with("distillation needs a teacher's embeddings"));
    batch.teacher = Some(Tensor::zeros([2, 3], (tch::Kind::Float, Device::Cpu)));
    assert!(told(&mut subject, &batch).contains("needs shape [2, 2], got [2, 3]"));
}

#[test]
fn what_a_loss_remembers_is_in_its_variables() {
    // A second loss that takes over the variables goes on as the first does.
    for kind in ["curricularface", "adaface", "center", "contrastive"] {
        let text = format!("kind = '{kind}'");
        let mut first = Subject::of(&text, 2, 3);
        let batch = Batch::new(
            &[&[9.0, 2.0], &[0.5, 7.0], &[-3.0, 1.0], &[2.0, 2.0]],
            &[0, 0, 1, 2],
        );
        let start = first.compute(&batch).total.double_value(&[]);
        let mut second = Subject::of(&text, 2, 3);
        for (name, value) in first.store.variables() {
            second.set(&name, &value);
        }
        let next = first.compute(&batch).total.double_value(&[]);
        assert_eq!(second.compute(&batch).total.double_value(&[]), next);
        assert!(kind == "contrastive" || next != start, "{kind}");
    }
}

#[test]
fn single_precision_is_enough() {
    let config: LossConfig = toml::from_str("kind = 'arcface'").unwrap();
    let store = VarStore::new(Device::Cpu);
    tch::manual_seed(3);
    let mut losses = loss::build(&config, &store.root(), 8, 4, 1).unwrap();
    let features = Tensor::randn([5, 8], (tch::Kind::Float, Device::Cpu));
    let labels = Tensor::from_slice(&[0_i64, 1, 2, 3, 0]);
    let input = loss::LossInput {
        outputs: &[features],
        labels: &labels,
        step: 0,
        teacher: None,
    };
    let output = losses[0].1.compute(&input).unwrap();
    assert_eq!(output.total.kind(), tch::Kind::Float);
    assert!(output.total.double_value(&[]).is_finite());
}
