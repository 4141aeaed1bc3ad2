//! DBSCAN: dense regions are clusters, and the rest is noise.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::clusters::Clusters;
use crate::disjoint::DisjointSets;
use crate::error::{ClusterError, check_score};
use crate::pairs::fold_pairs;
use crate::rows::UnitRows;
use crate::scan::{ScanPlan, map_scores};

/// How dense a cluster has to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DbscanOptions {
    /// Rows that score this or more are neighbours: ε, as a score. A cosine distance of ε is a
    /// score of 1 − ε, a squared Euclidean one of ε a score of 1 − ε/2.
    pub min_score: f64,
    /// A row with this many neighbours, itself included, is in the core of a cluster.
    pub min_points: usize,
}

/// The clusters of density (Ester et al., KDD 1996): cores that are neighbours are together; a row
/// that is only the neighbour of cores joins the first such cluster, in the order of the clusters'
/// first cores; the rest is noise. Every two rows are scored twice, O(n) memory.
///
/// # Errors
/// A threshold that is no score, and `min_points` of 0.
pub fn dbscan(
    rows: &UnitRows,
    options: &DbscanOptions,
    plan: &ScanPlan,
) -> Result<Clusters, ClusterError> {
    check_score("the least score of a neighbour", options.min_score)?;
    if options.min_points == 0 {
        return Err(ClusterError::OutOfRange {
            what: "the neighbours that make a core",
            expected: "1 or more",
            got: 0.0,
        });
    }
    let is_near = |score: f32| f64::from(score) >= options.min_score;
    let n = rows.n_rows();
    // A row is its own neighbour, whatever rounding makes of its score.
    let n_near: Vec<AtomicUsize> = (0..n).map(|_| AtomicUsize::new(1)).collect();
    fold_pairs(
        rows,
        plan,
        || (),
        |(), i, first, scores| {
            let near = (first..).zip(scores).filter(|(_, score)| is_near(**score));
            for (j, _) in near {
                n_near[i].fetch_add(1, Ordering::Relaxed);
                n_near[j].fetch_add(1, Ordering::Relaxed);
            }
        },
    );
    let n_near: Vec<usize> = n_near.into_iter().map(AtomicUsize::into_inner).collect();
    let is_core = |row: usize| n_near[row] >= options.min_points;
    let link = |sets: &mut DisjointSets, i: usize, first: usize, scores: &[f32]| {
        if is_core(i) {
            let near = (first..).zip(scores).filter(|(_, score)| is_near(**score));
            near.filter(|(j, _)| is_core(*j))
                .for_each(|(j, _)| sets.join(i, j));
        }
    };
    let parts = fold_pairs(rows, plan, || DisjointSets::new(n), link);
    let mut sets = DisjointSets::union(n, parts);
    // The root of a set is its smallest core, so the first cluster is the one of the smallest root.
    let mut labels: Vec<Option<usize>> = (0..n).map(|i| is_core(i).then(|| sets.find(i))).collect();
    let borders: Vec<usize> = (0..n).filter(|i| !is_core(*i) && n_near[*i] > 1).collect();
    let joined = map_scores(&rows.select(&borders), rows, plan, |_, scores| {
        let near = scores
            .iter()
            .zip(&labels)
            .filter(|(score, _)| is_near(**score));
        near.filter_map(|(_, root)| *root).min()
    })?;
    for (row, root) in borders.into_iter().zip(joined) {
        labels[row] = root;
    }
    Ok(Clusters::of_labels(labels))
}
