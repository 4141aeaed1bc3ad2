//! Forward–backward greedy selection of sources: patches, networks, columns.

use crate::error::{MatchError, check_at_least, check_finite};

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelectionMove {
    /// Took this source in.
    Added(usize),
    /// Threw this source out.
    Removed(usize),
}

/// One step of the search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SelectionStep {
    /// What it did.
    pub made: SelectionMove,
    /// Sources selected after it.
    pub n_selected: usize,
    /// The objective after it.
    pub objective: f64,
}

/// The sources found, and the way there.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// The best set of the wanted size, ascending.
    pub selected: Vec<usize>,
    /// Its objective.
    pub objective: f64,
    /// Every step, in order.
    pub steps: Vec<SelectionStep>,
}

/// Selects `n_wanted` of the sources 0 … `n_sources` − 1 for the greatest objective.
///
/// Each step adds the source that helps most; then, as long as throwing one out beats the best set
/// known of that smaller size, it goes. Equal objectives prefer the lower index. Every set that is
/// kept beats all before it of its size, so the search ends. Source: sequential floating search
/// (Pudil et al. 1994), the forward–backward selection of DeepID2 (Sun et al. 2014), which does
/// not say more.
///
/// # Errors
/// A number of sources that cannot be, an objective that fails or is not a number.
pub fn forward_backward(
    n_sources: usize,
    n_wanted: usize,
    mut objective: impl FnMut(&[usize]) -> Result<f64, MatchError>,
) -> Result<Selection, MatchError> {
    check_at_least("wanted sources", 1, n_wanted)?;
    check_at_least("sources", n_wanted, n_sources)?;
    let mut steps = Vec::new();
    let mut current = Vec::new();
    // The best set known of every size, of size 1 first.
    let mut best: Vec<(Vec<usize>, f64)> = vec![(Vec::new(), f64::NEG_INFINITY); n_wanted];
    while current.len() < n_wanted {
        let (source, set, value) = greatest(grown(&current, n_sources), &mut objective)?;
        steps.push(step(SelectionMove::Added(source), &set, value));
        keep_better(&mut best, &set, value);
        current = set;
        while current.len() > 1 {
            let (source, set, value) = greatest(shrunk(&current), &mut objective)?;
            if !keep_better(&mut best, &set, value) {
                break;
            }
            steps.push(step(SelectionMove::Removed(source), &set, value));
            current = set;
        }
    }
    let (selected, objective) = best.swap_remove(n_wanted - 1);
    Ok(Selection {
        selected,
        objective,
        steps,
    })
}

/// Whether the set beats the best known of its size, which it then is.
fn keep_better(best: &mut [(Vec<usize>, f64)], set: &[usize], value: f64) -> bool {
    let known = &mut best[set.len() - 1];
    let is_better = value > known.1;
    if is_better {
        *known = (set.to_vec(), value);
    }
    is_better
}

fn step(made: SelectionMove, set: &[usize], objective: f64) -> SelectionStep {
    let n_selected = set.len();
    SelectionStep {
        made,
        n_selected,
        objective,
    }
}

/// The option of greatest objective: the source it moves, the set it makes, the objective.
fn greatest(
    options: impl Iterator<Item = (usize, Vec<usize>)>,
    objective: &mut impl FnMut(&[usize]) -> Result<f64, MatchError>,
) -> Result<(usize, Vec<usize>, f64), MatchError> {
    let mut found: Option<(usize, Vec<usize>, f64)> = None;
    for (source, set) in options {
        let value = objective(&set)?;
        check_finite("the objective", &[value])?;
        if found.as_ref().is_none_or(|(_, _, best)| value > *best) {
            found = Some((source, set, value));
        }
    }
    found.ok_or(MatchError::TooFew {
        what: "sources",
        expected: 1,
        got: 0,
    })
}

/// Every source outside the set, and the set with it.
fn grown(set: &[usize], n_sources: usize) -> impl Iterator<Item = (usize, Vec<usize>)> {
    let outside = (0..n_sources).filter(|s| !set.contains(s));
    outside.map(|source| {
        let mut grown = set.to_vec();
        grown.push(source);
        grown.sort_unstable();
        (source, grown)
    })
}

/// Every source of the set, and the set without it.
fn shrunk(set: &[usize]) -> impl Iterator<Item = (usize, Vec<usize>)> {
    set.iter().map(|source| {
        let rest = set.iter().copied().filter(|s| s != source);
        (*source, rest.collect())
    })
}
