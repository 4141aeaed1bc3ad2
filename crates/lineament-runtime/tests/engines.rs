//! rten on small networks of every family: ports, shapes, threads, damage.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests and their helpers"
)]

mod support;

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::sync::Arc;

use lineament_runtime::{
    Dim, Engine, EngineOptions, Fault, RuntimeError, Session, Tensor, load_session,
};
use support::{NETWORKS, asset, input_for, same_under_contention};

fn options(threads: usize) -> EngineOptions {
    EngineOptions {
        engine: Engine::Rten,
        threads: NonZeroUsize::new(threads).unwrap(),
        precision: None,
    }
}

fn rten(name: &str, threads: usize) -> Arc<dyn Session> {
    let options = options(threads);
    load_session(name, Cow::Owned(asset(name)), &options)
        .unwrap()
        .session
}

#[test]
fn ports_are_those_of_the_file() {
    let session = rten("random_yunet.onnx", 1);
    let signature = session.signature();
    assert_eq!(signature.input.name, "input");
    assert_eq!(
        signature.input.shape,
        [Dim::Dynamic, Dim::Fixed(3), Dim::Dynamic, Dim::Dynamic]
    );
    let names: Vec<&str> = signature.outputs.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names[..3], ["cls_8", "cls_16", "cls_32"]);
    assert_eq!(names.len(), 12);
}

#[test]
fn outputs_have_the_shapes_they_should() {
    let session = rten("random_yunet.onnx", 1);
    let outputs = session.run(&input_for(session.signature(), 2, 1)).unwrap();
    assert_eq!(outputs.get("kps_16").unwrap().shape(), [2, 36, 10]);
    let names: Vec<_> = session
        .signature()
        .outputs
        .iter()
        .map(|p| p.name.as_str())
        .collect();
    assert_eq!(outputs.iter().map(|(n, _)| n).collect::<Vec<_>>(), names);
    let Err(RuntimeError::OutputAbsent { present, .. }) = outputs.get("kps_64") else {
        panic!("there is no such output");
    };
    assert_eq!(present.len(), 12);
}

#[test]
fn an_input_of_another_shape_is_refused_by_name() {
    let session = rten("random_embedder.onnx", 1);
    for shape in [
        vec![1, 3, 112, 111],
        vec![2, 3, 112, 112],
        vec![3, 112, 112],
    ] {
        let input = Tensor::new(shape.clone(), vec![0.0; shape.iter().product()]).unwrap();
        let error = session.run(&input).unwrap_err();
        assert_eq!(error.fault(), Fault::Input);
        let expected = format!(
            "the network takes the input input0 [1, 3, 112, 112], got one of shape {shape:?}"
        );
        assert_eq!(error.to_string(), expected);
    }
    let dynamic = rten("random_yunet.onnx", 1);
    let empty = Tensor::new(vec![0, 3, 96, 96], vec![]).unwrap();
    assert!(dynamic.run(&empty).is_err());
}

#[test]
fn a_batch_gives_what_its_pictures_give_alone() {
    let session = rten("random_embedder_dynamic.onnx", 1);
    let batch = input_for(session.signature(), 3, 5);
    let together = session.run(&batch).unwrap();
    for (picture, embedding) in batch
        .data()
        .chunks(3 * 112 * 112)
        .zip(together.get("output0").unwrap().data().chunks(32))
    {
        let alone = Tensor::new(vec![1, 3, 112, 112], picture.to_vec()).unwrap();
        let alone = session.run(&alone).unwrap();
        let largest = alone
            .get("output0")
            .unwrap()
            .data()
            .iter()
            .fold(0f32, |m, v| m.max(v.abs()));
        for (a, b) in alone.get("output0").unwrap().data().iter().zip(embedding) {
            assert!((a - b).abs() <= 1e-5 * largest);
        }
    }
}

#[test]
fn contention_changes_nothing() {
    for name in NETWORKS {
        same_under_contention(&*rten(name, 1));
    }
    same_under_contention(&*rten("random_yunet.onnx", 2));
}

#[test]
fn the_report_says_what_runs() {
    let options = options(2);
    let name = "random_embedder.onnx";
    let loaded = load_session(name, Cow::Owned(asset(name)), &options).unwrap();
    assert_eq!(loaded.engine.to_string(), "rten 0.27, CPU, 2 threads");
}

#[test]
fn damaged_files_are_errors() {
    let whole = asset("random_yunet.onnx");
    let options = options(1);
    let cut = (0..200).map(|i| whole[..whole.len() * i / 200].to_vec());
    let flipped = (0..400).map(|i| {
        let mut bytes = whole.clone();
        let at = i * 7919 % bytes.len();
        bytes[at] ^= 1 << (i % 8);
        bytes
    });
    for bytes in cut.chain(flipped) {
        match load_session("damaged", Cow::Owned(bytes), &options) {
            Ok(loaded) => drop(
                loaded
                    .session
                    .run(&input_for(loaded.session.signature(), 1, 1)),
            ),
            Err(error) => assert_eq!(error.fault(), Fault::Model),
        }
    }
}
