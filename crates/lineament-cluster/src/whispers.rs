//! Chinese Whispers: every row takes the label that its neighbours whisper loudest.

use crate::clusters::Clusters;
use crate::error::{ClusterError, check_score};
use crate::neighbours::{Edge, KnnGraph};
use crate::seeded::Seeded;

/// How the labels are passed on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WhispersOptions {
    /// Edges of a smaller score carry nothing.
    pub min_score: f64,
    /// Rounds after which it ends even if labels still change.
    pub max_rounds: usize,
    /// Seed of the order in which the rows listen.
    pub seed: u64,
}

/// The clusters of a graph (Biemann, TextGraphs 2006).
///
/// Every row starts with a label of its own. In each round the rows, in a new random order, take
/// the label of the greatest sum of edge scores among their neighbours; the smallest of equals, so
/// that the order alone is random. It ends with the first round that changes nothing. Edges count
/// in both directions.
///
/// # Errors
/// A threshold that is no score above 0, since a label must not be made quieter by a neighbour.
pub fn chinese_whispers(
    graph: &KnnGraph,
    options: &WhispersOptions,
) -> Result<Clusters, ClusterError> {
    check_score("the least score of an edge", options.min_score)?;
    if options.min_score <= 0.0 {
        return Err(ClusterError::OutOfRange {
            what: "the least score of an edge",
            expected: "above 0",
            got: options.min_score,
        });
    }
    let edges = graph.undirected(options.min_score);
    let mut random = Seeded::new(options.seed);
    let mut labels: Vec<usize> = (0..edges.len()).collect();
    let mut order = labels.clone();
    for _ in 0..options.max_rounds {
        random.shuffle(&mut order);
        let mut n_changed = 0;
        for &row in &order {
            let heard = loudest(&edges[row], &labels).unwrap_or(labels[row]);
            n_changed += usize::from(heard != labels[row]);
            labels[row] = heard;
        }
        if n_changed == 0 {
            break;
        }
    }
    Ok(Clusters::of_labels(labels.into_iter().map(Some)))
}

/// The label of the greatest sum of scores, the smallest of equals; `None` without neighbours.
fn loudest(edges: &[Edge], labels: &[usize]) -> Option<usize> {
    let mut heard: Vec<(usize, f64)> = edges
        .iter()
        .map(|edge| (labels[edge.to as usize], f64::from(edge.score)))
        .collect();
    heard.sort_by_key(|(label, _)| *label);
    let sums = heard.chunk_by(|a, b| a.0 == b.0).map(|same| {
        let sum: f64 = same.iter().map(|(_, score)| score).sum();
        (same[0].0, sum)
    });
    let louder = |best: (usize, f64), next: (usize, f64)| if next.1 > best.1 { next } else { best };
    sums.reduce(louder).map(|(label, _)| label)
}
