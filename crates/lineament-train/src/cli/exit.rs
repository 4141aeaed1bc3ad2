//! Exit codes, the same as `lineament`'s.

use std::io::Write;

use lineament_train::TrainError;

pub(crate) const USAGE: u8 = 2;
pub(crate) const BAD_INPUT: u8 = 4;
pub(crate) const OUTPUT: u8 = 7;
pub(crate) const INTERNAL: u8 = 8;
pub(crate) const INTERRUPTED: u8 = 130;

/// The table of exit codes, shown by `--help`.
pub(crate) const TABLE: &str = "\
Exit codes:
    0  done
    2  usage: the command line or the configuration asks for something that cannot be
    4  bad input: images, checkpoints or numbers that cannot be used
    7  results could not be written
    8  internal error: a defect of this program
  130  interrupted; `resume` goes on";

/// Why the command did not succeed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn tell(&self) {
        // A reader that has gone away changes nothing.
        let _ = writeln!(std::io::stderr().lock(), "error: {}", self.message);
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        let code = match &error {
            TrainError::ConfigSyntax { .. }
            | TrainError::ConfigField { .. }
            | TrainError::Argument { .. }
            | TrainError::UnknownNetwork { .. }
            | TrainError::Network { .. }
            | TrainError::LossOption { .. }
            | TrainError::Run { .. } => USAGE,
            TrainError::Io { .. } => OUTPUT,
            TrainError::Torch(_) => INTERNAL,
            TrainError::Stopped => INTERRUPTED,
            _ => BAD_INPUT,
        };
        Self {
            code,
            message: error.to_string(),
        }
    }
}
