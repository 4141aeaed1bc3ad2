//! Everything a run needs to go on, in one file.
//!
//! The file is in the safetensors format, so that any tool can read the weights. Its tensors are
//! named `model.…` (the network's and the losses' variables), `optimizer.…` (what the optimiser
//! remembers) and `ema.…` (averaged weights, where there are any); its metadata has one entry,
//! `lineament`, the JSON of [`State`].

use crate::error::TrainError;
use safetensors::tensor::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use tch::Tensor;

/// The entry of the metadata.
const STATE: &str = "lineament";
const EXTENSION: &str = "safetensors";

/// What a run is besides tensors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Steps done.
    pub step: u64,
    /// From which every batch, augmentation and dropout follows, with the step.
    pub seed: u64,
    /// Images that the losses have seen.
    pub n_images: u64,
    /// The best validation accuracy so far.
    pub best_accuracy: Option<f64>,
    /// The resolved configuration, as TOML.
    pub config: String,
}

/// The state of a run after a step.
#[derive(Debug)]
pub struct Checkpoint {
    /// Numbers.
    pub state: State,
    /// The network's and the losses' variables.
    pub model: BTreeMap<String, Tensor>,
    /// What the optimiser remembers.
    pub optimizer: BTreeMap<String, Tensor>,
    /// Averaged weights; empty where none are kept.
    pub ema: BTreeMap<String, Tensor>,
}

impl Checkpoint {
    /// Writes the file at `path`, which is the old one or the new one at any time: a full disk or
    /// a loss of power leaves what was there.
    ///
    /// # Errors
    /// [`TrainError::Io`]; nothing is left behind then.
    pub fn write(&self, path: &Path) -> Result<(), TrainError> {
        let temporary = path.with_extension("new");
        let written = self.write_new(&temporary).and_then(|()| {
            fs::rename(&temporary, path)?;
            sync_folder(path)
        });
        written.map_err(|source| {
            // The first error is the one that helps.
            drop(fs::remove_file(&temporary));
            TrainError::Io {
                path: path.to_owned(),
                source,
            }
        })
    }

    fn write_new(&self, path: &Path) -> std::io::Result<()> {
        let state = serde_json::to_string(&self.state)?;
        let metadata = Some(HashMap::from([(STATE.to_owned(), state)]));
        let tensors: Result<Vec<_>, _> = self
            .sections()
            .into_iter()
            .flat_map(|(section, tensors)| {
                let named = tensors.iter();
                named.map(move |(name, t)| Ok((format!("{section}.{name}"), Bytes::new(t)?)))
            })
            .collect();
        let tensors = tensors.map_err(|e: tch::TchError| std::io::Error::other(e))?;
        safetensors::serialize_to_file(tensors, &metadata, path).map_err(io_error)?;
        File::open(path)?.sync_all()
    }

