//! What must hold for any rows: scores that depend on two rows alone, groups that depend on no
//! order, refusals.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::num::NonZeroUsize;

use lineament_cluster::{
    CellOptions, ClusterError, Clusters, DbscanOptions, Dendrogram, HdbscanOptions, KnnGraph,
    Nearest, ScanPlan, Seeded, UnitRows, WhispersOptions, chinese_whispers, connected_components,
    dbscan, fold_pairs, hdbscan, map_scores,
};
use proptest::prelude::*;

const D: usize = 9;

fn rows(max: usize) -> impl Strategy<Value = Vec<Vec<f32>>> {
    let row = proptest::collection::vec(-1.0f32..1.0, D);
    let directed = row.prop_filter("a direction", |row| row.iter().any(|v| v.abs() > 0.1));
    proptest::collection::vec(directed, 1..max)
}

fn plan(threads: usize, max_score_bytes: usize) -> ScanPlan {
    ScanPlan {
        threads: NonZeroUsize::new(threads).unwrap(),
        max_score_bytes,
    }
}

fn scores(queries: &UnitRows, rows: &UnitRows, plan: &ScanPlan) -> Vec<Vec<f32>> {
    map_scores(queries, rows, plan, |_, scores| scores.to_vec()).unwrap()
}

/// Whether two clusterings put the same rows together, row i of the one being `order[i]` of the
/// other.
fn is_same(one: &Clusters, other: &Clusters, order: &[usize]) -> bool {
    let (one, other) = (one.labels(), other.labels());
    let together = |labels: &[Option<usize>], i: usize, j: usize| labels[i] == labels[j];
    (0..order.len()).all(|i| {
        one[order[i]].is_some() == other[i].is_some()
            && (0..i).all(|j| together(one, order[i], order[j]) == together(other, i, j))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn scores_do_not_depend_on_blocks(of_queries in rows(20), of_rows in rows(150)) {
        let queries = UnitRows::from_rows(&of_queries).unwrap();
        let rows = UnitRows::from_rows(&of_rows).unwrap();
        let whole = scores(&queries, &rows, &plan(1, 1 << 20));
        prop_assert_eq!(&whole, &scores(&queries, &rows, &plan(3, 1)));
        for (query, expected) in whole.iter().enumerate() {
            let alone = scores(&queries.select(&[query]), &rows, &plan(1, 1));
            prop_assert_eq!(&alone[0], expected);
            for (row, score) in expected.iter().enumerate() {
                let one = scores(&queries.select(&[query]), &rows.select(&[row]), &plan(1, 1));
                prop_assert_eq!(one[0][0], *score);
                let pairs = queries.row(query).iter().zip(rows.row(row));
                let exact: f64 = pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                prop_assert!((exact - f64::from(*score)).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn groups_do_not_depend_on_order(given in rows(60), seed: u64, min_score in 0.2..0.9) {
        let unit = UnitRows::from_rows(&given).unwrap();
        let mut order: Vec<usize> = (0..given.len()).collect();
        Seeded::new(seed).shuffle(&mut order);
        let shuffled = unit.select(&order);
        let by = |cluster: &dyn Fn(&UnitRows) -> Clusters| {
            is_same(&cluster(&unit), &cluster(&shuffled), &order)
        };
        let plan = plan(2, 1);
        prop_assert!(by(&|rows| connected_components(rows, min_score, &plan).unwrap()));
        let cut = |rows: &UnitRows| {
            let dendrogram = Dendrogram::average_linkage(rows, 60, &plan).unwrap();
            dendrogram.cut(min_score).unwrap()
        };
        prop_assert!(by(&cut));
        // With one point to a core nothing is at the border of two clusters.
        let options = DbscanOptions { min_score, min_points: 1 };
        prop_assert!(by(&|rows| dbscan(rows, &options, &plan).unwrap()));
    }

    #[test]
    fn stable_groups_do_not_depend_on_order_copies_or_threads(
        given in rows(60),
        copied in proptest::collection::vec(0usize..60, 0..20),
        seed: u64,
        size in 2usize..6,
        samples in 1usize..6,
    ) {
        let mut given = given;
        for row in copied {
            given.push(given[row % given.len()].clone());
        }
        let unit = UnitRows::from_rows(&given).unwrap();
        let mut order: Vec<usize> = (0..given.len()).collect();
        Seeded::new(seed).shuffle(&mut order);
        let options = HdbscanOptions::new(size, samples).unwrap();
        let found = hdbscan(&unit, &options, 100, &plan(1, 1 << 20)).unwrap();
        let shuffled = hdbscan(&unit.select(&order), &options, 100, &plan(3, 1)).unwrap();
        prop_assert!(is_same(&found, &shuffled, &order));
        prop_assert!(found.members().iter().all(|rows| rows.len() >= size));
        // All rows are no cluster, since nothing parts them.
        prop_assert!(found.n_clusters() != 1 || found.labels().contains(&None));
    }

    #[test]
    fn every_pair_comes_once_with_its_score(given in rows(40), bytes in 1usize..5000) {
        let unit = UnitRows::from_rows(&given).unwrap();
        let whole = scores(&unit, &unit, &plan(1, 1 << 20));
        let add = |found: &mut Vec<_>, i: usize, first: usize, scores: &[f32]| {
            found.extend((first..).zip(scores).map(|(j, score)| (i, j, *score)));
        };
        let mut found = fold_pairs(&unit, &plan(2, bytes), Vec::new, add).concat();
        found.sort_unstable_by_key(|(i, j, _)| (*i, *j));
        let n = given.len();
        let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
        let expected: Vec<_> = pairs.map(|(i, j)| (i, j, whole[i][j])).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn neighbours_are_the_best_scores(given in rows(60), k in 0usize..12, min_score in -0.5..0.9) {
        let unit = UnitRows::from_rows(&given).unwrap();
        let wanted = Nearest { k, min_score };
        let graph = KnnGraph::exact(&unit, wanted, &plan(2, 300)).unwrap();
        let all: Vec<usize> = (0..given.len()).collect();
        let chosen = KnnGraph::exact_of(&unit, &all, wanted, &plan(1, 1)).unwrap();
        let whole = scores(&unit, &unit, &plan(1, 1 << 20));
        for (row, scores) in whole.iter().enumerate() {
            let near = |(j, s): &(usize, &f32)| *j != row && f64::from(**s) >= min_score;
            let mut edges: Vec<_> = scores.iter().enumerate().filter(near).collect();
            edges.sort_by(|a, b| b.1.total_cmp(a.1).then(a.0.cmp(&b.0)));
            edges.truncate(k);
            let found: Vec<_> = graph.of(row).iter().map(|e| (e.to as usize, &e.score)).collect();
            prop_assert_eq!(&found, &edges);
            prop_assert_eq!(chosen[row].as_slice(), graph.of(row));
        }
    }

    #[test]
    fn cells_that_are_all_looked_into_miss_nothing(
        given in rows(60),
        n_cells in 1usize..9,
        seed: u64,
    ) {
        let unit = UnitRows::from_rows(&given).unwrap();
        let wanted = Nearest { k: 7, min_score: 0.1 };
        let exact = KnnGraph::exact(&unit, wanted, &plan(1, 1 << 20)).unwrap();
        let cells = CellOptions { n_cells, n_probes: n_cells, seed };
        for threads in [1, 3] {
            let found = KnnGraph::by_cells(&unit, wanted, &cells, &plan(threads, 1)).unwrap();
            prop_assert_eq!(&found, &exact);
        }
        let fewer = CellOptions { n_probes: 1, ..cells };
        let some = |threads| KnnGraph::by_cells(&unit, wanted, &fewer, &plan(threads, 1)).unwrap();
        let found = some(1);
        prop_assert_eq!(&found, &some(3));
        for row in 0..given.len() {
            prop_assert!(found.of(row).iter().all(|edge| edge.to as usize != row));
        }
    }

    #[test]
    fn density_without_borders_is_components(given in rows(60), min_score in 0.2..0.9) {
        let unit = UnitRows::from_rows(&given).unwrap();
        let options = DbscanOptions { min_score, min_points: 1 };
        let dense = dbscan(&unit, &options, &ScanPlan::default()).unwrap();
        let components = connected_components(&unit, min_score, &ScanPlan::default()).unwrap();
        prop_assert_eq!(dense, components);
    }

    #[test]
    fn whispers_never_leave_a_component(given in rows(60), seed: u64) {
        let unit = UnitRows::from_rows(&given).unwrap();
        let graph = KnnGraph::exact(&unit, Nearest::of_any_score(60), &ScanPlan::default()).unwrap();
        let options = WhispersOptions { min_score: 0.5, max_rounds: 20, seed };
        let found = chinese_whispers(&graph, &options).unwrap();
        let components = connected_components(&unit, 0.5, &ScanPlan::default()).unwrap();
        for (i, label) in found.labels().iter().enumerate() {
            for (j, other) in found.labels()[..i].iter().enumerate() {
                let apart = components.labels()[i] != components.labels()[j];
                prop_assert!(!(apart && label == other));
            }
        }
    }
}

#[test]
fn rows_without_a_direction_or_of_other_lengths_are_refused() {
    let zero = UnitRows::from_rows(&[[1.0f32, 0.0], [0.0, 0.0]]);
    assert!(matches!(
        zero,
        Err(ClusterError::NoDirection { row: 1, .. })
    ));
    let nan = UnitRows::from_rows(&[[f32::NAN, 0.0]]);
    assert!(matches!(nan, Err(ClusterError::NoDirection { row: 0, .. })));
    let ragged = UnitRows::from_rows(&[vec![1.0f32, 0.0], vec![1.0]]);
    let expected = ClusterError::Dimension {
        row: 1,
        expected: 2,
        got: 1,
    };
    assert_eq!(ragged, Err(expected));
    assert!(UnitRows::from_rows::<Vec<f32>>(&[]).is_err());
    let (two, three) = (UnitRows::new(2).unwrap(), UnitRows::new(3).unwrap());
    assert!(map_scores(&two, &three, &ScanPlan::default(), |_, _| ()).is_err());
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let rows = UnitRows::from_rows(&[[1.0f32, 0.0], [0.0, 1.0], [1.0, 1.0]]).unwrap();
    let plan = ScanPlan::default();
    assert!(connected_components(&rows, f64::NAN, &plan).is_err());
    let empty_core = DbscanOptions {
        min_score: 0.5,
        min_points: 0,
    };
    assert!(dbscan(&rows, &empty_core, &plan).is_err());
    for (size, samples) in [(1, 1), (2, 0), (2, 1001)] {
        assert!(HdbscanOptions::new(size, samples).is_err());
    }
    let options = HdbscanOptions::new(2, 1).unwrap();
    let error = hdbscan(&rows, &options, 2, &plan).unwrap_err().to_string();
    assert!(
        error.contains("HDBSCAN takes 2 rows at most, got 3"),
        "{error}"
    );
    let graph = KnnGraph::exact(&rows, Nearest::of_any_score(2), &plan).unwrap();
    for (n_cells, n_probes) in [(0, 1), (1, 0)] {
        let cells = CellOptions {
            n_cells,
            n_probes,
            seed: 0,
        };
        let wanted = Nearest::of_any_score(2);
        assert!(KnnGraph::by_cells(&rows, wanted, &cells, &plan).is_err());
    }
    let negative = WhispersOptions {
        min_score: -0.1,
        max_rounds: 1,
        seed: 0,
    };
    assert!(chinese_whispers(&graph, &negative).is_err());
    let error = Dendrogram::average_linkage(&rows, 2, &plan).unwrap_err();
    assert!(
        error.to_string().contains("2 rows at most, got 3"),
        "{error}"
    );
}

#[test]
fn nothing_is_in_no_cluster() {
    let rows = UnitRows::new(4).unwrap();
    let plan = ScanPlan::default();
    assert_eq!(
        connected_components(&rows, 0.5, &plan)
            .unwrap()
            .n_clusters(),
        0
    );
    let dendrogram = Dendrogram::average_linkage(&rows, 10, &plan).unwrap();
    assert!(dendrogram.cut(0.5).unwrap().labels().is_empty());
    let options = HdbscanOptions::new(2, 1).unwrap();
    let dense = hdbscan(&rows, &options, 10, &plan).unwrap();
    assert!(dense.labels().is_empty());
    let one = UnitRows::from_rows(&[[1.0f32, 0.0]]).unwrap();
    let dense = hdbscan(&one, &options, 10, &plan).unwrap();
    assert_eq!(dense.labels(), [None]);
    assert_eq!(
        KnnGraph::exact(&rows, Nearest::of_any_score(3), &plan)
            .unwrap()
            .n_rows(),
        0
    );
}
