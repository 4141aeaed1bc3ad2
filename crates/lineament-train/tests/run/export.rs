//! Models that come of runs.

use std::fs;

use lineament_runtime::{EngineOptions, ModelLimits, ModelStore, Selector, Task, Tensor};
use lineament_train::data::Target;
use lineament_train::run::checkpoint::Checkpoint;
use lineament_train::run::export::{Calibrated, Exported, Wanted, export};
use lineament_train::run::{Flip, Unwatched, train};

use crate::support::{Place, last, threads, whole};

fn wanted(place: &Place, fp16_weights: bool) -> Wanted {
    Wanted {
        checkpoint: None,
        folder: place.path("models"),
        fp16_weights,
        licence: "CC0-1.0".to_owned(),
        preference: 3,
        restore: false,
        calibration: Calibrated::OnHeldOut(threads(1)),
        default_fmr: Some(0.1),
        flip: None,
    }
}

/// Enough to measure a rate of a tenth on.
const MANY_HELD_OUT: [&str; 1] = ["data.selection.held_out=0.6"];

#[test]
fn the_engine_gives_what_the_trainer_gives() {
    let place = Place::new();
    let run = whole(&place, &MANY_HELD_OUT, 1);
    let wanted = Wanted {
        restore: true,
        ..wanted(&place, false)
    };
    let Exported {
        model,
        step,
        greatest_difference,
    } = export(&run, &wanted, &mut Unwatched).unwrap();
    assert!(
        greatest_difference < 1e-4 && model.is_file(),
        "{greatest_difference:e}"
    );
    assert!(step == 10 || step == 20, "{step}");
    let store = ModelStore::open(&place.path("models"), ModelLimits::default()).unwrap();
    let found = store.find(&Task::EMBED, &Selector::Preferred).unwrap();
    let loaded = found.load(&EngineOptions::default()).unwrap();
    assert_eq!(loaded.manifest.name, "drawn");
    assert_eq!(loaded.manifest.preference, 3);
    assert_eq!(loaded.manifest.settings["restore"].as_bool(), Some(true));
    assert_eq!(loaded.manifest.settings["flip"].as_str(), Some("sum"));
    let calibration: lineament::Calibration = loaded.manifest.calibration().unwrap().unwrap();
    assert!(calibration.n_non_mated >= 300 && calibration.source.contains("held out"));
    assert!(calibration.threshold_at(1e-1).is_ok());
    assert_eq!(calibration.default_fmr, 0.1);
    let picture = Tensor::new(vec![1, 3, 32, 32], vec![0.25; 3 * 32 * 32]).unwrap();
    let outputs = loaded.session.run(&picture).unwrap();
    let embedding = outputs.get(&loaded.manifest.outputs["embedding"]).unwrap();
    assert_eq!(embedding.shape(), [1, 16]);
}

/// All 112 pixels of the template's crop, the 96×112 of SphereFace in its middle, and a cut without scaling.
#[test]
fn an_input_shows_the_middle_of_the_crop_as_it_was_trained() {
    for (width, height, crop_px_per_px) in [(32, 32, 3.5), (24, 28, 4.0), (32, 32, 1.0)] {
        shows_the_middle(Target {
            crop_px_per_px,
            ..Target::cut(width, height)
        });
    }
}

fn shows_the_middle(target: Target) {
    let place = Place::new();
    let Target { width, height, .. } = target;
    let fields = [
        "validation.n_pairs=0".to_owned(),
        format!("input.width={width}"),
        format!("input.height={height}"),
        format!("input.crop_px_per_px={:?}", target.crop_px_per_px),
    ];
    let run = whole(&place, &fields.each_ref().map(String::as_str), 1);
    export(&run, &wanted(&place, false), &mut Unwatched).unwrap();
    let store = ModelStore::open(&place.path("models"), ModelLimits::default()).unwrap();
    let found = store.find(&Task::EMBED, &Selector::Preferred).unwrap();
    let loaded = found.load(&EngineOptions::default()).unwrap();
    let session = loaded.session.clone();
    let embedder = lineament::Embedder::from_model(loaded).unwrap();
    let pixels = (0..112 * 112 * 3_u32).map(|i| (i / 3 % 112 + i / 336) as u8);
    let crop = lineament_core::RgbImage::new(112, 112, pixels.collect()).unwrap();
    let got = embedder.outputs(std::slice::from_ref(&crop)).unwrap();
    // As the trainer cuts its inputs.
    let seen = target.view(crop.view()).unwrap();
    let planes = (0..3).flat_map(|channel| seen.pixels().iter().skip(channel).step_by(3));
    let values = planes.map(|&v| (f32::from(v) - 127.5) / 127.5).collect();
    let picture = Tensor::new(vec![1, 3, height as usize, width as usize], values).unwrap();
    let outputs = session.run(&picture).unwrap();
    let expected = outputs.get("embedding").unwrap().data();
    let worst = got[0].iter().zip(expected).map(|(a, b)| (a - b).abs());
    let worst = worst.fold(0.0, f32::max);
    assert!(worst < 1e-4, "{target:?}: {got:?} {expected:?}");
    let small = crop.view().cropped(0, 0, 100, 112).unwrap();
    assert!(embedder.outputs(&[small]).is_err());
}

