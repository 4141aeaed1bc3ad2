//! Comparisons of losses are trained a run at a time, and go on.

use std::fs;

use lineament_train::reproduce::{Comparison, LOSSES};
use lineament_train::run::{Unwatched, Watch};

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
