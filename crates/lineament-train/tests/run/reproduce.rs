//! Comparisons of losses are trained a run at a time, and go on.

use std::fs;

use lineament_train::reproduce::{
    Comparison, DeepFace, DeepId2, FaceNet, Judges, LOSSES, Report, Study,
};
use lineament_train::run::checkpoint::Checkpoint;
use lineament_train::run::{Unwatched, Watch, best_of};

use crate::support::{CONFIG, Ears, Place, bytes, threads};

fn comparison(place: &Place) -> Comparison {
    let recipe = place.path("recipe.toml");
    fs::write(&recipe, CONFIG).unwrap();
    let small = "sampler={ kind = \"balanced\", people = 4, images_per_person = 2 }";
    let fields = [
        place.root(),
        small.to_owned(),
        "train.length=\"6 steps\"".to_owned(),
    ];
    Comparison {
        recipe: Some(recipe),
        assignments: fields.to_vec(),
        // Softmax alone, and with the contrastive loss.
        losses: LOSSES[..2].to_vec(),
        seeds: vec![1, 2],
        folder: place.path("table"),
        licence: "CC0-1.0".to_owned(),
    }
}

fn train(comparison: &Comparison, watch: &mut dyn Watch) -> Option<Vec<String>> {
    let trained = comparison.train(threads(1), watch, |_| ()).unwrap()?;
    Some(trained.into_iter().map(|run| run.model).collect())
}

#[test]
fn every_loss_is_trained_with_every_seed_once() {
    let place = Place::new();
    let whole = comparison(&place);
    let names = [
        "softmax-1",
        "softmax-contrastive-1",
        "softmax-2",
        "softmax-contrastive-2",
    ];
    assert_eq!(train(&whole, &mut Unwatched).unwrap(), names);
    let model = |name: &str| bytes(&whole.models().join(format!("{name}.onnx")));
    assert!(
        names
            .iter()
            .all(|a| names.iter().all(|b| (a == b) == (model(a) == model(b))))
    );
    // Nothing is trained again.
    let mut ears = Ears::default();
    assert_eq!(train(&whole, &mut ears).unwrap(), names);
    assert_eq!(ears.step, 0);
    let other = Comparison {
        assignments: [
            whole.assignments.clone(),
            vec!["schedule.rate=0.01".to_owned()],
        ]
        .concat(),
        ..whole
    };
    let told = other.train(threads(1), &mut Unwatched, |_| ()).unwrap_err();
    assert!(told.to_string().contains("another configuration"), "{told}");
}

/// The table's two accuracies are of one checkpoint, the one whose model is written.
#[test]
fn runs_are_judged_by_their_best_checkpoint() {
    let place = Place::new();
    let mut compared = comparison(&place);
    let often = "validation={ every = \"1 steps\", n_pairs = 40, folds = 2 }".to_owned();
    compared.assignments.push(often);
    let trained = compared.train(threads(1), &mut Unwatched, |_| ()).unwrap();
    let mut is_earlier = false;
    for run in trained.unwrap() {
        let folder = compared.folder.join("runs").join(&run.model);
        let best = Checkpoint::read(&best_of(&folder)).unwrap().state;
        let held_out = run.judged.held_out.unwrap();
        assert_eq!(run.judged.step, best.step);
        assert_eq!(Some(held_out.accuracy), best.best_accuracy);
        let [first, second] = held_out.folds[..] else {
            panic!("two folds");
        };
        assert!((held_out.accuracy - (first + second) / 2.0).abs() < 1e-12);
        let manifest = compared.models().join(format!("{}.toml", run.model));
        let told = fs::read_to_string(manifest).unwrap();
        assert!(told.contains(&format!("for {} steps", best.step)), "{told}");
        is_earlier |= best.step < 6;
    }
    assert!(is_earlier, "every run was best at its end");
}

#[test]
fn what_was_stopped_goes_on() {
    let (place, undisturbed) = (Place::new(), Place::new());
    let stopped = comparison(&place);
    let mut ears = Ears {
        stop_after: Some(4),
        ..Ears::default()
    };
    assert_eq!(train(&stopped, &mut ears), None);
    assert!(!stopped.models().exists());
    train(&stopped, &mut Unwatched).unwrap();
    let whole = comparison(&undisturbed);
    train(&whole, &mut Unwatched).unwrap();
    for name in ["softmax-1.onnx", "softmax-contrastive-2.onnx"] {
        assert_eq!(
            bytes(&stopped.models().join(name)),
            bytes(&whole.models().join(name)),
            "{name}"
        );
    }
}

