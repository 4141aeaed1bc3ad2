//! What can be wrong with scores, labels, options and protocol material.

use lineament_cluster::ClusterError;
use lineament_match::MatchError;
use std::path::{Path, PathBuf};

/// Why a figure could not be computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// A list or vector of another length than it needs.
    #[error("{what}: expected {expected} values, got {got}")]
    Dimension {
        /// Which one.
        what: &'static str,
        /// Length needed.
        expected: usize,
        /// Length given.
        got: usize,
    },
    /// Too few things of a kind.
    #[error("{what}: at least {expected} needed, got {got}")]
    TooFew {
        /// Things of what kind.
        what: &'static str,
        /// How many are needed.
        expected: usize,
        /// How many were given.
        got: usize,
    },
    /// An option or argument outside its range.
    #[error("{what} must be {expected}, got {got}")]
    OutOfRange {
        /// Which one.
        what: &'static str,
        /// The range, in words.
        expected: &'static str,
        /// The value given.
        got: f64,
    },
    /// A number that is infinite, or none at all, where that has no meaning.
    #[error("{what} must be a finite number, got {got} at position {position}")]
    NonFinite {
        /// What holds the number.
        what: &'static str,
        /// Where in it, counted from 0.
        position: usize,
        /// The number.
        got: f64,
    },
    /// An index beyond the list it points into.
    #[error("{what} is {got}, but there are only {n}")]
    Index {
        /// Which index.
        what: &'static str,
        /// Entries there are.
        n: usize,
        /// The index.
        got: usize,
    },
    /// Too few comparisons for a rate to be measured at all.
    #[error(
        "a rate of {rate} needs at least {expected} comparisons to be measured, got {got}; ask for a greater rate or compare more"
    )]
    TooFewComparisons {
        /// Rate asked for.
        rate: f64,
        /// Comparisons needed.
        expected: usize,
        /// Comparisons given.
        got: usize,
    },
    /// A template that cannot be compared.
    #[error("the template of {item}: {reason}")]
    Template {
        /// Name of the item it was made of.
        item: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A pair that is mated by the list and not by its persons, or the other way round.
    #[error("the pair {first}, {second} is {list} by the list and {persons} by its persons")]
    PersonsContradict {
        /// Name of the first item.
        first: String,
        /// Name of the second item.
        second: String,
        /// What the list says.
        list: &'static str,
        /// What the persons say.
        persons: &'static str,
    },
    /// A box without an area, or not finite.
    #[error("{image}: a {kind} box has left, top, width, height {rect:?}; it needs an area")]
    Rect {
        /// Name of the image.
        image: String,
        /// Marked or found.
        kind: &'static str,
        /// Left, top, width, height in pixels.
        rect: [f32; 4],
    },
    /// A search plan that contradicts itself or its set.
    #[error("the plan of searches has {what} (item {item}); make it with one of its constructors")]
    Plan {
        /// What it has and should not have.
        what: &'static str,
        /// Which item.
        item: usize,
    },
    /// Thresholds on a grid of distances, for scores that are none.
    #[error(
        "thresholds on the grid of squared distances need the cosine or the squared Euclidean distance as matcher, not {matcher}; sweep them exactly"
    )]
    GridNeedsDistance {
        /// Which matcher.
        matcher: &'static str,
    },
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A matcher could not be fitted or could not score.
    #[error(transparent)]
    Match(#[from] MatchError),
    /// Templates could not be scanned.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
}

impl EvalError {
    /// [`EvalError::Io`] of `path`.
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        let path = path.to_owned();
        Self::Io { path, source }
    }
}

/// Refuses a list of another length than expected.
pub(crate) fn check_length(
    what: &'static str,
    expected: usize,
    got: usize,
) -> Result<(), EvalError> {
    match expected == got {
        true => Ok(()),
        false => Err(EvalError::Dimension {
            what,
            expected,
            got,
        }),
    }
}

/// Refuses a list that is too short.
pub(crate) fn check_at_least(
    what: &'static str,
    expected: usize,
    got: usize,
) -> Result<(), EvalError> {
    match got >= expected {
        true => Ok(()),
        false => Err(EvalError::TooFew {
            what,
            expected,
            got,
        }),
    }
}

/// Refuses an index beyond a list of `n`.
pub(crate) fn check_index(what: &'static str, n: usize, got: usize) -> Result<(), EvalError> {
    match got < n {
        true => Ok(()),
        false => Err(EvalError::Index { what, n, got }),
    }
}

/// Refuses a rate that is not strictly between 0 and 1.
pub(crate) fn check_rate(what: &'static str, got: f64) -> Result<(), EvalError> {
    match got > 0.0 && got < 1.0 {
        true => Ok(()),
        false => Err(EvalError::OutOfRange {
            what,
            expected: "between 0 and 1, both excluded",
            got,
        }),
    }
}
