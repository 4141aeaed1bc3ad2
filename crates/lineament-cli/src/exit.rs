//! Exit codes: the one place where a number is given to an outcome.

/// How a run ended. The numbers are part of the command line's contract; see `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All went well; for `verify`: the same person.
    Success,
    /// `verify`: different people.
    Different,
    /// The command line asks for something that cannot be.
    Usage,
    /// No face where one is needed.
    NoFace,
    /// No photo could be used.
    BadInput,
    /// Models are missing or unusable.
    Models,
    /// The run went to its end, but some photos failed.
    SomeFailed,
    /// Results could not be written or gone on with.
    Output,
    /// A defect of this program.
    Internal,
    /// Stopped by Ctrl-C or a request to terminate.
    Interrupted,
}

/// The table of exit codes, shown by `--help`.
pub(crate) const TABLE: &str = "\
Exit codes:
    0  done; for `verify`: the same person
    1  `verify`: different people
    2  usage: the command line asks for something that cannot be
    3  no face where one is needed (`verify`, the known people of `identify`)
    4  bad input: no photo could be used
    5  models are missing or unusable
    6  done, but some photos failed (each is reported)
    7  results could not be written, or --resume does not fit them
    8  internal error: a defect of this program
  130  interrupted; what was done is kept";

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Different => 1,
            Self::Usage => 2,
            Self::NoFace => 3,
            Self::BadInput => 4,
            Self::Models => 5,
            Self::SomeFailed => 6,
            Self::Output => 7,
            Self::Internal => 8,
            Self::Interrupted => 130,
        }
    }
}
