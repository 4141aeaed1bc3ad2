//! Every network against its definition in PyTorch (`reference/train_nets.py`): what it returns with
//! the same weights, and how many parameters it has; and these against the papers.

use std::path::Path;

use crate::formula::{difference, filled, filled_as, narrow, outputs};
use lineament_train::graph::Layer;
use lineament_train::model::Model;
use lineament_train::nets::{NetOptions, Normalisation, by_name, names};
use serde_json::Value;
use tch::Tensor;

fn golden() -> Vec<Value> {
    golden_of("networks")
}

fn golden_of(field: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference/golden/train_nets.json");
    let golden: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    golden[field].as_array().unwrap().clone()
}

#[test]
fn the_reference_defines_every_network() {
    let defined: Vec<String> = golden()
        .iter()
        .map(|network| network["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(defined, names());
}

#[test]
fn outputs_are_those_of_the_reference() {
    for network in golden() {
        check_outputs(&filled(network["name"].as_str().unwrap()), &network);
    }
}

/// What the paper does not have, and the small recipes do.
#[test]
fn batch_normalisation_that_was_chosen_is_that_of_the_reference() {
    let networks = golden_of("normalised");
    assert!(networks.iter().any(|n| n["name"] == "sphereface-20"));
    for network in networks {
        let name = network["name"].as_str().unwrap();
        let with_batch = |options| NetOptions {
            normalisation: Normalisation::Batch,
            ..options
        };
        let graph = by_name(name, &with_batch(narrow())).unwrap();
        check_outputs(&filled_as(&graph), &network);
        let published = by_name(name, &with_batch(NetOptions::default())).unwrap();
        assert_eq!(published.n_parameters() as u64, network["n_parameters"]);
    }
}

fn check_outputs(model: &Model, network: &Value) {
    let name = network["name"].as_str().unwrap();
    let expected = network["outputs"].as_array().unwrap();
    let got = outputs(model);
    assert_eq!(got.len(), expected.len(), "{name}");
    for (got, expected) in got.iter().zip(expected) {
        let rows: Vec<Vec<f32>> = serde_json::from_value(expected.clone()).unwrap();
        let expected = Tensor::from_slice2(&rows);
        // A hundred layers of 32-bit sums in another order.
        let difference = difference(got, &expected);
        assert!(difference < 5e-5, "{name}: {difference}");
    }
}

#[test]
fn parameters_are_those_of_the_reference() {
    for network in golden() {
        let name = network["name"].as_str().unwrap();
        let graph = by_name(name, &NetOptions::default()).unwrap();
        assert_eq!(
            graph.n_parameters() as u64,
            network["n_parameters"],
            "{name}"
        );
        let (height, width) = graph.input().size();
        assert_eq!(
            network["input"],
            serde_json::json!([height, width]),
            "{name}"
        );
    }
}

/// Numbers that the authors print, in millions, and how far they are rounded.
#[test]
fn parameters_are_those_of_the_papers() {
    for (name, millions, rounding) in [
        // Chen et al., Table 1's text: 0.99 M.
        ("mobilefacenet", 0.99, 0.02),
        // insightface's model zoo.
        ("iresnet-18", 24.03, 0.01),
        ("iresnet-34", 34.14, 0.01),
        ("iresnet-50", 43.59, 0.01),
        ("iresnet-100", 65.16, 0.01),
        // Schroff et al., Tables 1, 2 and 3.
        ("facenet-nn1", 140.0, 0.5),
        ("facenet-nn2", 7.5, 0.05),
        ("facenet-nn3", 7.5, 0.05),
        // Open Model Zoo, of the authors' own file.
        ("sphereface-20", 22.671, 0.0005),
    ] {
        let graph = by_name(name, &NetOptions::default()).unwrap();
        let got = graph.n_parameters() as f64 / 1e6;
        assert!((got - millions).abs() <= rounding, "{name}: {got}");
    }
}

/// Open Model Zoo prints 23.469 million of the file of facenet's authors, whose batch normalisation has no scales.
#[test]
fn inception_resnet_has_the_printed_parameters() {
    let graph = by_name("inception-resnet-v1", &NetOptions::default()).unwrap();
    let scales = graph.nodes().iter().map(|node| match node.layer {
        Layer::BatchNorm { .. } => node.shape.channels(),
        _ => 0,
    });
    let got = (graph.n_parameters() - scales.sum::<usize>()) as f64 / 1e6;
    assert!((got - 23.469).abs() < 0.002, "{got}");
}

/// Simonyan and Zisserman (ICLR 2015), Table 2: 138 million of configuration D, whose last layer tells 1,000 classes.
#[test]
fn vgg_face_has_the_parameters_of_vgg_16() {
    let graph = by_name("vgg-face", &NetOptions::default()).unwrap();
    let last = |n: usize| 4096 * n + n;
    let got = graph.n_parameters() - last(1024) + last(1000);
    assert!((got as f64 / 1e6 - 138.0).abs() < 0.5, "{got}");
}

/// Taigman et al.: more than 120 million with the softmax over 4,030 people, of which more than 95 %
/// in locally and fully connected layers. The layers that their table gives have 0.9 % fewer.
#[test]
fn deepface_has_the_papers_parameters() {
    let graph = by_name("deepface", &NetOptions::default()).unwrap();
    let total = graph.n_parameters() + 4096 * 4030 + 4030;
    assert!((118_000_000..122_000_000).contains(&total), "{total}");
    let shared = 32 * (3 * 121 + 1) + 16 * (32 * 81 + 1);
    assert!((shared as f64) < 0.05 * total as f64);
}

/// Yi et al., Table 2, in units of 1024 without biases.
#[test]
fn casias_layers_have_the_tables_parameters() {
    let graph = by_name("casia-10", &NetOptions::default()).unwrap();
    let table = [
        0.28, 18.0, 36.0, 72.0, 108.0, 162.0, 216.0, 288.0, 360.0, 450.0,
    ];
    let convs = graph.nodes().iter().filter_map(|node| match node.layer {
        Layer::Conv(conv) => Some((node, conv)),
        _ => None,
    });
    let mut n_convs = 0;
    for ((node, conv), expected) in convs.zip(table) {
        let before = graph.shape(node.inputs[0]).channels();
        let got = (9 * before * conv.out_channels) as f64 / 1024.0;
        assert!((got - expected).abs() < 0.01, "{}: {got}", node.name);
        n_convs += 1;
    }
    assert_eq!(n_convs, 10);
}

/// OpenFace prints 3,733,968 for its `nn4.small2`, whose convolutions have biases before their batch
/// normalisation.
#[test]
fn openfaces_network_has_the_printed_parameters() {
    let graph = by_name("openface-nn4-small2", &NetOptions::default()).unwrap();
    let biases = graph.nodes().iter().map(|node| match node.layer {
        Layer::Conv(conv) => conv.out_channels,
        _ => 0,
    });
    assert_eq!(graph.n_parameters() + biases.sum::<usize>(), 3_733_968);
}
