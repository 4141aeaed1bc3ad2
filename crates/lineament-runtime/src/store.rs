//! A folder of model files.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::digest::Sha256;
use crate::error::RuntimeError;
use crate::known::known_model;
use crate::manifest::{MAX_MANIFEST_BYTES, Manifest, Task};
use crate::model_file::{ManifestOrigin, ModelFile, read_limited};

/// What a model file may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelLimits {
    /// The largest model file that is read, in bytes.
    pub max_bytes: u64,
}

/// 1 GiB, four times the largest face network in wide use.
impl Default for ModelLimits {
    fn default() -> Self {
        Self { max_bytes: 1 << 30 }
    }
}

/// Which of the models for one task.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Selector {
    /// The one of greatest preference; of the program's own only where the folder has none.
    #[default]
    Preferred,
    /// The one of this name.
    Named(String),
}

/// The models of a folder, of the program, or of both.
#[derive(Debug, Clone, Default)]
pub struct ModelStore {
    folder: Option<PathBuf>,
    models: Vec<ModelFile>,
    unusable: Vec<Unusable>,
}

/// A file in the folder that is no usable model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// The file.
    pub path: PathBuf,
    /// Why not, and what to do.
    pub reason: String,
}

impl ModelStore {
    /// The models of `folder`: each `NAME.onnx` in it (not in folders below) with its manifest,
    /// which is `NAME.onnx.toml` or `NAME.toml` beside it, else one that comes with this crate
    /// for a file of that digest. Only files without a manifest beside them are read here.
    ///
    /// # Errors
    /// [`RuntimeError::NoFolder`] and [`RuntimeError::Io`]. A file that is no usable model is no
    /// error: see [`unusable`](Self::unusable).
    pub fn open(folder: &Path, limits: ModelLimits) -> Result<Self, RuntimeError> {
        let mut store = Self {
            folder: Some(folder.to_owned()),
            ..Self::default()
        };
        for path in onnx_files(folder)? {
            match model_at(&path, limits) {
                Ok(model) => store.models.push(model),
                Err(reason) => store.unusable.push(Unusable { path, reason }),
            }
        }
        tracing::debug!(
            n_models = store.models.len(),
            n_unusable = store.unusable.len(),
            "model folder read"
        );
        Ok(store)
    }

    /// The models that the program itself carries.
    #[must_use]
    pub fn from_models(models: Vec<ModelFile>) -> Self {
        Self {
            models,
            ..Self::default()
        }
    }

    /// This store with those of `models` after its own whose names it has not.
    #[must_use]
    pub fn with_models(mut self, models: impl IntoIterator<Item = ModelFile>) -> Self {
        for model in models {
            let is_its = |m: &ModelFile| m.manifest.name == model.manifest.name;
            if !self.models.iter().any(is_its) {
                self.models.push(model);
            }
        }
        self
    }

    /// All usable models, those of the folder first, by file name.
    #[must_use]
    pub fn models(&self) -> &[ModelFile] {
        &self.models
    }

    /// The files of the folder that are no usable models, by file name.
    #[must_use]
    pub fn unusable(&self) -> &[Unusable] {
        &self.unusable
    }

    /// The model for `task` that `selector` chooses.
    ///
    /// # Errors
    /// [`RuntimeError::NoModel`], [`RuntimeError::NoSuchModel`], and [`RuntimeError::Ambiguous`]
    /// when several are as good as each other.
    pub fn find(&self, task: &Task, selector: &Selector) -> Result<&ModelFile, RuntimeError> {
        let of_task: Vec<_> = self
            .models
            .iter()
            .filter(|m| m.manifest.task == *task)
            .collect();
        let mut chosen: Vec<_> = match selector {
            Selector::Preferred => of_task.clone(),
            Selector::Named(name) => of_task
                .iter()
                .filter(|m| m.manifest.name == *name)
                .copied()
                .collect(),
        };
        // Whoever keeps a model in a folder wants it rather than what the program brings along.
        if chosen.iter().any(|m| m.path().is_some()) {
            chosen.retain(|m| m.path().is_some());
        }
        match selector {
            Selector::Preferred => {
                let best = chosen.iter().map(|m| m.manifest.preference).max();
                chosen.retain(|m| Some(m.manifest.preference) == best);
            }
            Selector::Named(name) if chosen.is_empty() => {
                return Err(self.no_such_model(task, name, &of_task));
            }
            Selector::Named(_) => {}
        }
        match *chosen {
            [model] => Ok(model),
            [] => Err(RuntimeError::NoModel {
                task: task.clone(),
                folder: self.folder_name(),
                unusable: self.unusable_lines(),
            }),
            _ => Err(RuntimeError::Ambiguous {
                task: task.clone(),
                candidates: chosen.into_iter().map(called).collect(),
            }),
        }
    }

