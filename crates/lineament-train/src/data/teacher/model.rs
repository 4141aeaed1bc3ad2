//! A teacher that looks at what the student sees.

use std::path::Path;

use lineament::{Embedder, EngineOptions, ModelLimits, ModelStore};
use lineament_core::RgbImage;
use lineament_runtime::ModelFile;

use super::{TargetViews, add};
use crate::data::target::Target;
use crate::error::TrainError;

/// A teacher's network, asked about every image as the student sees it, after all augmentation and
/// before the student's preprocessing: targets follow what is done to the image ("consistent teaching",
/// Beyer et al., "Knowledge distillation: a good teacher is patient and consistent", CVPR 2022).
///
/// The network runs on the loader's threads, with one thread each.
#[derive(Debug)]
pub struct TeacherModel {
    embedder: Embedder,
}

impl TeacherModel {
    /// The teacher `embedder` for a student that sees `target`.
    ///
    /// # Errors
    /// [`TrainError::Argument`] where the teacher takes images of another size.
    pub fn new(embedder: Embedder, target: &Target) -> Result<Self, TrainError> {
        let (width, height) = embedder.crop().size();
        if (width, height) != (target.width, target.height) {
            return Err(TrainError::Argument {
                what: "the student's input, which the teacher of teacher.model sees too",
                expected: format!("the teacher's {width}×{height} (teacher.features takes any)"),
                got: format!("{}×{}", target.width, target.height),
            });
        }
        Ok(Self { embedder })
    }

    /// The embedder in the ONNX file at `path`, or that of the manifest at `path`.
    ///
    /// # Errors
    /// [`TrainError::Runtime`] where the folder has no usable model there, or it cannot be loaded;
    /// as [`new`](Self::new).
    pub fn open(path: &Path, target: &Target) -> Result<Self, TrainError> {
        let loaded = find(path)?.load(&EngineOptions::default())?;
        Self::new(Embedder::from_model(loaded)?, target)
    }

    /// Values of an embedding.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.embedder.dimension()
    }

    /// The SHA-256 of the network's file, in hexadecimal digits.
    #[must_use]
    pub fn model_sha256(&self) -> &str {
        &self.embedder.info().sha256
    }

    /// What a student that sees `images` is to say of them, `[n · dimension]`, as the network gives it.
    ///
    /// # Errors
    /// [`TrainError::Teacher`] when the network fails.
    pub fn ask(&self, images: &[RgbImage], views: TargetViews) -> Result<Vec<f32>, TrainError> {
        let mut told = self.embedder.outputs(images)?.concat();
        if views == TargetViews::Both {
            let mirrored: Vec<_> = images.iter().map(|i| i.view().mirrored()).collect();
            add(&mut told, &self.embedder.outputs(&mirrored)?.concat());
        }
        Ok(told)
    }
}

/// The model whose ONNX file or manifest is at `path`.
pub(crate) fn find(path: &Path) -> Result<ModelFile, TrainError> {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty());
    let store = ModelStore::open(folder.unwrap_or(Path::new(".")), ModelLimits::default())?;
    let is_wanted = |found: &Path| {
        let beside = [found.with_extension("toml"), with_toml(found)];
        let name = path.file_name();
        found.file_name() == name || beside.iter().any(|b| b.file_name() == name)
    };
    let found = store
        .models()
        .iter()
        .find(|m| m.path().is_some_and(is_wanted));
    found.cloned().ok_or_else(|| {
        let unusable = store.unusable().iter().find(|u| is_wanted(&u.path));
        TrainError::Format {
            path: path.to_owned(),
            expected: "a model file with its manifest, or the manifest".to_owned(),
            got: unusable.map_or("none".to_owned(), |u| u.reason.clone()),
        }
    })
}

/// `NAME.onnx.toml` of `NAME.onnx`.
fn with_toml(path: &Path) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".toml");
    name.into()
}
