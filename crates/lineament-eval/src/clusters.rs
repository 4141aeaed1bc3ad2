//! How well clusters are people: pairwise and BCubed precision and recall.

use crate::about::About;
use crate::error::{EvalError, check_at_least, check_length};
use crate::intervals::{Bootstrap, Interval, bootstrap_by_identity};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Where a clustering put an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignment {
    /// In the cluster of this number.
    Cluster(usize),
    /// In none; it counts as a cluster of its own.
    Alone,
    /// Nowhere, since it has no template: a failure to enrol. It counts as a cluster of its own,
    /// and so against recall.
    Failed,
}

/// Items, who they show, and where they were put.
#[derive(Debug, Clone, Copy)]
pub struct Clustering<'a> {
    /// Name of every item.
    pub names: &'a [String],
    /// Person of every item; `None` where nobody knows, which leaves the item out of every rate.
    pub persons: &'a [Option<usize>],
    /// What was made of every item.
    pub assignments: &'a [Assignment],
}

/// The figures of a clustering; its JSON is what `lineament eval cluster` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusterReport {
    /// What was evaluated.
    #[serde(flatten)]
    pub about: About,
    /// Items, those that failed among them.
    pub n_images: usize,
    /// Items whose person nobody knows; they are in no rate.
    pub n_unlabelled: usize,
    /// Persons known.
    pub n_people: usize,
    /// Clusters found, without items alone.
    pub n_clusters: usize,
    /// Items in no cluster, failed ones not among them.
    pub n_unclustered: usize,
    /// Items without a template.
    pub n_failed: usize,
    /// Their names.
    pub failures: Vec<String>,
    /// Of pairs of items: are those in one cluster of one person, are those of one person in one
    /// cluster.
    pub pairwise: Agreement,
    /// The same mean over items (Bagga and Baldwin 1998): the share of an item's cluster that shows
    /// its person, and of its person's items that are in its cluster, itself among them.
    pub bcubed: Agreement,
    /// The draws behind the intervals.
    pub by_person: Bootstrap,
}

/// Precision, recall and their harmonic mean, with 95 % intervals of
/// [`crate::bootstrap_by_identity`]: the clusters stay, the persons are drawn again.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Agreement {
    /// Precision; 1 where no two items are in one cluster.
    pub precision: f64,
    /// Recall; 1 where no two items are of one person.
    pub recall: f64,
    /// 2 · precision · recall / (precision + recall); 0 where both are.
    pub f: f64,
    /// Interval of the precision.
    pub precision_ci: Option<Interval>,
    /// Interval of the recall.
    pub recall_ci: Option<Interval>,
    /// Interval of the harmonic mean.
    pub f_ci: Option<Interval>,
}

/// Compares clusters with people.
///
/// # Errors
/// Lists of different lengths, and no item whose person is known.
pub fn evaluate_clusters(
    about: About,
    clustering: Clustering<'_>,
    bootstrap: Bootstrap,
) -> Result<ClusterReport, EvalError> {
    let Clustering {
        names,
        persons,
        assignments,
    } = clustering;
    check_length("persons of items", names.len(), persons.len())?;
    check_length("assignments of items", names.len(), assignments.len())?;
    let cells = Cells::new(persons, assignments);
    check_at_least("items whose person is known", 1, cells.of_people.len())?;
    let n_people = cells.of_people.len();
    let people: Vec<(usize, usize)> = (0..n_people).map(|p| (p, p)).collect();
    let figures = |weights: &[f64]| cells.figures(weights).to_vec();
    let found = cells.figures(&vec![1.0; n_people]);
    let intervals = bootstrap_by_identity(&people, bootstrap, figures)?;
    let clusters = assignments.iter().filter_map(|a| match a {
        Assignment::Cluster(cluster) => Some(*cluster),
        _ => None,
    });
    let n_of = |kind| assignments.iter().filter(|a| **a == kind).count();
    let failed = names.iter().zip(assignments);
    let failed = failed.filter(|(_, a)| **a == Assignment::Failed);
    Ok(ClusterReport {
        about,
        n_images: names.len(),
        n_unlabelled: persons.iter().filter(|p| p.is_none()).count(),
        n_people,
        n_clusters: clusters.collect::<BTreeSet<_>>().len(),
        n_unclustered: n_of(Assignment::Alone),
        n_failed: n_of(Assignment::Failed),
        failures: failed.map(|(name, _)| name.clone()).collect(),
        pairwise: Agreement::new(&found[..3], &intervals[..3]),
        bcubed: Agreement::new(&found[3..], &intervals[3..]),
        by_person: bootstrap,
    })
}

