//! How faces are clustered, as it is typed.

use std::num::NonZeroUsize;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
#[command(next_help_heading = "Method")]
pub(crate) struct Clustering {
    /// What clusters.
    #[arg(long, value_enum, default_value_t = AlgorithmName::Whispers)]
    pub(crate) algorithm: AlgorithmName,
    /// Whispers: neighbours that each face listens to.
    #[arg(long, value_name = "N", default_value = "50")]
    pub(crate) neighbours: NonZeroUsize,
    /// Whispers: how neighbours are found.
    #[arg(long, value_enum, default_value_t = GraphName::Auto)]
    pub(crate) graph: GraphName,
    /// Whispers: rounds at most.
    #[arg(long, value_name = "N", default_value = "50")]
    pub(crate) rounds: NonZeroUsize,
    /// Whispers: seed of the order in which faces listen.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// DBSCAN: faces near each other, itself among them, that make a core.
    #[arg(long, value_name = "N", default_value = "2")]
    pub(crate) min_points: NonZeroUsize,
    /// HDBSCAN: faces that make a group.
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u16).range(2..))]
    pub(crate) min_group: u16,
    /// HDBSCAN: the density at a face is that of its so manyth nearest other face. More leave more faces alone.
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) min_samples: u16,
    /// Linkage: refuse more faces than this; memory grows with their square.
    #[arg(long, value_name = "N", default_value = "20000")]
    pub(crate) max_faces: NonZeroUsize,
}

/// A clustering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AlgorithmName {
    /// Chinese Whispers on the graph of nearest neighbours.
    Whispers,
    /// Average linkage.
    Linkage,
    /// DBSCAN.
    Dbscan,
    /// HDBSCAN: groups of any density, and no threshold; 100,000 faces at most.
    Hdbscan,
    /// Connected components.
    Components,
}

/// How neighbours are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphName {
    /// Exactly among up to 200,000 faces, by cells among more.
    Auto,
    /// Every face is compared with every other.
    Exact,
    /// A face is compared with those of the cells nearest to it: quicker, and it misses some.
    Cells,
}
