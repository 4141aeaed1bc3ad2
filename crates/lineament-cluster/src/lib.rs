//! Exact scans of unit-norm features, and the clusters of them.
//!
//! It takes feature rows, scores them against one another by blocked products of matrices, and
//! groups them: connected components at a threshold, average linkage, Chinese Whispers, DBSCAN,
//! HDBSCAN. A score is the cosine of two features, greater is closer; every threshold is a score.
//! It deliberately does not know who the features belong to, where they come from, how good a
//! grouping is, or how it is stored. What is random takes a seed; the same rows give the same groups
//! on any number of threads.
//!
//! ```
//! use lineament_cluster::{ScanPlan, UnitRows, connected_components};
//!
//! # fn main() -> Result<(), lineament_cluster::ClusterError> {
//! let rows = UnitRows::from_rows(&[[0.9, 0.1, 0.0], [0.0, 0.2, 0.9], [1.0, 0.0, 0.1]])?;
//! let clusters = connected_components(&rows, 0.8, &ScanPlan::default())?;
//! assert_eq!(clusters.labels(), [Some(0), Some(1), Some(0)]);
//! assert_eq!(clusters.n_clusters(), 2);
//! # Ok(())
//! # }
//! ```

mod best;
pub mod cells;
pub mod clusters;
pub mod components;
mod condensed;
pub mod constraints;
pub mod dbscan;
mod disjoint;
pub mod error;
pub mod hdbscan;
pub mod linkage;
pub mod neighbours;
pub mod pairs;
pub mod rows;
pub mod scan;
pub mod seeded;
mod spanning;
pub mod whispers;

pub use cells::CellOptions;
pub use clusters::Clusters;
pub use components::connected_components;
pub use constraints::{Constraints, constrain};
pub use dbscan::{DbscanOptions, dbscan};
pub use error::ClusterError;
pub use hdbscan::{HdbscanOptions, hdbscan};
pub use linkage::{Dendrogram, Merge};
pub use neighbours::{Edge, KnnGraph, Nearest};
pub use pairs::fold_pairs;
pub use rows::UnitRows;
pub use scan::{ScanPlan, fold_scores, map_scores};
pub use seeded::Seeded;
pub use whispers::{WhispersOptions, chinese_whispers};
