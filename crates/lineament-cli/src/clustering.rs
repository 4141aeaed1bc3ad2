//! Faces put together by their embeddings: which method, from the command line to clusters.

use lineament_cluster::hdbscan::DEFAULT_MAX_ROWS;
use lineament_cluster::{
    CellOptions, ClusterError, Clusters, Constraints, DbscanOptions, Dendrogram, HdbscanOptions,
    KnnGraph, Nearest, ScanPlan, UnitRows, WhispersOptions, chinese_whispers, connected_components,
    constrain, dbscan, hdbscan,
};

use crate::args::clustering::{AlgorithmName, Clustering, GraphName};
use crate::failure::Failure;
use crate::settings::Rule;

/// How faces are clustered.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Algorithm {
    Whispers {
        n_neighbours: usize,
        graph: GraphName,
        max_rounds: usize,
        seed: u64,
    },
    Linkage {
        max_faces: usize,
    },
    Dbscan {
        min_points: usize,
    },
    Hdbscan {
        min_cluster_size: usize,
        min_samples: usize,
    },
    Components,
}

impl From<&Clustering> for Algorithm {
    fn from(args: &Clustering) -> Self {
        match args.algorithm {
            AlgorithmName::Whispers => Self::Whispers {
                n_neighbours: args.neighbours.get(),
                graph: args.graph,
                max_rounds: args.rounds.get(),
                seed: args.seed,
            },
            AlgorithmName::Linkage => Self::Linkage {
                max_faces: args.max_faces.get(),
            },
            AlgorithmName::Dbscan => Self::Dbscan {
                min_points: args.min_points.get(),
            },
            AlgorithmName::Hdbscan => Self::Hdbscan {
                min_cluster_size: usize::from(args.min_group),
                min_samples: usize::from(args.min_samples),
            },
            AlgorithmName::Components => Self::Components,
        }
    }
}

impl Algorithm {
    /// Whether a score decides which faces may be together.
    pub(crate) fn has_threshold(self) -> bool {
        !matches!(self, Self::Hdbscan { .. })
    }

    /// Refuses a threshold that would change nothing.
    pub(crate) fn check_rule(self, rule: Rule) -> Result<(), Failure> {
        match rule {
            Rule::Score(_) | Rule::Fmr(_) if !self.has_threshold() => Err(Failure::usage(
                "HDBSCAN has no threshold: leave --threshold and --fmr out, or choose another --algorithm",
            )),
            _ => Ok(()),
        }
    }

    /// The method that suits photos of any number.
    pub(crate) const USUAL: Self = Self::Whispers {
        n_neighbours: 50,
        graph: GraphName::Auto,
        max_rounds: 50,
        seed: 0,
    };

    /// The false-match rate whose threshold suits the method, where none is asked for: one wrong link
    /// joins two people, but average linkage asks many. `docs/album.md` has the measurements.
    pub(crate) fn usual_fmr(self) -> f64 {
        match self {
            Self::Linkage { .. } => 1e-3,
            Self::Whispers { .. }
            | Self::Dbscan { .. }
            | Self::Hdbscan { .. }
            | Self::Components => 1e-5,
        }
    }

    /// The method, as it is carried out for so many faces.
    pub(crate) fn in_words(self, n_faces: usize) -> String {
        match self {
            Self::Whispers {
                n_neighbours,
                graph,
                max_rounds,
                seed,
            } => {
                let by_cells = match graph.is_by_cells(n_faces) {
                    true => " found by cells",
                    false => "",
                };
                format!(
                    "Chinese Whispers, {n_neighbours} neighbours{by_cells}, {max_rounds} rounds at most, seed {seed}"
                )
            }
            Self::Linkage { .. } => "average linkage".to_owned(),
            Self::Dbscan { min_points } => format!("DBSCAN, cores of {min_points}"),
            Self::Hdbscan {
                min_cluster_size,
                min_samples,
            } => format!("HDBSCAN, groups of {min_cluster_size}, density of {min_samples}"),
            Self::Components => "connected components".to_owned(),
        }
    }

    /// The clusters of the rows; `min_score` is of no use to a method without a threshold.
    pub(crate) fn cluster(self, rows: &UnitRows, min_score: f64) -> Result<Clusters, ClusterError> {
        let plan = ScanPlan::default();
        match self {
            Self::Whispers {
                n_neighbours,
                graph,
                max_rounds,
                seed,
            } => {
                let wanted = Nearest {
                    k: n_neighbours,
                    min_score,
                };
                let cells = CellOptions::usual(rows.n_rows());
                let graph = match graph.is_by_cells(rows.n_rows()) {
                    true => KnnGraph::by_cells(rows, wanted, &cells, &plan)?,
                    false => KnnGraph::exact(rows, wanted, &plan)?,
                };
                let options = WhispersOptions {
                    min_score,
                    max_rounds,
                    seed,
                };
                chinese_whispers(&graph, &options)
            }
            Self::Linkage { max_faces } => {
                Dendrogram::average_linkage(rows, max_faces, &plan)?.cut(min_score)
            }
            Self::Dbscan { min_points } => {
                let options = DbscanOptions {
                    min_score,
                    min_points,
                };
                dbscan(rows, &options, &plan)
            }
            Self::Hdbscan {
                min_cluster_size,
                min_samples,
            } => {
                let options = HdbscanOptions::new(min_cluster_size, min_samples)?;
                hdbscan(rows, &options, DEFAULT_MAX_ROWS, &plan)
            }
            Self::Components => connected_components(rows, min_score, &plan),
        }
    }

    /// The clusters of the first `n_told` rows, changed as the constraints on all rows ask; the rows after
    /// them are in clusters only where a constraint puts them there.
    pub(crate) fn cluster_constrained(
        self,
        rows: &UnitRows,
        n_told: usize,
        constraints: &Constraints,
        min_score: f64,
    ) -> Result<Clusters, ClusterError> {
        let plan = ScanPlan::default();
        let told: Vec<usize> = (0..n_told).collect();
        let of_told = rows.select(&told);
        let clusters = match self {
            // Links come later: a face that is linked to one unlike it would be torn from those like it.
            Self::Linkage { max_faces } => {
                let apart = constraints.select(&told).without_links();
                Dendrogram::average_linkage_constrained(&of_told, &apart, max_faces, &plan)?
                    .cut(min_score)?
            }
            Self::Whispers { .. }
            | Self::Dbscan { .. }
            | Self::Hdbscan { .. }
            | Self::Components => self.cluster(&of_told, min_score)?,
        };
        let clusters = clusters.with_noise(rows.n_rows() - n_told);
        constrain(&clusters, rows, constraints, MAX_PARTED, &plan)
    }
}

/// Faces up to which neighbours are found exactly when nothing else is asked for. Every face with every
/// other costs four times as much when they are twice as many; `BENCHMARKS.md` has both ways measured.
const EXACT_UP_TO: usize = 200_000;

impl GraphName {
    fn is_by_cells(self, n_faces: usize) -> bool {
        match self {
            Self::Auto => n_faces > EXACT_UP_TO,
            Self::Exact => false,
            Self::Cells => true,
        }
    }
}

/// Faces of a cluster with two faces of one photo in it: 800 MB of scores. A person is seen less often.
const MAX_PARTED: usize = Dendrogram::DEFAULT_MAX_ROWS;
