//! Rows that must be together, and rows that must not: what is known of pairs before the rows are
//! looked at.

use std::collections::HashMap;

use crate::clusters::Clusters;
use crate::disjoint::DisjointSets;
use crate::error::{ClusterError, check_groups};
use crate::linkage::Dendrogram;
use crate::rows::UnitRows;
use crate::scan::ScanPlan;

/// Pairs of rows that must be together ("must link") or must not be ("cannot link": Wagstaff and
/// Cardie, ICML 2000).
///
/// To be together is transitive. No two rows of one group may be together, such as the faces of one
/// photo, unless they are linked, if only through others: whoever links them knows better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraints {
    /// The group of each row.
    groups: Vec<usize>,
    /// The first of the rows that each row is linked to; itself where it is linked to none.
    linked: Vec<usize>,
    /// The smaller rows that must be apart from a row.
    apart: HashMap<usize, Vec<usize>>,
}

impl Constraints {
    /// Rows of which no two of one group may be together; `groups` has one for each row.
    #[must_use]
    pub fn of_groups(groups: &[usize]) -> Self {
        Self {
            groups: groups.to_vec(),
            linked: (0..groups.len()).collect(),
            apart: HashMap::new(),
        }
    }

    /// As [`of_groups`](Self::of_groups), with pairs of rows that must be together and pairs that
    /// must not be.
    ///
    /// # Errors
    /// [`ClusterError::NoRow`] for a pair with a row that has no group;
    /// [`ClusterError::Contradiction`] for rows that must be together and must not be.
    pub fn new(
        groups: &[usize],
        together: &[[usize; 2]],
        apart: &[[usize; 2]],
    ) -> Result<Self, ClusterError> {
        let mut of_groups = Self::of_groups(groups);
        let n_rows = groups.len();
        let mut rows = together.iter().chain(apart).flatten();
        if let Some(&row) = rows.find(|row| **row >= n_rows) {
            return Err(ClusterError::NoRow { row, n_rows });
        }
        let mut sets = DisjointSets::new(n_rows);
        together.iter().for_each(|[i, j]| sets.join(*i, *j));
        of_groups.linked = (0..n_rows).map(|i| sets.find(i)).collect();
        for &[i, j] in apart {
            if of_groups.linked[i] == of_groups.linked[j] {
                return Err(ClusterError::Contradiction {
                    first: i,
                    second: j,
                });
            }
            of_groups.apart.entry(i.max(j)).or_default().push(i.min(j));
        }
        Ok(of_groups)
    }

    /// Number of rows, n.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.groups.len()
    }

    /// What remains for some of the rows, in the order given; each is given once at most. Rows that
    /// are linked through others stay linked.
    ///
    /// # Panics
    /// Where there is no such row.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let places: HashMap<usize, usize> = rows.iter().enumerate().map(|(i, r)| (*r, i)).collect();
        let mut firsts = HashMap::new();
        let mut linked = |(i, row): (usize, &usize)| *firsts.entry(self.linked[*row]).or_insert(i);
        let mut apart: HashMap<usize, Vec<usize>> = HashMap::new();
        for (row, &i) in &places {
            let others = self.apart.get(row).into_iter().flatten();
            for &j in others.filter_map(|other| places.get(other)) {
                apart.entry(i.max(j)).or_default().push(i.min(j));
            }
        }
        Self {
            groups: rows.iter().map(|row| self.groups[*row]).collect(),
            linked: rows.iter().enumerate().map(&mut linked).collect(),
            apart,
        }
    }

    /// Only what must not be together.
    #[must_use]
    pub fn without_links(&self) -> Self {
        Self {
            linked: (0..self.n_rows()).collect(),
            ..self.clone()
        }
    }

    pub(crate) fn are_linked(&self, i: usize, j: usize) -> bool {
        self.linked[i] == self.linked[j]
    }

    /// Whether row `i` must not be together with the smaller row `j` for their groups.
    pub(crate) fn are_grouped(&self, i: usize, j: usize) -> bool {
        self.groups[i] == self.groups[j]
    }

    /// The smaller rows that a pair keeps apart from row `i`.
    pub(crate) fn apart_from(&self, i: usize) -> &[usize] {
        self.apart.get(&i).map_or(&[], Vec::as_slice)
    }

    /// Whether rows with these labels are together that must not be, by label.
    fn broken(&self, labels: &[Option<usize>], n_labels: usize) -> Vec<bool> {
        let mut broken = vec![false; n_labels];
        let mut owners: HashMap<(usize, usize), usize> = HashMap::new();
        for (row, label) in labels.iter().enumerate() {
            let Some(label) = *label else { continue };
            let owner = owners.entry((label, self.groups[row]));
            broken[label] |= *owner.or_insert(self.linked[row]) != self.linked[row];
            let mut apart = self.apart_from(row).iter();
            broken[label] |= apart.any(|other| labels[*other] == Some(label));
        }
        broken
    }

    /// The clusters, those joined that hold rows which must be together. Noise that must be with
    /// another row is in that one's cluster, or in one of its own with it.
    fn join(&self, clusters: &Clusters) -> Clusters {
        let mut sets = DisjointSets::new(self.n_rows());
        for members in clusters.members() {
            let [first, rest @ ..] = members.as_slice() else {
                continue;
            };
            rest.iter().for_each(|row| sets.join(*first, *row));
        }
        let mut n_linked = vec![0_usize; self.n_rows()];
        for (row, first) in self.linked.iter().enumerate() {
            sets.join(row, *first);
            n_linked[*first] += 1;
        }
        let label = |(row, label): (usize, &Option<usize>)| {
            let is_noise = label.is_none() && n_linked[self.linked[row]] == 1;
            (!is_noise).then(|| sets.find(row))
        };
        Clusters::of_labels(clusters.labels().iter().enumerate().map(label))
    }
}

/// The clusters as the constraints have them: those joined that hold rows which must be together, then
/// those parted that hold rows which must not be.
///
/// A cluster is parted by average linkage of its rows alone, on which joins go on for as long as any
/// two parts may be together: rows that were taken for one are believed to be, unless a constraint
/// speaks against it. Noise stays noise unless it must be with another row.
///
/// # Errors
/// [`ClusterError::Groups`] for constraints or labels of another number of rows;
/// [`ClusterError::TooMany`] when a cluster to be parted has more than `max_rows` rows.
pub fn constrain(
    clusters: &Clusters,
    rows: &UnitRows,
    constraints: &Constraints,
    max_rows: usize,
    plan: &ScanPlan,
) -> Result<Clusters, ClusterError> {
    check_groups(rows.n_rows(), constraints.n_rows())?;
    check_groups(clusters.labels().len(), constraints.n_rows())?;
    let joined = constraints.join(clusters);
    let mut labels = joined.labels().to_vec();
    let mut n_labels = joined.n_clusters();
    let broken = constraints.broken(&labels, n_labels);
    for (members, _) in joined.members().iter().zip(&broken).filter(|(_, b)| **b) {
        let of_members = constraints.select(members);
        let selected = rows.select(members);
        let joins =
            Dendrogram::average_linkage_constrained(&selected, &of_members, max_rows, plan)?;
        let parts = joins.cut(-1.0)?;
        for (row, part) in members.iter().zip(parts.labels()) {
            labels[*row] = part.map(|part| n_labels + part);
        }
        n_labels += parts.n_clusters();
    }
    Ok(Clusters::of_labels(labels))
}
