//! The header of a journal: everything that the results of a run depend on.

use std::collections::BTreeMap;

use lineament::{ModelInfo, Pipeline};
use serde_json::{Value, json};

use crate::journal::{Header, ModelRef};
use crate::settings::{PipelineSettings, engine_in_words};

/// The header of a run of `command`; `more` are options of that command alone.
pub(crate) fn of(
    command: &str,
    settings: &PipelineSettings,
    pipeline: &Pipeline,
    more: impl IntoIterator<Item = (&'static str, Value)>,
) -> Header {
    let options = &settings.options;
    let shared = [
        ("engine", json!(engine_in_words(&options.engine))),
        ("max_side_px", json!(options.detection.max_side_px)),
        ("min_face_px", json!(options.detection.min_face_px)),
        ("score_threshold", json!(options.detection.score_threshold)),
        ("nms_iou", json!(options.detection.nms_iou)),
        ("max_bytes", json!(options.decode.max_bytes)),
        ("max_pixels", json!(options.decode.max_pixels)),
    ];
    Header {
        lineament: env!("CARGO_PKG_VERSION").to_owned(),
        command: command.to_owned(),
        models: models(pipeline),
        options: shared
            .into_iter()
            .chain(more)
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    }
}

fn models(pipeline: &Pipeline) -> BTreeMap<String, ModelRef> {
    let reference = |info: &ModelInfo| ModelRef {
        name: info.name.clone(),
        sha256: info.sha256.clone(),
        precision: info.precision.map(|precision| precision.to_string()),
    };
    let embedder = pipeline
        .embedder_info()
        .map(|info| ("embedder".to_owned(), reference(info)));
    std::iter::once(("detector".to_owned(), reference(pipeline.detector_info())))
        .chain(embedder)
        .collect()
}