/// A system on drawn people, half of whom are held out.
fn study(place: &Place, name: &str, fields: &[&str]) -> Study {
    let mut assignments = vec![
        place.root(),
        "data.sources=[{ path = \"people\" }]".to_owned(),
        "data.selection={ min_images_per_person = 3, held_out = 0.6, split_seed = 1 }".to_owned(),
        "validation.n_pairs=40".to_owned(),
        "validation.folds=2".to_owned(),
        "train.length=\"2 steps\"".to_owned(),
        "train.precision=\"float\"".to_owned(),
        "train.device=\"cpu\"".to_owned(),
    ];
    assignments.extend(fields.iter().map(|field| (*field).to_owned()));
    Study {
        recipe: None,
        assignments,
        seeds: vec![1],
        folder: place.path(name),
        licence: "CC0-1.0".to_owned(),
        judges: Judges::HeldOut,
    }
}

fn check(report: &Report, n_rows: usize) {
    assert_eq!(report.rows.len(), n_rows);
    for row in &report.rows {
        assert!(
            (0.0..=100.0).contains(&row.accuracy_percent),
            "{}",
            row.name
        );
        assert_eq!(row.n_seeds, 1);
    }
    let text = report.markdown();
    assert!(
        report.rows.iter().all(|row| text.contains(&row.name)),
        "{text}"
    );
    assert!(
        text.contains("20 pairs for development, 20 for the test"),
        "{text}"
    );
}

#[test]
fn deepid2_is_trained_selected_and_judged() {
    let place = Place::new();
    let sampler = "sampler={ kind = \"balanced\", people = 3, images_per_person = 2 }";
    let system = DeepId2 {
        study: study(&place, "deepid2", &[sampler]),
        n_patches: 2,
        n_selected: 2,
        n_components: 4,
    };
    let run = |watch: &mut dyn Watch| system.run((threads(1), watch), &mut |_| ()).unwrap();
    let mut ears = Ears {
        stop_after: Some(1),
        ..Ears::default()
    };
    assert_eq!(run(&mut ears), None);
    let report = run(&mut Unwatched).unwrap();
    check(&report, 5);
    assert!(report.notes[0].contains("selected were"));
    assert_eq!(report.rows[1].published_percent, Some(95.43));
    // Nothing is trained again, and the same comes out.
    let mut ears = Ears::default();
    assert_eq!(run(&mut ears).unwrap(), report);
    assert_eq!(ears.step, 0);
    let too_many = DeepId2 {
        n_selected: 5,
        ..system.clone()
    };
    let told = too_many
        .run((threads(1), &mut Unwatched), &mut |_| ())
        .unwrap_err();
    assert!(told.to_string().contains("1 to 4"), "{told}");
}

#[test]
fn deepface_is_trained_twice_and_judged_by_its_metrics() {
    let place = Place::new();
    let fields = [
        "network.options.width=0.125",
        "network.options.embedding_dim=32",
    ];
    let system = DeepFace {
        study: study(&place, "deepface", &fields),
    };
    let report = system
        .run((threads(1), &mut Unwatched), &mut |_| ())
        .unwrap();
    let report = report.unwrap();
    check(&report, 4);
    assert_eq!(report.rows[0].published_percent, Some(95.92));
    assert!(
        place
            .path("deepface/models/deepface-siamese-1.onnx")
            .is_file()
    );
}

#[test]
fn facenet_is_trained_for_each_length_and_clusters() {
    let place = Place::new();
    let sampler = "sampler={ kind = \"facenet\", people = 2, images_per_person = 2, others = 1 }";
    let system = FaceNet {
        study: study(&place, "facenet", &[sampler]),
        dims: vec![8, 64],
    };
    let report = system
        .run((threads(1), &mut Unwatched), &mut |_| ())
        .unwrap();
    let report = report.unwrap();
    check(&report, 2);
    let others = &report.rows[1].others;
    assert!(
        (0.0..=1.0).contains(&others["clusters, BCubed F"]),
        "{others:?}"
    );
    assert_eq!(others["VAL at FAR 1e-3, published"], 0.868);
}
