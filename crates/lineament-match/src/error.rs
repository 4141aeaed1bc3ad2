//! What can be wrong with training material, features, options and saved matchers.

use std::path::PathBuf;

/// Why a matcher could not be fitted, used, saved or loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MatchError {
    /// A flat buffer that does not divide into rows.
    #[error(
        "{got} values do not divide into rows of {n_columns} columns; every row needs the same number, at least 1"
    )]
    Ragged {
        /// Columns of a row.
        n_columns: usize,
        /// Values given.
        got: usize,
    },
    /// A list, vector or matrix of another length than it needs.
    #[error("{what}: expected {expected} values, got {got}")]
    Dimension {
        /// Which one.
        what: &'static str,
        /// Length needed.
        expected: usize,
        /// Length given.
        got: usize,
    },
    /// An infinite number or one that is no number.
    #[error("{what} must be finite, got {got} at position {position}; drop that sample")]
    NonFinite {
        /// What holds the number.
        what: &'static str,
        /// Where in it, counted from 0.
        position: usize,
        /// The number.
        got: f64,
    },
    /// A negative feature given to a matcher fitted on non-negative ones.
    #[error(
        "this matcher was fitted on non-negative features, got {got} in column {column}; fit it on signed ones"
    )]
    NegativeFeature {
        /// Column of the value.
        column: usize,
        /// The value.
        got: f64,
    },
    /// A feature of no length has no direction.
    #[error(
        "a feature of norm 0 has no direction and cannot be compared or pooled; drop that sample"
    )]
    ZeroNorm,
    /// A feature that has no direction once it is centred and projected.
    #[error(
        "feature {row} of those given has norm 0 after centring or projection and so no direction; drop it"
    )]
    NoDirection {
        /// Its row, counted from 0.
        row: usize,
    },
    /// The matcher learns from identities and none were given.
    #[error("{matcher} learns from identities: give one identity index per row of features")]
    MissingIdentities {
        /// Which matcher.
        matcher: &'static str,
    },
    /// Too few samples of a kind.
    #[error("{what}: at least {expected} needed, got {got}")]
    TooFew {
        /// Samples of what.
        what: &'static str,
        /// How many are needed.
        expected: usize,
        /// How many were given.
        got: usize,
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
    /// A matrix that has no inverse, for want of samples or of variation.
    #[error("{what} is singular; reduce the features with PCA, or give more samples")]
    Singular {
        /// Which matrix.
        what: &'static str,
    },
    /// An iteration that did not settle.
    #[error(
        "{what} did not converge in {rounds} rounds (residual {residual:e}); scale the features or allow more rounds"
    )]
    NotConverged {
        /// Which iteration.
        what: &'static str,
        /// Rounds made.
        rounds: usize,
        /// How far it still is, in the iteration's own measure.
        residual: f64,
    },
    /// Too few non-mated comparisons to speak of so small a false match rate.
    #[error(
        "a false match rate of {rate} needs at least {expected} non-mated scores (30 expected errors), got {got}; ask for a greater rate or compare more"
    )]
    TooFewComparisons {
        /// Rate asked for.
        rate: f64,
        /// Scores needed.
        expected: usize,
        /// Scores given.
        got: usize,
    },
    /// The objective of a selection failed; made by the caller's closure.
    #[error("the objective could not be evaluated: {reason}")]
    Objective {
        /// Why, in the caller's words.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file beyond the size that a matcher may have.
    #[error("{}: a matcher file may have {limit} bytes, this one has {got}", path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// Bytes allowed.
        limit: u64,
        /// Bytes there are.
        got: u64,
    },
    /// A matcher file of another format version.
    #[error("{}: matcher format version {expected} is supported, got {got}; save it again with this program", path.display())]
    UnsupportedVersion {
        /// Which file.
        path: PathBuf,
        /// Version this crate reads.
        expected: u64,
        /// Version of the file.
        got: u64,
    },
    /// A file that is no matcher, or no longer the one that was saved.
    #[error("{}: not an intact matcher file: {reason}", path.display())]
    Corrupt {
        /// Which file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
}

/// Refuses a list of another length than expected.
pub(crate) fn check_length(
    what: &'static str,
    expected: usize,
    got: usize,
) -> Result<(), MatchError> {
    match expected == got {
        true => Ok(()),
        false => Err(MatchError::Dimension {
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
) -> Result<(), MatchError> {
    match got >= expected {
        true => Ok(()),
        false => Err(MatchError::TooFew {
            what,
            expected,
            got,
        }),
    }
}

/// Refuses the first number that is not finite.
pub(crate) fn check_finite(what: &'static str, values: &[f64]) -> Result<(), MatchError> {
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(position) => Err(MatchError::NonFinite {
            what,
            position,
            got: values[position],
        }),
    }
}

/// Refuses a number that is not finite and above 0.
pub(crate) fn check_positive(what: &'static str, got: f64) -> Result<(), MatchError> {
    match got.is_finite() && got > 0.0 {
        true => Ok(()),
        false => Err(MatchError::OutOfRange {
            what,
            expected: "finite and above 0",
            got,
        }),
    }
}
