//! The whole pipeline on Labeled Faces in the Wild, View 1, DevTest: 500 mated and 500 non-mated pairs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use lineament::stream::map_in_order;
use lineament::{
    Embedding, Error, ModelLimits, ModelStore, Pipeline, PipelineOptions, Selector, prominent,
};

/// Best possible accuracy of the independent reference on these pairs; ours may be 0.3 points off.
const REFERENCE_ACCURACY: f64 = 0.992;

#[test]
fn devtest_accuracy_is_that_of_the_reference() {
    let Some(shared) = lineament_testkit::shared_folder() else {
        lineament_testkit::say_skipped("1 test of accuracy on LFW View 1");
        return;
    };
    let store = ModelStore::open(&shared.join("models"), ModelLimits::default()).unwrap();
    let options = PipelineOptions {
        detector: Selector::Named("yunet_n_dynamic".to_owned()),
        embedder: Selector::Named("mobilefacenet".to_owned()),
        ..PipelineOptions::default()
    };
    let pipeline = Pipeline::open(&store, &options).unwrap();
    let lfw = shared.join("data/lfw-view1");
    let pairs = pairs(&lfw.join("pairsDevTest.txt"));
    let photos: BTreeMap<&PathBuf, ()> = pairs
        .iter()
        .flat_map(|(a, b, _)| [(a, ()), (b, ())])
        .collect();
    let mut embeddings = BTreeMap::new();
    map_in_order(
        photos.into_keys(),
        available_parallelism().unwrap(),
        |name| (name, portrait(&pipeline, &lfw.join("images").join(name))),
        |(name, embedding)| {
            // Every photo gets its face.
            let embedding = embedding
                .unwrap()
                .unwrap_or_else(|| panic!("{}: no face", name.display()));
            embeddings.insert(name.clone(), embedding);
            ControlFlow::Continue(())
        },
    );
    let scored = pairs.iter().map(|(a, b, mated)| {
        let score = embeddings[a].score(&embeddings[b]).unwrap().value();
        (score, *mated)
    });
    let (accuracy, threshold) = best_accuracy(scored.collect());
    println!(
        "{} photos: accuracy {accuracy:.4} at {threshold:.3}",
        embeddings.len()
    );
    assert_eq!((pairs.len(), embeddings.len()), (1000, 1549));
    assert!(
        accuracy >= REFERENCE_ACCURACY - 0.003,
        "accuracy {accuracy}"
    );
}

fn portrait(pipeline: &Pipeline, path: &Path) -> Result<Option<Embedding>, Error> {
    let photo = pipeline.read(path)?;
    let faces = pipeline.detect(&photo)?;
    let Some(face_idx) = prominent(&faces, photo.size()) else {
        return Ok(None);
    };
    let crop = pipeline.align(&photo, &faces[face_idx])?;
    Ok(pipeline.embed(&[crop])?.pop())
}

/// Two photos, and whether they show one person.
fn pairs(path: &Path) -> Vec<(PathBuf, PathBuf, bool)> {
    let text = std::fs::read_to_string(path).unwrap();
    let photo = |name: &str, number: &str| {
        PathBuf::from(format!(
            "{name}/{name}_{:04}.jpg",
            number.parse::<u32>().unwrap()
        ))
    };
    let lines = text
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines
        .filter(|columns| !columns.is_empty())
        .map(|columns| match columns[..] {
            [name, i, j] => (photo(name, i), photo(name, j), true),
            [name, i, other, j] => (photo(name, i), photo(other, j), false),
            _ => panic!("{columns:?}"),
        })
        .collect()
}

/// The greatest share of right decisions over all thresholds, and its threshold.
fn best_accuracy(mut scored: Vec<(f32, bool)>) -> (f64, f32) {
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let n_non_mated = scored.iter().filter(|s| !s.1).count();
    let mut right = n_non_mated;
    let mut best = (right, 1.0);
    for &(score, mated) in &scored {
        right = if mated { right + 1 } else { right - 1 };
        best = if right > best.0 { (right, score) } else { best };
    }
    (best.0 as f64 / scored.len() as f64, best.1)
}
