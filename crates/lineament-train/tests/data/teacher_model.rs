//! A teacher that is asked about what the student sees.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineament_runtime::{EngineOptions, Sha256, Tensor, load_session};
use lineament_train::TrainError;
use lineament_train::data::{
    Batch, Part, SetOptions, Target, TargetViews, Teacher, TeacherModel, TrainSet,
};
use lineament_train::model::Model;
use lineament_train::nets::{NetOptions, by_name};
use lineament_train::onnx::{ExportOptions, export};
use tch::{Device, Kind};

use crate::drawn::{bytes, everything, folder, loader, packed};

/// A random network of 16 values with its manifest; it divides by 255 where the student does not.
fn teacher_file(folder: &Path) -> PathBuf {
    let options = NetOptions {
        width: 0.25,
        embedding_dim: Some(16),
        ..NetOptions::default()
    };
    let model = Model::new(&by_name("lite-tiny", &options).unwrap(), Device::Cpu, 8).unwrap();
    let onnx = export(&model, &ExportOptions::default()).unwrap();
    let manifest = format!(
        "schema = 1\nname = \"random\"\ntask = \"embed\"\nfamily = \"arcface\"\n\
         file = \"random.onnx\"\nsha256 = \"{}\"\nlicence = \"test\"\nprovenance = \"test\"\n\
         [input]\nname = \"input\"\nlayout = \"nchw\"\nchannels = \"rgb\"\nmean = [0, 0, 0]\n\
         std = [255, 255, 255]\nsize = [112, 112]\nbatch = \"dynamic\"\n\
         [outputs]\nembedding = \"embedding\"\n\
         [settings]\ntemplate = \"arcface-112\"\ndimension = 16\nflip = \"sum\"\nspace = \"random\"\n",
        Sha256::of(&onnx)
    );
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("random.toml"), manifest).unwrap();
    fs::write(folder.join("random.onnx"), onnx).unwrap();
    folder.join("random.onnx")
}

fn taught(dir: &Path, views: TargetViews) -> (PathBuf, Arc<TrainSet>) {
    let file = teacher_file(&dir.join("models"));
    let images = packed(&folder(&dir.join("set"), &[20, 20]), &dir.join("pack"));
    let set = TrainSet::of(images, &SetOptions::default(), Part::Train).unwrap();
    let model = TeacherModel::open(&file, &Target::cut(112, 112)).unwrap();
    assert_eq!(model.dimension(), 16);
    let set = set.with_teacher(Teacher::Model(Arc::new(model)), views);
    let set = set.unwrap();
    (file, Arc::new(set))
}

fn told(batch: &Batch) -> Vec<f32> {
    let told = batch.teacher.as_ref().unwrap();
    let n = batch.indices.len() as i64;
    assert_eq!((told.size(), told.kind()), (vec![n, 16], Kind::Float));
    Vec::try_from(told.flatten(0, -1)).unwrap()
}

#[test]
fn targets_are_the_teachers_outputs_on_the_loaders_pixels() {
    for views in [TargetViews::Seen, TargetViews::Both] {
        compare_with_the_network(views);
    }
}

fn compare_with_the_network(views: TargetViews) {
    let dir = tempfile::tempdir().unwrap();
    let (file, set) = taught(dir.path(), views);
    let onnx = Cow::Owned(fs::read(file).unwrap());
    let network = load_session("random", onnx, &EngineOptions::default()).unwrap();
    let loader = loader(&set, &everything(), 37, 2);
    for step in [0, 5] {
        let batch = loader.batch(step).unwrap();
        let pixels = bytes(&batch.images);
        let (mut worst, mut spread) = (0.0_f32, 0.0_f32);
        let each = pixels.chunks_exact(3 * 112 * 112);
        for (pixels, told) in each.zip(told(&batch).chunks_exact(16)) {
            let plain: Vec<f32> = pixels.iter().map(|&v| f32::from(v) / 255.0).collect();
            let rows = plain.chunks_exact(112);
            let mirrored = rows.flat_map(|row| row.iter().rev().copied()).collect();
            let outputs_of = |values| {
                let picture = Tensor::new(vec![1, 3, 112, 112], values).unwrap();
                let outputs = network.session.run(&picture).unwrap();
                outputs.get("embedding").unwrap().data().to_vec()
            };
            let mut expected = outputs_of(plain);
            if views == TargetViews::Both {
                let other = outputs_of(mirrored);
                expected.iter_mut().zip(other).for_each(|(a, b)| *a += b);
            }
            for (a, b) in told.iter().zip(&expected) {
                worst = worst.max((a - b).abs());
                spread = spread.max(b.abs());
            }
        }
        assert!(worst <= 1e-5 * spread, "{worst} of {spread}");
    }
}

#[test]
fn targets_do_not_depend_on_threads_or_on_where_a_run_starts() {
    let dir = tempfile::tempdir().unwrap();
    let (_, set) = taught(dir.path(), TargetViews::Both);
    let first = loader(&set, &everything(), 37, 1);
    let batches = [0, 1, 2].map(|step| told(&first.batch(step).unwrap()));
    let other = loader(&set, &everything(), 37, 3);
    for step in [2, 0, 1] {
        let got = told(&other.batch(step).unwrap());
        assert!(got == batches[step as usize], "step {step}");
    }
    assert_ne!(batches[0], batches[1]);
}

#[test]
fn a_teacher_is_found_by_its_manifest_and_refused_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let file = teacher_file(dir.path());
    let target = Target::cut(112, 112);
    let by_manifest = TeacherModel::open(&file.with_extension("toml"), &target).unwrap();
    let by_file = TeacherModel::open(&file, &target).unwrap();
    assert_eq!(by_file.model_sha256(), by_manifest.model_sha256());
    let refused = |path: &Path, target: &Target| TeacherModel::open(path, target).unwrap_err();
    let other = refused(&file, &Target::cut(96, 112));
    assert!(matches!(other, TrainError::Argument { .. }), "{other}");
    assert!(other.to_string().contains("112×112") && other.to_string().contains("96×112"));
    let absent = refused(&dir.path().join("other.onnx"), &target);
    assert!(absent.to_string().contains("other.onnx"), "{absent}");
    fs::write(file.with_extension("toml"), "schema = 1").unwrap();
    let broken = refused(&file, &target).to_string();
    assert!(broken.contains("random.toml"), "{broken}");
}
