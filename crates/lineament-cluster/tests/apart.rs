//! Rows that must not be together are not, and everything else is as near as it can be.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineament_cluster::{
    ClusterError, Clusters, Dendrogram, ScanPlan, UnitRows, connected_components, keep_apart,
};
use proptest::prelude::*;

const D: usize = 6;

/// Rows and the group of each.
fn rows_in_groups() -> impl Strategy<Value = (Vec<Vec<f32>>, Vec<usize>)> {
    let row = proptest::collection::vec(-1.0f32..1.0, D);
    let directed = row.prop_filter("a direction", |row| row.iter().any(|v| v.abs() > 0.1));
    proptest::collection::vec((directed, 0usize..8), 1..24)
        .prop_map(|rows| rows.into_iter().unzip())
}

/// Joins the two clusters of the greatest mean score that share no group, again and again: the
/// definition, with every mean computed anew.
fn naive(rows: &UnitRows, groups: &[usize], min_score: f64) -> Vec<Vec<usize>> {
    let mut clusters: Vec<Vec<usize>> = (0..rows.n_rows()).map(|row| vec![row]).collect();
    let score = |i: usize, j: usize| -> f64 {
        let pairs = rows.row(i).iter().zip(rows.row(j));
        pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    loop {
        let mut best = (min_score, None);
        for (a, one) in clusters.iter().enumerate() {
            for (b, other) in clusters[..a].iter().enumerate() {
                let share = |i: &usize| other.iter().any(|j| groups[*i] == groups[*j]);
                if one.iter().any(share) {
                    continue;
                }
                let pairs = one.iter().flat_map(|i| other.iter().map(|j| score(*i, *j)));
                let mean = pairs.sum::<f64>() / (one.len() * other.len()) as f64;
                if mean > best.0 {
                    best = (mean, Some((a, b)));
                }
            }
        }
        let (_, Some((a, b))) = best else {
            clusters
                .iter_mut()
                .for_each(|members| members.sort_unstable());
            clusters.sort_unstable();
            return clusters;
        };
        let joined = clusters.swap_remove(a);
        clusters[b].extend(joined);
    }
}

fn are_apart(clusters: &Clusters, groups: &[usize]) -> bool {
    clusters.members().iter().all(|members| {
        let mut of_members: Vec<usize> = members.iter().map(|row| groups[*row]).collect();
        of_members.sort_unstable();
        of_members.windows(2).all(|pair| pair[0] != pair[1])
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn linkage_joins_the_nearest_that_may_be_joined(
        (given, groups) in rows_in_groups(),
        min_score in -0.9..0.9,
    ) {
        let rows = UnitRows::from_rows(&given).unwrap();
        let plan = ScanPlan::default();
        let joins = Dendrogram::average_linkage_apart(&rows, &groups, 100, &plan).unwrap();
        let found = joins.cut(min_score).unwrap();
        prop_assert_eq!(found.members(), naive(&rows, &groups, min_score));
    }

    #[test]
    fn clusters_are_parted_only_where_they_must_be((given, groups) in rows_in_groups()) {
        let rows = UnitRows::from_rows(&given).unwrap();
        let plan = ScanPlan::default();
        let whole = connected_components(&rows, 0.3, &plan).unwrap();
        let parted = keep_apart(&whole, &rows, &groups, 100, &plan).unwrap();
        prop_assert!(are_apart(&parted, &groups));
        for members in whole.members() {
            let selected = rows.select(&members);
            let of_members: Vec<usize> = members.iter().map(|row| groups[*row]).collect();
            let parts = naive(&selected, &of_members, f64::NEG_INFINITY);
            for part in parts {
                let part: Vec<usize> = part.iter().map(|i| members[*i]).collect();
                prop_assert!(parted.members().contains(&part));
            }
        }
        // Where nobody must be apart from anybody, nothing changes.
        let lone: Vec<usize> = (0..given.len()).collect();
        prop_assert_eq!(keep_apart(&whole, &rows, &lone, 0, &plan).unwrap(), whole);
    }
}

#[test]
fn groups_must_be_of_the_rows() {
    let rows = UnitRows::from_rows(&[[1.0f32, 0.0], [0.0, 1.0], [1.0, 1.0]]).unwrap();
    let plan = ScanPlan::default();
    let wrong = Err(ClusterError::Groups {
        expected: 3,
        got: 1,
    });
    let joins = Dendrogram::average_linkage_apart(&rows, &[0], 9, &plan);
    assert_eq!(joins.map(|_| ()), wrong);
    let all = connected_components(&rows, -1.0, &plan).unwrap();
    assert_eq!(keep_apart(&all, &rows, &[0], 9, &plan).map(|_| ()), wrong);
    let error = keep_apart(&all, &rows, &[0, 0, 0], 2, &plan).unwrap_err();
    assert!(error.to_string().contains("got 3"), "{error}");
}
