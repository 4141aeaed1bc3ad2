//! Every network: shapes, parameters against the papers', gradients everywhere, exported files.

use lineament_train::TrainError;
use lineament_train::graph::{Graph, Shape};
use lineament_train::model::{Mode, Model, Precision};
use lineament_train::nets::{NetOptions, Normalisation, by_name, names};
use tch::{Device, Kind, Tensor};

fn published(name: &str) -> Graph {
    by_name(name, &NetOptions::default()).unwrap()
}

fn pictures(graph: &Graph, n: i64) -> Tensor {
    let (height, width) = graph.input().size();
    let shape = [n, 3, height as i64, width as i64];
    let count = shape.iter().product::<i64>();
    let ramp = Tensor::arange(count, (Kind::Float, Device::Cpu));
    (ramp * 12.9898).sin().reshape(shape)
}

/// A narrow twin of a network: what costs time in it are its channels, not its layers.
fn narrow(name: &str) -> Graph {
    crate::formula::one_thread();
    let options = NetOptions {
        width: 0.125,
        embedding_dim: Some(16),
        ..NetOptions::default()
    };
    by_name(name, &options).unwrap()
}

#[test]
fn every_network_returns_what_its_graph_says_and_every_weight_learns() {
    let precisions = [Precision::Float, Precision::BFloat16];
    let both = |name| precisions.map(|precision| (name, precision));
    for (name, precision) in names().into_iter().flat_map(both) {
        let graph = narrow(name);
        let mut model = Model::new(&graph, Device::Cpu, 1).unwrap();
        model.set_precision(precision);
        let outputs = model.forward(&pictures(&graph, 2), Mode::Train).unwrap();
        assert_eq!(outputs.len(), graph.outputs().len(), "{name}");
        for (output, described) in outputs.iter().zip(graph.outputs()) {
            let length = graph.shape(described.node).numel() as i64;
            assert_eq!(output.size(), [2, length], "{name}");
            assert_eq!(output.kind(), Kind::Float, "{name}");
        }
        let loss: Tensor = outputs.iter().map(|o| o.square().sum(Kind::Float)).sum();
        assert!(loss.isfinite().double_value(&[]) == 1.0, "{name}");
        loss.backward();
        for (variable, tensor) in model.variables().variables() {
            if tensor.requires_grad() {
                let gradient = tensor.grad();
                assert!(gradient.defined(), "{name}: {variable}");
                assert!(
                    bool::try_from(gradient.isfinite().all()).unwrap(),
                    "{name}: {variable}"
                );
            }
        }
    }
}

#[test]
fn parameters_in_the_graph_are_those_in_the_model() {
    for name in names() {
        let graph = narrow(name);
        let model = Model::new(&graph, Device::Cpu, 1).unwrap();
        let trained = model.variables().trainable_variables();
        let count: usize = trained.iter().map(Tensor::numel).sum();
        assert_eq!(count, graph.n_parameters(), "{name}");
    }
}

#[test]
fn own_networks_keep_to_their_budget() {
    for (name, macs, parameters) in [
        ("lite", 250_000_000, 2_000_000),
        ("lite-tiny", 50_000_000, 2_000_000),
    ] {
        let graph = published(name);
        assert!(graph.n_macs() <= macs, "{name}: {} MACs", graph.n_macs());
        assert!(
            graph.n_parameters() <= parameters,
            "{name}: {} parameters",
            graph.n_parameters()
        );
        assert_eq!(graph.embedding_dim(), 128);
    }
}

#[test]
fn a_seed_gives_the_same_weights_and_another_gives_others() {
    let graph = narrow("lite");
    let embed = |seed| {
        let model = Model::new(&graph, Device::Cpu, seed).unwrap();
        model
            .forward(&pictures(&graph, 1), Mode::Eval)
            .unwrap()
            .remove(0)
    };
    assert!(embed(3).equal(&embed(3)));
    assert!(!embed(3).equal(&embed(4)));
}

