//! A model file with its manifest, before it is loaded.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::digest::Sha256;
use crate::engine::{EngineOptions, EngineReport, load_session};
use crate::error::RuntimeError;
use crate::manifest::Manifest;
use crate::session::Session;

/// A model file with its manifest, before it is loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelFile {
    /// What is known of it.
    pub manifest: Manifest,
    /// Where its manifest comes from.
    pub origin: ManifestOrigin,
    source: Source,
}

/// Where a manifest comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ManifestOrigin {
    /// A file beside the model file.
    Beside,
    /// This crate, which knows the model file by its digest.
    Shipped,
    /// The program, which holds the model file too.
    Memory,
}

#[derive(Debug, Clone, PartialEq)]
enum Source {
    File { path: PathBuf, limit_bytes: u64 },
    Memory(Cow<'static, [u8]>),
}

/// A model ready to run.
#[derive(Clone)]
pub struct LoadedModel {
    /// What is known of it.
    pub manifest: Manifest,
    /// The network.
    pub session: Arc<dyn Session>,
    /// What runs it.
    pub engine: EngineReport,
}

impl std::fmt::Debug for LoadedModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LoadedModel({}, {})", self.manifest.name, self.engine)
    }
}

impl ModelFile {
    /// A model that the program itself carries.
    #[must_use]
    pub fn from_memory(onnx: Cow<'static, [u8]>, manifest: Manifest) -> Self {
        Self {
            manifest,
            origin: ManifestOrigin::Memory,
            source: Source::Memory(onnx),
        }
    }

    /// The model file at `path`, read only up to `limit_bytes`.
    pub(crate) fn at(
        path: PathBuf,
        limit_bytes: u64,
        manifest: Manifest,
        origin: ManifestOrigin,
    ) -> Self {
        Self {
            manifest,
            origin,
            source: Source::File { path, limit_bytes },
        }
    }

    /// Where the file lies; `None` for a model in memory.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.source {
            Source::File { path, .. } => Some(path),
            Source::Memory(_) => None,
        }
    }

    /// The content of the file, which is what its manifest says.
    ///
    /// # Errors
    /// [`RuntimeError::Io`], [`RuntimeError::TooLarge`], and [`RuntimeError::HashMismatch`] when
    /// the file was changed or damaged.
    pub fn bytes(&self) -> Result<Cow<'static, [u8]>, RuntimeError> {
        let (what, bytes) = match &self.source {
            Source::File { path, limit_bytes } => (
                path.display().to_string(),
                Cow::Owned(read_limited(path, *limit_bytes)?),
            ),
            Source::Memory(bytes) => (self.manifest.name.clone(), bytes.clone()),
        };
        let got = Sha256::of(&bytes);
        if got != self.manifest.sha256 {
            return Err(RuntimeError::HashMismatch {
                what,
                expected: self.manifest.sha256,
                got,
            });
        }
        Ok(bytes)
    }

    /// The model, ready to run: in the precision of `options`, else of its manifest.
    ///
    /// # Errors
    /// Those of [`bytes`](Self::bytes), of [`load_session`], and [`RuntimeError::Signature`] when
    /// the network does not have the ports that the manifest names.
    pub fn load(&self, options: &EngineOptions) -> Result<LoadedModel, RuntimeError> {
        let options = EngineOptions {
            precision: options.precision.or(self.manifest.precision),
            ..options.clone()
        };
        let loaded = load_session(&self.manifest.name, self.bytes()?, &options)?;
        self.manifest.verify(loaded.session.signature())?;
        tracing::info!(model = self.manifest.name, engine = %loaded.engine, "model loaded");
        Ok(LoadedModel {
            manifest: self.manifest.clone(),
            session: loaded.session,
            engine: loaded.engine,
        })
    }
}

/// The content of the file at `path`.
///
/// # Errors
/// [`RuntimeError::TooLarge`] above `limit_bytes`, seen before it is read where the size is
/// known; [`RuntimeError::Io`].
pub(crate) fn read_limited(path: &Path, limit_bytes: u64) -> Result<Vec<u8>, RuntimeError> {
    let io = |e| RuntimeError::io(path, e);
    let too_large = |got_bytes| RuntimeError::TooLarge {
        what: path.display().to_string(),
        limit_bytes,
        got_bytes,
    };
    let file = File::open(path).map_err(io)?;
    let n_bytes = file.metadata().map_err(io)?.len();
    if n_bytes > limit_bytes {
        return Err(too_large(Some(n_bytes)));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(n_bytes).unwrap_or(0));
    let mut reader = file.take(limit_bytes.saturating_add(1));
    reader.read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > limit_bytes {
        return Err(too_large(None));
    }
    Ok(bytes)
}
