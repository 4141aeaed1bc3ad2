//! What can be wrong with rows and options.

/// Why rows could not be taken, scanned or clustered.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// A row of another length than the others, or rows of no length.
    #[error(
        "row {row}: expected {expected} values, at least 1, got {got}; all rows must come from one model"
    )]
    Dimension {
        /// Which row, counted from 0.
        row: usize,
        /// Length needed.
        expected: usize,
        /// Length given.
        got: usize,
    },
    /// A row without a direction: all zero, or not finite.
    #[error("row {row} has no direction (its norm is {norm}); drop that sample")]
    NoDirection {
        /// Which row, counted from 0.
        row: usize,
        /// Its norm.
        norm: f64,
    },
    /// An option outside its range.
    #[error("{what} must be {expected}, got {got}")]
    OutOfRange {
        /// Which one.
        what: &'static str,
        /// The range, in words.
        expected: &'static str,
        /// The value given.
        got: f64,
    },
    /// Not one group for each row.
    #[error("expected the group of each of {expected} rows, got {got}")]
    Groups {
        /// Rows.
        expected: usize,
        /// Groups given.
        got: usize,
    },
    /// A pair with a row that is not there.
    #[error("a pair names row {row} of {n_rows}; rows are counted from 0")]
    NoRow {
        /// Which row.
        row: usize,
        /// Number of rows.
        n_rows: usize,
    },
    /// Two rows that must be together, if only through others, and must not be.
    #[error("rows {first} and {second} must be apart, and pairs that must be together link them")]
    Contradiction {
        /// The one row.
        first: usize,
        /// The other.
        second: usize,
    },
    /// More rows than a method has memory for.
    #[error("{what} takes {limit} rows at most, got {got}; {help}")]
    TooMany {
        /// Which method.
        what: &'static str,
        /// Rows it takes.
        limit: usize,
        /// Rows given.
        got: usize,
        /// What to do instead.
        help: &'static str,
    },
}

/// Refuses a threshold that is no score.
pub(crate) fn check_score(what: &'static str, got: f64) -> Result<(), ClusterError> {
    match (-1.0..=1.0).contains(&got) {
        true => Ok(()),
        false => Err(ClusterError::OutOfRange {
            what,
            expected: "a score, -1 to 1",
            got,
        }),
    }
}

/// Refuses another number of groups than rows.
pub(crate) fn check_groups(n_rows: usize, n_groups: usize) -> Result<(), ClusterError> {
    match n_groups == n_rows {
        true => Ok(()),
        false => Err(ClusterError::Groups {
            expected: n_rows,
            got: n_groups,
        }),
    }
}
