//! Rows that must not be together, such as two faces of one photo.

use std::collections::HashSet;

use crate::clusters::Clusters;
use crate::error::{ClusterError, check_groups};
use crate::linkage::Dendrogram;
use crate::rows::UnitRows;
use crate::scan::ScanPlan;

/// The clusters, those parted in which two rows are of one group; `groups` has one for each row.
///
/// A cluster is parted by average linkage of its rows alone, on which joins go on for as long as any
/// two parts may be together: rows that were taken for one are believed to be, unless their groups
/// speak against it. Noise stays noise.
///
/// # Errors
/// [`ClusterError::Groups`] for another number of groups than rows, or of labels;
/// [`ClusterError::TooMany`] when a cluster to be parted has more than `max_rows` rows.
pub fn keep_apart(
    clusters: &Clusters,
    rows: &UnitRows,
    groups: &[usize],
    max_rows: usize,
    plan: &ScanPlan,
) -> Result<Clusters, ClusterError> {
    check_groups(rows.n_rows(), groups)?;
    check_groups(clusters.labels().len(), groups)?;
    let mut labels = clusters.labels().to_vec();
    let mut n_labels = clusters.n_clusters();
    for members in clusters.members() {
        let mut seen = HashSet::new();
        if members.iter().all(|row| seen.insert(groups[*row])) {
            continue;
        }
        let of_members: Vec<usize> = members.iter().map(|row| groups[*row]).collect();
        let selected = rows.select(&members);
        let joins = Dendrogram::average_linkage_apart(&selected, &of_members, max_rows, plan)?;
        let parts = joins.cut(-1.0)?;
        for (row, part) in members.iter().zip(parts.labels()) {
            labels[*row] = part.map(|part| n_labels + part);
        }
        n_labels += parts.n_clusters();
    }
    Ok(Clusters::of_labels(labels))
}
