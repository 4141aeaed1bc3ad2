//! Which row is in which cluster.

/// The cluster of every row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clusters {
    labels: Vec<Option<usize>>,
    n_clusters: usize,
}

impl Clusters {
    /// The clusters in which rows of equal `labels` are together, numbered from 0 by their first
    /// rows; `None` is noise.
    pub(crate) fn of_labels(labels: impl IntoIterator<Item = Option<usize>>) -> Self {
        let mut numbers = std::collections::HashMap::new();
        let mut number = |label: usize| {
            let next = numbers.len();
            *numbers.entry(label).or_insert(next)
        };
        let labels = labels.into_iter().map(|l| l.map(&mut number)).collect();
        Self {
            labels,
            n_clusters: numbers.len(),
        }
    }

    /// The same clusters with `n` more rows, which are noise.
    #[must_use]
    pub fn with_noise(mut self, n: usize) -> Self {
        self.labels.resize(self.labels.len() + n, None);
        self
    }

    /// The cluster of each row, numbered from 0 in the order of their first rows; `None` is noise,
    /// which only DBSCAN and HDBSCAN leave.
    #[must_use]
    pub fn labels(&self) -> &[Option<usize>] {
        &self.labels
    }

    /// Number of clusters, without the noise.
    #[must_use]
    pub fn n_clusters(&self) -> usize {
        self.n_clusters
    }

    /// The rows of each cluster, ascending.
    #[must_use]
    pub fn members(&self) -> Vec<Vec<usize>> {
        let mut members = vec![Vec::new(); self.n_clusters];
        for (row, label) in self.labels.iter().enumerate() {
            if let Some(label) = label {
                members[*label].push(row);
            }
        }
        members
    }
}
