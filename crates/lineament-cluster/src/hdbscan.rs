//! HDBSCAN: clusters of any density, those that persist over the widest range of densities.

use crate::clusters::Clusters;
use crate::condensed::Hierarchy;
use crate::error::ClusterError;
use crate::neighbours::{KnnGraph, Nearest};
use crate::rows::UnitRows;
use crate::scan::ScanPlan;
use crate::spanning::spanning_tree;

/// Rows that are a hundred times the work of the 10,000 that `BENCHMARKS.md` has measured.
pub const DEFAULT_MAX_ROWS: usize = 100_000;

/// What is a cluster, and how smooth the density is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HdbscanOptions {
    min_cluster_size: usize,
    min_samples: usize,
}

impl Default for HdbscanOptions {
    /// Clusters of three rows, the density of the nearest other row. Of the options that `BENCHMARKS.md`
    /// has measured, clusters of five are a little better, but find nobody who is seen less often.
    fn default() -> Self {
        Self {
            min_cluster_size: 3,
            min_samples: 1,
        }
    }
}

impl HdbscanOptions {
    /// The most neighbours that a density can be of: each needs 8 bytes for each row.
    pub const MAX_SAMPLES: usize = 1000;

    /// Clusters of `min_cluster_size` rows or more; the density at a row is that within the distance
    /// to its `min_samples`-th nearest other row. More samples leave more rows as noise.
    ///
    /// # Errors
    /// [`ClusterError::OutOfRange`] for clusters of fewer than two rows, and for no samples or more
    /// than [`MAX_SAMPLES`](Self::MAX_SAMPLES).
    pub fn new(min_cluster_size: usize, min_samples: usize) -> Result<Self, ClusterError> {
        let out_of_range = |what, expected, got: usize| ClusterError::OutOfRange {
            what,
            expected,
            got: got as f64,
        };
        if min_cluster_size < 2 {
            let what = "the rows that make a cluster";
            return Err(out_of_range(what, "2 or more", min_cluster_size));
        }
        if !(1..=Self::MAX_SAMPLES).contains(&min_samples) {
            let what = "the neighbours that a density is of";
            return Err(out_of_range(what, "1 to 1000", min_samples));
        }
        Ok(Self {
            min_cluster_size,
            min_samples,
        })
    }

    /// Rows that make a cluster.
    #[must_use]
    pub fn min_cluster_size(&self) -> usize {
        self.min_cluster_size
    }

    /// Which nearest other row the density at a row is measured to.
    #[must_use]
    pub fn min_samples(&self) -> usize {
        self.min_samples
    }
}

/// The most stable clusters of the hierarchy of densities (Campello, Moulavi and Sander, PAKDD 2013;
/// excess of mass: Campello et al., TKDD 2015, §5), and the rest as noise. Distances are Euclidean, of
/// unit rows: √(2 − 2 · score). There is no threshold, and never a cluster of all rows that does not
/// part into two or more: a set of one person is noise.
///
/// Exact: every two rows are scored once for the densities, and once for each of the rounds, at most
/// log₂ n, that make the tree of mutual reachability; O(n · `min_samples`) memory. Time grows with the
/// square of the rows, therefore `max_rows`.
///
/// Deviation: `min_samples` counts the other rows, as the Python package `hdbscan` does; the papers'
/// m_pts counts the row too. The package cuts links of equal distance one after the other, and so
/// gives a row between two clusters to one of them, which depends on the order of rows; here, as in the
/// paper, they are cut at once, and the row is noise. Rows nearer than 10⁻³ count as that far apart.
///
/// # Errors
/// [`ClusterError::TooMany`].
pub fn hdbscan(
    rows: &UnitRows,
    options: &HdbscanOptions,
    max_rows: usize,
    plan: &ScanPlan,
) -> Result<Clusters, ClusterError> {
    let n = rows.n_rows();
    if n > max_rows {
        return Err(ClusterError::TooMany {
            what: "HDBSCAN",
            limit: max_rows,
            got: n,
            help: "allow more (time grows with their square), or use Chinese Whispers on a graph by cells",
        });
    }
    let nearest = Nearest::of_any_score(options.min_samples);
    let graph = KnnGraph::exact(rows, nearest, plan)?;
    // With fewer other rows than samples, the farthest of them.
    let core = |row| graph.of(row).last().map_or(1.0, |edge| edge.score);
    let cores: Vec<f32> = (0..n).map(core).collect();
    drop(graph);
    let tree = spanning_tree(rows, &cores, plan);
    let hierarchy = Hierarchy::of_tree(n, tree, options.min_cluster_size);
    Ok(Clusters::of_labels(hierarchy.most_stable()))
}
