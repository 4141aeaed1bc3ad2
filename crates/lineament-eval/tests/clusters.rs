//! Cluster metrics against `reference/clusters.py`, and what must hold for any clusters.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineament_eval::clusters::{Agreement, Assignment, ClusterReport, Clustering};
use lineament_eval::{About, Bootstrap, EvalError, FlipMode, ModelIdentity, evaluate_clusters};
use proptest::prelude::*;
use serde_json::{Value, json};

fn evaluate(
    persons: &[Option<usize>],
    assignments: &[Assignment],
) -> Result<ClusterReport, EvalError> {
    let about = About {
        protocol: "cluster".to_owned(),
        declaration: None,
        model: ModelIdentity {
            name: "none".to_owned(),
            sha256: String::new(),
        },
        flip: FlipMode::Off,
        command: String::new(),
    };
    let names: Vec<String> = (0..assignments.len())
        .map(|i| format!("item {i}"))
        .collect();
    let clustering = Clustering {
        names: &names,
        persons,
        assignments,
    };
    let bootstrap = Bootstrap {
        n_replicates: 100,
        seed: 5,
    };
    evaluate_clusters(about, clustering, bootstrap)
}

fn labels(list: &Value) -> Vec<Option<usize>> {
    let list = list.as_array().unwrap().iter();
    list.map(|v| usize::try_from(v.as_i64().unwrap()).ok())
        .collect()
}

fn assignment(label: Option<usize>) -> Assignment {
    label.map_or(Assignment::Alone, Assignment::Cluster)
}

#[track_caller]
fn assert_agreement(found: &Agreement, expected: &Value) {
    for (i, found) in [found.precision, found.recall, found.f]
        .into_iter()
        .enumerate()
    {
        let expected = expected[i].as_f64().unwrap();
        assert!((found - expected).abs() < 1e-12, "{found}, {expected}");
    }
}

#[test]
fn rates_equal_scikit_learn_and_the_definition() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../reference/golden/clusters.json"
    );
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = golden["metrics"].as_array().unwrap();
    assert!(cases.len() > 5);
    for case in cases {
        let found: Vec<_> = labels(&case["found"]).into_iter().map(assignment).collect();
        let report = evaluate(&labels(&case["truth"]), &found).unwrap();
        assert_agreement(&report.pairwise, &case["pairwise"]);
        assert_agreement(&report.bcubed, &case["bcubed"]);
    }
}

#[test]
fn what_failed_counts_against_recall_and_is_named() {
    let persons = [0, 0, 0, 1].map(Some);
    let together = Assignment::Cluster(7);
    let whole = evaluate(&persons, &[together, together, together, Assignment::Alone]).unwrap();
    let part = evaluate(
        &persons,
        &[together, together, Assignment::Failed, Assignment::Alone],
    )
    .unwrap();
    assert_eq!((whole.pairwise.f, whole.bcubed.f), (1.0, 1.0));
    assert_eq!(part.pairwise.recall, 1.0 / 3.0);
    assert_eq!(part.pairwise.precision, 1.0);
    assert_eq!(
        (part.n_failed, part.n_unclustered, part.n_clusters),
        (1, 1, 1)
    );
    assert_eq!(part.failures, ["item 2"]);
    let json = json!(part);
    assert_eq!(json["protocol"], "cluster");
    assert!(json["bcubed"]["precision"].is_f64());
}

#[test]
fn nothing_known_is_refused() {
    let error = evaluate(&[None], &[Assignment::Alone]).unwrap_err();
    assert!(matches!(error, EvalError::TooFew { .. }), "{error}");
    let error = evaluate(&[None], &[]).unwrap_err();
    assert!(matches!(error, EvalError::Dimension { .. }), "{error}");
}

/// Pairwise precision and recall by looking at every pair.
fn by_pairs(persons: &[usize], clusters: &[usize]) -> [f64; 2] {
    let n = persons.len();
    let pairs = (0..n).flat_map(|i| (0..i).map(move |j| (i, j)));
    let (mut right, mut together, mut mated) = (0.0, 0.0, 0.0);
    for (i, j) in pairs {
        let (same_person, same_cluster) = (persons[i] == persons[j], clusters[i] == clusters[j]);
        right += f64::from(u8::from(same_person && same_cluster));
        together += f64::from(u8::from(same_cluster));
        mated += f64::from(u8::from(same_person));
    }
    [together, mated].map(|whole| if whole > 0.0 { right / whole } else { 1.0 })
}

proptest! {
    #[test]
    fn counting_cells_is_counting_pairs(
        items in proptest::collection::vec((0_usize..6, 0_usize..6), 1..50), seed in 0_u64..100,
    ) {
        let (persons, clusters): (Vec<_>, Vec<_>) = items.iter().copied().unzip();
        let report = |order: &[usize]| {
            let persons: Vec<_> = order.iter().map(|i| Some(persons[*i])).collect();
            let found: Vec<_> = order.iter().map(|i| Assignment::Cluster(clusters[*i])).collect();
            evaluate(&persons, &found).unwrap()
        };
        let mut order: Vec<usize> = (0..items.len()).collect();
        let found = report(&order);
        let expected = by_pairs(&persons, &clusters);
        prop_assert!((found.pairwise.precision - expected[0]).abs() < 1e-12);
        prop_assert!((found.pairwise.recall - expected[1]).abs() < 1e-12);
        lineament_eval::Seeded::new(seed).shuffle(&mut order);
        let turned = report(&order);
        prop_assert!((found.bcubed.f - turned.bcubed.f).abs() < 1e-12);
        prop_assert!((found.pairwise.f - turned.pairwise.f).abs() < 1e-12);
        // With people and clusters swapped, precision is recall.
        let swapped: Vec<_> = persons.iter().map(|p| Assignment::Cluster(*p)).collect();
        let people: Vec<_> = clusters.iter().copied().map(Some).collect();
        let swapped = evaluate(&people, &swapped).unwrap();
        prop_assert!((found.bcubed.precision - swapped.bcubed.recall).abs() < 1e-12);
    }
}
