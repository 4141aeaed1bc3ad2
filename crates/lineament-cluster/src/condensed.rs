//! The hierarchy of clusters that are no smaller than some size, and the most stable of them.

use crate::disjoint::DisjointSets;
use crate::spanning::Link;

/// A cluster, from where it parts from others to where the last of its rows leave it.
#[derive(Debug, Default)]
struct Cluster {
    /// Campello et al. 2015, equation 3: the sum over its rows of 1/distance where the row leaves it,
    /// less 1/distance where it parts from others.
    stability: f64,
    /// Those that it parts into.
    children: Vec<usize>,
}

/// The clusters, children before parents.
#[derive(Debug)]
pub(crate) struct Hierarchy {
    clusters: Vec<Cluster>,
    /// The cluster that each row is in for the longest.
    of_rows: Vec<Option<usize>>,
}

/// Rows that hang together at some distance.
#[derive(Debug, Default)]
struct Part {
    size: usize,
    /// What it is where it has enough rows.
    cluster: Option<usize>,
    /// Its rows, where it has too few.
    loose: Vec<usize>,
}

impl Hierarchy {
    /// The clusters of `min_size` rows or more, of a tree of `n_rows` rows.
    ///
    /// Links of one score are cut at once (Campello et al. 2013, algorithm 1, step 4), so that the
    /// clusters do not depend on which of them are in the tree.
    pub(crate) fn of_tree(n_rows: usize, mut tree: Vec<Link>, min_size: usize) -> Self {
        tree.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
        let loose = |row| Part {
            size: 1,
            cluster: None,
            loose: vec![row],
        };
        let mut parts: Vec<Part> = (0..n_rows).map(loose).collect();
        let mut sets = DisjointSets::new(n_rows);
        let mut hierarchy = Self {
            clusters: Vec::new(),
            of_rows: vec![None; n_rows],
        };
        for level in tree.chunk_by(|a, b| distance(a.score) == distance(b.score)) {
            let density = 1.0 / distance(level[0].score);
            for joined in join(&mut sets, level) {
                let root = joined[0];
                let joined = joined
                    .into_iter()
                    .map(|part| std::mem::take(&mut parts[part]));
                parts[root] = hierarchy.grow(joined.collect(), density, min_size);
            }
        }
        hierarchy
    }

    /// Parts that become one where the density falls to `density`.
    fn grow(&mut self, parts: Vec<Part>, density: f64, min_size: usize) -> Part {
        let size = parts.iter().map(|part| part.size).sum();
        let large = parts
            .iter()
            .filter_map(|part| Some((part.cluster?, part.size)));
        let large: Vec<(usize, usize)> = large.collect();
        let mut loose: Vec<usize> = parts.into_iter().flat_map(|part| part.loose).collect();
        if size < min_size {
            return Part {
                size,
                cluster: None,
                loose,
            };
        }
        let (cluster, n_leaving) = match large.as_slice() {
            [(cluster, n_staying)] => (*cluster, size - n_staying),
            children => {
                for (child, n_rows) in children {
                    self.clusters[*child].stability -= density * *n_rows as f64;
                }
                self.clusters.push(Cluster {
                    stability: 0.0,
                    children: children.iter().map(|(child, _)| *child).collect(),
                });
                (self.clusters.len() - 1, size)
            }
        };
        self.clusters[cluster].stability += density * n_leaving as f64;
        for row in loose.drain(..) {
            self.of_rows[row] = Some(cluster);
        }
        Part {
            size,
            cluster: Some(cluster),
            loose,
        }
    }

    /// The cluster of each row among those, none within another, whose stabilities have the greatest
    /// sum (Campello et al. 2015, algorithm 3); never that of all rows.
    pub(crate) fn most_stable(&self) -> Vec<Option<usize>> {
        let mut sums: Vec<f64> = Vec::with_capacity(self.clusters.len());
        let mut is_chosen = Vec::with_capacity(self.clusters.len());
        for cluster in &self.clusters {
            let mut within: Vec<f64> = cluster.children.iter().map(|child| sums[*child]).collect();
            // In an order that does not depend on that of the rows.
            within.sort_unstable_by(f64::total_cmp);
            let within: f64 = within.iter().sum();
            is_chosen.push(within <= cluster.stability);
            sums.push(within.max(cluster.stability));
        }
        // The cluster of all rows is the last: it ends up with all others in it.
        let mut chosen = vec![None; self.clusters.len()];
        for (parent, cluster) in self.clusters.iter().enumerate().rev() {
            for &child in &cluster.children {
                chosen[child] = chosen[parent].or(is_chosen[child].then_some(child));
            }
        }
        let of_row = |cluster: &Option<usize>| cluster.and_then(|cluster| chosen[cluster]);
        self.of_rows.iter().map(of_row).collect()
    }
}

/// The Euclidean distance of unit rows of a score.
///
/// Scores are sums in `f32`: that of a row with itself can be some 10⁻⁷ from 1, which would be
/// anything from 0 to 5 · 10⁻⁴ as a distance. What is nearer than a thousandth is a thousandth apart.
pub(crate) fn distance(score: f32) -> f64 {
    (2.0 - 2.0 * f64::from(score)).max(1e-6).sqrt()
}

/// Joins the two sets of each link. Of each new set the former ones, by their roots; the first is its
/// own root.
fn join(sets: &mut DisjointSets, links: &[Link]) -> Vec<Vec<usize>> {
    let ends = links
        .iter()
        .flat_map(|link| [link.first as usize, link.second as usize]);
    let mut former: Vec<usize> = ends.map(|row| sets.find(row)).collect();
    former.sort_unstable();
    former.dedup();
    for link in links {
        sets.join(link.first as usize, link.second as usize);
    }
    let mut joined: Vec<(usize, usize)> = former
        .into_iter()
        .map(|part| (sets.find(part), part))
        .collect();
    joined.sort_unstable();
    let of_one = joined.chunk_by(|a, b| a.0 == b.0);
    of_one
        .map(|parts| parts.iter().map(|(_, part)| *part).collect())
        .collect()
}
