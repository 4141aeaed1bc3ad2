//! What went wrong with one photo: reported, counted, and no reason to stop.

use lineament::Error;
use lineament_runtime::Fault;
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;

/// Why a photo has no result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Trouble {
    /// Whose fault it is: `input`, `limit`, `unsupported`, `corrupt`, `io`, or `internal`.
    pub(crate) kind: &'static str,
    /// What went wrong.
    pub(crate) message: String,
}

/// Why the work on a photo ended without a result.
#[derive(Debug)]
pub(crate) enum WorkError {
    /// This photo is to blame; the run goes on.
    Photo(Trouble),
    /// The next photo would fare no better; the run ends.
    Fatal(Failure),
}

impl Trouble {
    /// The work on a photo panicked.
    pub(crate) fn panicked() -> Self {
        Self {
            kind: "internal",
            message: "a defect in this program stopped the work on this photo".to_owned(),
        }
    }

    /// The message, naming the photo once.
    pub(crate) fn about(&self, shown: &str) -> String {
        if self.message.contains(shown) {
            self.message.clone()
        } else {
            format!("{shown}: {}", self.message)
        }
    }
}

impl From<Error> for WorkError {
    fn from(error: Error) -> Self {
        let fault = error.fault();
        if fault == Fault::Model || matches!(error, Error::NoLandmarks { .. }) {
            return Self::Fatal(Failure::new(Exit::Models, error.to_string()));
        }
        let kind = match fault {
            Fault::Limit => "limit",
            Fault::Unsupported => "unsupported",
            Fault::Corrupt => "corrupt",
            Fault::Io => "io",
            _ => "input",
        };
        Self::Photo(Trouble {
            kind,
            message: error.to_string(),
        })
    }
}

impl From<Failure> for WorkError {
    fn from(failure: Failure) -> Self {
        Self::Fatal(failure)
    }
}
