//! DeepFace (Taigman et al., CVPR 2014, sections 3 and 4): one network, its features normalised by their greatest
//! values, three metrics.

use lineament_core::RgbImage;
use lineament_eval::PairMatcher;
use lineament_match::{FitOptions, FittedMatcher, MatcherKind, Whitening};

use super::features::{Extractor, Rows, unit};
use super::report::{Measured, Report};
use super::runs::Model;
use super::study::{Course, Recipe, Seen, Study, quoted};
use crate::data::teacher::View;
use crate::data::{Part, TrainSet};
use crate::error::TrainError;
use crate::run::{Threads, Watch, best_or_last};

const RECIPE: Recipe = Recipe {
    name: "deepface-small.toml",
    text: include_str!("../../../../recipes/deepface-small.toml"),
};

/// Training images whose greatest values features are divided by, at most; the paper takes all.
const MOST_SEEN: usize = 2000;
/// Below this, a greatest value is none (the paper's ε).
const LEAST: f32 = 0.05;
/// The Siamese network: all but its last layer and its metric stay as they were trained.
const SIAMESE: [&str; 3] = [
    "loss={ kind = \"siamese\" }",
    "sampler={ kind = \"pairs\", pairs = 32, matched = 0.5 }",
    "network.trainable=[\"f7\", \"loss\"]",
];

/// The system, on crops that are aligned in the plane. Deviation: the paper's are aligned in three
/// dimensions, and its ensemble of three inputs is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeepFace {
    /// What all reproductions have.
    pub study: Study,
}

impl DeepFace {
    /// Trains the network, then its last layer with the Siamese metric, and judges all metrics. `None` where that
    /// was stopped; the next call goes on.
    ///
    /// # Errors
    /// As [`Comparison::train`](super::Comparison::train), and those of the protocol.
    pub fn run(
        &self,
        (threads, watch): (Threads, &mut dyn Watch),
        say: &mut dyn FnMut(&str),
    ) -> Result<Option<Report>, TrainError> {
        let titles = (
            "DeepFace (Taigman et al., CVPR 2014)",
            "LFW, View 2, of a single network (section 5.3 of the paper); 97.35 % of an ensemble",
        );
        self.study
            .report(RECIPE, (threads, watch), say, titles, |course, seed| {
                let softmax = format!("deepface-{seed}");
                let Some(network) = course.network(&softmax, seed, &[], Model::Written)? else {
                    return Ok(None);
                };
                let weights = quoted(&best_or_last(&course.run(&softmax))?);
                let mut fields = SIAMESE.map(str::to_owned).to_vec();
                fields.push(format!("network.weights={weights}"));
                let siamese = format!("deepface-siamese-{seed}");
                let Some(tuned) = course.network(&siamese, seed, &fields, Model::Written)? else {
                    return Ok(None);
                };
                self.judged(course, &network, &tuned, seed).map(Some)
            })
    }

    fn judged(
        &self,
        course: &Course<'_>,
        network: &Extractor,
        tuned: &Extractor,
        seed: u64,
    ) -> Result<Seen, TrainError> {
        let config = self.study.config(RECIPE, "deepface", seed, &[])?;
        let set = TrainSet::of(course.images.clone(), &config.data.selection, Part::Train)?;
        let sample = sample(&set)?;
        let view1 = &course.view1;
        let features = |network: &Extractor| {
            let greatest = greatest(&network.features(&sample, View::Plain)?);
            let rows = |crops: &[Option<RgbImage>]| {
                let rows = network.features(crops, View::Plain)?;
                Ok::<_, TrainError>(unit(divided(rows, &greatest)))
            };
            Ok::<_, TrainError>((rows(&view1.dev.crops)?, rows(&view1.test.crops)?))
        };
        let (plain, tuned) = (features(network)?, features(tuned)?);
        let learned = |kind| {
            PairMatcher::Learned(FitOptions {
                kind,
                pca: None,
                whiten: Whitening::No,
            })
        };
        let mut seen = Seen::default();
        for (name, published, (dev, test), matcher) in [
            (
                "inner product",
                Some(95.92),
                &plain,
                PairMatcher::Fixed(FittedMatcher::Cosine),
            ),
            (
                "weighted χ²",
                Some(97.00),
                &plain,
                learned(MatcherKind::ChiSquared),
            ),
            (
                "Siamese metric on fixed features",
                None,
                &plain,
                learned(MatcherKind::Siamese),
            ),
            (
                "Siamese, the last layer trained",
                Some(96.17),
                &tuned,
                learned(MatcherKind::Siamese),
            ),
        ] {
            let report = view1.judge(name, (dev, test), matcher)?;
            seen.measured.push(Measured::new(name, published, &report));
        }
        Ok(seen)
    }
}

/// Some of the training images, evenly.
fn sample(set: &TrainSet) -> Result<Vec<Option<RgbImage>>, TrainError> {
    let step = set.len().div_ceil(MOST_SEEN).max(1);
    (0..set.len())
        .step_by(step)
        .map(|idx| set.read(idx))
        .collect()
}

/// The greatest value of each place of the features.
fn greatest(rows: &Rows) -> Vec<f32> {
    let mut greatest: Vec<f32> = Vec::new();
    for row in rows.iter().flatten() {
        greatest.resize(row.len(), 0.0);
        greatest
            .iter_mut()
            .zip(row)
            .for_each(|(most, value)| *most = most.max(*value));
    }
    greatest
}

/// G / max(greatest, ε), kept from 0 to 1.
fn divided(rows: Rows, greatest: &[f32]) -> Rows {
    let value = |(value, most): (&f32, &f32)| (value / most.max(LEAST)).clamp(0.0, 1.0);
    let divided = |row: Vec<f32>| row.iter().zip(greatest).map(value).collect();
    rows.into_iter().map(|row| row.map(divided)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_divided_by_the_greatest_that_training_showed() {
        let rows = vec![Some(vec![1.0, 0.01, 4.0]), None, Some(vec![2.0, 0.0, 8.0])];
        let most = greatest(&rows);
        assert_eq!(most, [2.0, 0.01, 8.0]);
        let got = divided(vec![Some(vec![1.0, 0.025, 16.0]), None], &most);
        assert_eq!(got, [Some(vec![0.5, 0.5, 1.0]), None]);
    }
}
