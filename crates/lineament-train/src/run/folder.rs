//! A run's folder.

use super::checkpoint::{self, Checkpoint};
use super::watch::{Event, Watch};
use crate::error::TrainError;
use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The folder of a run, which one process at a time may write to:
/// `config.toml`, `provenance.json`, `metrics.jsonl`, `curves.html`, `checkpoints/`.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Held for as long as the run goes on; the system lets go of it when the process ends, however
    /// it ends.
    _lock: File,
}

impl RunFolder {
    /// A folder for a new run.
    ///
    /// # Errors
    /// [`TrainError::Run`] where there is a run already; [`TrainError::Io`].
    pub fn create(path: &Path) -> Result<Self, TrainError> {
        fs::create_dir_all(path.join("checkpoints")).map_err(|e| TrainError::io(path, e))?;
        let folder = Self::lock(path)?;
        match folder.config().exists() {
            true => Err(folder.refuse(
                "there is a run in it; `resume` goes on with it, and --run names another place",
            )),
            false => Ok(folder),
        }
    }

    /// The folder of a run that goes on.
    ///
    /// # Errors
    /// [`TrainError::Run`] where there is none, or where another process runs it.
    pub fn open(path: &Path) -> Result<Self, TrainError> {
        if !path.join("config.toml").is_file() {
            return Err(TrainError::Run {
                path: path.to_owned(),
                reason: "no run is there (no config.toml); `train` begins one".to_owned(),
            });
        }
        Self::lock(path)
    }

    fn lock(path: &Path) -> Result<Self, TrainError> {
        let lock_path = path.join("lock");
        let lock = File::create(&lock_path).map_err(|e| TrainError::io(&lock_path, e))?;
        let folder = Self {
            path: path.to_owned(),
            _lock: lock,
        };
        match folder._lock.try_lock() {
            Ok(()) => Ok(folder),
            Err(TryLockError::WouldBlock) => Err(folder.refuse("another process runs it")),
            Err(TryLockError::Error(e)) => Err(TrainError::io(&lock_path, e)),
        }
    }

    fn refuse(&self, reason: &str) -> TrainError {
        TrainError::Run {
            path: self.path.clone(),
            reason: reason.to_owned(),
        }
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The resolved configuration.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.path.join("config.toml")
    }

    /// Where it came from.
    #[must_use]
    pub fn provenance(&self) -> PathBuf {
        self.path.join("provenance.json")
    }

    /// The figures.
    #[must_use]
    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    /// The figures, drawn.
    #[must_use]
    pub fn curves(&self) -> PathBuf {
        self.path.join("curves.html")
    }

    /// The checkpoints.
    #[must_use]
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// The checkpoint that did best in validation.
    #[must_use]
    pub fn best(&self) -> PathBuf {
        best_of(&self.path)
    }

    /// The last checkpoint that can be read, if there is any; one that cannot is told of.
    ///
    /// # Errors
    /// [`TrainError::Io`] where the folder cannot be read.
    pub fn last_checkpoint(&self, watch: &mut dyn Watch) -> Result<Option<Checkpoint>, TrainError> {
        for (_, path) in checkpoint::list(&self.checkpoints())?.iter().rev() {
            match Checkpoint::read(path) {
                Ok(checkpoint) => return Ok(Some(checkpoint)),
                Err(error) => {
                    watch.hear(&Event::Warning(&format!("{error}; the one before is used")))
                }
            }
        }
        Ok(None)
    }
}

/// Where the best checkpoint of the run at `run` lies.
#[must_use]
pub fn best_of(run: &Path) -> PathBuf {
    run.join("checkpoints").join("best.safetensors")
}

/// Writes a small file so that the old or the new one is there at any time.
pub(crate) fn write_whole(path: &Path, text: &str) -> Result<(), TrainError> {
    let temporary = path.with_extension("new");
    let written = File::create(&temporary)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, path));
    written.map_err(|e| TrainError::io(path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_run_a_folder_one_process_a_run() {
        let folder = tempfile::tempdir().unwrap();
        let told = |e: TrainError| e.to_string();
        let none = told(RunFolder::open(folder.path()).unwrap_err());
        assert!(none.contains("no run is there"), "{none}");
        let run = RunFolder::create(folder.path()).unwrap();
        write_whole(&run.config(), "name = 1").unwrap();
        let busy = told(RunFolder::open(folder.path()).unwrap_err());
        assert!(busy.contains("another process"), "{busy}");
        drop(run);
        let taken = told(RunFolder::create(folder.path()).unwrap_err());
        assert!(taken.contains("resume"), "{taken}");
        RunFolder::open(folder.path()).unwrap();
    }
}
