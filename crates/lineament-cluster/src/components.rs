//! Connected components: whoever is linked through others is together.

use crate::clusters::Clusters;
use crate::disjoint::DisjointSets;
use crate::error::{ClusterError, check_score};
use crate::pairs::fold_pairs;
use crate::rows::UnitRows;
use crate::scan::ScanPlan;

/// The connected components of the graph that has an edge wherever two rows score `min_score` or
/// more; single linkage, cut at that score. Edges are never stored: memory is O(n) per thread.
///
/// # Errors
/// A threshold that is no score.
pub fn connected_components(
    rows: &UnitRows,
    min_score: f64,
    plan: &ScanPlan,
) -> Result<Clusters, ClusterError> {
    check_score("the least score of an edge", min_score)?;
    let n = rows.n_rows();
    let link = |sets: &mut DisjointSets, i: usize, first: usize, scores: &[f32]| {
        for (j, score) in (first..).zip(scores) {
            if f64::from(*score) >= min_score {
                sets.join(i, j);
            }
        }
    };
    let parts = fold_pairs(rows, plan, || DisjointSets::new(n), link);
    let mut sets = DisjointSets::union(n, parts);
    Ok(Clusters::of_labels((0..n).map(|i| Some(sets.find(i)))))
}
