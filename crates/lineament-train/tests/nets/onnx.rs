//! Every network's ONNX file, run by `lineament-runtime`, returns what the model does.
//!
//! `LINEAMENT_EXPORT_TO=FOLDER` keeps the files, for `reference/train_nets_onnx.py FOLDER`.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::formula::{
    difference, filled, filled_as, many_pictures, narrow, outputs, pictures, twin,
};
use lineament_runtime::{Dim, EngineOptions, Fallback, LoadedSession, load_session};
use lineament_train::TrainError;
use lineament_train::graph::NodeId;
use lineament_train::model::{Mode, Model};
use lineament_train::nets::{NetOptions, Normalisation, by_name, names};
use lineament_train::onnx::{ExportOptions, export, import_weights};
use tch::{Device, Kind, Tensor};

fn session(name: &str, file: Vec<u8>) -> LoadedSession {
    load_session(name, Cow::Owned(file), &EngineOptions::default()).unwrap()
}

fn run(loaded: &LoadedSession, pictures: &Tensor) -> Tensor {
    let shape: Vec<usize> = pictures.size().iter().map(|&n| n as usize).collect();
    let values = Vec::<f32>::try_from(pictures.flatten(0, -1)).unwrap();
    let input = lineament_runtime::Tensor::new(shape, values).unwrap();
    let outputs = loaded.session.run(&input).unwrap();
    let embedding = outputs.get("embedding").unwrap();
    let shape: Vec<i64> = embedding.shape().iter().map(|&n| n as i64).collect();
    Tensor::from_slice(embedding.data()).reshape(shape)
}

#[test]
fn every_file_returns_what_the_model_does() {
    let batch = NetOptions {
        normalisation: Normalisation::Batch,
        ..narrow()
    };
    let normalised = ["sphereface-10", "sphereface-20"].map(|name| {
        let graph = by_name(name, &batch).unwrap();
        (format!("{name}-batch"), filled_as(&graph))
    });
    let published = names()
        .into_iter()
        .map(|name| (name.to_owned(), filled(name)));
    for (name, model) in published.chain(normalised) {
        let file = export(&model, &ExportOptions::default()).unwrap();
        keep(&name, &model, &file);
        let loaded = session(&name, file);
        let left = matches!(loaded.engine.fallback, Some(Fallback::Network(_)));
        // FaceNet's have maxima of two numbers or of a line, for which there are no kernels.
        let has_maxima = name.starts_with("facenet-nn") || name.starts_with("openface");
        assert_eq!(left, has_maxima, "{name} runs on {}", loaded.engine);
        let signature = loaded.session.signature();
        assert_eq!(signature.input.shape[0], Dim::Dynamic, "{name}");
        let pictures = pictures(model.graph());
        let difference = difference(&run(&loaded, &pictures), &outputs(&model)[0]);
        assert!(difference < 1e-4, "{name}: {difference}");
        let one = run(&loaded, &pictures.narrow(0, 1, 1));
        assert_eq!(one.size(), [1, 16], "{name}");
    }
}

/// Writes the file and its other forms, where a folder is given.
fn keep(name: &str, model: &Model, file: &[u8]) {
    let Some(folder) = std::env::var_os("LINEAMENT_EXPORT_TO") else {
        return;
    };
    let write = |form: &str, file: &[u8]| {
        let path = std::path::Path::new(&folder).join(format!("{name}{form}.onnx"));
        std::fs::write(path, file).unwrap();
    };
    write("", file);
    for (form, unit_length, fp16_weights) in [(".unit", true, false), (".fp16", false, true)] {
        let options = ExportOptions {
            unit_length,
            fp16_weights,
            ..ExportOptions::default()
        };
        write(form, &export(model, &options).unwrap());
    }
}

#[test]
fn half_floats_take_half_the_space() {
    for name in ["lite", "deepid2"] {
        let model = filled(name);
        let full = export(&model, &ExportOptions::default()).unwrap();
        let options = ExportOptions {
            fp16_weights: true,
            ..ExportOptions::default()
        };
        let half = export(&model, &options).unwrap();
        assert!(
            half.len() * 100 < full.len() * 62,
            "{name}: {} of {}",
            half.len(),
            full.len()
        );
        let got = run(&session(name, half), &pictures(model.graph()));
        // Weights of 11 bits.
        let difference = difference(&got, &outputs(&model)[0]);
        assert!(
            difference < 1e-2 && difference > 0.0,
            "{name}: {difference}"
        );
    }
}

