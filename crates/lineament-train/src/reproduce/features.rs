//! What a trained network says of crops.

use std::path::Path;

use lineament_core::RgbImage;

use crate::data::teacher::View;
use crate::error::TrainError;
use crate::model::Model;
use crate::run::config::InputConfig;
use crate::run::{export, validation};

/// Crops that go through the network at once.
const BATCH: usize = 64;

/// One feature for each crop; `None` where there is no crop.
pub(super) type Rows = Vec<Option<Vec<f32>>>;

/// A network of a run, its averaged weights where there are any, the best in validation.
pub(super) struct Extractor {
    model: Model,
    input: InputConfig,
}

impl Extractor {
    pub(super) fn of_run(run: &Path) -> Result<Self, TrainError> {
        let (config, model) = export::network(run)?;
        Ok(Self {
            model,
            input: config.input,
        })
    }

    /// The embeddings of crops or of their mirror images, as the network gives them.
    pub(super) fn features(
        &self,
        crops: &[Option<RgbImage>],
        view: View,
    ) -> Result<Rows, TrainError> {
        let mut rows = Vec::with_capacity(crops.len());
        for some in crops.chunks(BATCH) {
            rows.extend(self.batch(some, view)?);
        }
        Ok(rows)
    }

    fn batch(&self, crops: &[Option<RgbImage>], view: View) -> Result<Rows, TrainError> {
        let target = self.input.target();
        let seen = |crop: &RgbImage| match view {
            View::Plain => target.view(crop.view()),
            View::Mirrored => target.view(crop.view().mirrored().view()),
        };
        let seen: Result<Vec<RgbImage>, _> = crops.iter().flatten().map(seen).collect();
        let seen = seen?;
        if seen.is_empty() {
            return Ok(vec![None; crops.len()]);
        }
        let pictures = validation::pictures(&seen.iter().collect::<Vec<_>>())?;
        let embeddings =
            tch::no_grad(|| validation::embed(&self.model, &self.input.preprocess(&pictures)))?;
        let mut each = embeddings.into_iter();
        let row = |crop: &Option<RgbImage>| crop.as_ref().and_then(|_| each.next());
        Ok(crops.iter().map(row).collect())
    }
}

/// Each row of unit length; none where it has no direction.
pub(super) fn unit(rows: Rows) -> Rows {
    let unit = |row: Vec<f32>| lineament_eval::FlipMode::Off.combine(&row, &[]).ok();
    rows.into_iter().map(|row| row.and_then(unit)).collect()
}