/// How many items of each person are in each cluster.
struct Cells {
    /// Of every cluster, the persons counted from 0 and their items in it.
    clusters: Vec<Vec<(usize, f64)>>,
    /// Items of every person.
    of_people: Vec<f64>,
}

impl Cells {
    fn new(persons: &[Option<usize>], assignments: &[Assignment]) -> Self {
        let mut person_index = BTreeMap::new();
        let mut clusters = BTreeMap::<usize, BTreeMap<usize, f64>>::new();
        let (mut alone, mut of_people) = (Vec::new(), Vec::new());
        for (person, assignment) in persons.iter().zip(assignments) {
            let Some(person) = person else { continue };
            let next = person_index.len();
            let person = *person_index.entry(*person).or_insert(next);
            of_people.resize(person_index.len(), 0.0);
            of_people[person] += 1.0;
            match assignment {
                Assignment::Cluster(cluster) => {
                    let cells = clusters.entry(*cluster).or_default();
                    *cells.entry(person).or_default() += 1.0;
                }
                Assignment::Alone | Assignment::Failed => alone.push(vec![(person, 1.0)]),
            }
        }
        let clusters = clusters
            .into_values()
            .map(|cells| cells.into_iter().collect());
        Self {
            clusters: clusters.chain(alone).collect(),
            of_people,
        }
    }

    /// Pairwise and BCubed precision, recall and F where every person has a weight, and a pair of
    /// two persons the product of both. Whole numbers are exact.
    fn figures(&self, weights: &[f64]) -> [Option<f64>; 6] {
        let (mut together, mut right) = (0.0, 0.0);
        let (mut precision, mut recall, mut n_items) = (0.0, 0.0, 0.0);
        for cells in &self.clusters {
            let size: f64 = cells.iter().map(|(_, n)| n).sum();
            let (mut sum, mut squares) = (0.0, 0.0);
            for &(person, n) in cells {
                let weight = weights[person];
                right += weight * pairs(n);
                sum += weight * n;
                squares += (weight * n).powi(2);
                n_items += weight * n;
                precision += weight * n * (n / size);
                recall += weight * n * (n / self.of_people[person]);
            }
            together += (sum * sum - squares) / 2.0;
        }
        together += right;
        let mated = self
            .of_people
            .iter()
            .zip(weights)
            .map(|(n, w)| w * pairs(*n));
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 1.0 };
        let pairwise = with_f(share(right, together), share(right, mated.sum()));
        let bcubed = with_f(precision / n_items, recall / n_items);
        let is_defined = n_items > 0.0;
        let mut figures = pairwise.into_iter().chain(bcubed);
        std::array::from_fn(|_| figures.next().filter(|_| is_defined))
    }
}

impl Agreement {
    fn new(figures: &[Option<f64>], intervals: &[Option<Interval>]) -> Self {
        let figure = |i: usize| figures[i].unwrap_or(f64::NAN);
        Self {
            precision: figure(0),
            recall: figure(1),
            f: figure(2),
            precision_ci: intervals[0],
            recall_ci: intervals[1],
            f_ci: intervals[2],
        }
    }
}

/// Pairs among n items.
fn pairs(n: f64) -> f64 {
    n * (n - 1.0) / 2.0
}

fn with_f(precision: f64, recall: f64) -> [f64; 3] {
    let sum = precision + recall;
    let f = match sum > 0.0 {
        true => 2.0 * precision * recall / sum,
        false => 0.0,
    };
    [precision, recall, f]
}
