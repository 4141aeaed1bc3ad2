//! Weights and pictures by the formula of `reference/train_nets.py`.

use lineament_train::graph::Graph;
use lineament_train::model::{Mode, Model};
use lineament_train::nets::{NetOptions, by_name};
use tch::{Device, Tensor};

/// The tensor that pictures are.
const PICTURES: u64 = 1_000_000;

/// Element `i` of tensor `tensor`, in [0, 1).
fn uniform(tensor: u64, i: u64) -> f64 {
    let mut x = (0x9e37_79b9_u64.wrapping_mul(tensor) + 0x85eb_ca6b_u64.wrapping_mul(i)) as u32;
    for (shift, factor) in [(16, 0x7feb_352d_u32), (15, 0x846c_a68b)] {
        x ^= x >> shift;
        x = x.wrapping_mul(factor);
    }
    x ^= x >> 16;
    f64::from(x) / 2_f64.powi(32)
}

/// Small layers on several threads wait for each other more than they compute.
pub(crate) fn one_thread() {
    tch::set_num_threads(1);
}

/// The options of the narrow twins.
pub(crate) fn narrow() -> NetOptions {
    NetOptions {
        width: 0.25,
        embedding_dim: Some(16),
        ..NetOptions::default()
    }
}

/// The narrow twin that the reference defines too.
pub(crate) fn twin(name: &str) -> Graph {
    by_name(name, &narrow()).unwrap()
}

/// The twin's model with the formula's weights.
pub(crate) fn filled(name: &str) -> Model {
    filled_as(&twin(name))
}

/// A model of the graph with the formula's weights.
pub(crate) fn filled_as(graph: &Graph) -> Model {
    one_thread();
    let model = Model::new(graph, Device::Cpu, 0).unwrap();
    let tensors = model.tensors();
    let is_normalised = |name: &str| {
        let mean = name.replace(".weight", ".running_mean");
        tensors.iter().any(|(other, _)| *other == mean)
    };
    for (index, (name, tensor)) in tensors.iter().enumerate() {
        let size = tensor.size();
        let is_weight = name.ends_with("weight");
        let fan_in = tensor.numel() as i64 / size[0];
        let (low, high) = if is_weight && size.len() > 1 {
            let fan_in = if size.len() == 3 { size[2] } else { fan_in };
            let bound = (6.0 / fan_in as f64).sqrt();
            (-bound, bound)
        } else if is_weight && !is_normalised(name) {
            (0.1, 0.4)
        } else if is_weight || name.ends_with("running_var") {
            (0.75, 1.25)
        } else {
            (-0.1, 0.1)
        };
        let value = |i| (low + (high - low) * uniform(index as u64, i)) as f32;
        let values: Vec<f32> = (0..tensor.numel() as u64).map(value).collect();
        let values = Tensor::from_slice(&values).reshape(&size[..]);
        tch::no_grad(|| tensor.shallow_clone().copy_(&values));
    }
    model
}

/// Two pictures for the graph.
pub(crate) fn pictures(graph: &Graph) -> Tensor {
    many_pictures(graph, 2)
}

/// So many pictures for the graph.
pub(crate) fn many_pictures(graph: &Graph, n: u64) -> Tensor {
    let (height, width) = graph.input().size();
    let value = |i| (2.0 * uniform(PICTURES, i) - 1.0) as f32;
    let values: Vec<f32> = (0..n * 3 * (height * width) as u64).map(value).collect();
    Tensor::from_slice(&values).reshape([n as i64, 3, height as i64, width as i64])
}

/// The outputs of a model for [`pictures`].
pub(crate) fn outputs(model: &Model) -> Vec<Tensor> {
    let pictures = pictures(model.graph());
    tch::no_grad(|| model.forward(&pictures, Mode::Eval)).unwrap()
}

/// The greatest difference, as a share of the greatest number in `expected`.
pub(crate) fn difference(got: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(got.size(), expected.size());
    let scale = expected.abs().max().double_value(&[]);
    (got - expected).abs().max().double_value(&[]) / scale
}
