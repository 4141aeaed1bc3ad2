//! Which detections are hardly faces. An embedder takes all pictures without a face for one person, who
//! would be the stranger seen most.

use lineament::{Embedding, Pipeline, QualityLimits, RgbImage};
use lineament_core::resize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::pipeline::Threshold;
use crate::settings::Rule;

/// Side of the noise, in pixels, before it is brought to the size of a crop: shapes as large as features.
const NOISE_PX: u32 = 20;

/// What speaks against a face.
pub(crate) struct Doubt {
    /// Detections of a lower score are not certain. In 700 photos, the limit of quality kept 98.1 % of the
    /// faces on which two other detectors agreed, and 5 of 61 that neither found; with YuNet as the first,
    /// 98.5 % and 5 of 19.
    certain: f32,
    /// A picture of nothing, and from which score on a face is like it. Of an
    /// earlier detector's, 45 of 49 that nobody else found were, and 7 of 704 certain faces: blurred, turned away or covered.
    nothing: Option<(Embedding, f32)>,
}

impl Doubt {
    /// The doubts of the pipeline's detector and embedder. Without a calibration, the embedder has none.
    ///
    /// # Errors
    /// [`Exit::Models`] when the embedder fails.
    pub(crate) fn of(pipeline: &Pipeline) -> Result<Self, Failure> {
        let least = pipeline.detector().score_threshold();
        let nothing = match Threshold::of(Rule::Recommended, pipeline) {
            Ok(alike) => embed_nothing(pipeline)
                .map_err(|error| Failure::new(Exit::Models, error.to_string()))?
                .map(|nothing| (nothing, alike.threshold.value())),
            Err(_) => None,
        };
        Ok(Self {
            certain: QualityLimits::default().least_score(least),
            nothing,
        })
    }

    /// Whether a detection is hardly a face.
    pub(crate) fn is_of(&self, detection_score: f32, embedding: &Embedding) -> bool {
        let is_like_nothing = self.nothing.as_ref().is_some_and(|(nothing, alike)| {
            let score = embedding.score(nothing);
            score.is_ok_and(|score| score.value() >= *alike)
        });
        detection_score < self.certain || is_like_nothing
    }
}

fn embed_nothing(pipeline: &Pipeline) -> Result<Option<Embedding>, lineament::Error> {
    let (width, height) = pipeline.embedder()?.crop().size();
    let noise = RgbImage::new(NOISE_PX, NOISE_PX, noise())?;
    let crop = resize(noise.view(), width, height)?;
    Ok(pipeline.embed(&[crop])?.pop())
}

/// Pixels of SplitMix64 (Steele, Lea and Flood, 2014), the same in every run.
fn noise() -> Vec<u8> {
    let n_bytes = u64::from(NOISE_PX * NOISE_PX * 3);
    let byte = |i: u64| {
        let mut z = (i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 56) as u8
    };
    (0..n_bytes).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uncertain_detections_and_faces_like_nothing_are_doubtful() {
        let embedding = |values: [f32; 2]| {
            let space = lineament::EmbeddingSpace::new("test");
            Embedding::from_raw(space, values.to_vec()).unwrap()
        };
        let mut doubt = Doubt {
            certain: 0.88,
            nothing: Some((embedding([1.0, 0.0]), 0.4)),
        };
        for (score, values, is_doubtful) in [
            (0.89, [0.3, 0.95], false),
            (0.87, [0.3, 0.95], true),
            (0.99, [0.5, 0.86], true),
        ] {
            let is = doubt.is_of(score, &embedding(values));
            assert_eq!(is, is_doubtful, "{score}, {values:?}");
        }
        doubt.nothing = None;
        assert!(!doubt.is_of(0.99, &embedding([1.0, 0.0])));
    }

    #[test]
    fn noise_is_that_of_the_generator() {
        // SplitMix64 of seed 0 begins e220a8397b1dcdaf, 6e789e6aa1b965f4, 06c45d188009454f.
        assert_eq!(noise()[..3], [0xe2, 0x6e, 0x06]);
        assert_eq!(noise().len(), 1200);
    }
}
