//! What ends a run early: a message for people, what to do about it, and the exit code.

use std::io;
use std::path::Path;

use crate::exit::Exit;

/// Why a run ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something to tell the user.
    Told {
        /// The exit code.
        exit: Exit,
        /// What went wrong.
        message: String,
        /// What to do about it.
        help: Option<String>,
    },
    /// Whoever read standard output has gone; there is nobody to tell.
    PipeClosed,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self::Told {
            exit,
            message: message.into(),
            help: None,
        }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The failure with a line that says what to do.
    pub(crate) fn help(self, advice: impl Into<String>) -> Self {
        match self {
            Self::Told { exit, message, .. } => Self::Told {
                exit,
                message,
                help: Some(advice.into()),
            },
            Self::PipeClosed => Self::PipeClosed,
        }
    }

    /// `path` could not be written.
    pub(crate) fn write(path: &Path, error: &io::Error) -> Self {
        Self::new(
            Exit::Output,
            format!("cannot write {}: {error}", path.display()),
        )
    }

    /// Standard output could not be written.
    pub(crate) fn stdout(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::PipeClosed;
        }
        Self::new(
            Exit::Output,
            format!("cannot write to standard output: {error}"),
        )
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Told { exit, .. } => *exit,
            Self::PipeClosed => Exit::Success,
        }
    }

    /// Writes `error: …` and `help: …`. Nothing is left to do when that fails, so that is ignored.
    pub(crate) fn tell(&self, stderr: &mut impl io::Write) {
        let Self::Told { message, help, .. } = self else {
            return;
        };
        let _ = writeln!(stderr, "error: {message}");
        if let Some(help) = help {
            let _ = writeln!(stderr, "help: {help}");
        }
    }
}