/// PReLU is libtorch's own in evaluation and made of parts in training: one function, one gradient.
#[test]
fn training_and_evaluation_agree_where_nothing_is_normalised() {
    let graph = narrow("sphereface-10");
    let model = Model::new(&graph, Device::Cpu, 1).unwrap();
    let pass = |mode| {
        for mut variable in model.variables().trainable_variables() {
            variable.zero_grad();
        }
        let output = model.forward(&pictures(&graph, 2), mode).unwrap().remove(0);
        output.square().sum(Kind::Float).backward();
        let variables = model.variables().trainable_variables();
        let gradients = variables.iter().map(|variable| variable.grad().copy());
        (output.detach(), gradients.collect::<Vec<Tensor>>())
    };
    let (output, gradients) = pass(Mode::Train);
    let (expected, expected_gradients) = pass(Mode::Eval);
    assert!(crate::formula::difference(&output, &expected) < 1e-6);
    assert_eq!(gradients.len(), expected_gradients.len());
    for (got, expected) in gradients.iter().zip(&expected_gradients) {
        assert!(crate::formula::difference(got, expected) < 1e-4);
    }
}

#[test]
fn bfloat16_is_close_to_float() {
    for name in ["lite", "iresnet-18", "mobilefacenet"] {
        let graph = narrow(name);
        let mut model = Model::new(&graph, Device::Cpu, 1).unwrap();
        let embed = |model: &Model| {
            let outputs = model.forward(&pictures(&graph, 4), Mode::Eval).unwrap();
            outputs[0].shallow_clone()
        };
        let float = embed(&model);
        model.set_precision(Precision::BFloat16);
        let half = embed(&model);
        assert_eq!(half.kind(), Kind::Float);
        let cosine = Tensor::cosine_similarity(&float, &half, 1, 1e-8)
            .min()
            .double_value(&[]);
        assert!(cosine > 0.98, "{name}: {cosine}");
    }
}

#[test]
fn batch_normalisation_is_a_choice_for_sphereface() {
    let options = NetOptions {
        normalisation: Normalisation::Batch,
        ..NetOptions::default()
    };
    let with = by_name("sphereface-20", &options).unwrap();
    let without = published("sphereface-20");
    // Two numbers a channel instead of one.
    let channels = 2 * 64 + 64 + 5 * 128 + 9 * 256 + 3 * 512;
    assert_eq!(with.n_parameters(), without.n_parameters() + channels);
}

#[test]
fn sizes_of_pictures_are_a_choice() {
    let options = NetOptions {
        input: Some((64, 48)),
        ..NetOptions::default()
    };
    let graph = by_name("sphereface-10", &options).unwrap();
    let model = Model::new(&graph, Device::Cpu, 1).unwrap();
    let outputs = model.forward(&pictures(&graph, 1), Mode::Eval).unwrap();
    assert_eq!(outputs[0].size(), [1, 512]);
    let wrong = Tensor::zeros([1, 3, 48, 64], (Kind::Float, Device::Cpu));
    let error = model.forward(&wrong, Mode::Eval).unwrap_err();
    let expected = "the network takes 32-bit floats of shape [n, 3, 64, 48], got a tensor of shape [1, 3, 48, 64]";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let error = by_name("sphereface-5", &NetOptions::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("there is no network sphereface-5; there are sphereface-4")
    );
    let refused = |options: NetOptions| {
        let error = by_name("mobilefacenet", &options).unwrap_err();
        assert!(matches!(error, TrainError::Network { .. }), "{error}");
    };
    refused(NetOptions {
        width: f64::NAN,
        ..NetOptions::default()
    });
    refused(NetOptions {
        width: 0.0,
        ..NetOptions::default()
    });
    refused(NetOptions {
        embedding_dim: Some(0),
        ..NetOptions::default()
    });
    refused(NetOptions {
        dropout: Some(1.0),
        ..NetOptions::default()
    });
    refused(NetOptions {
        input: Some((0, 112)),
        ..NetOptions::default()
    });
}

#[test]
fn the_maps_of_sphereface_are_the_papers() {
    let graph = published("sphereface-20");
    let last = graph
        .nodes()
        .iter()
        .rfind(|node| matches!(node.shape, Shape::Map { .. }));
    assert_eq!(last.unwrap().shape.to_string(), "[512, 7, 6]");
}