#[test]
fn a_network_that_is_trained_to_see_one_view_is_used_so() {
    let place = Place::new();
    let fields = [MANY_HELD_OUT[0], "input.flip=\"none\""];
    let run = whole(&place, &fields, 1);
    export(&run, &wanted(&place, false), &mut Unwatched).unwrap();
    let store = ModelStore::open(&place.path("models"), ModelLimits::default()).unwrap();
    let found = store.find(&Task::EMBED, &Selector::Preferred).unwrap();
    let loaded = found.load(&EngineOptions::default()).unwrap();
    assert_eq!(loaded.manifest.settings["flip"].as_str(), Some("none"));
    let of_one = loaded.manifest.calibration().unwrap().unwrap();
    let one_view: lineament::Calibration = of_one;
    let place = Place::new();
    let run = whole(&place, &MANY_HELD_OUT, 1);
    export(&run, &wanted(&place, false), &mut Unwatched).unwrap();
    let store = ModelStore::open(&place.path("models"), ModelLimits::default()).unwrap();
    let found = store.find(&Task::EMBED, &Selector::Preferred).unwrap();
    let of_two = found.manifest.calibration().unwrap().unwrap();
    let both_views: lineament::Calibration = of_two;
    assert_eq!(one_view.n_non_mated, both_views.n_non_mated);
    let threshold = |calibration: &lineament::Calibration| calibration.threshold_at(1e-1).unwrap();
    assert_ne!(threshold(&one_view), threshold(&both_views));

    // The export may decide otherwise than the configuration.
    let wanted = Wanted {
        flip: Some(Flip::None),
        ..wanted(&place, false)
    };
    export(&run, &wanted, &mut Unwatched).unwrap();
    let store = ModelStore::open(&place.path("models"), ModelLimits::default()).unwrap();
    let found = store.find(&Task::EMBED, &Selector::Preferred).unwrap();
    assert_eq!(found.manifest.settings["flip"].as_str(), Some("none"));
    let decided = found.manifest.calibration().unwrap().unwrap();
    assert_eq!(threshold(&one_view), threshold(&decided));
}

#[test]
fn a_default_rate_that_few_pairs_cannot_support_is_refused() {
    let place = Place::new();
    let run = whole(&place, &MANY_HELD_OUT, 1);
    let wanted = Wanted {
        default_fmr: Some(1e-9),
        ..wanted(&place, false)
    };
    let told = export(&run, &wanted, &mut Unwatched).unwrap_err();
    assert!(told.to_string().contains("false-match rate"), "{told}");
    assert!(!place.path("models/drawn.onnx").exists());
}

#[test]
fn half_the_bytes_with_weights_of_half_the_bits() {
    let place = Place::new();
    let run = whole(&place, &["validation.n_pairs=0"], 1);
    let size = |fp16| {
        let exported = export(&run, &wanted(&place, fp16), &mut Unwatched).unwrap();
        assert_eq!(exported.step, 20);
        fs::metadata(exported.model).unwrap().len() as f64
    };
    assert!(size(true) < 0.6 * size(false));
}

#[test]
fn a_run_without_checkpoints_exports_nothing() {
    let place = Place::new();
    let run = place.path("run");
    let config = place.config(&["schedule.rate=1e30", "train.clip_norm=0"]);
    train(config, &run, threads(1), &mut Unwatched).unwrap_err();
    let told = export(&run, &wanted(&place, false), &mut Unwatched)
        .unwrap_err()
        .to_string();
    assert!(told.contains("no checkpoint yet"), "{told}");
}

/// A network whose numbers have overflowed.
#[test]
fn what_the_engine_computes_otherwise_is_not_written() {
    let place = Place::new();
    let run = whole(&place, &["validation.n_pairs=0", "train.ema=0"], 1);
    let mut checkpoint = Checkpoint::read(&last(&run)).unwrap();
    for tensor in checkpoint.model.values_mut() {
        if tensor.dim() > 1 {
            let _ = tensor.fill_(1e30);
        }
    }
    checkpoint.write(&last(&run)).unwrap();
    let told = export(&run, &wanted(&place, false), &mut Unwatched)
        .unwrap_err()
        .to_string();
    assert!(told.contains("nothing was written"), "{told}");
    assert!(!place.path("models/drawn.onnx").exists());
}
