//! DBSCAN: dense regions are clusters, and the rest is noise.

use crate::clusters::Clusters;
use crate::disjoint::DisjointSets;
use crate::error::{ClusterError, check_score};
use crate::rows::UnitRows;
use crate::scan::{ScanPlan, fold_scores, map_scores};

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
/// first cores; the rest is noise. Three scans, O(n) memory.
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
    let is_near = |score: &f32| f64::from(*score) >= options.min_score;
    let is_core = map_scores(rows, rows, plan, |i, scores| {
        // A row is its own neighbour, whatever rounding makes of its score.
        let others = scores.iter().enumerate().filter(|(j, _)| *j != i);
        1 + others.filter(|(_, s)| is_near(s)).count() >= options.min_points
    })?;
    let n = rows.n_rows();
    let link = |sets: &mut DisjointSets, i: usize, scores: &[f32]| {
        let earlier = scores[..i].iter().enumerate().filter(|_| is_core[i]);
        for (j, _) in earlier.filter(|(j, score)| is_core[*j] && is_near(score)) {
            sets.join(i, j);
        }
    };
    let parts = fold_scores(rows, rows, plan, || DisjointSets::new(n), link)?;
    let mut sets = DisjointSets::union(n, parts);
    // The root of a set is its smallest core, so the first cluster is the one of the smallest root.
    let roots: Vec<usize> = (0..n).map(|i| sets.find(i)).collect();
    let labels = map_scores(rows, rows, plan, |i, scores| {
        if is_core[i] {
            return Some(roots[i]);
        }
        let near = scores
            .iter()
            .enumerate()
            .filter(|(_, score)| is_near(score));
        near.filter(|(j, _)| is_core[*j])
            .map(|(j, _)| roots[j])
            .min()
    })?;
    Ok(Clusters::of_labels(labels))
}
