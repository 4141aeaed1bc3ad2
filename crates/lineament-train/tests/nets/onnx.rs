//! Every network's ONNX file, run by `lineament-runtime`, returns what the model does.
//!
//! `LINEAMENT_EXPORT_TO=FOLDER` keeps the files, for `reference/train_nets.py FOLDER`.

use std::borrow::Cow;

use crate::formula::{difference, filled, outputs, pictures, twin};
use lineament_runtime::{Dim, EngineOptions, LoadedSession, load_session};
use lineament_train::TrainError;
use lineament_train::model::Model;
use lineament_train::nets::names;
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
    let keep = std::env::var_os("LINEAMENT_EXPORT_TO");
    for name in names() {
        let model = filled(name);
        let file = export(&model, &ExportOptions::default()).unwrap();
        if let Some(folder) = &keep {
            let path = std::path::Path::new(folder).join(format!("{name}.onnx"));
            std::fs::write(path, &file).unwrap();
        }
        let loaded = session(name, file);
        let signature = loaded.session.signature();
        assert_eq!(signature.input.shape[0], Dim::Dynamic, "{name}");
        let pictures = pictures(model.graph());
        let difference = difference(&run(&loaded, &pictures), &outputs(&model)[0]);
        assert!(difference < 1e-4, "{name}: {difference}");
        let one = run(&loaded, &pictures.narrow(0, 1, 1));
        assert_eq!(one.size(), [1, 16], "{name}");
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
            import_weights(&mut other, &file).unwrap();
            let expected = run(&session(name, file), &pictures(model.graph()));
            let difference = difference(&outputs(&other)[0], &expected);
            assert!(
                difference < 1e-4,
                "{name}, halves {fp16_weights}: {difference}"
            );
        }
    }
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
