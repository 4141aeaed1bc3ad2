//! Where a model came from.

use super::device::Choice;
use super::folder::write_whole;
use crate::data::{SetCounts, TrainSet};
use crate::error::TrainError;
use crate::model::Model;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// What is not in the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The version of this program.
    pub version: String,
    /// The version of tch, and so of libtorch.
    pub tch: String,
    /// Digest of the names, sizes and people of all images.
    pub data: String,
    /// The SHA-256 of the teacher's network, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher: Option<String>,
    /// What became of the images.
    pub counts: serde_json::Value,
    /// People that are told apart.
    pub n_people: usize,
    /// Parameters of the network, without the losses'.
    pub n_parameters: usize,
    /// Multiplications and additions of one picture.
    pub n_macs: usize,
    /// The runs that made it, one after the other.
    pub sessions: Vec<Session>,
}

/// A process that trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Steps done before it.
    pub from_step: u64,
    /// Its command line.
    pub command: Vec<String>,
    /// Device, threads and precision.
    pub machine: String,
    /// Threads of libtorch.
    pub threads: i32,
    /// When it began, in seconds since 1970.
    pub unix_s: u64,
}

impl Session {
    /// This process.
    #[must_use]
    pub fn now(from_step: u64, choice: &Choice) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            from_step,
            command: std::env::args().collect(),
            machine: choice.describe(),
            threads: tch::get_num_threads(),
            unix_s: since.map_or(0, |d| d.as_secs()),
        }
    }
}

impl Provenance {
    /// Of a model on a set, taught by the network whose file has the SHA-256 `teacher`; no session yet.
    #[must_use]
    pub fn new(set: &TrainSet, model: &Model, teacher: Option<String>) -> Self {
        let counts: SetCounts = set.counts();
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            tch: "0.24.0 (libtorch 2.11.0)".to_owned(),
            data: set.images().fingerprint().to_string(),
            teacher,
            counts: serde_json::to_value(counts).unwrap_or_default(),
            n_people: set.people().len(),
            n_parameters: model.graph().n_parameters(),
            n_macs: model.graph().n_macs(),
            sessions: Vec::new(),
        }
    }

    /// Refuses to go on with other images or another teacher.
    pub(super) fn check(&self, now: &Self, folder: &Path) -> Result<(), TrainError> {
        let what = match now {
            now if now.data != self.data => "the images are not those",
            // Runs of before this was written down have none.
            now if self.teacher.is_some() && now.teacher != self.teacher => {
                "the teacher's network is not the one"
            }
            _ => return Ok(()),
        };
        Err(TrainError::Run {
            path: folder.to_owned(),
            reason: format!("{what} that the run began with"),
        })
    }

    /// What the file says.
    ///
    /// # Errors
    /// [`TrainError::Io`], [`TrainError::Run`].
    pub fn read(path: &Path) -> Result<Self, TrainError> {
        let text = std::fs::read_to_string(path).map_err(|e| TrainError::io(path, e))?;
        serde_json::from_str(&text).map_err(|e| TrainError::Run {
            path: path.to_owned(),
            reason: e.to_string(),
        })
    }

    /// Writes the file.
    ///
    /// # Errors
    /// [`TrainError::Io`].
    pub fn write(&self, path: &Path) -> Result<(), TrainError> {
        let text = serde_json::to_string_pretty(self);
        let text = text.map_err(|e| TrainError::io(path, e.into()))?;
        write_whole(path, &(text + "\n"))
    }
}
