//! What can be wrong with a list, a container or a folder.

use std::path::{Path, PathBuf};

/// Why a database could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line of a list that does not say what it should.
    #[error("{}, line {line}: expected {expected}, got {got}", path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, counted from 1.
        line: u64,
        /// What the line should say, in words.
        expected: String,
        /// What it says.
        got: String,
    },
    /// Bytes of a container that are not what its format says they are.
    #[error("{}, byte {offset}: expected {expected}, got {got}", path.display())]
    Bytes {
        /// Which file.
        path: PathBuf,
        /// Where in it, counted from 0.
        offset: u64,
        /// What should be there, in words.
        expected: String,
        /// What is there.
        got: String,
    },
    /// An entry of a container that is not what it should be.
    #[error("{}, entry {entry}: expected {expected}, got {got}", path.display())]
    Entry {
        /// Which file.
        path: PathBuf,
        /// Which entry, counted from 0.
        entry: u64,
        /// What the entry should be, in words.
        expected: String,
        /// What it is.
        got: String,
    },
    /// More than a reader takes.
    #[error("{}: {what} may be {limit} at most, got {got}", path.display())]
    Limit {
        /// Which file.
        path: PathBuf,
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// How much there is.
        got: u64,
    },
    /// A pickle that asks for something other than plain data.
    #[error(
        "{}, byte {offset}: refused: the pickle wants {what}, which is code and not data; get the file from a source that you trust",
        path.display()
    )]
    Unsafe {
        /// Which file.
        path: PathBuf,
        /// Where in it, counted from 0.
        offset: u64,
        /// What it wants to import or call.
        what: String,
    },
    /// A form of a format that exists and is not read here.
    #[error("{}: {what} is not supported; {help}", path.display())]
    Unsupported {
        /// Which file.
        path: PathBuf,
        /// Which form.
        what: String,
        /// What to do instead.
        help: String,
    },
    /// Something that a database should have and this folder has not.
    #[error("{}: {missing} is missing; {help}", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
        /// What is missing.
        missing: String,
        /// What to do.
        help: String,
    },
    /// An output that is there already.
    #[error("{} exists; {help}", path.display())]
    Exists {
        /// Which file.
        path: PathBuf,
        /// What to do.
        help: &'static str,
    },
    /// An argument that makes no sense.
    #[error("{what}: expected {expected}, got {got}")]
    Argument {
        /// Which argument.
        what: &'static str,
        /// What it should be, in words.
        expected: String,
        /// What it is.
        got: String,
    },
}

impl DataError {
    /// [`DataError::Io`] of `path`.
    pub fn io(path: &Path, source: std::io::Error) -> Self {
        let path = path.to_owned();
        Self::Io { path, source }
    }

    /// [`DataError::Line`] of `path`.
    pub fn line(
        path: &Path,
        line: u64,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Self::Line {
            path: path.to_owned(),
            line,
            expected: expected.into(),
            got: got.into(),
        }
    }

    /// [`DataError::Bytes`] of `path`.
    pub fn bytes(
        path: &Path,
        offset: u64,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Self::Bytes {
            path: path.to_owned(),
            offset,
            expected: expected.into(),
            got: got.into(),
        }
    }

    /// [`DataError::Entry`] of `path`.
    pub fn entry(
        path: &Path,
        entry: u64,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Self::Entry {
            path: path.to_owned(),
            entry,
            expected: expected.into(),
            got: got.into(),
        }
    }
}
