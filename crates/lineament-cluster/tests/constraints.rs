//! Rows that must be together are, rows that must not be are not, and everything else is as near as it can
//! be.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineament_cluster::{
    ClusterError, Clusters, Constraints, Dendrogram, ScanPlan, UnitRows, connected_components,
    constrain,
};
use proptest::prelude::*;

const D: usize = 6;

/// Rows, the group of each, pairs that must be together, and pairs that must not be.
#[derive(Debug)]
struct Given {
    rows: Vec<Vec<f32>>,
    groups: Vec<usize>,
    together: Vec<[usize; 2]>,
    apart: Vec<[usize; 2]>,
}

/// Rows in groups of each other, and up to `n_pairs` pairs of each kind; none contradicts those before it.
fn given(n_pairs: usize) -> impl Strategy<Value = Given> {
    let row = proptest::collection::vec(-1.0f32..1.0, D);
    let directed = row.prop_filter("a direction", |row| row.iter().any(|v| v.abs() > 0.1));
    let rows = proptest::collection::vec((directed, 0usize..8), 1..24);
    let pairs = || proptest::collection::vec(any::<[prop::sample::Index; 2]>(), 0..=n_pairs);
    (rows, pairs(), pairs()).prop_map(|(rows, together, apart)| {
        let (rows, groups): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let of_rows = |pair: [prop::sample::Index; 2]| pair.map(|i| i.index(rows.len()));
        let together: Vec<[usize; 2]> = together.into_iter().map(of_rows).collect();
        let linked = linked(rows.len(), &together);
        let apart = apart.into_iter().map(of_rows);
        let apart = apart.filter(|[i, j]| linked[*i] != linked[*j]).collect();
        Given {
            rows,
            groups,
            together,
            apart,
        }
    })
}

/// Whom each row is linked to: the definition, links followed until nothing changes.
fn linked(n_rows: usize, together: &[[usize; 2]]) -> Vec<usize> {
    let mut linked: Vec<usize> = (0..n_rows).collect();
    for _ in 0..n_rows {
        for [i, j] in together {
            let first = linked[*i].min(linked[*j]);
            (linked[*i], linked[*j]) = (first, first);
        }
    }
    linked
}

impl Given {
    fn constraints(&self) -> Constraints {
        Constraints::new(&self.groups, &self.together, &self.apart).unwrap()
    }

    fn rows(&self) -> UnitRows {
        UnitRows::from_rows(&self.rows).unwrap()
    }

    /// The pairs of rows that may not be together.
    fn forbids(&self, i: usize, j: usize) -> bool {
        let linked = linked(self.rows.len(), &self.together);
        let is_named = self.apart.contains(&[i, j]) || self.apart.contains(&[j, i]);
        linked[i] != linked[j] && (self.groups[i] == self.groups[j] || is_named)
    }