#[test]
fn embeddings_can_be_of_unit_length() {
    let model = filled("lite-tiny");
    let options = ExportOptions {
        unit_length: true,
        ..ExportOptions::default()
    };
    let got = run(
        &session("lite-tiny", export(&model, &options).unwrap()),
        &pictures(model.graph()),
    );
    let expected = &outputs(&model)[0];
    let expected = expected / expected.norm_scalaropt_dim(2.0, [1], true);
    assert!(difference(&got, &expected) < 1e-5);
}

#[test]
fn what_is_exported_can_be_taken_back() {
    for name in [
        "lite",
        "mobilefacenet",
        "iresnet-18",
        "sphereface-20",
        "facenet-nn2",
        "ghostfacenet",
    ] {
        let model = filled(name);
        for fp16_weights in [false, true] {
            let options = ExportOptions {
                fp16_weights,
                ..ExportOptions::default()
            };
            let file = export(&model, &options).unwrap();
            let mut other = Model::new(&twin(name), Device::Cpu, 7).unwrap();
            let folded = import_weights(&mut other, &file).unwrap();
            let has_none = ["sphereface-20", "facenet-nn2"].contains(&name);
            assert_eq!(folded.is_empty(), has_none, "{name}");
            let expected = run(&session(name, file), &pictures(model.graph()));
            let difference = difference(&outputs(&other)[0], &expected);
            assert!(
                difference < 1e-4,
                "{name}, halves {fp16_weights}: {difference}"
            );
        }
    }
}

/// The network with these options and the formula's weights, taken over from its file into another.
fn taken_back(name: &str, options: &NetOptions, fp16_weights: bool) -> (Model, Model, Vec<NodeId>) {
    let graph = by_name(name, options).unwrap();
    let model = filled_as(&graph);
    let options = ExportOptions {
        fp16_weights,
        ..ExportOptions::default()
    };
    let file = export(&model, &options).unwrap();
    let mut other = Model::new(&graph, Device::Cpu, 7).unwrap();
    let folded = import_weights(&mut other, &file).unwrap();
    (model, other, folded)
}

/// Batch normalisation that was folded away has its numbers again: by running numbers nothing changes, and by those
/// of a batch nothing either where it is the one that was seen.
#[test]
fn folded_batch_normalisation_settles_on_what_it_sees() {
    let batch = NetOptions {
        normalisation: Normalisation::Batch,
        ..narrow()
    };
    for (name, options) in [
        ("lite", narrow()),
        ("mobilefacenet", narrow()),
        ("sphereface-10", batch),
        ("iresnet-18", narrow()),
    ] {
        for fp16_weights in [false, true] {
            let (model, mut other, folded) = taken_back(name, &options, fp16_weights);
            let pictures = many_pictures(model.graph(), 16);
            let half = |first: i64| pictures.narrow(0, first, 8);
            let forward = |model: &Model, mode| {
                let forward = || model.forward(&half(0), mode);
                tch::no_grad(forward).unwrap().remove(0)
            };
            let expected = forward(&model, Mode::Eval);
            let tolerance = if fp16_weights { 1e-2 } else { 1e-4 };
            for batches in [vec![half(0), half(8)], vec![half(0)]] {
                other.settle(&folded, batches.into_iter().map(Ok)).unwrap();
                let got = difference(&forward(&other, Mode::Eval), &expected);
                assert!(got < tolerance, "{name}, {fp16_weights}: {got}");
            }
            let named: HashMap<_, _> = other.tensors().into_iter().collect();
            for id in &folded {
                let node = &model.graph().nodes()[id.index()].name;
                let variance = &named[&format!("{node}.running_var")];
                assert!(!variance.equal(&variance.ones_like()), "{node}");
            }
            if name == "iresnet-18" {
                // What stands before its convolutions is in the file, with the file's own numbers.
                continue;
            }
            let by_running = forward(&other, Mode::Eval);
            let got = difference(&forward(&other, Mode::Train), &by_running);
            assert!(got < 1e-3, "{name}, {fp16_weights}: {got}");
        }
    }
}