    fn no_such_model(&self, task: &Task, name: &str, of_task: &[&ModelFile]) -> RuntimeError {
        RuntimeError::NoSuchModel {
            task: task.clone(),
            name: name.to_owned(),
            folder: self.folder_name(),
            present: of_task.iter().map(|m| m.manifest.name.clone()).collect(),
            unusable: self.unusable_lines(),
        }
    }

    fn folder_name(&self) -> String {
        let name = |folder: &PathBuf| folder.display().to_string();
        self.folder
            .as_ref()
            .map_or_else(|| "the program".to_owned(), name)
    }

    fn unusable_lines(&self) -> Vec<String> {
        let line = |u: &Unusable| format!("{} ({})", u.path.display(), u.reason);
        self.unusable.iter().map(line).collect()
    }
}

fn called(model: &ModelFile) -> String {
    let name = &model.manifest.name;
    match model.path() {
        Some(path) => format!("{name} ({})", path.display()),
        None => name.clone(),
    }
}

/// The `*.onnx` files of a folder, by name.
fn onnx_files(folder: &Path) -> Result<Vec<PathBuf>, RuntimeError> {
    let entries = fs::read_dir(folder).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => RuntimeError::NoFolder {
            path: folder.to_owned(),
        },
        _ => RuntimeError::io(folder, e),
    })?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| RuntimeError::io(folder, e))?.path();
        let is_onnx = path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("onnx"));
        if is_onnx && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn model_at(path: &Path, limits: ModelLimits) -> Result<ModelFile, String> {
    let (manifest, origin) = match manifest_beside(path) {
        Some(beside) => (beside.map_err(|e| e.to_string())?, ManifestOrigin::Beside),
        None => (known_manifest(path, limits)?, ManifestOrigin::Shipped),
    };
    Ok(ModelFile::at(
        path.to_owned(),
        limits.max_bytes,
        manifest,
        origin,
    ))
}

fn manifest_beside(path: &Path) -> Option<Result<Manifest, RuntimeError>> {
    let mut full_name = path.as_os_str().to_owned();
    full_name.push(".toml");
    let candidates = [PathBuf::from(full_name), path.with_extension("toml")];
    let beside = candidates.into_iter().find(|c| c.is_file())?;
    Some(read_manifest(&beside).and_then(|m| of_file(m, path, &beside)))
}

fn read_manifest(path: &Path) -> Result<Manifest, RuntimeError> {
    let origin = path.display().to_string();
    let bytes = read_limited(path, MAX_MANIFEST_BYTES)?;
    let text = String::from_utf8(bytes).map_err(|_| RuntimeError::ManifestSyntax {
        manifest: origin.clone(),
        line: None,
        reason: "it is not UTF-8 text".to_owned(),
    })?;
    Manifest::parse(&text, &origin)
}

fn of_file(manifest: Manifest, onnx: &Path, beside: &Path) -> Result<Manifest, RuntimeError> {
    let name = onnx.file_name().unwrap_or_default().to_string_lossy();
    if manifest.file == name {
        return Ok(manifest);
    }
    Err(RuntimeError::ManifestField {
        manifest: beside.display().to_string(),
        field: "file".to_owned(),
        expected: format!("{name:?}, the file beside it"),
        got: format!("{:?}", manifest.file),
    })
}

fn known_manifest(path: &Path, limits: ModelLimits) -> Result<Manifest, String> {
    let n_bytes = path.metadata().map_err(|e| e.to_string())?.len();
    if n_bytes > limits.max_bytes {
        return Err(format!(
            "it has {n_bytes} bytes, more than the limit of {}",
            limits.max_bytes
        ));
    }
    let digest = File::open(path)
        .and_then(Sha256::of_reader)
        .map_err(|e| e.to_string())?;
    known_model(digest).cloned().ok_or_else(|| {
        "it has no manifest beside it and is no model known here; describe it with \
         `lineament models add`"
            .to_owned()
    })
}