    /// Joins, among those of the rows `of`, first what is linked and then the two clusters of the greatest
    /// mean score that may be joined, again and again: the definition, with every mean computed anew.
    fn naive(&self, of: &[usize], min_score: f64) -> Vec<Vec<usize>> {
        let rows = self.rows();
        let linked = linked(self.rows.len(), &self.together);
        let mut clusters: Vec<Vec<usize>> = Vec::new();
        for &row in of {
            match clusters.iter_mut().find(|c| linked[c[0]] == linked[row]) {
                Some(cluster) => cluster.push(row),
                None => clusters.push(vec![row]),
            }
        }
        let score = |i: usize, j: usize| -> f64 {
            let pairs = rows.row(i).iter().zip(rows.row(j));
            pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        loop {
            let mut best = (min_score, None);
            for (a, one) in clusters.iter().enumerate() {
                for (b, other) in clusters[..a].iter().enumerate() {
                    let is_barred = |i: &usize| other.iter().any(|j| self.forbids(*i, *j));
                    if one.iter().any(is_barred) {
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
                clusters.iter_mut().for_each(|c| c.sort_unstable());
                clusters.sort_unstable();
                return clusters;
            };
            let joined = clusters.swap_remove(a);
            clusters[b].extend(joined);
        }
    }

    /// What of the constraints the clusters break.
    fn broken(&self, clusters: &Clusters) -> Vec<[usize; 2]> {
        let labels = clusters.labels();
        let linked = linked(self.rows.len(), &self.together);
        let pairs = (0..labels.len()).flat_map(|i| (0..i).map(move |j| [i, j]));
        let is_broken = |[i, j]: &[usize; 2]| {
            let are_together = labels[*i].is_some() && labels[*i] == labels[*j];
            match linked[*i] == linked[*j] {
                true => !are_together,
                false => are_together && self.forbids(*i, *j),
            }
        };
        pairs.filter(is_broken).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn linkage_joins_the_nearest_that_may_be_joined(given in given(5), min_score in -0.9..0.9) {
        let plan = ScanPlan::default();
        let joins =
            Dendrogram::average_linkage_constrained(&given.rows(), &given.constraints(), 100, &plan);
        let found = joins.unwrap().cut(min_score).unwrap();
        let all: Vec<usize> = (0..given.rows.len()).collect();
        prop_assert_eq!(found.members(), given.naive(&all, min_score));
    }

    #[test]
    fn clusters_are_changed_only_where_they_must_be(given in given(4)) {
        let (rows, plan) = (given.rows(), ScanPlan::default());
        let before = connected_components(&rows, 0.3, &plan).unwrap();
        let after = constrain(&before, &rows, &given.constraints(), 100, &plan).unwrap();
        prop_assert_eq!(given.broken(&after), Vec::<[usize; 2]>::new());
        // What the links make one, by following both clusters and links.
        let together: Vec<[usize; 2]> = before
            .members()
            .iter()
            .flat_map(|members| members.windows(2).map(|pair| [pair[0], pair[1]]))
            .chain(given.together.iter().copied())
            .collect();
        let whole = linked(given.rows.len(), &together);
        for first in 0..given.rows.len() {
            let members: Vec<usize> = (0..whole.len()).filter(|i| whole[*i] == first).collect();
            let are_barred = members.iter().any(|i| members.iter().any(|j| given.forbids(*i, *j)));
            let parts = match are_barred {
                true => given.naive(&members, f64::NEG_INFINITY),
                false if members.is_empty() => vec![],
                false => vec![members],
            };
            for part in parts {
                prop_assert!(after.members().contains(&part), "{part:?} of {after:?}");
            }
        }
        // Where nothing is known, nothing changes.
        let lone: Vec<usize> = (0..given.rows.len()).collect();
        let free = Constraints::of_groups(&lone);
        prop_assert_eq!(constrain(&before, &rows, &free, 0, &plan).unwrap(), before);
    }

    #[test]
    fn a_selection_knows_what_its_rows_knew(given in given(6), order in any::<prop::sample::Index>()) {
        let n_rows = given.rows.len();
        let start = order.index(n_rows);
        // Some rows from the middle, the last first.
        let chosen: Vec<usize> = (start..n_rows).rev().step_by(2).collect();
        let linked = linked(n_rows, &given.together);
        let pairs = (0..chosen.len()).flat_map(|i| (0..i).map(move |j| [i, j]));
        let of = |kind: &dyn Fn(usize, usize) -> bool| -> Vec<[usize; 2]> {
            pairs.clone().filter(|[i, j]| kind(chosen[*i], chosen[*j])).collect()
        };
        let together = of(&|i, j| linked[i] == linked[j]);
        let apart = of(&|i, j| {
            given.apart.contains(&[i, j]) || given.apart.contains(&[j, i])
        });
        let groups: Vec<usize> = chosen.iter().map(|row| given.groups[*row]).collect();
        let expected = Constraints::new(&groups, &together, &apart).unwrap();
        let rows = given.rows().select(&chosen);
        let plan = ScanPlan::default();
        let joins = |constraints: &Constraints| {
            Dendrogram::average_linkage_constrained(&rows, constraints, 100, &plan).unwrap()
        };
        let selected = given.constraints().select(&chosen);
        prop_assert_eq!(joins(&selected), joins(&expected));
        let unlinked = Constraints::new(&groups, &[], &apart).unwrap();
        prop_assert_eq!(joins(&selected.without_links()), joins(&unlinked));
    }
}

#[test]
fn noise_that_is_linked_is_noise_no_more() {
    let rows = UnitRows::from_rows(&[[1.0f32, 0.0]; 5]).unwrap();
    let plan = ScanPlan::default();
    let one = UnitRows::from_rows(&[[1.0f32, 0.0]]).unwrap();
    // Row 0 is a cluster, and four rows of noise follow.
    let clusters = connected_components(&one, 0.5, &plan)
        .unwrap()
        .with_noise(4);
    let links = [[1, 0], [2, 3]];
    let constraints = Constraints::new(&[0, 1, 2, 3, 4], &links, &[]).unwrap();
    let found = constrain(&clusters, &rows, &constraints, 9, &plan).unwrap();
    assert_eq!(found.labels(), [Some(0), Some(0), Some(1), Some(1), None]);
}

#[test]
fn constraints_must_be_of_the_rows_and_of_one_mind() {
    let rows = UnitRows::from_rows(&[[1.0f32, 0.0], [0.0, 1.0], [1.0, 1.0]]).unwrap();
    let plan = ScanPlan::default();
    let wrong = Err(ClusterError::Groups {
        expected: 3,
        got: 1,
    });
    let one = Constraints::of_groups(&[0]);
    let joins = Dendrogram::average_linkage_constrained(&rows, &one, 9, &plan);
    assert_eq!(joins.map(|_| ()), wrong);
    let all = connected_components(&rows, -1.0, &plan).unwrap();
    assert_eq!(constrain(&all, &rows, &one, 9, &plan).map(|_| ()), wrong);
    let photo = Constraints::of_groups(&[0, 0, 0]);
    let error = constrain(&all, &rows, &photo, 2, &plan).unwrap_err();
    assert!(error.to_string().contains("got 3"), "{error}");
    let error = Constraints::new(&[0, 1], &[[0, 2]], &[]).unwrap_err();
    assert_eq!(error, ClusterError::NoRow { row: 2, n_rows: 2 });
    let error = Constraints::new(&[0, 1, 2], &[[0, 1], [1, 2]], &[[2, 0]]).unwrap_err();
    let expected = ClusterError::Contradiction {
        first: 2,
        second: 0,
    };
    assert_eq!(error, expected);
    let itself = Constraints::new(&[0], &[], &[[0, 0]]).unwrap_err();
    assert!(matches!(itself, ClusterError::Contradiction { .. }));
}