    fn sections(&self) -> [(&'static str, &BTreeMap<String, Tensor>); 3] {
        [
            ("model", &self.model),
            ("optimizer", &self.optimizer),
            ("ema", &self.ema),
        ]
    }

    /// Reads a file that [`write`](Self::write) wrote; tensors lie on the CPU.
    ///
    /// # Errors
    /// [`TrainError::Io`], and [`TrainError::Checkpoint`] for a file that is none.
    pub fn read(path: &Path) -> Result<Self, TrainError> {
        let bytes = fs::read(path).map_err(|source| TrainError::Io {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&bytes).map_err(|reason| TrainError::Checkpoint {
            path: path.to_owned(),
            reason,
        })
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
        let entry = header.metadata().as_ref().and_then(|m| m.get(STATE));
        let state = entry.ok_or("it has no state of a run, only tensors")?;
        let mut checkpoint = Self {
            state: serde_json::from_str(state).map_err(|e| format!("its state: {e}"))?,
            model: BTreeMap::new(),
            optimizer: BTreeMap::new(),
            ema: BTreeMap::new(),
        };
        let file = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
        for (name, view) in file.tensors() {
            let tensor = Tensor::try_from(view).map_err(|e| format!("tensor {name}: {e}"))?;
            let section = match name.split_once('.') {
                Some(("model", rest)) => Some((&mut checkpoint.model, rest)),
                Some(("optimizer", rest)) => Some((&mut checkpoint.optimizer, rest)),
                Some(("ema", rest)) => Some((&mut checkpoint.ema, rest)),
                _ => None,
            };
            let (section, rest) = section.ok_or_else(|| format!("unknown tensor {name}"))?;
            section.insert(rest.to_owned(), tensor);
        }
        Ok(checkpoint)
    }

    /// The weights to use: the averaged ones where there are any.
    #[must_use]
    pub fn weights(&self) -> &BTreeMap<String, Tensor> {
        match self.ema.is_empty() {
            true => &self.model,
            false => &self.ema,
        }
    }
}

/// The checkpoints of a folder, oldest first.
///
/// # Errors
/// [`TrainError::Io`] where the folder cannot be read.
pub fn list(folder: &Path) -> Result<Vec<(u64, PathBuf)>, TrainError> {
    let io = |source| TrainError::Io {
        path: folder.to_owned(),
        source,
    };
    let entries: Result<Vec<_>, _> = fs::read_dir(folder).map_err(io)?.collect();
    let paths = entries.map_err(io)?.into_iter().map(|e| e.path());
    let mut found: Vec<_> = paths.filter_map(|p| Some((step_of(&p)?, p))).collect();
    found.sort();
    Ok(found)
}

/// Where the checkpoint after `step` lies in a folder.
#[must_use]
pub fn path_of(folder: &Path, step: u64) -> PathBuf {
    folder.join(format!("step-{step:09}.{EXTENSION}"))
}

fn step_of(path: &Path) -> Option<u64> {
    let is_ours = path.extension().is_some_and(|e| e == EXTENSION);
    let stem = path.file_stem().filter(|_| is_ours)?.to_str()?;
    stem.strip_prefix("step-")?.parse().ok()
}

/// Removes all checkpoints of a folder but the last `keep`.
///
/// # Errors
/// [`TrainError::Io`] where one cannot be removed.
pub fn prune(folder: &Path, keep: usize) -> Result<(), TrainError> {
    let found = list(folder)?;
    let n_old = found.len().saturating_sub(keep);
    found[..n_old].iter().try_for_each(|(_, path)| {
        fs::remove_file(path).map_err(|source| TrainError::Io {
            path: path.clone(),
            source,
        })
    })
}

/// Copies the tensor of this name into `target`.
///
/// # Errors
/// [`TrainError::CheckpointTensor`] where there is none, or one of another shape.
pub(crate) fn copy_named(
    saved: &BTreeMap<String, Tensor>,
    name: &str,
    target: &mut Tensor,
) -> Result<(), TrainError> {
    let found = saved.get(name);
    match found.filter(|t| t.size() == target.size()) {
        Some(tensor) => Ok(tch::no_grad(|| target.f_copy_(tensor))?),
        None => Err(TrainError::CheckpointTensor {
            name: name.to_owned(),
            expected: target.size(),
            got: found.map(Tensor::size),
        }),
    }
}

/// A rename lasts once its folder is synced; only Unix can open a folder for that.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

fn io_error(error: safetensors::SafeTensorError) -> std::io::Error {
    match error {
        safetensors::SafeTensorError::IoError(error) => error,
        other => std::io::Error::other(other.to_string()),
    }
}

/// A tensor's bytes, copied out of libtorch.
struct Bytes {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Bytes {
    fn new(tensor: &Tensor) -> Result<Self, tch::TchError> {
        let n_bytes = tensor.numel() * tensor.kind().elt_size_in_bytes();
        let mut bytes = vec![0; n_bytes];
        let plain = tensor.detach().to_device(tch::Device::Cpu).contiguous();
        plain.f_copy_data_u8(&mut bytes, tensor.numel())?;
        Ok(Self {
            dtype: Dtype::try_from(tensor.kind())?,
            shape: tensor.size().into_iter().map(|n| n as usize).collect(),
            bytes,
        })
    }
}

impl View for Bytes {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind};

    fn checkpoint(step: u64) -> Checkpoint {
        let tensor = Tensor::arange(6, (Kind::Float, Device::Cpu)).reshape([2, 3]);
        let ints = Tensor::from_slice(&[step as i64]);
        Checkpoint {
            state: State {
                step,
                seed: u64::MAX,
                n_images: 7,
                best_accuracy: Some(0.5),
                config: "name = \"a\"\n".to_owned(),
            },
            model: BTreeMap::from([("a.weight".to_owned(), tensor.tr()), ("n".to_owned(), ints)]),
            optimizer: BTreeMap::from([("momentum.a.weight".to_owned(), tensor)]),
            ema: BTreeMap::new(),
        }
    }

    #[test]
    fn written_is_read_whatever_the_strides() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_of(folder.path(), 3);
        let written = checkpoint(3);
        written.write(&path).unwrap();
        let read = Checkpoint::read(&path).unwrap();
        assert_eq!(read.state, written.state);
        for ((_, a), (_, b)) in written.sections().iter().zip(read.sections()) {
            let same = |(name, t): (&String, &Tensor)| b[name].kind() == t.kind() && b[name] == *t;
            assert!(a.len() == b.len() && a.iter().all(same));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_last_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        for step in [5, 10, 100] {
            let path = path_of(folder.path(), step);
            checkpoint(step).write(&path).unwrap();
        }
        fs::write(folder.path().join("best.safetensors"), "").unwrap();
        prune(folder.path(), 2).unwrap();
        let steps = |found: Vec<(u64, PathBuf)>| found.into_iter().map(|f| f.0).collect::<Vec<_>>();
        assert_eq!(steps(list(folder.path()).unwrap()), [10, 100]);
    }

    #[test]
    fn what_is_no_checkpoint_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        checkpoint(1).write(&path).unwrap();
        let whole = fs::read(&path).unwrap();
        for cut in [0, 7, 20, whole.len() - 1] {
            fs::write(&path, &whole[..cut]).unwrap();
            let told = Checkpoint::read(&path).unwrap_err().to_string();
            assert!(told.contains("a.safetensors"), "{told}");
        }
    }

    #[test]
    fn a_failed_write_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        checkpoint(1).write(&path).unwrap();
        // Nothing can be written under a name that is a folder.
        fs::create_dir(path.with_extension("new")).unwrap();
        assert!(checkpoint(2).write(&path).is_err());
        assert_eq!(Checkpoint::read(&path).unwrap().state.step, 1);
    }
}
