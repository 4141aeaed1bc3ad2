//! Scans and clusterings against the independent reference in `reference/clusters.py`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use lineament_cluster::{
    Clusters, DbscanOptions, Dendrogram, HdbscanOptions, KnnGraph, Nearest, ScanPlan, UnitRows,
    WhispersOptions, chinese_whispers, connected_components, dbscan, hdbscan,
};
use serde_json::Value;

fn groups() -> Vec<Value> {
    golden("groups")
}

fn golden(field: &str) -> Vec<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../reference/golden/clusters.json"
    );
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let golden: Value = serde_json::from_str(&text).unwrap();
    list(&golden[field]).to_vec()
}

fn list(value: &Value) -> &[Value] {
    let list = value.as_array().unwrap();
    assert!(!list.is_empty());
    list
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn count(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn rows(group: &Value) -> UnitRows {
    let row = |row: &Value| -> Vec<f32> { list(row).iter().map(|v| number(v) as f32).collect() };
    let rows: Vec<Vec<f32>> = list(&group["features"]).iter().map(row).collect();
    UnitRows::from_rows(&rows).unwrap()
}

fn labels(value: &Value) -> Vec<Option<usize>> {
    let label = |v: &Value| usize::try_from(v.as_i64().unwrap()).ok();
    list(value).iter().map(label).collect()
}

/// Every case of one kind in every group.
fn check_labels(kind: &str, cluster: impl Fn(&UnitRows, &Value) -> Clusters) {
    for group in groups() {
        let rows = rows(&group);
        for case in list(&group[kind]) {
            let found = cluster(&rows, case);
            assert_eq!(found.labels(), labels(&case["labels"]), "{kind} {case}");
        }
    }
}

#[test]
fn neighbours_equal_scikit_learn() {
    for group in groups() {
        let knn = &group["knn"];
        let graph = KnnGraph::exact(
            &rows(&group),
            Nearest::of_any_score(count(&knn["k"])),
            &ScanPlan::default(),
        )
        .unwrap();
        for (row, expected) in list(&knn["neighbours"]).iter().enumerate() {
            let found: Vec<usize> = graph.of(row).iter().map(|edge| edge.to as usize).collect();
            let expected: Vec<usize> = list(expected).iter().map(count).collect();
            assert_eq!(found, expected);
            for (edge, score) in graph.of(row).iter().zip(list(&knn["scores"][row])) {
                // A dozen products of f32.
                assert!((f64::from(edge.score) - number(score)).abs() < 1e-6);
            }
        }
    }
}

#[test]
fn components_equal_scipy() {
    check_labels("components", |rows, case| {
        connected_components(rows, number(&case["min_score"]), &ScanPlan::default()).unwrap()
    });
}

#[test]
fn average_linkage_equals_scipy_and_scikit_learn() {
    for group in groups() {
        let dendrogram =
            Dendrogram::average_linkage(&rows(&group), 100, &ScanPlan::default()).unwrap();
        let expected = list(&group["merges"]);
        assert_eq!(dendrogram.merges().len(), expected.len());
        for (merge, expected) in dendrogram.merges().iter().zip(expected) {
            // Means of means, each rounded to f32.
            assert!((merge.score - number(expected)).abs() < 2e-6);
        }
    }
    check_labels("cuts", |rows, case| {
        let dendrogram = Dendrogram::average_linkage(rows, 100, &ScanPlan::default()).unwrap();
        dendrogram.cut(number(&case["min_score"])).unwrap()
    });
}

#[test]
fn dbscan_equals_scikit_learn() {
    check_labels("dbscan", |rows, case| {
        let options = DbscanOptions {
            min_score: number(&case["min_score"]),
            min_points: count(&case["min_points"]),
        };
        dbscan(rows, &options, &ScanPlan::default()).unwrap()
    });
}

#[test]
fn hdbscan_equals_the_package_and_between_clusters_the_paper() {
    for group in golden("hdbscan") {
        let rows = rows(&group);
        for case in list(&group["cases"]) {
            let size = count(&case["min_cluster_size"]);
            let options = HdbscanOptions::new(size, count(&case["min_samples"])).unwrap();
            let found = hdbscan(&rows, &options, 200, &ScanPlan::default()).unwrap();
            assert_eq!(found.labels(), labels(&case["labels"]), "{case}");
        }
    }
}

#[test]
fn whispers_equal_the_algorithm() {
    check_labels("whispers", |rows, case| {
        let graph = KnnGraph::exact(
            rows,
            Nearest::of_any_score(count(&case["k"])),
            &ScanPlan::default(),
        )
        .unwrap();
        let options = WhispersOptions {
            min_score: number(&case["min_score"]),
            max_rounds: count(&case["max_rounds"]),
            seed: case["seed"].as_u64().unwrap(),
        };
        chinese_whispers(&graph, &options).unwrap()
    });
}