#[test]
fn without_batches_nothing_settles() {
    let (_, mut other, folded) = taken_back("lite-tiny", &narrow(), false);
    let before = outputs(&other).remove(0);
    other.settle(&folded, []).unwrap();
    assert!(outputs(&other)[0].equal(&before));
    let small = Tensor::zeros([1, 3, 8, 8], (Kind::Float, Device::Cpu));
    let error = other.settle(&folded, [Ok(small)]).unwrap_err();
    assert!(matches!(error, TrainError::Input { .. }), "{error}");
}

#[test]
fn another_networks_file_is_refused_and_changes_nothing() {
    let mut model = filled("lite");
    let before = outputs(&model).remove(0);
    for other in ["lite-tiny", "sphereface-4", "deepid2"] {
        let file = export(&filled(other), &ExportOptions::default()).unwrap();
        let error = import_weights(&mut model, &file).unwrap_err();
        assert!(matches!(error, TrainError::Weights { .. }), "{error}");
    }
    let whole = export(&model, &ExportOptions::default()).unwrap();
    for length in [1, 100, whole.len() / 2, whole.len() - 1] {
        let error = import_weights(&mut model, &whole[..length]).unwrap_err();
        assert!(
            matches!(error, TrainError::Onnx { .. }),
            "{length}: {error}"
        );
    }
    assert!(outputs(&model)[0].equal(&before));
}

/// Any byte changed, any length: an answer, never a panic. The seeded bytes are spread over the file, and
/// dense where the structure is, between the weights.
#[test]
fn damaged_files_never_panic() {
    let mut model = filled("lite-tiny");
    let whole = export(&model, &ExportOptions::default()).unwrap();
    let mut random = lineament_eval::Seeded::new(5);
    let mut n_refused = 0;
    for round in 0..1500 {
        let mut damaged = whole.clone();
        let reach = if round % 2 == 0 { 4000 } else { whole.len() };
        for _ in 0..=random.below(4) {
            let at = random.below(reach.min(whole.len()));
            damaged[at] = random.bits() as u8;
        }
        if round % 5 == 0 {
            damaged.truncate(random.below(whole.len()));
        }
        n_refused += usize::from(import_weights(&mut model, &damaged).is_err());
    }
    assert!(n_refused > 300, "{n_refused} of 1500 refused");
}

#[test]
fn metadata_stands_in_the_file() {
    let options = ExportOptions {
        metadata: vec![("run".to_owned(), "lite-2026-11-25".to_owned())],
        ..ExportOptions::default()
    };
    let file = export(&filled("lite-tiny"), &options).unwrap();
    let entry = b"\x0a\x03run\x12\x0flite-2026-11-25";
    assert!(file.windows(entry.len()).any(|window| window == entry));
}

/// The public MobileFaceNet of the shared folder, its batch normalisation folded in, runs as ours.
#[test]
fn a_public_models_weights_can_be_taken() {
    let shared = std::env::var_os("LINEAMENT_SHARED").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        std::path::PathBuf::from,
    );
    let Ok(file) = std::fs::read(shared.join("models/mobilefacenet.onnx")) else {
        println!("skipped: no shared model");
        return;
    };
    let options = lineament_train::nets::NetOptions::default();
    let graph = lineament_train::nets::by_name("mobilefacenet-relu6", &options).unwrap();
    let mut model = Model::new(&graph, Device::Cpu, 0).unwrap();
    import_weights(&mut model, &file).unwrap();
    let one = pictures(&graph).narrow(0, 0, 1);
    let loaded = session("mobilefacenet", file);
    let values = Vec::<f32>::try_from(one.flatten(0, -1)).unwrap();
    let input = lineament_runtime::Tensor::new(vec![1, 3, 112, 112], values).unwrap();
    let theirs = loaded.session.run(&input).unwrap();
    let theirs = Tensor::from_slice(theirs.get("output0").unwrap().data()).reshape([1, 128]);
    let forward = |model: &Model| {
        let outputs = model
            .forward(&one, lineament_train::model::Mode::Eval)
            .unwrap();
        outputs[0].shallow_clone()
    };
    assert!(difference(&forward(&model), &theirs) < 1e-4);
    assert_eq!(theirs.kind(), Kind::Float);
}
