//! The images of a configuration.

use super::config::Config;
use super::setup::Threads;
use super::watch::{Event, Watch};
use crate::data::teacher;
use crate::data::{DataSource, Images};
use crate::error::TrainError;
use lineament::Embedder;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// Opens the images of all sources, decoded into the cache where there is to be one.
pub(crate) fn open(
    config: &Config,
    threads: Threads,
    watch: &mut dyn Watch,
) -> Result<Arc<Images>, TrainError> {
    let below_root = |source: &DataSource| DataSource {
        path: config.data.root.join(&source.path),
        ..source.clone()
    };
    let sources: Vec<_> = config.data.sources.iter().map(below_root).collect();
    let images = Images::open(&sources)?;
    if let Some(problem) = images.first_problem() {
        let n = images.n_bad_lines();
        watch.hear(&Event::Warning(&format!(
            "{n} lines of the sets were left out: {problem}"
        )));
    }
    let images = match &config.data.cache {
        None => images,
        Some(cache) => {
            let mut hear = |done, total| prepared(watch, "decoding", done, total);
            images.packed(cache, threads.load, &mut hear)?
        }
    };
    Ok(Arc::new(images))
}

/// Writes what `teacher` says of every image of a configuration, and of its mirror image, to the
/// file at `features`, which [`TeacherConfig`](super::config::TeacherConfig) then names. A file
/// that was begun is gone on with.
///
/// # Errors
/// Those of opening the images, and of [`teacher::compute`].
pub fn teach(
    config: &Config,
    teacher: &Embedder,
    features: &Path,
    threads: Threads,
    watch: &mut dyn Watch,
) -> Result<(), TrainError> {
    let images = open(config, threads, watch)?;
    let mut hear = |done, total| prepared(watch, "asking the teacher", done, total);
    teacher::compute(&images, teacher, features, threads.compute, &mut hear)
}

fn prepared(watch: &mut dyn Watch, what: &str, done: usize, total: usize) -> ControlFlow<()> {
    watch.hear(&Event::Prepared { what, done, total });
    match watch.stops() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    }
}
