//! Weights by name, from files of others.

use crate::formula::{filled, outputs, twin};
use lineament_train::TrainError;
use lineament_train::model::{Model, NameMap};
use tch::{Device, Kind, Tensor};

/// The variables of a model as facenet-pytorch would call some of them.
fn theirs(model: &Model) -> Vec<(String, Tensor)> {
    let mut tensors = model.tensors();
    for (name, _) in &mut tensors {
        if name.starts_with("conv2d_1a.weight") {
            *name = "conv2d_1a.conv.weight".to_owned();
        }
        *name = name.replace(
            "repeat_1.0.branch0.0.weight",
            "repeat_1.0.branch0.conv.weight",
        );
    }
    let one = || Tensor::zeros([1], (Kind::Float, Device::Cpu));
    tensors.push(("conv2d_1a.bn.num_batches_tracked".to_owned(), one()));
    tensors.push(("logits.bias".to_owned(), one()));
    tensors
}

#[test]
fn a_file_with_other_names_fills_the_model() {
    let model = filled("inception-resnet-v1");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    Tensor::write_safetensors(&theirs(&model), &path).unwrap();
    let mut other = Model::new(&twin("inception-resnet-v1"), Device::Cpu, 1).unwrap();
    other
        .load_weights(&path, &NameMap::open("facenet-pytorch").unwrap())
        .unwrap();
    assert!(outputs(&other)[0].equal(&outputs(&model)[0]));
}

#[test]
fn what_is_missing_or_misshapen_is_named_and_nothing_changes() {
    let model = filled("lite-tiny");
    let mut other = Model::new(&twin("lite-tiny"), Device::Cpu, 1).unwrap();
    let before = outputs(&other).remove(0);
    let mut tensors = model.tensors();
    let (_, bias) = tensors.pop().unwrap();
    let error = other
        .take_weights(tensors, &NameMap::default())
        .unwrap_err();
    let expected = "weights for fc.bias: the file does not have it";
    assert_eq!(error.to_string(), expected);

    let mut tensors = model.tensors();
    tensors.last_mut().unwrap().1 = bias.unsqueeze(0);
    let error = other
        .take_weights(tensors, &NameMap::default())
        .unwrap_err();
    assert!(matches!(error, TrainError::Weights { .. }));
    assert_eq!(
        error.to_string(),
        "weights for fc.bias: expected [16], got [1, 16]"
    );
    assert!(outputs(&other)[0].equal(&before));
}
