//! The models that come with Lineament, inside the program: a detector with five landmarks, and
//! two embedders, all trained by `lineament-train`. Their cards lie in `models/`.
//!
//! ```
//! let store = lineament_models::store()?;
//! # assert!(!store.models().is_empty());
//! # Ok::<(), lineament_runtime::RuntimeError>(())
//! ```

mod answers;

pub use answers::{Answers, DetectorAnswer, EmbedderAnswer, FaceAnswer, answers, picture};

use std::borrow::Cow;

use lineament_runtime::{Manifest, ModelFile, ModelStore, RuntimeError};

/// Manifest and network of each.
const CARRIED: [(&str, &[u8]); 3] = [
    (
        include_str!("../../../models/lineament-detector.toml"),
        include_bytes!("../../../models/lineament-detector.onnx"),
    ),
    (
        include_str!("../../../models/lineament-lite.toml"),
        include_bytes!("../../../models/lineament-lite.onnx"),
    ),
    (
        include_str!("../../../models/lineament-tiny.toml"),
        include_bytes!("../../../models/lineament-tiny.onnx"),
    ),
];

/// The models that the program carries.
///
/// # Errors
/// [`RuntimeError::ManifestSyntax`] and its like, should this crate have been built from damaged
/// files.
pub fn models() -> Result<Vec<ModelFile>, RuntimeError> {
    let model = |&(text, onnx): &(&'static str, &'static [u8])| {
        let manifest = Manifest::parse(text, "a manifest in the program")?;
        Ok(ModelFile::from_memory(Cow::Borrowed(onnx), manifest))
    };
    CARRIED.iter().map(model).collect()
}

/// A store of nothing but the models that the program carries.
///
/// # Errors
/// Those of [`models`].
pub fn store() -> Result<ModelStore, RuntimeError> {
    Ok(ModelStore::from_models(models()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineament_runtime::{EngineOptions, ModelLimits, Selector, Task};

    #[test]
    fn every_model_is_what_its_manifest_says() {
        for model in models().unwrap() {
            model.load(&EngineOptions::default()).unwrap();
        }
    }

    #[test]
    fn one_model_of_each_task_is_preferred() {
        let store = store().unwrap();
        let name = |task| {
            let found = store.find(&task, &Selector::Preferred).unwrap();
            found.manifest.name.clone()
        };
        assert_eq!(name(Task::DETECT), "lineament-detector");
        assert_eq!(name(Task::EMBED), "lineament-lite");
    }

    #[test]
    fn a_folder_of_the_same_models_hides_them() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models");
        let folder = ModelStore::open(folder.as_ref(), ModelLimits::default()).unwrap();
        assert!(folder.unusable().is_empty(), "{:?}", folder.unusable());
        let both = folder.with_models(models().unwrap());
        assert_eq!(both.models().len(), CARRIED.len());
        assert!(both.models().iter().all(|model| model.path().is_some()));
    }

    #[test]
    fn all_of_them_weigh_no_more_than_eight_megabytes() {
        let n_bytes: usize = CARRIED.iter().map(|(_, onnx)| onnx.len()).sum();
        assert!(n_bytes <= 8_000_000, "{n_bytes}");
    }
}
